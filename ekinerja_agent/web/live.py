"""What is counted of many rows for a page. Does not know where it is shown, nor how often it is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central.collected import terminal_counts

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNTED_EVERY = timedelta(minutes=1)
"""So often at most, however many people look."""
UNMATCHED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a date: punches by hour, and PINs of seven days without a person."""

    by_hour: Mapping[int, int]
    unmatched: int


def counts(conn: Connection, day: date) -> Counts:
    """Given a connection and a date in the zone of the terminals, return what is counted of it."""
    midnight = datetime.combine(day, time())
    return Counts(
        terminal_counts.punches_by_hour(conn, midnight, midnight + timedelta(days=1)),
        terminal_counts.unmatched_since(conn, midnight - timedelta(days=UNMATCHED_DAYS)),
    )
