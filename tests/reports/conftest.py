"""Scorecards of invented people, and a reader of the finished page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.duty import DayState, Scan
from ekinerja_agent.nouns.scorecard import (
    Allowance,
    Base,
    Discipline,
    Finding,
    MadeScan,
    PendingDay,
    Performance,
    Scorecard,
    ScoredDay,
    ScoreStatus,
    Unexcused,
)
from ekinerja_agent.reports.kinds.monthly import Closing, MonthlyReport
from ekinerja_agent.rules import PPM_PER_PERCENT, WHOLE_PPM
from tests.proof.pages import Page

MONTH = date(2026, 9, 1)
WITA = ZoneInfo("Asia/Makassar")
OFFICES = {"DINKES": "Dinas Kesehatan", "DISDIK": "Dinas Pendidikan", "BKPSDM": "Badan Kepegawaian"}
NAMES = (
    "Siti Rahmah",
    "Ahmad Fauzi",
    "Noor Hidayah",
    "Gusti Rizal",
    "Dewi Lestari",
    "Muhammad Arsyad",
    "Rina Wati",
)
BANDS = ((1, 30, "TL1", 5_000), (31, 60, "TL2", 10_000), (61, 90, "TL3", 12_500))
SOURCE = "Keputusan Mendagri 900-4700/2020, Lampiran"
RP_PER_PPM = Fraction(16_000, PPM_PER_PERCENT)


def working_days(month: date) -> list[date]:
    days = (month + timedelta(days=offset) for offset in range(30))
    return [day for day in days if day.weekday() < 5]


def make_score(
    number: int,
    *,
    late: Sequence[int] = (),
    absent: int = 0,
    pending: Sequence[tuple[date, str]] = (),
    **changes: Any,
) -> Scorecard:
    """One person: `late` minutes on the month's first days, then `absent` days of TK."""
    days: list[ScoredDay] = []
    findings: list[Finding] = []
    for position, day in enumerate(working_days(MONTH)):
        minutes = late[position] if position < len(late) else 0
        gone = len(late) <= position < len(late) + absent
        days.append(make_day(day, None if gone else minutes))
        code, ppm = next(((code, ppm) for low, high, code, ppm in BANDS if low <= minutes <= high), ("TK", 30_000))
        if minutes or gone:
            findings.append(
                Finding(
                    day=day,
                    code=code,
                    scan=None if gone else Scan.ARRIVE,
                    minutes=None if gone else minutes,
                    deduction_ppm=ppm,
                    base=Base.DISCIPLINE,
                    deduction_rp=round(RP_PER_PPM * ppm),
                    rule="absence_day" if gone else "late_early_classes",
                    source=SOURCE,
                    place="profiles/four-scan-example.yaml:12",
                    reference=None,
                    punch_ids=(),
                )
            )
    lost_ppm = sum(finding.deduction_ppm for finding in findings)
    discipline_rp = round(RP_PER_PPM * (WHOLE_PPM - lost_ppm))
    unit = list(OFFICES)[number % 3]
    card = Scorecard(
        month=MONTH,
        nip=f"19900101201501{number:04d}",
        name=f"{NAMES[number % len(NAMES)]} {number}",
        unit=unit,
        unit_name=OFFICES[unit],
        position_class=None,
        profile="four-scan-example",
        rules_digest="sha256:" + "ab12" * 16,
        status=ScoreStatus.PENDING if pending else ScoreStatus.DRAFT,
        employment_status="pns",
        computed_at=datetime(2026, 10, 1, 1, 0, tzinfo=WITA),
        working_days=len(days),
        days_present=len(days) - absent,
        days_excused=0,
        discipline=Discipline(WHOLE_PPM - lost_ppm, lost_ppm, tuple(findings)),
        performance=Performance(WHOLE_PPM, 0, None, approved_minutes=7020, credited_minutes=0, target_minutes=6750),
        allowance=Allowance(
            base_rp=4_000_000,
            discipline_rp=discipline_rp,
            performance_rp=2_400_000,
            multiplier_ppm=WHOLE_PPM,
            whole_deduction_rp=0,
            leave_deduction_rp=0,
            sanction_rp=0,
            hold_rp=0,
            payable_rp=discipline_rp + 2_400_000,
        ),
        unexcused=Unexcused(absent, sum(late), 0, absent, absent, None, None),
        days=tuple(days),
        pending=tuple(PendingDay(day, reason) for day, reason in pending),
    )
    return replace(card, **changes)


def make_day(day: date, late_minutes: int | None) -> ScoredDay:
    """A day on which somebody came so late; None: not at all."""
    came = late_minutes is not None
    due = datetime(day.year, day.month, day.day, 7, 30, tzinfo=WITA)
    return ScoredDay(
        day=day,
        unit="DINKES",
        schedule="national",
        timezone=WITA.key,
        state=DayState.PRESENT if came else DayState.UNEXCUSED,
        required_minutes=450,
        worked_minutes=450 - late_minutes if late_minutes is not None else None,
        late_minutes=late_minutes,
        early_minutes=0 if came else None,
        missing_scans=0,
        arrive=MadeScan(due + timedelta(minutes=late_minutes), None) if late_minutes is not None else None,
        break_out=None,
        break_in=None,
        leave=MadeScan(due.replace(hour=16, minute=0), None) if came else None,
    )


def make_month(people: int) -> list[Scorecard]:
    """A plausible month: most are punctual, one in four is late now and then, one in twenty is absent."""
    return [
        make_score(
            number,
            late=[(number * 7 + day * 13) % 75 if (number + day) % 6 == 0 else 0 for day in range(number % 4 * 5)],
            absent=2 if number % 20 == 11 else 0,
            pending=[(date(2026, 9, 14), "dinkes-lobby not complete until the end of the day")]
            if number % 3 == 0
            else (),
        )
        for number in range(people)
    ]


def make_report(scores: Sequence[Scorecard], **changes: Any) -> MonthlyReport:
    facts: dict[str, Any] = {
        "month": MONTH,
        "scores": scores,
        "closings": (),
        "unmatched_pins": 1,
        "unmatched_punches": 1088,
        "computed_at": datetime(2026, 10, 1, 1, 0, tzinfo=WITA) if scores else None,
        "printed_at": datetime(2026, 10, 1, 8, 30, tzinfo=WITA),
    }
    return MonthlyReport(**(facts | changes))


@pytest.fixture
def a_score() -> Callable[..., Scorecard]:
    return make_score


@pytest.fixture
def a_month() -> Callable[[int], list[Scorecard]]:
    return make_month


@pytest.fixture
def a_report() -> Callable[..., MonthlyReport]:
    return make_report


@pytest.fixture
def a_closing() -> Callable[..., Closing]:
    def make(unit: str, accepted_pending: str | None = None) -> Closing:
        return Closing(unit, datetime(2026, 10, 2, 9, 0, tzinfo=WITA), accepted_pending)

    return make


@pytest.fixture
def read_page() -> Callable[[str], Page]:
    return Page
