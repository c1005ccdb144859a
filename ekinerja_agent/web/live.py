"""Counts of all punches of a county, made at most once a minute, however many people look at them.

Does not know where they are shown.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central import board

if TYPE_CHECKING:
    from sqlalchemy import Engine

COUNTED_EVERY = timedelta(minutes=1)
UNMATCHED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the date `day`, made at the instant `at`: punches by hour, and PINs of seven days without a person."""

    at: datetime
    day: date
    by_hour: Mapping[int, int]
    unmatched: int


class Live:
    """One for an application."""

    def __init__(self) -> None:
        self._counts: Counts | None = None
        self._turn = threading.Lock()

    def counts(self, engine: Engine, local: datetime) -> Counts:
        """Given the database and the instant in the zone of the terminals, return what was counted within a minute."""
        with self._turn:
            kept = self._counts
            if kept is None or kept.day != local.date() or local - kept.at >= COUNTED_EVERY:
                midnight = datetime.combine(local.date(), time())
                kept = self._counts = Counts(
                    local,
                    local.date(),
                    board.punches_by_hour(engine, midnight, midnight + timedelta(days=1)),
                    board.unmatched_since(engine, midnight - timedelta(days=UNMATCHED_DAYS)),
                )
            return kept
