"""Invented people in the shape of `score show --format json`, and a reader of the finished page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.reports.kinds.monthly import Closing, MonthlyReport
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
BANDS = ((1, 30, "TL1", "0.5"), (31, 60, "TL2", "1"), (61, 90, "TL3", "1.25"))
SOURCE = "Keputusan Mendagri 900-4700/2020, Lampiran"


def working_days(month: date) -> list[date]:
    days = (month + timedelta(days=offset) for offset in range(30))
    return [day for day in days if day.weekday() < 5]


def make_score(
    number: int,
    *,
    late: Sequence[int] = (),
    absent: int = 0,
    pending: Sequence[tuple[str, str]] = (),
    **changes: Any,
) -> dict[str, Any]:
    """One person: `late` minutes on the month's first days, then `absent` days of TK."""
    days, findings = [], []
    points = 0.0
    for position, day in enumerate(working_days(MONTH)):
        minutes = late[position] if position < len(late) else 0
        gone = len(late) <= position < len(late) + absent
        days.append(
            {
                "date": day.isoformat(),
                "schedule": "national",
                "state": "unexcused" if gone else "present",
                "required_minutes": 450,
                "worked_minutes": None if gone else 450 - minutes,
                "late_minutes": None if gone else minutes,
                "early_minutes": None if gone else 0,
                "scans": {"arrive": None if gone else "07:30:00", "leave": None if gone else "16:00:00"},
            }
        )
        code, pct = next(((code, pct) for low, high, code, pct in BANDS if low <= minutes <= high), ("TK", "3"))
        if minutes or gone:
            points += float(pct)
            findings.append(
                {
                    "date": day.isoformat(),
                    "code": code,
                    "scan": None if gone else "arrive",
                    "minutes": None if gone else minutes,
                    "deduction_pct": pct,
                    "base": "discipline",
                    "deduction_rp": round(16_000 * float(pct)),
                    "rule": "absence_day" if gone else "late_early_classes",
                    "source": SOURCE,
                    "punch_ids": [],
                }
            )
    discipline_rp = round(16_000 * (100 - points))
    unit = list(OFFICES)[number % 3]
    return {
        "month": "2026-09",
        "nip": f"19900101201501{number:04d}",
        "name": f"{NAMES[number % len(NAMES)]} {number}",
        "unit": unit,
        "unit_name": OFFICES[unit],
        "profile": "four-scan-example",
        "rules": "sha256:" + "ab12" * 16,
        "status": "pending" if pending else "draft",
        "employment_status": "pns",
        "working_days": len(days),
        "days_present": len(days) - absent,
        "days_excused": 0,
        "discipline": {
            "score_pct": f"{100 - points:g}",
            "deduction_pct": f"{points:g}",
            "findings": findings,
        },
        "performance": {
            "score_pct": "100",
            "deduction_pct": "0",
            "rating": None,
            "approved_minutes": 7020,
            "credited_minutes": 0,
            "target_minutes": 6750,
        },
        "allowance": {
            "base_rp": 4_000_000,
            "discipline_rp": discipline_rp,
            "performance_rp": 2_400_000,
            "multiplier_pct": "100",
            "whole_deduction_rp": 0,
            "leave_deduction_rp": 0,
            "sanction_rp": 0,
            "hold_rp": 0,
            "payable_rp": discipline_rp + 2_400_000,
        },
        "unexcused": {
            "days": absent,
            "bank_minutes_year": sum(late),
            "converted_days": 0,
            "days_this_year": absent,
            "longest_run": absent,
            "run_reached_on": None,
            "threshold": None,
        },
        "days": days,
        "pending": [{"date": day, "reason": reason} for day, reason in pending],
    } | changes


def make_month(people: int) -> list[dict[str, Any]]:
    """A plausible month: most are punctual, one in four is late now and then, one in twenty is absent."""
    return [
        make_score(
            number,
            late=[(number * 7 + day * 13) % 75 if (number + day) % 6 == 0 else 0 for day in range(number % 4 * 5)],
            absent=2 if number % 20 == 11 else 0,
            pending=[("2026-09-14", "dinkes-lobby not complete until the end of the day")] if number % 3 == 0 else (),
        )
        for number in range(people)
    ]


def make_report(scores: Sequence[dict[str, Any]], **changes: Any) -> MonthlyReport:
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
def a_score() -> Callable[..., dict[str, Any]]:
    return make_score


@pytest.fixture
def a_month() -> Callable[[int], list[dict[str, Any]]]:
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
