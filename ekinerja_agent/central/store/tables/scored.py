"""What scoring found. Revision 0 is the draft, replaced by each run; from 1 on a row is published and never changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
)

from ekinerja_agent.central.store.tables.columns import Instant, metadata, sentence, serial_key

DRAFT = 0
"""The revision of what may still change."""


def of_drafts(table: Table) -> tuple[ColumnElement[bool], ...]:
    """Given a table of results, return the conditions for the rows of some people's drafts of a month, by the values
    `in_period` and `nips`.
    """
    c = table.c
    return c.period == bindparam("in_period"), c.revision == DRAFT, c.nip.in_(bindparam("nips"))


def _result_key() -> tuple[Column[Any], ...]:
    return (
        Column("period", Text, primary_key=True),  # YYYY-MM
        Column("nip", Text, primary_key=True),
        Column("revision", Integer, primary_key=True, autoincrement=False),
    )


results = Table(
    "results",
    metadata,
    *_result_key(),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("unit_name", Text, nullable=False),
    Column("position_class", Text),
    Column("profile", Text, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("employment_status", Text, nullable=False),
    Column("status", Text, nullable=False),  # draft | pending | published
    Column("working_days", Integer, nullable=False),
    Column("days_present", Integer, nullable=False),
    Column("days_excused", Integer, nullable=False),
    Column("discipline_score_ppm", BigInteger, nullable=False),
    Column("discipline_deduction_ppm", BigInteger, nullable=False),
    Column("performance_score_ppm", BigInteger, nullable=False),
    Column("performance_deduction_ppm", BigInteger, nullable=False),
    Column("rating", Text),
    Column("approved_minutes", BigInteger, nullable=False),
    Column("credited_minutes", BigInteger, nullable=False),
    Column("target_minutes", BigInteger, nullable=False),
    Column("base_rp", BigInteger, nullable=False),
    Column("discipline_rp", BigInteger, nullable=False),
    Column("performance_rp", BigInteger, nullable=False),
    Column("multiplier_ppm", BigInteger, nullable=False),
    Column("whole_deduction_rp", BigInteger, nullable=False),
    Column("leave_deduction_rp", BigInteger, nullable=False),
    Column("sanction_rp", BigInteger, nullable=False),
    Column("hold_rp", BigInteger, nullable=False),
    Column("payable_rp", BigInteger, nullable=False),
    Column("unexcused_days", Integer, nullable=False),
    Column("bank_minutes_year", BigInteger, nullable=False),
    Column("converted_days", Integer, nullable=False),
    Column("days_this_year", Integer, nullable=False),
    Column("longest_run", Integer, nullable=False),
    Column("run_reached_on", Date),
    Column("threshold", Text),
    Column("computed_at", Instant, nullable=False),
    Column("published_at", Instant),
    Column("closed_with", Text),  # the office whose close published it; null: a draft, or one that schema 14 published
    Column("adjusted_in", Text),  # the later period that pays the difference to the revision before; null: none does
    Index(None, "period", "unit"),  # a page of one office does not read the others
    Index(None, "period", "rules_digest", "computed_at", "revision"),  # a refresh does not read what still fits
)

result_findings = Table(
    "result_findings",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("code", Text, nullable=False),
    Column("scan", Text),
    Column("minutes", Integer),
    Column("deduction_ppm", BigInteger, nullable=False),
    Column("base", Text, nullable=False),
    Column("deduction_rp", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("punch_ids", Text, nullable=False),  # separated by newlines
    Column("reference", Text),  # event, document or correction that it comes from
)

result_days = Table(
    "result_days",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("unit", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("required_minutes", Integer, nullable=False),
    Column("worked_minutes", Integer),
    Column("late_minutes", Integer),
    Column("early_minutes", Integer),
    Column("missing_scans", Integer, nullable=False, server_default="0"),
    Column("arrive_at", Instant),
    Column("break_out_at", Instant),
    Column("break_in_at", Instant),
    Column("leave_at", Instant),
    Column("arrive_punch", Text),
    Column("break_out_punch", Text),
    Column("break_in_punch", Text),
    Column("leave_punch", Text),
)

result_pending = Table(
    "result_pending",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    *sentence("reason", nullable=False),
)

shared_findings = Table(
    # Of the drafts of one office: how many of those expected at a terminal share a finding, as its last whole run saw.
    "shared_findings",
    metadata,
    Column("period", Text, primary_key=True),
    Column("office", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("date", Date, primary_key=True),
    Column("scan", Text, primary_key=True),
    Column("terminal", Text, primary_key=True),
    Column("expected", BigInteger, nullable=False),
    Column("affected", BigInteger, nullable=False),
    Column("share_ppm", BigInteger, nullable=False),
    Column("least_people", BigInteger, nullable=False),
    Column("scored_since", BigInteger, nullable=False, server_default="0"),  # people scored alone since then
)

objections = Table(
    # A finding of a draft that is disputed before the close.
    "objections",
    metadata,
    serial_key(),
    Column("period", Text, nullable=False, index=True),
    Column("nip", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("code", Text, nullable=False),
    Column("scan", Text),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("seen", Text),  # digest of what the draft of that day said; null: entered before that was noted
)

objection_decisions = Table(
    "objection_decisions",
    metadata,
    Column("objection", ForeignKey("objections.id"), primary_key=True),
    Column("accepted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)
