"""Who is read now and who waits: patience with terminals that are away, and little room for what takes long.

Promises that terminals that are away and reads of long logs together hold at most a quarter of the workers, that a
terminal that stays away is tried with all patience less and less often but at least every quarter of an hour, that one
which was not reached is knocked at every minute besides, who waited longest first, and that its going and coming is
news once. Does not know how a terminal is read, nor what is done with the news. Used by several threads.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST_PAUSE_S = 900.0
SLOW_SHARE = 4
"""One worker of so many may be held by what takes long, and for as many there is one who knocks."""
KNOCK_EVERY_S = 60.0
KNOCK_S = 2.0
"""How long a knock waits to be let in: who is switched off holds nobody longer."""
_NEXT_KNOCK_S = 0.7 * KNOCK_EVERY_S
_FIRST_KNOCK_S = (0.1 * KNOCK_EVERY_S, 0.6 * KNOCK_EVERY_S)
"""When one is due: what is left of the minute is for its place in the queue, for all of a network may go at once."""


@dataclass(frozen=True, slots=True)
class _Absence:
    since_s: float
    failures: int
    try_again_s: float
    reason: str


class PollingSchedule:
    """Given the number of workers, keep who is away and how much room is left. `clock` is monotonic seconds."""

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._absences: dict[str, _Absence] = {}
        self._tried: set[str] = set()
        self._knocks_s: dict[str, float] = {}
        self._lock = threading.Lock()
        self.knockers = max(1, workers // SLOW_SHARE)
        self._room = threading.BoundedSemaphore(self.knockers)

    def begin(self, terminal: str) -> float | None:
        """Note that a terminal has its turn now, and return how long it may take to let us in; None: as long as any
        reply. After a start nobody knows who is switched off, and all of them want their turn.
        """
        with self._lock:
            if terminal in self._knocks_s:
                self._knocks_s[terminal] = self._clock() + _NEXT_KNOCK_S
            return None if terminal in self._tried else KNOCK_S

    def is_away(self, terminal: str) -> bool:
        """Whether the last try failed."""
        return terminal in self._absences

    def rests(self, terminal: str) -> bool:
        """Whether a terminal that is away is not to be tried yet."""
        absence = self._absences.get(terminal)
        return absence is not None and self._clock() < absence.try_again_s

    @contextmanager
    def room(self, *, slow: bool) -> Iterator[bool]:
        """Return a context that tells whether there is room for a read, at once; always, unless it may be `slow`."""
        if not slow:
            yield True
            return
        has_room = self._room.acquire(blocking=False)
        try:
            yield has_room
        finally:
            if has_room:
                self._room.release()

    def failed(self, terminal: str, reason: str, every_s: float, *, reached: bool) -> bool:
        """Note that a terminal could not be read, and why in one word. Return whether that is news.

        The pause doubles from `every_s` on; up to half of it is left to chance, so that a network that comes back does
        not find all its terminals asking at once. One that was not even reached is knocked at meanwhile; what is in
        vain before the pause is over changes nothing.
        """
        now_s = self._clock()
        with self._lock:
            self._tried.add(terminal)
            before = self._absences.get(terminal)
            if before is not None and not reached and now_s < before.try_again_s:
                return False
            failures = before.failures + 1 if before else 1
            pause_s = min(LONGEST_PAUSE_S, every_s * 2.0 ** min(failures - 1, 30))
            self._absences[terminal] = _Absence(
                since_s=before.since_s if before else now_s,
                failures=failures,
                try_again_s=now_s + pause_s * random.uniform(0.5, 1.0),  # noqa: S311 - spread, not a secret
                reason=reason,
            )
            if reached:  # who answers, though wrongly, needs no knock
                self._knocks_s.pop(terminal, None)
            else:
                self._knocks_s.setdefault(terminal, now_s + random.uniform(*_FIRST_KNOCK_S))  # noqa: S311
        return before is None or before.reason != reason

    def had_no_room(self, terminal: str) -> None:
        """Note that a terminal's turn came while there was no room: if nobody tried it yet, it is due for a knock."""
        with self._lock:
            if terminal not in self._tried:
                self._knocks_s.setdefault(terminal, self._clock())

    def knocks(self, most: int) -> list[str]:
        """Return at most so many terminals that are due for a knock, who waited longest first; each is due again within
        the minute, if it is away still.
        """
        now_s = self._clock()
        with self._lock:
            due = sorted((since_s, terminal) for terminal, since_s in self._knocks_s.items() if since_s <= now_s)
            chosen = [terminal for _, terminal in due[:most]]
            self._knocks_s.update(dict.fromkeys(chosen, now_s + _NEXT_KNOCK_S))
        return chosen

    def answered(self, terminal: str) -> float | None:
        """Note that a terminal was read. Return for how many seconds it was away, None if it was not."""
        with self._lock:
            self._tried.add(terminal)
            self._knocks_s.pop(terminal, None)
            absence = self._absences.pop(terminal, None)
        return None if absence is None else self._clock() - absence.since_s
