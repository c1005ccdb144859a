"""Which duties and scans a document covers. Does not know whether anybody was late, or absent.

A document without times covers whole duties by the day they start. One with local times covers the scans that
are due inside it, both ends included; times that run backwards pass midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

import polars as pl

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import AbsenceKind, Dated, RuleBook
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

_START_OF_DAY = time.min
_END_OF_DAY = time.max


WHOLE: Schema = {
    "duty": pl.UInt32,
    "plan": pl.UInt32,
    "kind": pl.String,
    "document": pl.String,
    "case_first": pl.Date,
    "case_last": pl.Date,
    "child_number": pl.Int64,
}
PARTIAL: Schema = {"duty": pl.UInt32, "scan_order": pl.Int8, "document": pl.String}
TIMED: Schema = {
    # Local times, both included, none past midnight.
    "person": pl.UInt32,
    "day": pl.Date,
    "from_time": pl.Time,
    "to_time": pl.Time,
    "document": pl.String,
}
CREDITED: Schema = {"duty": pl.UInt32, "credited_minutes": pl.Int64}
KindRules = Mapping[tuple[int, str], Dated[AbsenceKind]]
"""By plan and kind of absence: what the profile of the day says of it."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What documents of one status cover.

    `whole`: WHOLE, one row per duty and document. `partial`: PARTIAL. `timed`: TIMED.
    """

    whole: pl.DataFrame
    partial: pl.DataFrame
    timed: pl.DataFrame


def documents_with(status: EntryStatus, absences: pl.DataFrame, roster: Roster, month: date) -> Documents:
    """Given ABSENCES, return what those of one status cover of the month's duties."""
    asked = absences if absences.is_empty() else absences.filter(pl.col("status") == status)
    if asked.is_empty():
        return Documents(empty(WHOLE), empty(PARTIAL), empty(TIMED))
    spread = collect(_spread(asked, roster, month)).lazy()
    untimed = pl.col("from_time").is_null() & pl.col("to_time").is_null()
    duties = roster.duties.lazy().select("duty", "person", "plan", pl.col("date").alias("day"))
    whole = duties.join(spread.filter(untimed), on=["person", "day"], how="inner")
    timed = collect(_split_at_midnight(spread.filter(~untimed))).lazy()
    due = (
        duties.select("duty", "person", "plan")
        .join(timed.select("person").unique(), on="person", how="semi")
        .join(
            roster.plan_scans.lazy().select("plan", "scan_order", "due_day", "due_time"),
            on="plan",
            how="inner",
        )
    )
    partial = (
        due.join(timed.rename({"day": "due_day"}), on=["person", "due_day"], how="inner")
        .filter(pl.col("due_time").is_between("from_time", "to_time"))
        .select("duty", "scan_order", "document")
    )
    return Documents(collect(whole.select(*WHOLE)), collect(partial.select(*PARTIAL)), collect(timed.select(*TIMED)))


def credits_of(approved: Documents, rules: KindRules) -> pl.DataFrame:
    """Given approved documents and the rule of each, return the performance minutes of each duty: duty,
    credited_minutes. Of several documents of a duty the one that credits most counts.
    """
    if not rules:
        return empty(CREDITED)
    worth = [(number, kind, rule.value.credited_minutes) for (number, kind), rule in rules.items()]
    shape: Schema = {"plan": pl.UInt32, "kind": pl.String, "credited_minutes": pl.Int64}
    return collect(
        approved.whole.lazy()
        .join(pl.LazyFrame(worth, schema=shape, orient="row"), on=["plan", "kind"], how="left")
        .group_by("duty")
        .agg(pl.col("credited_minutes").max())
    )


def kinds_of(approved: Documents, roster: Roster, rules: RuleBook) -> KindRules:
    """Given approved documents, return by plan and kind the rule of the day. Raise NoRule for a kind that the profile
    of the day does not know.
    """
    found = {}
    keys = approved.whole.lazy().select("plan", "kind").unique().sort("plan", "kind")
    for number, kind in collect(keys).iter_rows():
        plan = roster.plan_keys[number]
        dated = rules.profile(plan.profile).absences.on(plan.day)
        if kind not in dated.value:
            raise NoRule(
                Message(
                    "an approved absence of kind {kind} on {day}, but profile {profile} knows only {kinds}; add the "
                    "kind with its source to the rule file",
                    kind=repr(kind),
                    day=plan.day,
                    profile=plan.profile,
                    kinds=", ".join(sorted(dated.value)),
                )
            )
        found[number, kind] = Dated(dated.first, dated.last, dated.value[kind], dated.citation)
    return found


def _spread(absences: pl.DataFrame, roster: Roster, month: date) -> pl.LazyFrame:
    """One row per document and local day of the month, and of the days beside it that a night can touch."""
    first, last = month - timedelta(days=1), last_day(month) + timedelta(days=1)
    return (
        absences.lazy()
        .join(roster.people.lazy().select("nip", "person"), on="nip", how="inner")
        .with_columns(
            first_day=pl.max_horizontal("first_day", pl.lit(first)),
            last_day=pl.min_horizontal("last_day", pl.lit(last)),
        )
        .filter(pl.col("first_day") <= pl.col("last_day"))
        .select(
            *("person", "kind", "document", "from_time", "to_time", "case_first", "case_last", "child_number"),
            day=pl.date_ranges("first_day", "last_day"),
        )
        .explode("day")
    )


def _split_at_midnight(timed: pl.LazyFrame) -> pl.LazyFrame:
    timed = timed.with_columns(pl.col("from_time").fill_null(_START_OF_DAY), pl.col("to_time").fill_null(_END_OF_DAY))
    backwards = pl.col("to_time") < pl.col("from_time")
    return pl.concat(
        [
            timed.filter(~backwards),
            timed.filter(backwards).with_columns(to_time=pl.lit(_END_OF_DAY)),
            timed.filter(backwards).with_columns(
                from_time=pl.lit(_START_OF_DAY), day=pl.col("day") + pl.duration(days=1)
            ),
        ]
    )
