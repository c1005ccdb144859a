"""A scorecard as text for programs: the one place where its document (section 5 of the contract) and rows are written.

Percentages become their shortest text here, days ISO dates, scans local times. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.nouns.scorecard import Allowance, Finding, Scorecard, ScoredDay, Unexcused
from ekinerja_agent.scoring.frames.exact import percent_text

DOCUMENT = (
    "month nip name unit profile rules status employment_status working_days days_present days_excused discipline "
    "performance allowance unexcused days pending"
).split()
PEOPLE = (
    "month nip name unit profile status employment_status working_days days_present days_excused discipline_pct "
    "performance_pct approved_minutes target_minutes multiplier_pct allowance_base_rp discipline_rp performance_rp "
    "whole_deduction_rp leave_deduction_rp sanction_rp hold_rp payable_rp unexcused_days pending_days rules"
).split()
FINDINGS = "month nip date code scan minutes deduction_pct base deduction_rp rule source punch_ids".split()
DAYS = (
    "month nip date schedule state required_minutes worked_minutes late_minutes early_minutes "
    "arrive break_out break_in leave"
).split()

Document = dict[str, Any]
_NO_SCANS = dict.fromkeys(map(str, Scan))
"""A day has only the scans of its profile."""


def document_of(card: Scorecard) -> Document:
    """Given a scorecard, return its document, keys in the contract's order.

    Beside the contract's keys a finding has `place`, the FILE:LINE of its rule, and `reference` (the event or document
    that it comes from), and a day has `state`. A day's scans are arrive and leave, and those of the break where one was
    made or found missing.
    """
    return {
        "month": f"{card.month:%Y-%m}",
        "nip": card.nip,
        "name": card.name,
        "unit": card.unit,
        "profile": card.profile,
        "rules": card.rules_digest,
        "status": str(card.status),
        "employment_status": card.employment_status,
        "working_days": card.working_days,
        "days_present": card.days_present,
        "days_excused": card.days_excused,
        "discipline": {
            "score_pct": percent_text(card.discipline.score_ppm),
            "deduction_pct": percent_text(card.discipline.deduction_ppm),
            "findings": list(map(_finding, card.findings)),
        },
        "performance": {
            "score_pct": percent_text(card.performance.score_ppm),
            "deduction_pct": percent_text(card.performance.deduction_ppm),
            "rating": card.performance.rating,
            "approved_minutes": card.performance.approved_minutes,
            "credited_minutes": card.performance.credited_minutes,
            "target_minutes": card.performance.target_minutes,
        },
        "allowance": _allowance(card.allowance),
        "unexcused": _unexcused(card.unexcused),
        "days": [_day(card, day) for day in card.days],
        "pending": [{"date": waiting.day.isoformat(), "reason": waiting.reason} for waiting in card.pending],
    }


def person_row(card: Scorecard) -> Document:
    """Given a scorecard, return its row of PEOPLE."""
    document = document_of(card)
    allowance = document["allowance"]
    return {
        **{name: document[name] for name in PEOPLE if name in document},
        **{name: allowance[name] for name in PEOPLE if name in allowance},
        "allowance_base_rp": card.allowance.base_rp,
        "discipline_pct": document["discipline"]["score_pct"],
        "performance_pct": document["performance"]["score_pct"],
        "approved_minutes": card.performance.approved_minutes,
        "target_minutes": card.performance.target_minutes,
        "unexcused_days": card.unexcused.days,
        "pending_days": len(card.pending),
    }


def finding_rows(card: Scorecard) -> Iterator[Document]:
    """Given a scorecard, yield its rows of FINDINGS."""
    return (_whose(card) | _finding(finding) for finding in card.findings)


def day_rows(card: Scorecard) -> Iterator[Document]:
    """Given a scorecard, yield its rows of DAYS."""
    for day in card.days:
        document = _day(card, day)
        yield _whose(card) | _NO_SCANS | document | document["scans"]


def _whose(card: Scorecard) -> Document:
    return {"month": f"{card.month:%Y-%m}", "nip": card.nip}


def _finding(finding: Finding) -> Document:
    return {
        "date": finding.day.isoformat(),
        "code": finding.code,
        "scan": None if finding.scan is None else str(finding.scan),
        "minutes": finding.minutes,
        "deduction_pct": percent_text(finding.deduction_ppm),
        "base": str(finding.base),
        "deduction_rp": finding.deduction_rp,
        "rule": finding.rule,
        "source": finding.source,
        "place": finding.place,
        "reference": finding.reference,
        "punch_ids": list(finding.punch_ids),
    }


def _allowance(money: Allowance) -> Document:
    return {
        "base_rp": money.base_rp,
        "discipline_rp": money.discipline_rp,
        "performance_rp": money.performance_rp,
        "multiplier_pct": percent_text(money.multiplier_ppm),
        "whole_deduction_rp": money.whole_deduction_rp,
        "leave_deduction_rp": money.leave_deduction_rp,
        "sanction_rp": money.sanction_rp,
        "hold_rp": money.hold_rp,
        "payable_rp": money.payable_rp,
    }


def _unexcused(absent: Unexcused) -> Document:
    return {
        "days": absent.days,
        "bank_minutes_year": absent.bank_minutes_year,
        "converted_days": absent.converted_days,
        "days_this_year": absent.days_this_year,
        "longest_run": absent.longest_run,
        "run_reached_on": None if absent.run_reached_on is None else absent.run_reached_on.isoformat(),
        "threshold": absent.threshold,
    }


def _day(card: Scorecard, day: ScoredDay) -> Document:
    return {
        "date": day.day.isoformat(),
        "schedule": day.schedule,
        "state": str(day.state),
        "required_minutes": day.required_minutes,
        "worked_minutes": day.worked_minutes,
        "late_minutes": day.late_minutes,
        "early_minutes": day.early_minutes,
        "scans": {str(scan): _clock(day, scan) for scan in card.scans_shown(day)},
    }


def _clock(day: ScoredDay, scan: Scan) -> str | None:
    local = day.local(scan)
    return None if local is None else local.isoformat()
