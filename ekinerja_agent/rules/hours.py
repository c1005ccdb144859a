"""When people are on duty and when each scan is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.rules.dated import Timeline
from ekinerja_agent.rules.deductions import Band


@dataclass(frozen=True, slots=True)
class FlexibleStart:
    """Arriving up to `minutes` after the due time is made good by leaving as much later on the same day.

    Lateness (TL) counts from the end of that time. What was not made good costs by `bands` (KT1 ...).
    """

    minutes: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class DayHours:
    """Duty hours of one weekday in local time; with `end` <= `start` they end on the next day. No break: both None."""

    start: time
    end: time
    break_start: time | None = None
    break_end: time | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """Hours of Monday to Sunday; None is a day without duty."""

    days: tuple[DayHours | None, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named working week, and the week that replaces it in Ramadan (None: the same week); or shifts by name.

    A schedule has either `week` or `shifts`. With shifts, duty is what the roster of the person says.
    """

    name: str
    week: Timeline[Week] | None
    ramadan_week: Timeline[Week] | None = None
    shifts: Timeline[Mapping[str, DayHours]] | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """Edge of a scan's window: minutes after (negative: before) the scan's due time, or the middle of the duty.

    The middle of the duty is half-way between the due times of arrive and leave; `minutes` is then 0. The minute that a
    bound names belongs to the window it closes whole, except the middle, whose minute belongs to the later window.
    """

    minutes: int
    from_middle: bool = False


@dataclass(frozen=True, slots=True)
class ScanRule:
    """One expected scan: its window, and whether the first or the last punch inside counts.

    Up to `tolerance_min` minutes late or early count as none; beyond it all of them count.
    """

    scan: Scan
    opens: Bound
    closes: Bound
    take_last: bool
    tolerance_min: int = 0
