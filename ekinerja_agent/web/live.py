"""What is counted of many rows for a page, made at most once a minute, however many people look at it.

Does not know where it is shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from ekinerja_agent.central import board

if TYPE_CHECKING:
    from sqlalchemy import Engine

COUNTED_EVERY = timedelta(minutes=1)
UNMATCHED_DAYS = 7
_MOST_KEPT = 1_000

T = TypeVar("T")


class Minutely(Generic[T]):
    """One for an application and a kind of reading; thread-safe. One reading is made at a time: others wait for it."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[datetime, T]] = {}
        self._turn = threading.Lock()

    def of(self, subject: object, now: datetime, read: Callable[[], T]) -> T:
        """Given what is read, return what was read of it within a minute before `now`."""
        with self._turn:
            at, found = self._kept.get(subject, (None, None))
            if at is None or found is None or not timedelta() <= now - at < COUNTED_EVERY:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                found = read()
                self._kept[subject] = now, found
            return found


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a date: punches by hour, and PINs of seven days without a person."""

    by_hour: Mapping[int, int]
    unmatched: int


def counts(engine: Engine, day: date) -> Counts:
    """Given the database and a date in the zone of the terminals, return what is counted of it."""
    midnight = datetime.combine(day, time())
    return Counts(
        board.punches_by_hour(engine, midnight, midnight + timedelta(days=1)),
        board.unmatched_since(engine, midnight - timedelta(days=UNMATCHED_DAYS)),
    )
