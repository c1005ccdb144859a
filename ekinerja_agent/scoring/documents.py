"""Which duties and scans a document covers. Does not know whether anybody was late, or absent.

A document without times covers whole duties by the day they start. One with local times covers the scans that
are due inside it, both ends included; times that run backwards pass midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

import polars as pl

from ekinerja_agent.errors import NoRule
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.schedule import Roster, last_day

_START_OF_DAY = time.min
_END_OF_DAY = time.max


@dataclass(frozen=True, slots=True)
class Documents:
    """What documents of one status cover.

    `whole`: duty, kind, document - one row per duty and document. `partial`: duty, scan_order, document.
    """

    whole: pl.DataFrame
    partial: pl.DataFrame


def documents_with(
    status: Literal["pending", "approved"], absences: pl.DataFrame, roster: Roster, month: date
) -> Documents:
    """Given ABSENCES, return what those of one status cover of the month's duties."""
    spread = _spread(absences.filter(pl.col("status") == status), roster, month)
    untimed = pl.col("from_time").is_null() & pl.col("to_time").is_null()
    whole = roster.duties.select("duty", "person", pl.col("date").alias("day")).join(
        spread.filter(untimed), on=["person", "day"], how="inner"
    )
    timed = _split_at_midnight(spread.filter(~untimed))
    due = (
        roster.duties.lazy()
        .select("duty", "person", "plan")
        .join(timed.lazy().select("person").unique(), on="person", how="semi")
        .join(
            roster.plan_scans.lazy().select("plan", "scan_order", "due_day", "due_time"),
            on="plan",
            how="inner",
        )
    )
    partial = (
        due.join(timed.lazy().rename({"day": "due_day"}), on=["person", "due_day"], how="inner")
        .filter(pl.col("due_time").is_between("from_time", "to_time"))
        .select("duty", "scan_order", "document")
        .collect()
    )
    return Documents(whole.select("duty", "kind", "document"), partial)


def credits_of(approved: Documents, roster: Roster, rules: RuleBook) -> pl.DataFrame:
    """Given approved documents, return the performance minutes they credit: duty, credited_minutes.

    Of several documents of a day the one that credits most counts. Raise NoRule if the profile of the day
    does not know a kind.
    """
    kinds = approved.whole.join(roster.duties.select("duty", "plan"), on="duty", how="left")
    used = kinds.select("plan", "kind").unique().sort("plan", "kind")
    minutes = []
    for number, kind in used.iter_rows():
        plan = roster.plan_keys[number]
        known = rules.profile(plan.profile).absences.on(plan.day).value
        if kind not in known:
            raise NoRule(
                f"an approved absence of kind {kind!r} on {plan.day}, but profile {plan.profile} knows only "
                f"{', '.join(sorted(known))}; add the kind with its source to the rule file"
            )
        minutes.append(known[kind].credited_minutes)
    worth = used.with_columns(credited_minutes=pl.Series(minutes, dtype=pl.Int64))
    return kinds.join(worth, on=["plan", "kind"], how="left").group_by("duty").agg(pl.col("credited_minutes").max())


def _spread(absences: pl.DataFrame, roster: Roster, month: date) -> pl.DataFrame:
    """One row per document and local day of the month, and of the days beside it that a night can touch."""
    first, last = month - timedelta(days=1), last_day(month) + timedelta(days=1)
    return (
        absences.join(roster.people.select("nip", "person"), on="nip", how="inner")
        .with_columns(
            first_day=pl.max_horizontal("first_day", pl.lit(first)),
            last_day=pl.min_horizontal("last_day", pl.lit(last)),
        )
        .filter(pl.col("first_day") <= pl.col("last_day"))
        .select(
            *("person", "kind", "document", "from_time", "to_time"),
            day=pl.date_ranges("first_day", "last_day"),
        )
        .explode("day")
    )


def _split_at_midnight(timed: pl.DataFrame) -> pl.DataFrame:
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
