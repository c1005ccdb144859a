"""Approved and credited minutes against the target, as an exact fraction. Does not know rupiah."""

from __future__ import annotations

import polars as pl

from ekinerja_agent.rules import WHOLE_PPM, RuleBook
from ekinerja_agent.scoring.frames import Schema
from ekinerja_agent.scoring.schedule import Roster

TERMS: Schema = {
    # What the profile of the paying spell says on its first working day.
    "profile": pl.String,
    "pay_day": pl.Date,
    "discipline_share_ppm": pl.Int64,
    "performance_share_ppm": pl.Int64,
    "full_target_minutes": pl.Int64,
    "duty_cap_ppm": pl.Int64,  # null = the target is not capped
}


def month_terms(people: pl.DataFrame, rules: RuleBook) -> pl.DataFrame:
    """Given people with profile and pay_day, return TERMS. Raise NoRule if a value does not cover the day."""
    rows = []
    for name, day in people.select("profile", "pay_day").unique().sort("profile", "pay_day").iter_rows():
        profile = rules.profile(name)
        split = profile.split.on(day).value
        target = profile.target.on(day).value
        shares = (split.discipline_ppm, split.performance_ppm)
        rows.append((name, day, *shares, target.minutes, target.duty_cap_ppm))
    return pl.DataFrame(rows, schema=TERMS, orient="row")


def measure_performance(
    roster: Roster, terms: pl.DataFrame, activities: pl.DataFrame, credited: pl.DataFrame
) -> pl.DataFrame:
    """Given ACTIVITIES and credited minutes by duty, return one row per person in order of nip: person,
    approved_minutes, credited_minutes, target_minutes, achieved_minutes (at most the target).

    A day's approved minutes count up to that day's duty minutes. The score is achieved / target; a target of
    0 minutes is reached by everybody.
    """
    done = (
        activities.lazy()
        .group_by("nip", pl.col("day").alias("date"))
        .agg(pl.col("minutes").sum())
        .join(
            roster.duties.lazy().select("nip", "person", "date", "required_minutes"),
            on=["nip", "date"],
            how="inner",
        )
        .group_by("person")
        .agg(approved_minutes=pl.min_horizontal("minutes", "required_minutes").sum())
    )
    given = (
        credited.lazy()
        .join(roster.duties.lazy().select("duty", "person"), on="duty", how="inner")
        .group_by("person")
        .agg(pl.col("credited_minutes").sum())
    )
    return (
        roster.people.lazy()
        .join(terms.lazy(), on=["profile", "pay_day"], how="left")
        .join(done, on="person", how="left")
        .join(given, on="person", how="left")
        .with_columns(pl.col("approved_minutes", "credited_minutes").fill_null(0), target_minutes=_target_minutes())
        .select(
            "person",
            "approved_minutes",
            "credited_minutes",
            "target_minutes",
            achieved_minutes=pl.min_horizontal(
                pl.col("approved_minutes") + pl.col("credited_minutes"), "target_minutes"
            ),
        )
        .sort("person")
        .collect()
    )


def _target_minutes() -> pl.Expr:
    """The share of the full month's target, entrants and leavers by working days; floored, which favours the
    employee.

    Nobody owes more than a full month, however the calendars of two units differ.
    """
    own_days = pl.min_horizontal("working_days", "full_days")
    by_days = (
        pl.when(pl.col("full_days") > 0)
        .then(pl.col("full_target_minutes") * own_days // pl.max_horizontal("full_days", pl.lit(1)))
        .otherwise(0)
    )
    reachable = pl.col("duty_minutes") * pl.col("duty_cap_ppm") // WHOLE_PPM
    return pl.min_horizontal(by_days, reachable)
