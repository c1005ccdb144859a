"""When all records of a terminal are proven to be in central, and how far its clock was off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Coverage:
    """A stretch of host time [start, end) in which all records of a terminal are proven to be in central.

    `start` None means since ever. `silent` marks a stretch of more than ten minutes without contact in which the
    terminal recorded nothing: it may have been without power, so it counts only outside duty hours (the scorer knows
    those, the collector does not).
    """

    terminal: str
    start: datetime | None
    end: datetime
    kind: Literal["proven", "silent"] = "proven"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Terminal clock minus host clock, in seconds, at one instant; `trusted` if the host's own clock could vouch."""

    terminal: str
    at: datetime
    offset_s: int
    trusted: bool


def outside(
    holes: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Given holes, yield the stretches of [start, end) that no hole touches, in time order."""
    for hole_start, hole_end in sorted(holes):
        if start < min(hole_start, end):
            yield start, min(hole_start, end)
        start = max(start, hole_end)
    if start < end:
        yield start, end
