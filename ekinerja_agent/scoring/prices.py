"""What a finding costs on the day it happens, with the citation of the value that says so.

The rule of the day of the event applies. Does not know who is late, nor anybody's allowance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from ekinerja_agent.rules import Band, Dated, Profile, RuleBook, Scan, Timeline
from ekinerja_agent.scoring.frames import Schema
from ekinerja_agent.scoring.hours import SCAN_ORDER, Plan

PRICES: Schema = {
    # One row per plan and thing that may cost. scan_order null = the absence of a whole day; from_min null =
    # the scan is missing; to_min null = no end. Nothing that costs 0 has a row.
    "plan": pl.UInt32,
    "scan_order": pl.Int8,
    "from_min": pl.Int64,
    "to_min": pl.Int64,
    "code": pl.String,
    "deduction_ppm": pl.Int64,
    "rule": pl.String,
    "source": pl.String,
    "place": pl.String,
}

ABSENT_CODE = "TK"

_BANDS: Mapping[Scan, Callable[[Profile], Timeline[tuple[Band, ...]]]] = {
    Scan.ARRIVE: lambda profile: profile.late,
    Scan.BREAK_OUT: lambda profile: profile.break_early,
    Scan.BREAK_IN: lambda profile: profile.break_late,
    Scan.LEAVE: lambda profile: profile.early,
}
_MISSING_CODE: Mapping[Scan, str] = {
    Scan.ARRIVE: "TAM",
    Scan.BREAK_OUT: "TAK",
    Scan.BREAK_IN: "TAI",
    Scan.LEAVE: "TAP",
}


def price_list(plans: Sequence[Plan], rules: RuleBook) -> pl.DataFrame:
    """Given plans, return their PRICES; a plan's number is its position. Raise NoRule if a value covers no
    such day.
    """
    rows = [
        {"plan": number, **row}
        for number, plan in enumerate(plans)
        for row in _prices(plan, rules.profile(plan.profile))
    ]
    return pl.DataFrame(rows, schema=PRICES)


def _prices(plan: Plan, profile: Profile) -> Iterator[dict[str, Any]]:
    missing = profile.missing_scan.on(plan.day)
    absence = profile.absence_day.on(plan.day)
    for scan, order in SCAN_ORDER.items():
        timeline = _BANDS[scan](profile)
        dated = timeline.on(plan.day)
        for band in dated.value:
            if band.deduction_ppm:
                yield {
                    "scan_order": order,
                    "from_min": band.from_min,
                    "to_min": band.to_min,
                    **_tag(band.code, band.deduction_ppm, timeline.name, dated),
                }
        if missing.value:
            yield {
                "scan_order": order,
                **_tag(_MISSING_CODE[scan], missing.value, profile.missing_scan.name, missing),
            }
    if absence.value:
        yield _tag(ABSENT_CODE, absence.value, profile.absence_day.name, absence)


def _tag(code: str, deduction_ppm: int, rule: str, dated: Dated[Any]) -> dict[str, Any]:
    return {
        "code": code,
        "deduction_ppm": deduction_ppm,
        "rule": rule,
        "source": dated.citation.source,
        "place": dated.citation.place,
    }
