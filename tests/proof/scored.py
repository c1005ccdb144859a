"""A scored month in the frames that are stored: invented people of one unit. Knows no rule and no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from ekinerja_agent.scoring.frames.schemas import DAYS, FINDINGS, PENDING, PEOPLE, SHARED, MonthResult, Schema, empty


def _frame(schema: Schema, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows with zero or nothing in the columns that they leave out."""
    unsaid = {name: 0 if kind == pl.Int64 else None for name, kind in schema.items()}
    return pl.DataFrame([unsaid | row for row in rows], schema=schema)


def a_result(unit: str, name: str, nips: Sequence[str], pending_reason: str | None = None) -> MonthResult:
    """People of one unit, each 75 minutes late on the 7th; with a reason, each pending on the 14th."""
    person = {
        "unit": unit,
        "unit_name": name,
        "profile": "four-scan-example",
        "employment_status": "pns",
        "status": "pending" if pending_reason else "draft",
        "working_days": 22,
        "days_present": 22,
        "discipline_score_ppm": 987_500,
        "discipline_deduction_ppm": 12_500,
        "performance_score_ppm": 1_000_000,
        "base_rp": 4_000_000,
        "discipline_rp": 1_580_000,
        "performance_rp": 2_400_000,
        "multiplier_ppm": 1_000_000,
        "payable_rp": 3_980_000,
    }
    day = {
        "date": date(2026, 9, 7),
        "unit": unit,
        "schedule": "national",
        "timezone": "Asia/Makassar",
        "state": "present",
        "required_minutes": 450,
        "late_minutes": 75,
        "missing_scans": 0,
    }
    finding = {
        "date": date(2026, 9, 7),
        "code": "TL3",
        "scan": "arrive",
        "minutes": 75,
        "deduction_ppm": 12_500,
        "base": "discipline",
        "deduction_rp": 20_000,
        "rule": "late_early_classes",
        "source": "Keputusan Mendagri 900-4700/2020",
        "place": "profiles/tpp-model.yaml:12",
        "punch_ids": [],
    }
    waiting = {"date": date(2026, 9, 14), "reason": pending_reason}
    return MonthResult(
        people=_frame(PEOPLE, [person | {"nip": nip, "name": f"Pegawai {nip[-3:]}"} for nip in nips]),
        days=_frame(DAYS, [day | {"nip": nip} for nip in nips]),
        findings=_frame(FINDINGS, [finding | {"nip": nip} for nip in nips]),
        pending=_frame(PENDING, [waiting | {"nip": nip} for nip in nips] if pending_reason else []),
        shared=empty(SHARED),
    )
