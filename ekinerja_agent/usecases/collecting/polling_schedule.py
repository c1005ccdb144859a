"""Who is read now and who waits: patience with terminals that are away, and little room for what takes long.

Promises that terminals that are away and reads of long logs together hold at most a quarter of the workers, that a
terminal that stays away is tried less and less often but at least every quarter of an hour, and that its going and
coming is news once. Does not know how a terminal is read, nor what is done with the news. Used by several threads.
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
"""One worker of so many may be held by what takes long."""


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
        self._room = threading.BoundedSemaphore(max(1, workers // SLOW_SHARE))

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

    def failed(self, terminal: str, reason: str, every_s: float) -> bool:
        """Note that a terminal could not be read, and why in one word. Return whether that is news.

        The pause doubles from `every_s` on; up to half of it is left to chance, so that a network that comes back does
        not find all its terminals asking at once.
        """
        now_s = self._clock()
        before = self._absences.get(terminal)
        failures = before.failures + 1 if before else 1
        pause_s = min(LONGEST_PAUSE_S, every_s * 2.0 ** min(failures - 1, 30))
        self._absences[terminal] = _Absence(
            since_s=before.since_s if before else now_s,
            failures=failures,
            try_again_s=now_s + pause_s * random.uniform(0.5, 1.0),  # noqa: S311 - spread, not a secret
            reason=reason,
        )
        return before is None or before.reason != reason

    def answered(self, terminal: str) -> float | None:
        """Note that a terminal was read. Return for how many seconds it was away, None if it was not."""
        absence = self._absences.pop(terminal, None)
        return None if absence is None else self._clock() - absence.since_s
