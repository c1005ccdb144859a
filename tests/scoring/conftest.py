"""Rules and facts for the tests of scoring: the values of the regulations by hand, and a small builder of a
month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from functools import cache
from typing import Any, TypeVar

import pytest

from ekinerja_agent.rules import (
    AbsenceDay,
    AbsenceKind,
    ActivityRule,
    Band,
    Base,
    Bound,
    Citation,
    Dated,
    DayHours,
    Factors,
    Grade,
    Holiday,
    Ladder,
    LoadClass,
    Missing,
    Performance,
    PlanRule,
    Productivity,
    Profile,
    Ramadan,
    RuleBook,
    Sakip,
    Scan,
    ScanRule,
    Schedule,
    Settled,
    SilenceRule,
    Split,
    Target,
    Timeline,
    UnexcusedRule,
    Week,
    Workload,
)
from tests.proof.oracle.building import MonthBuilder

T = TypeVar("T")
NIP = "199001012015011001"
FOUR_YEARS_AGO = date(2021, 1, 1)


def _cited(source: str) -> Citation:
    return Citation(source, "V", f"{source.lower().replace(' ', '-')}.yaml:1")


def always(name: str, value: T, first: date = FOUR_YEARS_AGO) -> Timeline[T]:
    return Timeline(name, (Dated(first, None, value, _cited(f"source of {name}")),))


def _hours(start: str, end: str, break_start: str | None = None, break_end: str | None = None) -> DayHours:
    def clock(text: str | None) -> time | None:
        return time.fromisoformat(text) if text else None

    return DayHours(time.fromisoformat(start), time.fromisoformat(end), clock(break_start), clock(break_end))


def _week(usual: DayHours, friday: DayHours) -> Week:
    return Week((usual, usual, usual, usual, friday, None, None))


def _schedules() -> dict[str, Schedule]:
    national = _week(_hours("07:30", "16:00", "12:00", "13:00"), _hours("07:30", "16:30", "11:30", "13:00"))
    fasting = _week(_hours("08:00", "15:00", "12:00", "12:30"), _hours("08:00", "15:30", "11:30", "12:30"))
    night = _hours("21:00", "08:00", "02:00", "02:30")
    five = Schedule(
        "five-day",
        Timeline(
            "week",
            (
                Dated(date(1995, 9, 27), date(2023, 4, 11), national, _cited("Keppres 68/1995")),
                Dated(date(2023, 4, 12), None, national, _cited("Perpres 21/2023")),
            ),
        ),
        always("ramadan_week", fasting, date(2018, 1, 1)),
    )
    nights = Schedule("nights", always("week", Week((night,) * 7)))
    shifts = Schedule(
        "three-shifts",
        None,
        shifts=always(
            "shifts",
            {"pagi": _hours("08:00", "14:00"), "siang": _hours("14:00", "21:00"), "malam": _hours("21:00", "08:00")},
        ),
    )
    return {schedule.name: schedule for schedule in (five, nights, shifts)}


def _bands(prefix: str, *ppm: int) -> tuple[Band, ...]:
    edges = ((1, 30), (31, 60), (61, 90), (91, None))
    return tuple(
        Band(low, high, f"{prefix}{number}", cost)
        for number, ((low, high), cost) in enumerate(zip(edges, ppm, strict=True), start=1)
    )


_CLASSES = (5_000, 10_000, 12_500, 15_000)
_MIDDLE = Bound(0, from_middle=True)
_TWO_SCANS = (
    ScanRule(Scan.ARRIVE, Bound(-90), _MIDDLE, take_last=False),
    ScanRule(Scan.LEAVE, _MIDDLE, Bound(480), take_last=True),
)
_FOUR_SCANS = (
    ScanRule(Scan.ARRIVE, Bound(-90), Bound(269), take_last=False),
    ScanRule(Scan.BREAK_OUT, Bound(0), Bound(30), take_last=False),
    ScanRule(Scan.BREAK_IN, Bound(-29), Bound(30), take_last=False),
    ScanRule(Scan.LEAVE, Bound(-60), Bound(479), take_last=True),
)
WORKING = frozenset({"dinas_luar", "diklat"})
_KINDS = ("dinas_luar", "diklat", "cuti_tahunan", "cuti_sakit", "kartu_kendali", "izin")


def _kinds(credited_minutes: int) -> dict[str, AbsenceKind]:
    crediting = ("dinas_luar", "diklat", "cuti_tahunan")
    return {kind: AbsenceKind(kind, credited_minutes if kind in crediting else 0) for kind in _KINDS}


def _profiles() -> dict[str, Profile]:
    name = "late_early_classes"
    model = Profile(
        name="tpp-model",
        title="the model",
        lineage=("tpp-model",),
        schedule="five-day",
        scans=always("scans", _TWO_SCANS),
        late=always(name, _bands("TL", *_CLASSES)),
        early=always(name, _bands("PSW", *_CLASSES)),
        break_late=always(name, _bands("IST", *_CLASSES)),
        break_early=always(name, _bands("ISC", *_CLASSES)),
        flexible_start=always("flexible_start", None),
        missing_scan=always("missing_scan", Missing(15_000)),
        absence_day=always("absence_day", AbsenceDay(30_000)),
        base=always("base", Base.DISCIPLINE),
        day_cap=always("day_cap", None),
        month_cap=always("month_cap", None),
        events=always("events", {}),
        ceremonies=always("ceremonies", ()),
        split=always("split", Split(400_000, 600_000)),
        target=always("target_minutes", Target(6_750, None, None, 900_000)),
        performance=always("performance", Performance(Productivity.PROPORTIONAL, {}, None)),
        absences=always("absences", _kinds(0)),
        factors=always("factors", Factors(100, {}, 20)),
        prorate_transfers=always("transfers", False),
        corrections_per_month=always("corrections_per_month", None),
        mass_anomaly=always("mass_anomaly", None),
        plans=always("plans", PlanRule(0, 100_000, 100_000, None)),
        indicators=always("indicators", None),
        workload=always("workload", Workload(75_000, {}, (LoadClass("A", 0),), 450)),
        sakip=always("sakip", Sakip({}, (Grade("D", None),), "D", 0)),
        activities=always("activities", ActivityRule(1, False, False, WORKING, None, doubtful_count=True)),
        superior_silence=always("superior_silence", SilenceRule(3, 5, Settled.APPROVED)),
        request_silence=always("request_silence", None),
    )
    nothing: tuple[Band, ...] = ()
    hsu = replace(
        model,
        name="hsu",
        title="Hulu Sungai Utara",
        scans=always("scans", _FOUR_SCANS),
        late=always(name, nothing),
        early=always(name, nothing),
        break_late=always(name, nothing),
        break_early=always(name, nothing),
        missing_scan=always("missing_scan", Missing(0)),
        absence_day=always("absence_day", AbsenceDay(10_000)),
        base=always("base", Base.WHOLE),
        day_cap=always("day_cap", 10_000),
        absences=always("absences", _kinds(360)),
    )
    four = replace(
        model,
        name="four-scan-example",
        title="S08",
        scans=always("scans", _FOUR_SCANS),
        day_cap=always("day_cap", 30_000),
    )
    last_counts = replace(
        model,
        name="last-counts",
        scans=always("scans", tuple(replace(rule, take_last=True) for rule in _TWO_SCANS)),
    )
    both = replace(model, name="both-parts", base=always("base", Base.BOTH))
    return {profile.name: profile for profile in (model, hsu, four, last_counts, both)}


def _unexcused() -> Timeline[UnexcusedRule]:
    edges = ((3, 3), (4, 6), (7, 10), (11, 13), (14, 16), (17, 20), (21, 24), (25, 27), (28, None))
    rungs = tuple(Ladder(low, high, f"rung-{low}", f"from {low}") for low, high in edges)
    judged = frozenset({"pns", "cpns"})
    return Timeline(
        "unexcused",
        (
            Dated(
                date(2021, 8, 31),
                None,
                UnexcusedRule(450, rungs, 10, "run", judged),
                _cited("PP 94/2021"),
            ),
        ),
    )


@cache
def rule_book() -> RuleBook:
    """The profiles tpp-model, hsu, four-scan-example, and two more that show other forms."""
    decree = _cited("SKB 3 Menteri")
    holidays = [
        Holiday(date(2026, 2, 16), "cuti_bersama", "Imlek", decree),
        Holiday(date(2026, 2, 17), "libur_nasional", "Imlek", decree),
        Holiday(date(2026, 8, 17), "libur_nasional", "Kemerdekaan", decree),
    ]
    isbat = _cited("isbat")
    return RuleBook(
        profiles=_profiles(),
        schedules=_schedules(),
        holidays={holiday.day: holiday for holiday in holidays},
        holiday_years=frozenset({2020, 2025, 2026}),
        ramadans=(
            Ramadan(date(2020, 4, 24), date(2020, 5, 23), isbat),
            Ramadan(date(2025, 3, 1), date(2025, 3, 30), isbat),
            Ramadan(date(2026, 2, 19), date(2026, 3, 20), isbat),
        ),
        unexcused=_unexcused(),
        adoptions=(),
        digest="sha256:test",
    )


def with_values(rules: RuleBook, profile: str = "tpp-model", **values: Any) -> RuleBook:
    """The rules with other values in one profile, in force for ever: `with_values(rules, day_cap=30_000)`."""
    changed = replace(rules.profiles[profile], **{name: always(name, value) for name, value in values.items()})
    return replace(rules, profiles={**rules.profiles, profile: changed})


@pytest.fixture
def changed() -> Callable[..., RuleBook]:
    return with_values


@pytest.fixture
def rules() -> RuleBook:
    return rule_book()


@pytest.fixture
def build() -> Callable[..., MonthBuilder]:
    return MonthBuilder
