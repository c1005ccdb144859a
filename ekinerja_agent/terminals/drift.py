"""By how much a terminal's clock was off when it showed a time: from measurements before and after that moment.

Promises that a clock which was set between two measurements is not taken for one that drifted. Pure: does not know
who measured, nor what the offset is used for. Source: protocol section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.coverage import ClockReading

MOST_DRIFT = 1 / 1000
"""86 s a day, far more than a quartz loses; a greater change between two measurements is a clock that was set."""
_MEASURED_WITHIN_S = 2


class Reading(NamedTuple):
    """What a terminal's clock showed when it was measured (naive), and by how many seconds it was ahead then."""

    clock: datetime
    offset_s: int

    @property
    def local(self) -> datetime:
        """The true local time of the measurement, naive."""
        return self.clock - timedelta(seconds=self.offset_s)


def shown(reading: ClockReading, zone: ZoneInfo) -> Reading:
    """Given a measurement and the terminal's zone, return what its clock showed then."""
    local = reading.at.astimezone(zone).replace(tzinfo=None)
    return Reading(local + timedelta(seconds=reading.offset_s), reading.offset_s)


def offset_at(readings: Sequence[Reading], clock: datetime) -> int:
    """Given at least one reading, in the order they were made, and a clock, return the offset when it was shown.

    Between two readings that a drift explains it is interpolated. Between two that only a set clock explains it is one
    of both; where either is possible (a clock set back shows its times twice) the one further from 0, because scoring
    then weighs the clock itself as well and takes what is kinder. Elsewhere it is that of the nearest reading.
    """
    possible = [offset_s for before, after in pairwise(readings) for offset_s in _between(before, after, clock)]
    if possible:
        return max(possible, key=abs)
    return min(readings, key=lambda reading: abs(reading.clock - clock)).offset_s


def _between(before: Reading, after: Reading, clock: datetime) -> Iterator[int]:
    """The offsets with which the clock was shown after one measurement and before the next."""
    gained_s = after.offset_s - before.offset_s
    passed_s = (after.local - before.local).total_seconds()
    if abs(gained_s) <= _MEASURED_WITHIN_S + passed_s * MOST_DRIFT:
        shown_s = (after.clock - before.clock).total_seconds()
        if shown_s > 0 and before.clock <= clock <= after.clock:
            yield before.offset_s + round(gained_s * (clock - before.clock).total_seconds() / shown_s)
        return
    for offset_s in (before.offset_s, after.offset_s):
        if before.local <= clock - timedelta(seconds=offset_s) <= after.local:
            yield offset_s
