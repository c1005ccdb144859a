"""What is the same for many, made at most once in a while however many ask.

Promises that one thread at most is busy with making, and that a clock that was set back keeps nothing for longer. Does
not know what is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

T = TypeVar("T")

MADE_EVERY = timedelta(hours=1)
MOST_KEPT = 1_000


class Cache(Generic[T]):
    """One for a kind of thing that is made, anew after `every`. The oldest is given up for what is new.

    While one is made others wait for it (`waits`), or an older one is good enough for them.
    """

    def __init__(self, every: timedelta = MADE_EVERY, *, waits: bool = False) -> None:
        self._every = every
        self._waits = waits
        self._things: dict[Hashable, tuple[datetime, T]] = {}
        self._turn = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], now: datetime) -> T:
        """Given a key, how to make its thing, and the instant, return the thing as it was within `every` before.

        Raise TemporarilyUnavailable to who does not wait, if there is no older one.
        """
        kept = self._things.get(key)
        if kept is not None and self._holds(kept[0], now):
            return kept[1]
        if not self._turn.acquire(blocking=self._waits):
            if kept is not None:
                return kept[1]
            raise TemporarilyUnavailable(
                Message("these figures are being made just now; open the page again in a moment")
            )
        try:
            kept = self._things.get(key)
            if kept is not None and self._holds(kept[0], now):
                return kept[1]  # it was made while this thread waited
            made = make()
            self._things.pop(key, None)
            while len(self._things) >= MOST_KEPT:
                self._things.pop(next(iter(self._things)))
            self._things[key] = now, made
            return made
        finally:
            self._turn.release()

    def _holds(self, made_at: datetime, now: datetime) -> bool:
        return abs(now - made_at) < self._every  # who waited may have looked at the clock before
