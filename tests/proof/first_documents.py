"""The document of a score as the program wrote it from the stored rows before a score was a value: what programs read.

Its text may never change for a month that is closed. Kept as it was written, and never mended together with the
program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Document = dict[str, Any]

_ALWAYS_SHOWN = ("arrive", "leave")
_SCANS = ("arrive", "break_out", "break_in", "leave")


def first_document(row: Row, findings: Sequence[Row], days: Sequence[Row], pending: Sequence[Row]) -> Document:
    """Given the stored rows of one person and month, return the document of section 5 of the contract."""
    found = {(finding["date"], finding["scan"]) for finding in findings}
    return {
        "month": row["period"],
        "nip": row["nip"],
        "name": row["name"],
        "unit": row["unit"],
        "profile": row["profile"],
        "rules": row["rules_digest"],
        "status": row["status"],
        "employment_status": row["employment_status"],
        "working_days": row["working_days"],
        "days_present": row["days_present"],
        "days_excused": row["days_excused"],
        "discipline": {
            "score_pct": _percent_text(row["discipline_score_ppm"]),
            "deduction_pct": _percent_text(row["discipline_deduction_ppm"]),
            "findings": [_finding(finding) for finding in findings],
        },
        "performance": {
            "score_pct": _percent_text(row["performance_score_ppm"]),
            "deduction_pct": _percent_text(row["performance_deduction_ppm"]),
            "rating": row["rating"],
            "approved_minutes": row["approved_minutes"],
            "credited_minutes": row["credited_minutes"],
            "target_minutes": row["target_minutes"],
        },
        "allowance": _allowance(row),
        "unexcused": _unexcused(row),
        "days": [_day(day, found) for day in days],
        "pending": [{"date": day["date"].isoformat(), "reason": day["reason"]} for day in pending],
    }


def _percent_text(ppm: int) -> str:
    whole, rest = divmod(abs(ppm), 10_000)
    text = f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
    return f"-{text}" if ppm < 0 else text


def _finding(row: Row) -> Document:
    return {
        "date": row["date"].isoformat(),
        "code": row["code"],
        "scan": row["scan"],
        "minutes": row["minutes"],
        "deduction_pct": _percent_text(row["deduction_ppm"]),
        "base": row["base"],
        "deduction_rp": row["deduction_rp"],
        "rule": row["rule"],
        "source": row["source"],
        "place": row["place"],
        "reference": row["reference"],
        "punch_ids": row["punch_ids"].split("\n") if row["punch_ids"] else [],
    }


def _allowance(row: Row) -> Document:
    return {
        "base_rp": row["base_rp"],
        "discipline_rp": row["discipline_rp"],
        "performance_rp": row["performance_rp"],
        "multiplier_pct": _percent_text(row["multiplier_ppm"]),
        "whole_deduction_rp": row["whole_deduction_rp"],
        "leave_deduction_rp": row["leave_deduction_rp"],
        "sanction_rp": row["sanction_rp"],
        "hold_rp": row["hold_rp"],
        "payable_rp": row["payable_rp"],
    }


def _unexcused(row: Row) -> Document:
    reached: date | None = row["run_reached_on"]
    return {
        "days": row["unexcused_days"],
        "bank_minutes_year": row["bank_minutes_year"],
        "converted_days": row["converted_days"],
        "days_this_year": row["days_this_year"],
        "longest_run": row["longest_run"],
        "run_reached_on": reached and reached.isoformat(),
        "threshold": row["threshold"],
    }


def _day(row: Row, found: set[tuple[date, str | None]]) -> Document:
    zone = ZoneInfo(row["timezone"])
    scans = {
        scan: _local(row[f"{scan}_at"], zone)
        for scan in _SCANS
        if scan in _ALWAYS_SHOWN or row[f"{scan}_at"] is not None or (row["date"], scan) in found
    }
    return {
        "date": row["date"].isoformat(),
        "schedule": row["schedule"],
        "state": row["state"],
        "required_minutes": row["required_minutes"],
        "worked_minutes": row["worked_minutes"],
        "late_minutes": row["late_minutes"],
        "early_minutes": row["early_minutes"],
        "scans": scans,
    }


def _local(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).strftime("%H:%M:%S")
