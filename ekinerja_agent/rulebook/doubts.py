"""What a profile cannot promise to the people it judges.

"One more punch never adds a deduction" is promised where a day costs at most one TK, each scan takes the punch that is
kinder to the employee, and no scan can cost more than missing it. Days that wait for a person are no deduction yet and
stand aside. Does not judge whether a profile is lawful.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.rules import PPM_PER_PERCENT, Band, Base, FlexibleStart, Profile, Scan, ScanRule, Timeline

HALF_A_DAY_MIN: Final = 720
"""The middle of the longest duty lies so many minutes from its ends."""
WEIGHT: Final = {Base.DISCIPLINE: 0, Base.BOTH: 1, Base.WHOLE: 2}
"""The same percentage of a heavier base is not less money."""


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
        profile.flexible_start,
        profile.missing_scan,
        profile.absence_day,
        profile.base,
        profile.day_cap,
        profile.month_cap,
        profile.events,
    )
    return {entry.first for values in timelines for entry in values}


def _doubts_on(profile: Profile, day: date) -> Iterator[str]:
    yield from _doubts_of_the_day(profile, day)
    flexible = profile.flexible_start.on(day).value
    for scan in profile.scans.on(day).value:
        yield from _doubts_of_a_scan(profile, day, scan, flexible)


def _doubts_of_the_day(profile: Profile, day: date) -> Iterator[str]:
    """Yield why a day with a punch may cost more than one without."""
    cap_ppm = profile.day_cap.on(day).value
    absence = profile.absence_day.on(day).value
    if cap_ppm is None:
        yield "there is no day_cap, so a day with scans may cost more than a day without"
    elif absence.presence_share:
        yield (
            f"absence_day is a share of the month's presence, which may be less than day_cap {_pct(cap_ppm)}, so a day "
            "with scans may cost more than a day without"
        )
    elif cap_ppm > absence.deduction_ppm:
        yield f"day_cap {_pct(cap_ppm)} is more than absence_day {_pct(absence.deduction_ppm)}"
    if cap_ppm is None and profile.month_cap.on(day).value is None:
        return
    base = profile.base.on(day).value
    for kind, cost in sorted(profile.events.on(day).value.items()):
        if any(cost.weekdays_ppm) and WEIGHT[cost.base] > WEIGHT[base]:
            yield f"{kind} is taken of {cost.base} and scans of {base}, so what a cap leaves to {kind} is dearer"


def _doubts_of_a_scan(profile: Profile, day: date, scan: ScanRule, flexible: FlexibleStart | None) -> Iterator[str]:
    """Yield why serving a scan may cost more than missing it, or a second punch more than the first."""
    bands = _bands(profile, scan.scan).on(day).value
    missing = profile.missing_scan.on(day).value
    missing_ppm = missing.deduction_ppm
    if missing.as_minutes is not None:
        missing_ppm = _cost(bands, missing.as_minutes)
    dearest_ppm = _dearest(bands, _most_minutes(scan))
    what = f"{scan.scan} may cost {_pct(dearest_ppm)}"
    if flexible is not None and scan.scan in (Scan.ARRIVE, Scan.LEAVE):
        # Nobody owes time on a day whose other scan is missing, so serving it may bring both findings.
        owed_ppm = _dearest(flexible.bands, flexible.minutes)
        dearest_ppm += owed_ppm
        what = f"{scan.scan} and flexible time may cost {_pct(dearest_ppm)}"
    if dearest_ppm > missing_ppm:
        yield f"{what}, more than missing_scan {_pct(missing_ppm)}"
    if dearest_ppm and scan.take_last == _counts_late(scan):
        yield f"{scan.scan} takes the {'last' if scan.take_last else 'first'} punch of its window"


def _bands(profile: Profile, scan: Scan) -> Timeline[tuple[Band, ...]]:
    return {
        Scan.ARRIVE: profile.late,
        Scan.BREAK_OUT: profile.break_early,
        Scan.BREAK_IN: profile.break_late,
        Scan.LEAVE: profile.early,
    }[scan]


def _cost(bands: Iterable[Band], minutes: int) -> int:
    """Given bands and minutes, return what so many minutes cost in ppm."""
    for band in bands:
        if band.from_min <= minutes and (band.to_min is None or minutes <= band.to_min):
            return band.deduction_ppm * (minutes if band.per_minute else 1)
    return 0


def _dearest(bands: Iterable[Band], most_minutes: int) -> int:
    """Given bands and the most minutes that can be, return the most that they can cost in ppm."""
    reached = (band for band in bands if band.from_min <= most_minutes)
    return max(
        (
            band.deduction_ppm * (min(most_minutes, band.to_min or most_minutes) if band.per_minute else 1)
            for band in reached
        ),
        default=0,
    )


def _most_minutes(scan: ScanRule) -> int:
    """Given a scan, return the most minutes late or early that its window allows and its tolerance does not forgive."""
    bound = scan.closes if _counts_late(scan) else scan.opens
    most = HALF_A_DAY_MIN if bound.from_middle else bound.minutes if _counts_late(scan) else -bound.minutes
    return most if most > scan.tolerance_min else 0


def _counts_late(scan: ScanRule) -> bool:
    return scan.scan in (Scan.ARRIVE, Scan.BREAK_IN)


def _pct(ppm: int) -> str:
    return f"{ppm / PPM_PER_PERCENT:.4f}".rstrip("0").rstrip(".") + " %"
