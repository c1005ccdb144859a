"""Rules by hand for the tests: profiles that show every form a value can take, beside the shipped ones.

Nothing here is a law. Each made-up profile gathers what the shipped ones do not use together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import TypeVar

from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import (
    BUDGET_ABSORPTION,
    AbsenceDay,
    AbsenceKind,
    ActivityRule,
    Band,
    Base,
    Bound,
    Ceremony,
    Citation,
    Dated,
    DayHours,
    EventCost,
    Factors,
    FlexibleStart,
    Grade,
    IndicatorPart,
    Indicators,
    LeavePay,
    LeaveStep,
    LoadClass,
    MassAnomaly,
    Missing,
    Performance,
    PlanEffect,
    PlanRule,
    Productivity,
    Profile,
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
    Week,
    Workload,
)

T = TypeVar("T")
SINCE = date(2021, 1, 1)
SHIPPED = Path(__file__).parents[3] / "config" / "rules"
CLASSES = (5_000, 10_000, 12_500, 15_000)
MIDDLE = Bound(0, from_middle=True)
TWO_SCANS = (
    ScanRule(Scan.ARRIVE, Bound(-90), MIDDLE, take_last=False),
    ScanRule(Scan.LEAVE, MIDDLE, Bound(479), take_last=True),
)
FOUR_SCANS = (
    ScanRule(Scan.ARRIVE, Bound(-90), Bound(269), take_last=False),
    ScanRule(Scan.BREAK_OUT, Bound(0), Bound(30), take_last=False),
    ScanRule(Scan.BREAK_IN, Bound(-29), Bound(30), take_last=False),
    ScanRule(Scan.LEAVE, Bound(-60), Bound(479), take_last=True),
)
WORKING = frozenset({"dinas_luar", "diklat"})
KINDS = ("dinas_luar", "diklat", "cuti_tahunan", "cuti_sakit", "kartu_kendali", "izin", "cuti_besar", "cuti_melahirkan")


def cited(source: str) -> Citation:
    return Citation(source, "I", f"{source.replace(' ', '-')}.yaml:1")


def always(name: str, value: T, first: date = SINCE) -> Timeline[T]:
    """A value in force from `first` on."""
    return Timeline(name, (Dated(first, None, value, cited(f"source of {name}")),))


def bands(prefix: str, *ppm: int) -> tuple[Band, ...]:
    """Four classes of half an hour, the last without end."""
    edges = ((1, 30), (31, 60), (61, 90), (91, None))
    return tuple(
        Band(low, high, f"{prefix}{number}", cost)
        for number, ((low, high), cost) in enumerate(zip(edges, ppm, strict=True), start=1)
    )


def model() -> Profile:
    """The TPP model with nothing else: two scans, 40/60, events by weekday."""
    apel = EventCost("apel", (20_000, 2_500, 2_500, 2_500, 2_500, 0, 0), in_ramadan=False, base=Base.DISCIPLINE)
    upacara = EventCost("upacara", (30_000,) * 7, in_ramadan=True, base=Base.WHOLE)
    nothing: tuple[Band, ...] = ()
    kinds: Mapping[str, AbsenceKind] = {kind: AbsenceKind(kind, 0) for kind in KINDS}
    return Profile(
        name="plain",
        title="The model by hand",
        lineage=("plain",),
        schedule="five",
        scans=always("scans", TWO_SCANS),
        late=always("late", bands("TL", *CLASSES)),
        early=always("early", bands("PSW", *CLASSES)),
        break_late=always("break_late", nothing),
        break_early=always("break_early", nothing),
        flexible_start=always("flexible_start", None),
        missing_scan=always("missing_scan", Missing(15_000)),
        absence_day=always("absence_day", AbsenceDay(30_000)),
        base=always("base", Base.DISCIPLINE),
        day_cap=always("day_cap", None),
        month_cap=always("month_cap", None),
        events=always("events", {"apel": apel, "upacara": upacara}),
        ceremonies=always("ceremonies", tuple[Ceremony, ...]()),
        split=always("split", Split(400_000, 600_000)),
        target=always("target", Target(6_750, None, None, 900_000)),
        performance=always("performance", Performance(Productivity.PROPORTIONAL, {}, None)),
        absences=always("absences", kinds),
        factors=always("factors", Factors(100, {}, 20)),
        prorate_transfers=always("transfers", value=False),
        corrections_per_month=always("corrections_per_month", None),
        mass_anomaly=always("mass_anomaly", None),
        plans=always("plans", PlanRule(0, 100_000, 100_000, None)),
        indicators=always("indicators", None),
        workload=always("workload", Workload(75_000, {"day": 250}, (LoadClass("A", 0),), 450)),
        sakip=always("sakip", Sakip({"all": 1_000_000}, (Grade("D", None),), "D", 0)),
        activities=always("activities", ActivityRule(1, False, False, WORKING, None, doubtful_count=True)),
        superior_silence=always("superior_silence", SilenceRule(3, 5, Settled.APPROVED)),
        request_silence=always("request_silence", None),
    )


def four_scans(plain: Profile) -> Profile:
    """S08: at the break as in the morning, a day capped at one TK."""
    return replace(
        plain,
        name="four",
        scans=always("scans", FOUR_SCANS),
        break_late=always("break_late", bands("IST", *CLASSES)),
        break_early=always("break_early", bands("ISC", *CLASSES)),
        day_cap=always("day_cap", 30_000),
        activities=always("activities", ActivityRule(None, False, False, WORKING, 240, doubtful_count=False)),
    )


def minutes_and_shares(plain: Profile) -> Profile:
    """Three scans, each minute costs, absence by share of presence, caps, tolerance, leave tables, prorated moves."""
    steps = (LeaveStep(1, 1, 500_000), LeaveStep(2, None, 990_000, 10_000))
    by_length = (LeaveStep(1, 2, 1_000_000), LeaveStep(3, 14, 750_000), LeaveStep(15, None, 500_000))
    kinds = {
        **{kind: AbsenceKind(kind, 0) for kind in KINDS},
        "dinas_luar": AbsenceKind("dinas_luar", 360),
        "izin": AbsenceKind("izin", 0, deduction_ppm=7_500),
        "cuti_tahunan": AbsenceKind("cuti_tahunan", 120, deduction_ppm=12_345),
        "cuti_besar": AbsenceKind("cuti_besar", 0, pay=LeavePay(steps, short_case_ppm=900_000)),
        "cuti_sakit": AbsenceKind("cuti_sakit", 0, pay=LeavePay(by_length, by_length=True)),
        "cuti_melahirkan": AbsenceKind(
            "cuti_melahirkan", 0, late_child_from=3, late_child_pay=LeavePay((LeaveStep(1, None, 333_333),))
        ),
    }
    return replace(
        plain,
        name="minutes",
        schedule="six",
        scans=always(
            "scans",
            (
                ScanRule(Scan.ARRIVE, Bound(-120), Bound(120), take_last=False, tolerance_min=10),
                ScanRule(Scan.BREAK_IN, Bound(-20), Bound(60), take_last=True),
                ScanRule(Scan.LEAVE, Bound(-180), Bound(300), take_last=True, tolerance_min=5),
            ),
        ),
        late=always("late", (Band(1, None, "TLM", 100, per_minute=True),)),
        early=always("early", (Band(1, 60, "PSWM", 70, per_minute=True), Band(61, None, "PSW2", 9_000))),
        break_late=always("break_late", (Band(6, None, "ISTM", 30, per_minute=True),)),
        missing_scan=always("missing_scan", Missing(0, as_minutes=75)),
        absence_day=always("absence_day", AbsenceDay(0, presence_share=True)),
        base=always("base", Base.BOTH),
        day_cap=always("day_cap", 25_000),
        month_cap=always("month_cap", 60_000),
        split=always("split", Split(333_333, 666_667)),
        target=always("target", Target(None, 300, None, 950_000)),
        performance=always("performance", Performance(Productivity.THRESHOLD, {}, None)),
        absences=always("absences", kinds),
        factors=always("factors", Factors(87, {"cpns": 80}, 20)),
        prorate_transfers=always("transfers", value=True),
        activities=always("activities", ActivityRule(None, False, False, frozenset(), None, doubtful_count=False)),
        mass_anomaly=always("mass_anomaly", MassAnomaly(600_000, 2)),
        plans=always("plans", PlanRule(5_000, 70_000, 100_000, PlanEffect(300_000, 200_001, 450_000))),
        indicators=always(
            "indicators",
            Indicators(
                333_333,
                (
                    IndicatorPart(BUDGET_ABSORPTION, "unit", 266_667),
                    IndicatorPart("survey", "unit", 200_000),
                    IndicatorPart("service", "person", 200_000),
                ),
            ),
        ),
    )


def flexible(plain: Profile) -> Profile:
    """Flexible start with other bands, deductions of the whole allowance that change on the 10th, a rating."""
    late = Timeline(
        "late",
        (
            Dated(SINCE, date(2026, 9, 9), bands("TL", *CLASSES), cited("before")),
            Dated(date(2026, 9, 10), None, bands("TL", 6_000, 0, 7_000, 8_000), cited("after")),
        ),
    )
    by_rating = Performance(Productivity.RATING, {"baik": 1_000_000, "kurang": 600_000}, None)
    uncompensated = (Band(1, 20, "KT1", 2_000), Band(21, 60, "KT2", 4_000), Band(61, None, "KT3", 9_000))
    return replace(
        plain,
        name="flexible",
        late=late,
        flexible_start=always("flexible_start", FlexibleStart(60, uncompensated)),
        base=always("base", Base.WHOLE),
        target=always("target", Target(None, None, 800_000, None)),
        performance=always("performance", by_rating),
        plans=always("plans", PlanRule(0, 0, 0, PlanEffect(0, 1_000_000, 1_000_000))),
        indicators=always("indicators", Indicators(500_000, (IndicatorPart("service", "person", 500_000),))),
        mass_anomaly=always("mass_anomaly", MassAnomaly(500_000, 3)),
    )


def _hours(start: str, end: str, break_start: str | None = None, break_end: str | None = None) -> DayHours:
    begins, ends = (time.fromisoformat(text) if text else None for text in (break_start, break_end))
    return DayHours(time.fromisoformat(start), time.fromisoformat(end), begins, ends)


def _schedules() -> dict[str, Schedule]:
    usual, friday = _hours("07:30", "16:00", "12:00", "13:00"), _hours("07:30", "16:30", "11:30", "13:00")
    fasting, fasting_friday = _hours("08:00", "15:00", "12:00", "12:30"), _hours("08:00", "15:30", "11:30", "12:30")
    short = _hours("07:30", "14:30", "12:00", "12:40")
    shifts = {
        "pagi": _hours("08:00", "14:00"),
        "siang": _hours("14:00", "21:00"),
        "malam": _hours("21:00", "08:00", "02:00", "02:30"),
    }
    return {
        "five": Schedule(
            "five",
            always("week", Week((usual, usual, usual, usual, friday, None, None))),
            always("ramadan_week", Week((fasting, fasting, fasting, fasting, fasting_friday, None, None))),
        ),
        "six": Schedule("six", always("week", Week((*(short,) * 4, _hours("07:30", "11:00"), short, None)))),
        "nights": Schedule("nights", always("week", Week((shifts["malam"],) * 7))),
        "three-shifts": Schedule("three-shifts", None, shifts=always("shifts", shifts)),
    }


@cache
def shipped_book() -> RuleBook:
    """The rule files of this repository."""
    return load_rulebook(SHIPPED)


@cache
def made_up_book() -> RuleBook:
    """Profiles and schedules by hand; holidays, Ramadan and PP 94 as shipped, with missing scans banked."""
    plain = model()
    years = shipped_book().unexcused
    banking = (replace(entry, value=replace(entry.value, missing_scan_minutes=90)) for entry in years)
    made = (plain, four_scans(plain), minutes_and_shares(plain), flexible(plain))
    return replace(
        shipped_book(),
        profiles={profile.name: profile for profile in made},
        schedules=_schedules(),
        unexcused=Timeline(years.name, tuple(banking)),
        digest="sha256:made-up",
    )
