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
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import PPM_PER_PERCENT, Band, Base, FlexibleStart, Profile, Scan, ScanRule, Timeline

HALF_A_DAY_MIN: Final = 720
"""The middle of the longest duty lies so many minutes from its ends."""
WEIGHT: Final = {Base.DISCIPLINE: 0, Base.BOTH: 1, Base.WHOLE: 2}
"""The same percentage of a heavier base is not less money."""


def fairness_doubts(profile: Profile) -> tuple[Message, ...]:
    """Given a profile, return why one more punch may add a deduction, each reason with its first day."""
    reasons: dict[str, date] = {}
    for day in sorted(_days_of_change(profile)):
        try:
            for reason in _doubts_on(profile, day):
                reasons.setdefault(reason, day)
        except NoRule:
            continue  # before all values began: such a day is not scored at all
    return tuple(Message("{reason} (from {first})", reason=reason, first=first) for reason, first in reasons.items())


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


def _doubts_of_the_day(profile: Profile, day: date) -> Iterator[Message]:
    """Yield why a day with a punch may cost more than one without."""
    cap_ppm = profile.day_cap.on(day).value
    absence = profile.absence_day.on(day).value
    if cap_ppm is None:
        yield Message("there is no day_cap, so a day with scans may cost more than a day without")
    elif absence.presence_share:
        yield (
            Message(
                "absence_day is a share of the month's presence, which may be less than day_cap {cap}, so a day "
                "with scans may cost more than a day without",
                cap=_pct(cap_ppm),
            )
        )
    elif cap_ppm > absence.deduction_ppm:
        yield Message(
            "day_cap {cap} is more than absence_day {absence}", cap=_pct(cap_ppm), absence=_pct(absence.deduction_ppm)
        )
    if cap_ppm is None and profile.month_cap.on(day).value is None:
        return
    base = profile.base.on(day).value
    for kind, cost in sorted(profile.events.on(day).value.items()):
        if any(cost.weekdays_ppm) and WEIGHT[cost.base] > WEIGHT[base]:
            yield Message(
                "{kind} is taken of {base} and scans of {scan_base}, so what a cap leaves to {kind} is dearer",
                kind=kind,
                base=cost.base,
                scan_base=base,
            )


def _doubts_of_a_scan(profile: Profile, day: date, scan: ScanRule, flexible: FlexibleStart | None) -> Iterator[Message]:
    """Yield why serving a scan may cost more than missing it, or a second punch more than the first."""
    bands = _bands(profile, scan.scan).on(day).value
    missing = profile.missing_scan.on(day).value
    missing_ppm = missing.deduction_ppm
    if missing.as_minutes is not None:
        missing_ppm = _cost(bands, missing.as_minutes)
    dearest_ppm = _dearest(bands, _most_minutes(scan))
    is_flexible = flexible is not None and scan.scan in (Scan.ARRIVE, Scan.LEAVE)
    if flexible is not None and is_flexible:
        # Nobody owes time on a day whose other scan is missing, so serving it may bring both findings.
        dearest_ppm += _dearest(flexible.bands, flexible.minutes)
    if dearest_ppm > missing_ppm:
        costs: dict[str, object] = {"scan": scan.scan, "cost": _pct(dearest_ppm), "missing": _pct(missing_ppm)}
        yield (
            Message("{scan} and flexible time may cost {cost}, more than missing_scan {missing}", **costs)
            if is_flexible
            else Message("{scan} may cost {cost}, more than missing_scan {missing}", **costs)
        )
    if dearest_ppm and scan.take_last == _counts_late(scan):
        yield (
            Message("{scan} takes the last punch of its window", scan=scan.scan)
            if scan.take_last
            else Message("{scan} takes the first punch of its window", scan=scan.scan)
        )


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
