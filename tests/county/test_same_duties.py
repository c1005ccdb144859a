"""The duties of one person and day are those that a month is scored by, whatever calendar, roster and zone say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ekinerja_agent.county.duties import DutyHours
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.scoring.duty.schedule import Roster, plan_month
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.imports.conftest import Rows
from tests.proof.oracle.building import MonthBuilder
from tests.scoring.conftest import rule_book

RULES = rule_book()
PROFILE = "tpp-model"
PEOPLE, UNITS = ("1", "2"), ("DINKES", "RSUD")
SCHEDULES = (None, None, "five-day", "nights", "three-shifts")
MONTHS = (date(2026, 2, 1), date(2026, 3, 1), date(2026, 8, 1), date(2026, 9, 1))
"""Ramadan begins on February 19 and ends on March 20; August has a holiday."""

Told = dict[str, list[dict[str, Any]]]
"""Rows by kind, as central stores them."""


@st.composite
def counties(draw: st.DrawFn) -> tuple[date, Told]:
    month = draw(st.sampled_from(MONTHS))
    days = st.integers(0, last_day(month).day - 1).map(lambda number: month + timedelta(days=number))
    spans = st.tuples(st.none() | days, st.none() | days).filter(lambda span: None in span or span[0] <= span[1])

    def spanned(**values: Any) -> dict[str, Any]:
        first, last = draw(spans)
        return {"valid_from": first, "valid_to": last, **values}

    zones = st.sampled_from(("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"))
    schedules, profiles = st.sampled_from(SCHEDULES), st.sampled_from((None, "four-scan-example"))
    units = [
        {"code": code, "timezone": draw(zones), "schedule": draw(schedules), "profile": draw(profiles)}
        | ({"valid_from": None, "valid_to": None} if number == 0 and draw(st.integers(0, 9)) else spanned())
        for code in UNITS
        for number in range(2)
    ]
    spells = [
        spanned(nip=nip, unit=draw(st.sampled_from(UNITS)), schedule=draw(schedules))
        for nip in PEOPLE
        for _ in range(draw(st.integers(1, 3)))
    ]
    kinds = st.sampled_from(("libur_daerah", "cuti_bersama", "kerja", "ramadan"))
    rows = st.tuples(days, st.sampled_from(("*", *UNITS)), kinds)
    calendar = [{"date": day, "unit": unit, "kind": kind} for day, unit, kind in draw(st.lists(rows, max_size=12))]
    shifts = st.one_of(
        st.just(["OFF"]),
        st.lists(st.sampled_from(("pagi", "siang", "malam", "sore")), min_size=1, max_size=2, unique=True),
    )
    rosters = [
        {"nip": nip, "date": day, "shifts": " ".join(draw(shifts))}
        for nip in PEOPLE
        for day in draw(st.lists(days, max_size=20, unique=True))
    ]
    return month, {
        "units": _one_each(units, "code"),
        "employees": _one_each(spells, "nip"),
        "calendar": calendar,
        "rosters": rosters,
    }


def _one_each(rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Of rows with one key and first day central keeps the newest."""
    return list({(row[key], row["valid_from"]): row for row in rows}.values())


@given(counties())
@settings(
    max_examples=150,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # a difference names its day; to shrink a county takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
def test_one_person_and_a_whole_month_have_the_same_duties(county: tuple[date, Told]) -> None:
    month, told = county
    rows = Rows(told).rows
    duties = DutyHours(rows, Posts(rows, PROFILE), RULES)
    each_day = [month + timedelta(days=number) for number in range(last_day(month).day)]
    single = {(nip, day): duties.on(nip, day) for nip in PEOPLE for day in each_day}
    lost = {one.pending for one in single.values() if one.pending and one.pending.startswith("no row of unit")}
    if lost:
        with pytest.raises(NeedsAttention, match="no row of that unit covers the day"):
            plan_month(_facts(month, told), RULES)
        return
    roster = plan_month(_facts(month, told), RULES)
    planned, pending = _of_month(roster)
    for key, one in single.items():
        assert Counter((hours.start, hours.end) for hours in one.known) == planned.get(key, Counter()), key
        assert one.pending == pending.get(key), key


def _facts(month: date, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> MonthFacts:
    built = MonthBuilder(month=month, profile=PROFILE)
    for unit in told["units"]:
        built.unit(unit["code"], **{name: value for name, value in unit.items() if name != "code"})
    for spell in told["employees"]:
        built.person(spell["nip"], **{name: value for name, value in spell.items() if name != "nip"})
    for row in told["calendar"]:
        built.add("calendar", day=row["date"], unit=row["unit"], kind=row["kind"], name="x", source="s")
    for row in told["rosters"]:
        for shift in row["shifts"].split():
            built.add("rosters", nip=row["nip"], day=row["date"], shift=shift)
    return built.facts()


def _of_month(roster: Roster) -> tuple[dict[tuple[str, date], Counter[Any]], dict[tuple[str, date], str]]:
    """By person and date: how often each duty begins and ends at which local times, and what is not known of it."""
    planned: dict[tuple[str, date], Counter[Any]] = {}
    pending: dict[tuple[str, date], str] = {}
    plans = {row["plan"]: row for row in roster.plans.iter_rows(named=True)}
    for duty in roster.duties.iter_rows(named=True):
        key, plan, keyed = (duty["nip"], duty["date"]), plans[duty["plan"]], roster.plan_keys[duty["plan"]]
        if plan["planned"]:
            zone = ZoneInfo(duty["timezone"])
            span = tuple(plan[name].astimezone(zone).replace(tzinfo=None) for name in ("first_due", "last_due"))
            planned.setdefault(key, Counter())[span] += 1
        else:
            reason = f"the schedule {keyed.schedule} has no shift {keyed.shift}" if keyed.shift else "no roster row"
            pending.setdefault(key, reason)
    return planned, pending
