"""What a profile cannot promise to the people it judges.

"One more punch never adds a deduction" is promised where a day costs at most one TK and each scan takes the
punch that is kinder to the employee. Does not judge whether a profile is lawful.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from ekinerja_agent.errors import NoRule
from ekinerja_agent.rules import PPM_PER_PERCENT, Band, Profile, Scan, ScanRule, Timeline


def fairness_doubts(profile: Profile) -> tuple[str, ...]:
    """Given a profile, return why one more punch may add a deduction, each reason with its first day."""
    reasons: dict[str, date] = {}
    for day in sorted(_days_of_change(profile)):
        try:
            for reason in _doubts_on(profile, day):
                reasons.setdefault(reason, day)
        except NoRule:
            continue  # before all values began: such a day is not scored at all
    return tuple(f"{reason} (from {first})" for reason, first in reasons.items())


def _days_of_change(profile: Profile) -> set[date]:
    timelines: tuple[Timeline[Any], ...] = (
        profile.scans,
        profile.late,
        profile.early,
        profile.break_late,
        profile.break_early,
        profile.missing_scan,
        profile.absence_day,
        profile.day_cap,
    )
    return {entry.first for values in timelines for entry in values}


def _doubts_on(profile: Profile, day: date) -> Iterator[str]:
    cap_ppm = profile.day_cap.on(day).value
    absence_ppm = profile.absence_day.on(day).value
    missing_ppm = profile.missing_scan.on(day).value
    if cap_ppm is None:
        yield "there is no day_cap, so a day with scans may cost more than a day without"
    elif cap_ppm > absence_ppm:
        yield f"day_cap {_pct(cap_ppm)} is more than absence_day {_pct(absence_ppm)}"
    for scan in profile.scans.on(day).value:
        bands = _bands(profile, scan.scan).on(day).value
        dearest_ppm = max((band.deduction_ppm for band in bands), default=0)
        if dearest_ppm > missing_ppm:
            yield f"{scan.scan} may cost {_pct(dearest_ppm)}, more than missing_scan {_pct(missing_ppm)}"
        if dearest_ppm and _takes_the_harder(scan):
            yield f"{scan.scan} takes the {'last' if scan.take_last else 'first'} punch of its window"


def _bands(profile: Profile, scan: Scan) -> Timeline[tuple[Band, ...]]:
    return {
        Scan.ARRIVE: profile.late,
        Scan.BREAK_OUT: profile.break_early,
        Scan.BREAK_IN: profile.break_late,
        Scan.LEAVE: profile.early,
    }[scan]


def _takes_the_harder(scan: ScanRule) -> bool:
    """Tell whether a second punch in the window can be worse than the first alone.

    Late counts from the due time on, early before it: a window that lies wholly on the free side can cost
    nothing.
    """
    if scan.scan in (Scan.ARRIVE, Scan.BREAK_IN):
        return scan.take_last and (scan.closes.from_middle or scan.closes.minutes > 0)
    return not scan.take_last and (scan.opens.from_middle or scan.opens.minutes < 0)


def _pct(ppm: int) -> str:
    return f"{ppm / PPM_PER_PERCENT:.4f}".rstrip("0").rstrip(".") + " %"
