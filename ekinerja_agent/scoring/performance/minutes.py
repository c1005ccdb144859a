"""Approved and credited minutes against the target, or a rating, as an exact fraction. Does not know rupiah."""

from __future__ import annotations

from datetime import date

import polars as pl

from ekinerja_agent.rules import WHOLE_PPM, Productivity
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import empty
from ekinerja_agent.scoring.frames.steps import collect, covers, left_join_or_null
from ekinerja_agent.scoring.terms import Terms

_RATIO_ONE = 10_000
_PPM_PER_RATIO = WHOLE_PPM // _RATIO_ONE


def measure_performance(
    roster: Roster,
    terms: Terms,
    checked: pl.DataFrame,
    credited: pl.DataFrame,
    to_come: pl.DataFrame,
    ratings: pl.DataFrame,
    month: date,
) -> pl.DataFrame:
    """Given CHECKED activities, credited minutes by duty and RATINGS, return one row per person in order of nip:
    person, approved_minutes, credited_minutes, target_minutes, rating, unrated, and the score as achieved / goal.

    A day's approved minutes count up to that day's duty minutes, or what the rule lets count of it; what a document
    credits counts once a day. A target of
    0 minutes is reached by everybody. Of days that are still to come (person, days_to_come) their share of the target
    is credited, rounded up. `unrated`: the profile asks for a rating and has no value for a person without
    one; the score is then 100 %, and somebody must say that this is so.
    """
    done = (
        checked.lazy()
        .group_by("nip", pl.col("day").alias("date"))
        .agg(pl.col("counted_minutes").sum(), pl.col("day_minutes").first())
        .join(_days(roster), on=["nip", "date"], how="inner")
        .group_by("person")
        .agg(approved_minutes=pl.min_horizontal("counted_minutes", "required_minutes", "day_minutes").sum())
    )
    unrated = pl.col("by_rating") & pl.col("ratio_ppm").is_null()
    achieved, goal = _score()
    return collect(
        roster.people.lazy()
        .join(terms.of_profile.lazy(), on=["profile", "pay_day"], how="left")
        .join(done, on="person", how="left")
        .pipe(left_join_or_null, _given(roster, credited), "person")
        .pipe(left_join_or_null, to_come, "person")
        .pipe(left_join_or_null, _rated(roster, terms, ratings, month), "person")
        .with_columns(
            pl.col("approved_minutes", "credited_minutes", "days_to_come").fill_null(0),
            target_minutes=_target_minutes(),
            by_rating=pl.col("mode") == Productivity.RATING,
        )
        .with_columns(
            credited_minutes=pl.col("credited_minutes") + _share_to_come(),
            rating=pl.when("by_rating").then("predicate"),
            ratio_ppm=pl.when("by_rating").then(pl.coalesce("ratio_ppm", "unrated_ppm")),
        )
        .select(
            *("person", "approved_minutes", "credited_minutes", "target_minutes", "rating"),
            unrated=unrated,
            achieved=achieved,
            goal=goal,
        )
        .sort("person")
    )


def _given(roster: Roster, credited: pl.DataFrame) -> pl.DataFrame:
    """What documents credit each person: person, credited_minutes."""
    if credited.is_empty():
        return empty({"person": pl.UInt32, "credited_minutes": pl.Int64})
    return collect(
        credited.lazy()
        .join(roster.duties.lazy().select("duty", "person", "date"), on="duty", how="inner")
        .group_by("person", "date")
        .agg(pl.col("credited_minutes").max())
        .group_by("person")
        .agg(pl.col("credited_minutes").sum())
    )


def _days(roster: Roster) -> pl.LazyFrame:
    """One row per person and date of duty: several duties of a date are one day's minutes."""
    by_day = roster.duties.lazy().group_by("nip", "person", "date")
    return by_day.agg(pl.col("required_minutes").sum())


def _score() -> tuple[pl.Expr, pl.Expr]:
    """The score as a fraction: achieved, goal."""
    done = pl.col("approved_minutes") + pl.col("credited_minutes")
    reached = done >= pl.col("target_minutes")
    whole = pl.col("target_minutes") == 0
    ratio = (pl.col("ratio_ppm") // _PPM_PER_RATIO).fill_null(_RATIO_ONE)
    proportional = (pl.col("mode") == Productivity.PROPORTIONAL) & ~whole
    achieved = (
        pl.when("by_rating")
        .then(ratio)
        .when(proportional)
        .then(pl.min_horizontal(done, "target_minutes"))
        .otherwise((reached | whole).cast(pl.Int64))
    )
    goal = pl.when("by_rating").then(_RATIO_ONE).when(proportional).then("target_minutes").otherwise(1)
    return achieved, goal


def _rated(roster: Roster, terms: Terms, ratings: pl.DataFrame, month: date) -> pl.DataFrame:
    """Of each person the newest rating that is valid on the month's first day, where the profile has a ratio for it."""
    if ratings.is_empty():
        return empty({"person": pl.UInt32, "predicate": pl.String, "ratio_ppm": pl.Int64})
    valid = (
        ratings.lazy()
        .with_columns(day=pl.lit(month))
        .filter(covers("day"))
        .unique("nip", keep="last", maintain_order=True)
        .select("nip", "predicate")
    )
    return collect(
        roster.people.lazy()
        .select("person", "nip", "profile", "pay_day")
        .join(valid, on="nip", how="inner")
        .join(terms.ratios.lazy(), on=["profile", "pay_day", "predicate"], how="inner")
        .select("person", "predicate", "ratio_ppm")
    )


def _share_to_come() -> pl.Expr:
    days = pl.max_horizontal("working_days", pl.lit(1))
    return (pl.col("target_minutes") * pl.col("days_to_come") + days - 1) // days


def _target_minutes() -> pl.Expr:
    """The target of the person's days: of a full month's by working days, of each day's, or a share of the duty
    minutes; floored, which favours the employee.

    Nobody owes more than a full month, however the calendars of two units differ.
    """
    own_days = pl.min_horizontal("working_days", "full_days")
    by_month = (
        pl.when(pl.col("full_days") > 0)
        .then(pl.col("month_minutes") * own_days // pl.max_horizontal("full_days", pl.lit(1)))
        .when(pl.col("month_minutes").is_not_null())
        .then(0)
    )
    by_day = pl.col("day_minutes") * pl.col("working_days")
    by_share = pl.col("duty_minutes") * pl.col("duty_ppm") // WHOLE_PPM
    reachable = pl.col("duty_minutes") * pl.col("duty_cap_ppm") // WHOLE_PPM
    return pl.min_horizontal(pl.coalesce(by_month, by_day, by_share), reachable)
