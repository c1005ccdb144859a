"""The life of an office's month: closed, open again, paid, and what is paid later."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ekinerja_agent.central.store.tables.columns import Instant, metadata, serial_key

period_events = Table(
    "period_events",
    metadata,
    serial_key(),
    Column("period", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("event", Text, nullable=False),  # closed
    Column("revision", Integer, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("accepted_pending", Text),  # the reason a person gave; null if nothing was pending
    Column("through", Date),  # the last day that was judged; null: the month's
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("audit_rows", BigInteger),  # of the audit log before; null: schema 25 closed it
    Column("alone", Boolean),  # nobody else could have signed with the account; null: closed before this was kept
    UniqueConstraint("period", "unit", "revision"),
)

pending_signatures = Table(
    # Who signs that pending days of an office count as present; somebody else closes it.
    "pending_signatures",
    metadata,
    serial_key(),
    Column("period", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("after_revision", Integer, nullable=False),  # the newest close of the office then; 0: none
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("audit_rows", BigInteger),  # of the audit log before; null: schema 25 took it
)

signed_days = Table(
    "signed_days",
    metadata,
    Column("signature", ForeignKey("pending_signatures.id"), primary_key=True),
    Column("nip", Text, primary_key=True),
    Column("date", Date, primary_key=True),
)

rule_sets = Table(
    # The canonical text of each set of rules by which a month was closed, or that somebody accepted for it.
    "rule_sets",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
)

rule_acceptances = Table(
    "rule_acceptances",
    metadata,
    Column("digest", ForeignKey("rule_sets.digest"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("accepted_at", Instant, nullable=False),
)

period_reopenings = Table(
    # An office of a period is open again once the newest of its closings has a row here.
    "period_reopenings",
    metadata,
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

payroll_exports = Table(
    # A file that payroll was handed, a row for each office in it.
    "payroll_exports",
    metadata,
    serial_key(),
    Column("period", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("payable_rp", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", Text, nullable=False),  # sha256:… of the file
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

period_payments = Table(
    # An office of a period that has a row here is never reopened.
    "period_payments",
    metadata,
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("export_digest", Text),  # the file that was paid; null: it is of before schema 0026, or nobody was in it
)

adjustments = Table(
    # What a late fact moves of a month that is paid. The key lets no revision be followed by two.
    "adjustments",
    metadata,
    Column("for_period", Text, primary_key=True),
    Column("nip", Text, primary_key=True),
    Column("from_revision", Integer, primary_key=True, autoincrement=False),
    Column("to_revision", Integer, nullable=False),
    Column("period", Text, nullable=False, index=True),  # the open one that pays
    Column("unit", Text, nullable=False),  # by whose close it is paid
    Column("difference_rp", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    CheckConstraint("to_revision = from_revision + 1", name="next"),
    CheckConstraint("for_period < period", name="later"),
    CheckConstraint("difference_rp <> 0", name="moves"),
)
