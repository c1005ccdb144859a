"""Unexcused working days of the calendar year (PP 94/2021 and its predecessor): arithmetic, never a verdict.

Late and early minutes are banked, and missing scans where the rule gives them minutes; full days of them count as days,
the remainder is kept within the year. Does not know allowances.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.rules import UnexcusedRule
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import empty
from ekinerja_agent.scoring.frames.steps import collect, left_join_or_null


def count_unexcused(
    roster: Roster, days: pl.DataFrame, earlier_days: pl.DataFrame, rule: UnexcusedRule, year: int
) -> pl.DataFrame:
    """Given the month's days, EARLIER_DAYS, the rule of the month's last day and its year, return one row per person.
    Days of another year count only for a run that reaches into this one.

    person, unexcused_days (of the month), bank_minutes_year, converted_days, days_this_year, longest_run
    (consecutive working days), run_reached_on (first day on which a run was as long as the rule allows none
    to be), threshold (the code reached; null for statuses that the rule does not judge).
    """
    # Several duties of a date stay in their order: a run ends with any of them.
    told = _this_month(days)
    if not earlier_days.is_empty():
        told = pl.concat([_earlier(roster, earlier_days), told])
    known = collect(told.sort("person", "day", maintain_order=True))
    this_year = known.lazy().filter(pl.col("day").dt.year() == year)
    totals = this_year.group_by("person").agg(
        unexcused_days=pl.col("unexcused").filter("this_month").sum().cast(pl.Int64),
        unexcused_year=pl.col("unexcused").sum().cast(pl.Int64),
        bank_minutes_year=pl.col("bank_minutes").sum() + pl.col("missing_scans").sum() * rule.missing_scan_minutes,
    )
    people = (
        roster.people.lazy()
        .select("person", "employment_status")
        .join(totals, on="person", how="left")
        .pipe(left_join_or_null, _runs(known, rule.run_days, year), "person")
        .with_columns(pl.col("unexcused_days", "unexcused_year", "bank_minutes_year", "longest_run").fill_null(0))
        .with_columns(converted_days=pl.col("bank_minutes_year") // rule.minutes_per_day)
        .with_columns(days_this_year=pl.col("unexcused_year") + pl.col("converted_days"))
    )
    return collect(
        people.select(
            *("person", "unexcused_days", "bank_minutes_year", "converted_days", "days_this_year"),
            *("longest_run", "run_reached_on"),
            threshold=_threshold(rule),
        )
    )


def _this_month(days: pl.DataFrame) -> pl.LazyFrame:
    bank = pl.col("late_minutes").fill_null(0) + pl.col("early_minutes").fill_null(0)
    return days.lazy().select(
        "person",
        pl.col("date").alias("day"),
        unexcused=pl.col("state") == DayState.UNEXCUSED,
        bank_minutes=pl.when(pl.col("state") == DayState.PRESENT).then(bank).otherwise(0),
        missing_scans="missing_scans",
        this_month=pl.lit(True),
    )


def _earlier(roster: Roster, earlier_days: pl.DataFrame) -> pl.LazyFrame:
    people = roster.people.lazy().select("nip", "person")
    known = earlier_days.lazy().join(people, on="nip", how="inner")
    return known.select("person", "day", "unexcused", "bank_minutes", "missing_scans", this_month=pl.lit(False))


def _runs(known: pl.DataFrame, run_days: int | None, year: int) -> pl.DataFrame:
    """Any working day that is not unexcused ends a run, be it excused, exempt or not yet judged."""
    if not known["unexcused"].any():
        return empty({"person": pl.UInt32, "longest_run": pl.Int64, "run_reached_on": pl.Date})
    runs = (
        known.lazy()
        .with_columns(run=pl.struct("person", "unexcused").rle_id())
        .filter("unexcused")
        .with_columns(length=pl.col("day").cum_count().over("run").cast(pl.Int64))
        .filter(pl.col("day").dt.year() == year)
    )
    reached = pl.col("day").filter(pl.col("length") == run_days).min() if run_days else pl.lit(None, pl.Date)
    return collect(runs.group_by("person").agg(longest_run=pl.col("length").max(), run_reached_on=reached))


@cache
def _threshold(rule: UnexcusedRule) -> pl.Expr:
    """A run that ends it all outranks every rung."""
    code = pl.lit(None, pl.String)
    for rung in rule.rungs:
        days = pl.col("days_this_year")
        inside = days >= rung.from_days
        if rung.to_days is not None:
            inside &= days <= rung.to_days
        code = pl.when(inside).then(pl.lit(rung.code)).otherwise(code)
    code = pl.when(pl.col("run_reached_on").is_not_null()).then(pl.lit(rule.run_code)).otherwise(code)
    judged = pl.col("employment_status").is_in(sorted(rule.statuses))
    return pl.when(judged).then(code).otherwise(pl.lit(None, pl.String))
