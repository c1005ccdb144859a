"""What is the same for everybody, made at most once an hour however many ask: so a page without login costs little.

Promises that one thread at most is busy with making, and that nobody waits for it. Does not know what is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ekinerja_agent.errors import TemporarilyUnavailable

T = TypeVar("T")

MADE_EVERY = timedelta(hours=1)
MOST_KEPT = 200


class Kept(Generic[T]):
    """One for a kind of thing that is made. The oldest is given up for what is new."""

    def __init__(self) -> None:
        self._things: dict[Hashable, tuple[datetime, T]] = {}
        self._turn = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], now: datetime) -> T:
        """Given a key, how to make its thing, and the instant, return the thing as it was within the hour.

        While another thread makes one, an older one is good enough. Raise TemporarilyUnavailable if there is none.
        """
        kept = self._things.get(key)
        if kept is not None and now - kept[0] < MADE_EVERY:
            return kept[1]
        if not self._turn.acquire(blocking=False):
            if kept is not None:
                return kept[1]
            raise TemporarilyUnavailable("these figures are being made just now; open the page again in a moment")
        try:
            made = make()
            self._things.pop(key, None)
            while len(self._things) >= MOST_KEPT:
                self._things.pop(next(iter(self._things)))
            self._things[key] = now, made
            return made
        finally:
            self._turn.release()
