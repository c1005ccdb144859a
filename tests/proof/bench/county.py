"""Synthetic offices for measuring: people, a month of four scans a day and their activities, as columns.

The same number gives the same office. Most scans are in time, some are late or missing. Does not know what is measured.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from ekinerja_agent.scoring.frames import schemas
from ekinerja_agent.scoring.frames.schemas import MonthFacts, empty

MONTH = date(2026, 9, 1)
PROFILE = "four-scan-example"
ZONE_HOURS = 8  # Asia/Makassar
_SCANS = {
    # scan: (minute on other days, minute on Fridays, minutes before or after, spread)
    "arrive": (450, 450, -18, 24),
    "break_out": (720, 690, 6, 12),
    "break_in": (780, 780, -12, 18),
    "leave": (960, 990, 8, 16),
}
_NOW = datetime(2026, 10, 31, tzinfo=UTC)


def office(number: int, people: int) -> MonthFacts:
    """Given the number of an office and how many people it has, return its facts of September 2026."""
    unit, terminal = f"U{number}", f"T{number}"
    persons = pl.DataFrame({"person": pl.int_range(people, eager=True)}).with_columns(
        nip=pl.format("{}{}", pl.lit(f"{number:09d}"), pl.col("person").cast(pl.String).str.zfill(9))
    )
    spells = _shaped(
        persons.with_columns(
            name=pl.format("Pegawai {}", "person"),
            unit=pl.lit(unit),
            employment_status=pl.lit("pns"),
            attendance=pl.lit("terminal"),
            allowance_rp=pl.lit(4_000_000),
        ),
        schemas.SPELLS,
    )
    days = [MONTH + timedelta(days=n) for n in range(30) if (MONTH + timedelta(days=n)).weekday() < 5]
    punches = pl.concat([_punches(persons, day, scan, terminal) for day in days for scan in _SCANS])
    nothing: dict[str, Any] = {name: empty(schema) for name, schema in _SCHEMAS.items()}
    usual = MonthFacts(MONTH, PROFILE, _NOW, **nothing)
    return replace(
        usual,
        spells=spells,
        units=_shaped(
            pl.DataFrame({"unit": [unit], "unit_name": [f"Unit {number}"], "timezone": ["Asia/Makassar"]}),
            schemas.UNITS,
        ),
        punches=punches,
        coverage=_shaped(pl.DataFrame({"terminal": [terminal], "end": [_NOW], "kind": ["proven"]}), schemas.COVERAGE),
        duty_terminals=_shaped(persons.with_columns(terminal=pl.lit(terminal)), schemas.DUTY_TERMINALS),
        activities=persons.join(pl.DataFrame({"day": days}), how="cross").select(
            "nip",
            pl.format("{}/{}", "nip", pl.col("day").cast(pl.String)).alias("activity"),
            "day",
            start=pl.lit(time(8)),
            end=pl.lit(time(15)),
            minutes=pl.lit(320, pl.Int64),
        ),
    )


_SCHEMAS = {
    field.name: getattr(schemas, field.name.upper())
    for field in fields(MonthFacts)
    if hasattr(schemas, field.name.upper())
}


def _punches(persons: pl.DataFrame, day: date, scan: str, terminal: str) -> pl.DataFrame:
    usual, friday, offset, spread = _SCANS[scan]
    minute = (friday if day.weekday() == 4 else usual) + offset
    seed = (day - MONTH).days * 10 + len(scan)
    drawn = pl.col("nip").hash(seed)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=ZONE_HOURS)
    second = minute * 60 + (drawn % (spread * 60)).cast(pl.Int64)
    at = pl.lit(midnight).cast(schemas.INSTANT) + pl.duration(seconds=second)
    return (
        persons.filter(pl.col("nip").hash(seed + 7) % 50 != 0)
        .with_columns(at=at.cast(schemas.INSTANT), terminal=pl.lit(terminal))
        .with_columns(
            clock_at="at", punch_id=pl.format("{}/{}/{}/{}", "terminal", "nip", pl.lit(str(day)), pl.lit(scan))
        )
        .select(*schemas.PUNCHES)
    )


def _shaped(frame: pl.DataFrame, schema: schemas.Schema) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )
