"""Punches made in numbers, as terminals would have recorded them: distinct, in order, never all in memory at once.

Does not know who stores them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ekinerja_agent.nouns.punch import Punch, Source

FIRST_CLOCK = datetime(2026, 1, 1, 7, 0)
ZONE_OFFSET = timedelta(hours=8)
TERMINALS = 20
PEOPLE = 500


def made_punches(first: int, last: int) -> Iterator[Punch]:
    """Given numbers, yield the punches from the first up to, not including, the last: one a second, of 20 terminals."""
    for number in range(first, last):
        clock = FIRST_CLOCK + timedelta(seconds=number)
        pin = str(1000 + number % PEOPLE)
        yield Punch(
            terminal=f"office-{number % TERMINALS:02}",
            pin=pin,
            clock=clock,
            occurrence=1,
            at=clock.replace(tzinfo=UTC) - ZONE_OFFSET,
            offset_s=0,
            verify=1,
            state=0,
            work_code=0,
            source=Source.POLL,
            raw=struct.pack("<H24sBIBI4x", number % PEOPLE, pin.encode(), 1, number, 0, 0),
        )
