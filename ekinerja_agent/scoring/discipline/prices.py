"""What a finding costs on the day it happens, with the citation of the value that says so.

The rule of the day of the event applies. Does not know who is late, nor anybody's allowance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from ekinerja_agent.rules import Band, Dated, Profile, RuleBook, Scan, Timeline
from ekinerja_agent.scoring.duty.hours import SCAN_ORDER, Plan
from ekinerja_agent.scoring.frames.schemas import Schema
from ekinerja_agent.scoring.frames.steps import MONTHS_KEPT

PRICES: Schema = {
    # One row per plan and thing that may cost. Nothing that costs 0 has a row.
    "plan": pl.UInt32,
    "what": pl.String,  # untimely | missing | absent | flexible
    "scan_order": pl.Int8,  # null = the day as a whole
    "from_min": pl.Int64,  # null where minutes do not matter
    "to_min": pl.Int64,  # null = no end
    "code": pl.String,
    "deduction_ppm": pl.Int64,
    "per_minute": pl.Boolean,  # each minute costs so much
    "by_share": pl.Boolean,  # costs its share of the month's presence; deduction_ppm is 0
    "base": pl.String,
    "rule": pl.String,
    "source": pl.String,
    "place": pl.String,
}

UNTIMELY, MISSING, ABSENT, FLEXIBLE = "untimely", "missing", "absent", "flexible"
ABSENT_CODE = "TK"
SHARE_CODE = "HADIR"

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


@lru_cache(MONTHS_KEPT)
def price_list(plans: tuple[Plan, ...], rules: RuleBook) -> Mapping[str, pl.DataFrame]:
    """Given plans, return their PRICES by what may cost; a plan's number is its position. Raise NoRule if a value
    covers no such day.
    """
    rows = [
        {"plan": number, "base": rules.profile(plan.profile).base.on(plan.day).value.value, **row}
        for number, plan in enumerate(plans)
        for row in _prices(plan, rules.profile(plan.profile))
    ]
    prices = pl.DataFrame(rows, schema=PRICES)
    return {what: prices.filter(pl.col("what") == what) for what in (UNTIMELY, MISSING, ABSENT, FLEXIBLE)}


def bands_of(profile: Profile, scan: Scan) -> Timeline[tuple[Band, ...]]:
    """Given a profile and a scan, return the bands by which its minutes, late or early, are priced."""
    return _BANDS[scan](profile)


def tag(code: str, deduction_ppm: int, rule: str, dated: Dated[Any]) -> dict[str, Any]:
    """Given what a finding is called and costs, and the dated value that says so, return it with its citation."""
    return {
        "code": code,
        "deduction_ppm": deduction_ppm,
        "rule": rule,
        "source": dated.citation.source,
        "place": dated.citation.place,
    }


def _prices(plan: Plan, profile: Profile) -> Iterator[dict[str, Any]]:
    for scan, order in SCAN_ORDER.items():
        timeline = bands_of(profile, scan)
        dated = timeline.on(plan.day)
        yield from _of_bands(UNTIMELY, order, dated.value, timeline.name, dated)
        yield from _missing(profile, scan, order, plan.day)
    flexible = profile.flexible_start.on(plan.day)
    if flexible.value is not None:
        order = SCAN_ORDER[Scan.LEAVE]
        yield from _of_bands(FLEXIBLE, order, flexible.value.bands, profile.flexible_start.name, flexible)
    absence = profile.absence_day.on(plan.day)
    if absence.value.presence_share:
        yield {"what": ABSENT, "by_share": True, **tag(SHARE_CODE, 0, profile.absence_day.name, absence)}
    elif absence.value.deduction_ppm:
        price = tag(ABSENT_CODE, absence.value.deduction_ppm, profile.absence_day.name, absence)
        yield {"what": ABSENT, "by_share": False, **price}


def _of_bands(what: str, order: int, bands: Iterable[Band], rule: str, dated: Dated[Any]) -> Iterator[dict[str, Any]]:
    for band in bands:
        if band.deduction_ppm:
            yield {
                "what": what,
                "scan_order": order,
                "from_min": band.from_min,
                "to_min": band.to_min,
                "per_minute": band.per_minute,
                **tag(band.code, band.deduction_ppm, rule, dated),
            }


def _missing(profile: Profile, scan: Scan, order: int, day: date) -> Iterator[dict[str, Any]]:
    missing = profile.missing_scan.on(day)
    cost_ppm = missing.value.deduction_ppm
    if missing.value.as_minutes is not None:
        cost_ppm = cost_of(bands_of(profile, scan).on(day).value, missing.value.as_minutes)
    if cost_ppm:
        price = tag(_MISSING_CODE[scan], cost_ppm, profile.missing_scan.name, missing)
        yield {"what": MISSING, "scan_order": order, **price}


def cost_of(bands: Iterable[Band], minutes: int) -> int:
    """Given bands and whole minutes, return what they cost in ppm; 0 where no band holds them."""
    for band in bands:
        if band.from_min <= minutes and (band.to_min is None or minutes <= band.to_min):
            return band.deduction_ppm * (minutes if band.per_minute else 1)
    return 0
