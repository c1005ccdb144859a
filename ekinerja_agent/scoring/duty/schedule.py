"""Who is on duty when: spells, units, calendar and rules become duties with expected scans in absolute time.

Raises NoRule for a day that no value covers; nothing is ever taken from the nearest one. Does not know
punches, documents or money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from ekinerja_agent.county.calendar import Calendar, require_holidays, shifts_on, why_pending
from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message, pack
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.duty.hours import (
    LATEST,
    SCAN_ORDER,
    Plan,
    duty_of,
    required_minutes,
    start_minute,
)
from ekinerja_agent.scoring.frames.finding_columns import HELD
from ekinerja_agent.scoring.frames.schemas import INSTANT, MonthFacts, Schema, empty
from ekinerja_agent.scoring.frames.steps import MONTHS_KEPT, collect, covers

PLANS: Schema = {
    # One row per plan: what all duties alike share. Spans are half-open from the first due time to the last.
    "plan": pl.UInt32,
    "day": pl.Date,
    "first_due": INSTANT,
    "last_due": INSTANT,
    "closes": INSTANT,  # of the last window, or of a day that is not planned; null if the duty expects no scan
    "break_from": INSTANT,
    "break_to": INSTANT,
    "planned": pl.Boolean,  # false: a roster says nothing of it; the duty is then the whole local day
    "base": pl.String,
    "day_cap_ppm": pl.Int64,
}
PLAN_SCANS: Schema = {
    # One row per plan and expected scan; window [opens, closes); due_day and due_time are local.
    "plan": pl.UInt32,
    "scan_order": pl.Int8,
    "scan": pl.String,
    "latest": pl.Boolean,  # the due time is the latest allowed one (arrive, break_in), else the earliest
    "take_last": pl.Boolean,
    "due": INSTANT,
    "opens": INSTANT,
    "closes": INSTANT,
    "due_day": pl.Date,
    "due_time": pl.Time,
    "tolerance_min": pl.Int64,  # so many minutes count as none
    "flexible_min": pl.Int64,  # so many minutes after the due time may be made good at the end
}


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody's duties of one month. A duty that is not planned has no scans and no required minutes.

    `people`: one row per person in order of nip: person, nip, name, unit, unit_name, position_class, profile,
    employment_status, spell_rp (null = none told), pay_day (the first working day, whose spell pays), working_days,
    duty_minutes,
    full_days (duty days that the calendar of the paying unit gives the full month).
    `duties`: one row per person and duty in order of nip and date: duty, person, nip, date, unit, timezone,
    schedule, profile, attendance, spell_rp, plan, required_minutes.
    `plans`, `plan_scans`: see PLANS and PLAN_SCANS. `plan_keys`: a plan's number is its position here. `pay_keys`: each
    profile and pay_day that somebody has, in their order.
    """

    people: pl.DataFrame
    duties: pl.DataFrame
    plans: pl.DataFrame
    plan_scans: pl.DataFrame
    plan_keys: tuple[Plan, ...]
    pay_keys: tuple[tuple[str, date], ...]


def plan_month(facts: MonthFacts, rules: RuleBook, day: date | None = None) -> Roster:
    """Given the facts of a month, return its roster; with a `day` of the month that day's alone.

    Raise NoRule for a day without rule, holiday decree or decided Ramadan; NeedsAttention for a unit that is
    unknown on a day when somebody serves in it.
    """
    require_holidays(rules, facts.month.year)
    first, last = (day, day) if day else (facts.month, last_day(facts.month))
    spells = _spells(facts.spells, first, last)
    grid = _unit_days(spells, facts, rules, first, last)
    _require_units(spells, grid)
    by_roster = grid["schedule"].is_in([name for name, one in rules.schedules.items() if one.shifts is not None])
    if by_roster.any():
        working = _working_days(grid.filter(~by_roster), facts.calendar, rules)
        rostered = _rostered(spells, grid.filter(by_roster), facts.rosters, rules)
        serving = pl.concat([_serve(spells, working), rostered.lazy()])
    else:
        working = _working_days(grid, facts.calendar, rules)
        serving = _serve(spells, working)
    served = collect(serving.sort("person", "day", "starts", "shift", nulls_last=True))
    numbers = collect(served.lazy().select(Plan._fields).unique().sort(Plan._fields).with_row_index("plan"))
    plan_keys = tuple(Plan(*row[1:]) for row in numbers.iter_rows())
    people = _people(spells, served, grid, working)
    by_shift = pl.col("planned") & (pl.col("shift") != "")
    shown = pl.when(by_shift).then(pl.format("{}/{}", "schedule", "shift")).otherwise("schedule")
    duties = collect(
        served.lazy()
        .join(numbers.lazy(), on=Plan._fields, how="left", maintain_order="left")
        .join(people.lazy().select("person", "nip"), on="person", how="left", maintain_order="left")
        .join(spells.lazy().select("spell", spell_rp="allowance_rp"), on="spell", how="left", maintain_order="left")
        .with_row_index("duty")
        .select(
            *(
                "duty",
                "person",
                "nip",
                pl.col("day").alias("date"),
                "unit",
                "timezone",
                shown.alias("schedule"),
                "profile",
            ),
            *("attendance", "spell_rp", "plan", "required_minutes"),
        )
    )
    plans, plan_scans = _plan_frames(plan_keys, rules)
    pay_keys = sorted(set(zip(people["profile"], people["pay_day"], strict=True)))
    return Roster(people, duties, plans, plan_scans, plan_keys, tuple(pay_keys))


def hold_unplanned(roster: Roster, states: pl.DataFrame) -> pl.DataFrame:
    """Given the states of duties, return those of which the roster says nothing that can be used: duty, reason."""
    unplanned = [
        (number, pack(why_pending(plan.schedule, plan.shift)))
        for number, plan in enumerate(roster.plan_keys)
        if not plan.planned
    ]
    if not unplanned:
        return empty(HELD)
    reasons = pl.DataFrame(unplanned, schema={"plan": pl.UInt32, "reason": pl.String}, orient="row").lazy()
    waiting = states.lazy().filter(pl.col("state") == DayState.PRESENT).select("duty")
    return collect(
        roster.duties.lazy()
        .select("duty", "plan")
        .join(reasons, on="plan", how="inner")
        .join(waiting, on="duty", how="semi")
        .select("duty", "reason")
    )


def _spells(spells: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Spells that touch the month, cut to it, in order of nip and start; people are numbered by nip. A post is a unit
    and a person's own schedule, if any; it has the number of its first spell.
    """
    return collect(
        spells.lazy()
        .sort("nip", "valid_from", "valid_to", "unit", nulls_last=False)
        .rename({"schedule": "own_schedule"})
        .with_columns(
            from_day=pl.max_horizontal("valid_from", pl.lit(first)),
            to_day=pl.min_horizontal("valid_to", pl.lit(last)),
        )
        .filter(pl.col("from_day") <= pl.col("to_day"))
        .with_columns(person=pl.col("nip").rle_id())
        .with_row_index("spell")
        .with_columns(post=pl.col("spell").first().over("unit", "own_schedule"))
    )


def _unit_days(spells: pl.DataFrame, facts: MonthFacts, rules: RuleBook, first: date, last: date) -> pl.DataFrame:
    """Each post on each day, with zone, profile and schedule of the day.

    A day that no row of the unit covers borrows the latest row, marked not `covered`: it only helps to count
    the full month of a unit that begins or ends in it; nobody's duty is taken from it.
    """
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    columns = ("unit", "unit_name", "timezone", "schedule", "profile", "valid_from", "valid_to")
    grid = collect(
        spells.lazy()
        .select("post", "unit", "own_schedule")
        .unique("post", keep="any")
        .join(days.lazy(), how="cross")
        .join(facts.units.lazy().select(columns), on="unit", how="left", maintain_order="left")
        .with_columns(
            covered=pl.col("timezone").is_not_null() & covers("day"),
            profile=pl.col("profile").fill_null(facts.profile),
        )
        .sort("post", "day", "covered", "valid_from", nulls_last=False)
        .unique(["post", "day"], keep="last", maintain_order=True)
    )
    names = grid["profile"].unique().to_list()
    usual = pl.DataFrame(
        {"profile": names, "usual_schedule": [rules.profile(name).schedule for name in names]},
        schema={"profile": pl.String, "usual_schedule": pl.String},
    )
    named = grid.lazy().join(usual.lazy(), on="profile", how="left", maintain_order="left")
    return collect(named.with_columns(schedule=pl.coalesce("own_schedule", "schedule", "usual_schedule")))


def _working_days(grid: pl.DataFrame, calendar: pl.DataFrame, rules: RuleBook) -> pl.DataFrame:
    """The days of the grid that are working days, with `ramadan`, `starts` and `required_minutes`.

    The calendar is asked once for each schedule and day of a unit, however many people serve by it.
    """
    known = Calendar(calendar.select("day", "unit", "kind").iter_rows(), rules)
    placed = grid.filter(pl.col("timezone").is_not_null())
    rows = []
    for name, unit, day in dict.fromkeys(zip(placed["schedule"], placed["unit"], placed["day"], strict=True)):
        hours, ramadan = known.hours(rules.schedule(name), unit, day)
        if hours is not None:
            rows.append((name, unit, day, ramadan, start_minute(hours), required_minutes(hours)))
    worked = pl.DataFrame(rows, schema=_WORKED, orient="row")
    return placed.join(worked, on=["schedule", "unit", "day"], how="inner", maintain_order="left")


def _require_units(spells: pl.DataFrame, grid: pl.DataFrame) -> None:
    if grid["covered"].all():
        return
    lost = collect(
        _days_of(spells)
        .join(grid.lazy().filter(~pl.col("covered")), on=["post", "day"], how="inner")
        .select("unit", "day")
        .sort("unit", "day")
        .head(1)
    )
    if lost.height:
        unit, day = lost.row(0)
        raise NeedsAttention(
            Message(
                "somebody serves in unit {unit} on {day}, but no row of that unit covers the day; import units with "
                "dates that do",
                unit=unit,
                day=day,
            )
        )


_WORKED: Schema = {
    # One row per schedule and working day of a unit.
    "schedule": pl.String,
    "unit": pl.String,
    "day": pl.Date,
    "ramadan": pl.Boolean,
    "starts": pl.Int64,
    "required_minutes": pl.Int64,
}
_SHIFTS: Schema = {
    # One row per schedule, day and word of the roster that is a duty.
    "schedule": pl.String,
    "day": pl.Date,
    "shift": pl.String,
    "planned": pl.Boolean,
    "starts": pl.Int64,  # null: nobody knows, comes last
    "required_minutes": pl.Int64,
}
_SERVED: Schema = {
    "person": pl.UInt32,
    "spell": pl.UInt32,
    "attendance": pl.String,
    "day": pl.Date,
    "unit": pl.String,
    "timezone": pl.String,
    "profile": pl.String,
    "schedule": pl.String,
    "ramadan": pl.Boolean,
    "shift": pl.String,
    "planned": pl.Boolean,
    "starts": pl.Int64,
    "required_minutes": pl.Int64,
}


def _days_of(spells: pl.DataFrame) -> pl.LazyFrame:
    """One row per person and day; where two spells claim a day, the one that began later has it."""
    return (
        spells.lazy()
        .select("person", "nip", "spell", "post", "attendance", day=pl.date_ranges("from_day", "to_day"))
        .explode("day")
        .unique(["person", "day"], keep="last", maintain_order=True)
    )


def _serve(spells: pl.DataFrame, working: pl.DataFrame) -> pl.LazyFrame:
    """One row per person and working day of a schedule of weeks."""
    columns = ("post", "day", "unit", "timezone", "profile", "schedule", "ramadan", "starts", "required_minutes")
    return (
        _days_of(spells)
        .join(working.lazy().select(columns), on=["post", "day"], how="inner")
        .with_columns(shift=pl.lit(""), planned=pl.lit(value=True))
        .select(*_SERVED)
    )


def _rostered(spells: pl.DataFrame, grid: pl.DataFrame, rosters: pl.DataFrame, rules: RuleBook) -> pl.DataFrame:
    """One row per person and duty of the roster; a day of which the roster says nothing is a duty that is not planned.

    What a roster says is asked once for each schedule, day and word, however many people have it.
    """
    if grid.is_empty():
        return empty(_SERVED)
    told = rosters.lazy().select("nip", "day", "shift").unique()
    days = collect(
        _days_of(spells)
        .join(grid.lazy().select("post", "day", "unit", "timezone", "profile", "schedule"), on=["post", "day"])
        .join(told, on=["nip", "day"], how="left")
        .with_columns(pl.col("shift").fill_null(""), ramadan=pl.lit(value=False))
    )
    keys = days.select("schedule", "day", "shift").unique(maintain_order=True)
    rows = [
        (name, day, word, shift.hours is not None, start_minute(shift.hours), required_minutes(shift.hours))
        for name, day, word in keys.iter_rows()
        for shift in shifts_on(rules.schedule(name), day, (word,) if word else ())
    ]
    duties = pl.LazyFrame(rows, schema=_SHIFTS, orient="row")
    return collect(days.lazy().join(duties, on=["schedule", "day", "shift"], how="inner").select(*_SERVED))


def _people(spells: pl.DataFrame, served: pl.DataFrame, grid: pl.DataFrame, working: pl.DataFrame) -> pl.DataFrame:
    """One row per person; who has no working day is described by the first spell."""
    totals = (
        served.lazy()
        .group_by("person")
        .agg(
            pl.col("spell").first().alias("duty_spell"),
            pl.col("day").first().alias("duty_day"),
            pl.len().cast(pl.Int64).alias("working_days"),
            pl.col("required_minutes").sum().alias("duty_minutes"),
        )
    )
    paying = (
        spells.lazy()
        .unique("person", keep="first", maintain_order=True)
        .join(totals, on="person", how="left", maintain_order="left")
        .select(
            "person",
            "working_days",
            "duty_minutes",
            spell=pl.coalesce("duty_spell", "spell"),
            pay_day=pl.coalesce("duty_day", "from_day"),
        )
    )
    full = working.lazy().group_by("post").agg(pl.len().cast(pl.Int64).alias("full_days"))
    described = spells.lazy().select(
        *("spell", "nip", "name", "unit", "position_class", "employment_status", "allowance_rp", "post")
    )
    units = grid.lazy().select("post", pl.col("day").alias("pay_day"), "unit_name", "profile")
    return collect(
        paying.join(described, on="spell", how="left", maintain_order="left")
        .join(units, on=["post", "pay_day"], how="left", maintain_order="left")
        .join(full, on="post", how="left", maintain_order="left")
        .select(
            *("person", "nip", "name", "unit", "unit_name", "position_class", "profile", "employment_status"),
            pl.col("allowance_rp").alias("spell_rp"),
            "pay_day",
            pl.col("working_days", "duty_minutes").fill_null(0),
            # Whoever serves by roster has no calendar to compare with: the own days are the full month.
            full_days=pl.coalesce("full_days", "working_days").fill_null(0),
        )
    )


@lru_cache(MONTHS_KEPT)
def _plan_frames(plan_keys: tuple[Plan, ...], rules: RuleBook) -> tuple[pl.DataFrame, pl.DataFrame]:
    plans: list[tuple[Any, ...]] = []
    scans: list[tuple[Any, ...]] = []
    for number, plan in enumerate(plan_keys):
        duty = duty_of(plan, rules)
        profile = rules.profile(plan.profile)
        closes = duty.windows[-1].closes if duty.windows else None if plan.planned else duty.ends
        plans.append(
            (
                *(number, plan.day, duty.starts, duty.ends, closes, duty.break_from, duty.break_to, plan.planned),
                profile.base.on(plan.day).value.value,
                profile.day_cap.on(plan.day).value,
            )
        )
        scans.extend(
            (
                *(number, SCAN_ORDER[window.scan], window.scan.value, window.scan in LATEST),
                *(window.take_last, window.due, window.opens, window.closes),
                *(window.due_local.date(), window.due_local.time(), window.tolerance_min, window.flexible_min),
            )
            for window in duty.windows
        )
    return (
        pl.DataFrame(plans, schema=PLANS, orient="row"),
        pl.DataFrame(scans, schema=PLAN_SCANS, orient="row"),
    )
