"""Rules and facts for the tests of scoring: the values of the regulations by hand, and a small builder of a
month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ekinerja_agent.rules import (
    AbsenceKind,
    Band,
    Base,
    Bound,
    Citation,
    Dated,
    DayHours,
    Holiday,
    Ladder,
    Profile,
    Ramadan,
    RuleBook,
    Scan,
    ScanRule,
    Schedule,
    Split,
    Target,
    Timeline,
    UnexcusedRule,
    Week,
)
from ekinerja_agent.scoring import frames
from ekinerja_agent.scoring.frames import MonthFacts

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
    return {five.name: five, nights.name: nights}


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
_KINDS = ("dinas_luar", "diklat", "cuti_tahunan", "cuti_sakit", "kartu_kendali", "izin")


def _kinds(credited_minutes: int) -> dict[str, AbsenceKind]:
    crediting = ("dinas_luar", "diklat", "cuti_tahunan")
    return {kind: AbsenceKind(kind, credited_minutes if kind in crediting else 0) for kind in _KINDS}


def _profiles() -> dict[str, Profile]:
    name = "late_early_classes"
    model = Profile(
        name="tpp-model",
        title="the model",
        schedule="five-day",
        scans=always("scans", _TWO_SCANS),
        late=always(name, _bands("TL", *_CLASSES)),
        early=always(name, _bands("PSW", *_CLASSES)),
        break_late=always(name, _bands("IST", *_CLASSES)),
        break_early=always(name, _bands("ISC", *_CLASSES)),
        missing_scan=always("missing_scan", 15_000),
        absence_day=always("absence_day", 30_000),
        base=always("base", Base.DISCIPLINE),
        day_cap=always("day_cap", None),
        split=always("split", Split(400_000, 600_000)),
        target=always("target_minutes", Target(6_750, 900_000)),
        absences=always("absences", _kinds(0)),
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
        missing_scan=always("missing_scan", 0),
        absence_day=always("absence_day", 10_000),
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
        digest="sha256:test",
    )


@dataclass
class MonthBuilder:
    """Facts of a month, said in local times of one zone; a terminal `T` is complete for ever unless told
    otherwise.
    """

    month: date = date(2026, 9, 1)
    profile: str = "tpp-model"
    zone: str = "Asia/Jakarta"
    now: datetime = datetime(2026, 12, 31, tzinfo=UTC)
    accept_pending: bool = False
    complete: bool = True
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, frame: str, **row: Any) -> MonthBuilder:
        self.rows.setdefault(frame, []).append(row)
        return self

    def unit(self, unit: str = "DINKES", **changes: Any) -> MonthBuilder:
        return self.add("units", **{"unit": unit, "unit_name": f"Unit {unit}", "timezone": self.zone, **changes})

    def person(self, nip: str = NIP, *, terminals: Iterable[str] = ("T",), **changes: Any) -> MonthBuilder:
        usual = {"name": "Siti", "unit": "DINKES", "employment_status": "pns", "attendance": "terminal"}
        self.add("spells", **{"nip": nip, "allowance_rp": 4_000_000, **usual, **changes})
        for terminal in terminals:
            self.add("duty_terminals", nip=nip, terminal=terminal)
        return self

    def punch(self, day: date, *clocks: str, nip: str = NIP, terminal: str = "T", clock_off_s: int = 0) -> MonthBuilder:
        for clock in clocks:
            at = self.at(day, clock)
            shown = at + timedelta(seconds=clock_off_s)
            punch_id = f"{terminal}/{nip}/{shown.isoformat()}"
            self.add("punches", nip=nip, punch_id=punch_id, terminal=terminal, at=at, clock_at=shown)
        return self

    def at(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def absence(self, first: date, last: date | None = None, **changes: Any) -> MonthBuilder:
        usual = {"nip": NIP, "kind": "izin", "status": "approved", "document": "800/1"}
        return self.add("absences", **{**usual, "first_day": first, "last_day": last or first, **changes})

    def outage(self, start: datetime, end: datetime, terminal: str = "T", status: str = "approved") -> MonthBuilder:
        return self.add("outages", terminal=terminal, start=start, end=end, status=status)

    def covered(self, start: datetime | None, end: datetime, terminal: str = "T", kind: str = "proven") -> MonthBuilder:
        self.complete = False
        return self.add("coverage", terminal=terminal, start=start, end=end, kind=kind)

    def facts(self) -> MonthFacts:
        if "units" not in self.rows:
            self.unit()
        if self.complete:
            for terminal in {row["terminal"] for row in self.rows.get("duty_terminals", [])}:
                self.add("coverage", terminal=terminal, end=datetime(2100, 1, 1, tzinfo=UTC), kind="proven")
            self.complete = False
        schemas: Mapping[str, frames.Schema] = {
            "spells": frames.SPELLS,
            "units": frames.UNITS,
            "punches": frames.PUNCHES,
            "coverage": frames.COVERAGE,
            "duty_terminals": frames.DUTY_TERMINALS,
            "absences": frames.ABSENCES,
            "calendar": frames.CALENDAR,
            "activities": frames.ACTIVITIES,
            "earlier_days": frames.EARLIER_DAYS,
            "outages": frames.OUTAGES,
        }
        built = {name: pl.DataFrame(self.rows.get(name, []), schema=schema) for name, schema in schemas.items()}
        return MonthFacts(
            month=self.month,
            profile=self.profile,
            now=self.now,
            accept_pending=self.accept_pending,
            **built,
        )


@pytest.fixture
def rules() -> RuleBook:
    return rule_book()


@pytest.fixture
def build() -> Callable[..., MonthBuilder]:
    return MonthBuilder
