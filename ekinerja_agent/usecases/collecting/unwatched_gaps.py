"""Stretches of host time and the holes in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime


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
