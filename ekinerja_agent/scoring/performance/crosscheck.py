"""What attendance says of claimed activities: minutes while absent, on leave, before arriving, after leaving, or twice.

Only what is known contradicts: a day that waits, a missing or excused scan, or one that an outage may have moved says
nothing. Whether such minutes count is a rule of the day's profile. Does not know targets or rupiah.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.rules import ActivityRule, RuleBook
from ekinerja_agent.scoring.duty.documents import Documents
from ekinerja_agent.scoring.duty.hours import Plan
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import Schema, as_columns, empty
from ekinerja_agent.scoring.frames.steps import MONTHS_KEPT, collect, left_join_or_null

_US_PER_MINUTE = 60_000_000
_NS_PER_US = 1_000
_US_PER_DAY = 86_400_000_000
_OPEN, _PRESENT, _ABSENT, _LEAVE = "open", "present", "absent", "leave"

CHECKED: Schema = {
    # One row per activity on a day of duty, in order of nip, day, start.
    "nip": pl.String,
    "activity": pl.String,
    "day": pl.Date,
    "minutes": pl.Int64,  # as claimed or approved
    "absent_minutes": pl.Int64,
    "on_leave_minutes": pl.Int64,
    "before_arriving_minutes": pl.Int64,
    "after_leaving_minutes": pl.Int64,
    "twice_minutes": pl.Int64,
    "counted_minutes": pl.Int64,  # of `minutes`, by the rule of the day
    "day_minutes": pl.Int64,  # the most that the rule lets count of the day; null = the duty minutes
}
DOUBTS = tuple(name for name in CHECKED if name.endswith("_minutes") and name not in {"counted_minutes", "day_minutes"})
"""The causes, as columns of CHECKED."""
_TOLD: Schema = {
    # One row per duty, and one more for the morning in which a night ends (carried).
    "duty": pl.UInt32,
    "nip": pl.String,
    "day": pl.Date,
    "carried": pl.Boolean,
    "doubtful_count": pl.Boolean,
    "day_minutes": pl.Int64,
    "known": pl.String,
    "first_us": pl.Int64,
    "last_us": pl.Int64,
    "over_midnight": pl.Boolean,
}


def check_activities(
    roster: Roster, days: pl.DataFrame, approved: Documents, activities: pl.DataFrame, rules: RuleBook
) -> pl.DataFrame:
    """Given the judged days (DAYS with duty, accepted, arrive_sure, leave_sure), approved documents and ACTIVITIES,
    return CHECKED. Of two activities at one time the one that starts later is claimed twice.
    """
    known = _known(roster, days, approved, rules)
    reached = pl.col("end_us").cum_max().shift(1).over("nip", "day")
    seen = (
        activities.lazy()
        .join(known, on=["nip", "day"], how="inner")
        .with_columns(
            start_us=pl.col("start").to_physical() // _NS_PER_US, end_us=pl.col("end").to_physical() // _NS_PER_US
        )
        .sort("nip", "day", "start_us", "end_us", "activity", nulls_last=False)
        .with_columns(reached_us=reached)
        .with_columns(
            before_us=pl.min_horizontal("first_us", "end_us") - pl.col("start_us"),
            after_us=pl.col("end_us") - pl.max_horizontal("last_us", "start_us"),
            twice_us=pl.min_horizontal("reached_us", "end_us") - pl.col("start_us"),
            credible_us=pl.min_horizontal("end_us", "last_us")
            - pl.max_horizontal("start_us", "first_us", "reached_us"),
        )
    )
    whole = pl.coalesce(_minutes(pl.col("end_us") - pl.col("start_us")), "minutes")
    away, timed = pl.col("known").is_in([_ABSENT, _LEAVE]), pl.col("start_us").is_not_null()
    credible = pl.when(away).then(0).when(timed).then(_minutes(pl.col("credible_us"))).otherwise("minutes")
    return collect(
        seen.select(
            *("nip", "activity", "day", "minutes"),
            absent_minutes=pl.when(pl.col("known") == _ABSENT).then(whole).otherwise(0),
            on_leave_minutes=pl.when(pl.col("known") == _LEAVE).then(whole).otherwise(0),
            before_arriving_minutes=_known_minutes("before_us", "first_us"),
            after_leaving_minutes=_known_minutes("after_us", "last_us"),
            twice_minutes=_known_minutes("twice_us", "reached_us"),
            counted_minutes=pl.when("doubtful_count").then("minutes").otherwise(pl.min_horizontal("minutes", credible)),
            day_minutes="day_minutes",
        )
    )


def _minutes(span_us: pl.Expr) -> pl.Expr:
    return (span_us // _US_PER_MINUTE).clip(lower_bound=0)


def _known_minutes(span: str, bound: str) -> pl.Expr:
    return pl.when(pl.col(bound).is_not_null()).then(_minutes(pl.col(span))).fill_null(0)


def _known(roster: Roster, days: pl.DataFrame, approved: Documents, rules: RuleBook) -> pl.LazyFrame:
    """What is known of each person and date of duty: nip, day, known, first_us and last_us (the local times of arriving
    and leaving after midnight, null = not known), doubtful_count, day_minutes.
    """
    told = collect(_of_duties(roster, days, approved, rules)).lazy()
    states = pl.col("known")
    bound = (states == _PRESENT).any() & ~(states == _OPEN).any()
    unsure = {name: (pl.col(name).is_null() & (states == _PRESENT)).any() for name in ("first_us", "last_us")}
    return (
        pl.concat([told, _nights(told)])
        .join(told.select("nip", "day").unique(), on=["nip", "day"], how="semi")
        .group_by("nip", "day")
        .agg(
            pl.col("doubtful_count", "day_minutes").sort_by("carried", "duty").first(),
            known=pl.when((states == _OPEN).any())
            .then(pl.lit(_OPEN))
            .when((states == _PRESENT).any())
            .then(pl.lit(_PRESENT))
            .when((states == _LEAVE).any())
            .then(pl.lit(_LEAVE))
            .otherwise(pl.lit(_ABSENT)),
            first_us=pl.when(bound & ~unsure["first_us"]).then(pl.col("first_us").min()),
            last_us=pl.when(bound & ~unsure["last_us"]).then(pl.col("last_us").max()),
        )
    )


def _of_duties(roster: Roster, days: pl.DataFrame, approved: Documents, rules: RuleBook) -> pl.LazyFrame:
    """Given the judged days, return _TOLD of duties."""
    state = pl.col("state")
    ends = roster.plans.lazy().select("plan", "last_due")
    local = [
        part.lazy()
        .with_columns(_local_us("arrive_at", zone).alias("first_us"), _local_us("leave_at", zone).alias("last_us"))
        .join(ends, on="plan", how="left")
        .with_columns(over_midnight=pl.col("last_due").dt.convert_time_zone(zone).dt.date() > pl.col("date"))
        for (zone,), part in days.partition_by("timezone", as_dict=True, maintain_order=True).items()
    ]
    if not local:
        return empty(_TOLD).lazy()
    return (
        pl.concat(local)
        .pipe(left_join_or_null, _leave_duties(roster, approved, rules), "duty")
        .join(_rules(roster.plan_keys, rules).lazy(), on="plan", how="left")
        .with_columns(
            known=pl.when((state == DayState.PRESENT) & ~pl.col("accepted"))
            .then(pl.lit(_PRESENT))
            .when(state == DayState.UNEXCUSED)
            .then(pl.lit(_ABSENT))
            .when((state == DayState.EXCUSED) & pl.col("on_leave").fill_null(value=False))
            .then(pl.lit(_LEAVE))
            .otherwise(pl.lit(_OPEN)),
            first_us=pl.when(pl.col("arrive_sure").fill_null(value=False)).then("first_us"),
            last_us=pl.when(pl.col("leave_sure").fill_null(value=False)).then("last_us"),
            carried=pl.lit(value=False),
            day="date",
        )
        .select(as_columns(_TOLD))
    )


def _nights(told: pl.LazyFrame) -> pl.LazyFrame:
    """Duties that end on the day after: until then nobody had to arrive again."""
    return told.filter(pl.col("over_midnight") & pl.col("known").is_in([_PRESENT, _OPEN])).with_columns(
        day=pl.col("day") + pl.duration(days=1),
        carried=pl.lit(value=True),
        first_us=pl.lit(None, dtype=pl.Int64),
        last_us=pl.col("last_us") - _US_PER_DAY,
    )


def _local_us(instant: str, zone: str) -> pl.Expr:
    local = pl.col(instant).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return (local - pl.col("date").cast(pl.Datetime("us"))).dt.total_microseconds()


def _leave_duties(roster: Roster, approved: Documents, rules: RuleBook) -> pl.DataFrame:
    """Duties that leave covers, and no document under which people work."""
    if approved.whole.is_empty():
        return empty({"duty": pl.UInt32, "on_leave": pl.Boolean})
    kinds = [
        (number, kind, kind not in _rule(roster.plan_keys[number], rules).work_absences)
        for number, kind in approved.whole.select("plan", "kind").unique().iter_rows()
    ]
    shape: Schema = {"plan": pl.UInt32, "kind": pl.String, "on_leave": pl.Boolean}
    return collect(
        approved.whole.lazy()
        .join(pl.LazyFrame(kinds, schema=shape, orient="row"), on=["plan", "kind"], how="left")
        .group_by("duty")
        .agg(pl.col("on_leave").all())
    )


@lru_cache(MONTHS_KEPT)
def _rules(plan_keys: tuple[Plan, ...], rules: RuleBook) -> pl.DataFrame:
    told = [(number, _rule(plan, rules)) for number, plan in enumerate(plan_keys)]
    return pl.DataFrame(
        [(number, rule.doubtful_count, rule.day_minutes) for number, rule in told],
        schema={"plan": pl.UInt32, "doubtful_count": pl.Boolean, "day_minutes": pl.Int64},
        orient="row",
    )


def _rule(plan: Plan, rules: RuleBook) -> ActivityRule:
    return rules.profile(plan.profile).activities.on(plan.day).value
