"""Whether the work of a service goes on: what is being done now, and since when it has not got anywhere.

Promises that work which is waited for longer than it may take is named, and that work which has ended never is. Does
not know what the work is, nor what follows from its being stuck. Time is that of the monotonic clock: a host that
slept, or whose clock was set, makes nothing overdue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Progress:
    """What is going on in one process. Any thread may tell of its work."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}

    @contextmanager
    def working(self, name: str, may_take_s: float) -> Iterator[Callable[[], None]]:
        """Given a piece of work and how long it may go without a step, hold that it is under way.

        Gives a function to be called at each of its steps; without any, `may_take_s` is for the whole.
        """
        self._step(name, may_take_s)
        try:
            yield lambda: self._step(name, may_take_s)
        finally:
            self.ended(name)

    def began(self, name: str, may_take_s: float) -> None:
        """As `working`, for work that begins and ends at different places; beginning again is a step."""
        self._step(name, may_take_s)

    def ended(self, name: str) -> None:
        """Expect nothing more of this work."""
        with self._lock:
            self._due.pop(name, None)

    def overdue(self) -> list[str]:
        """Return the names of what has made no step for longer than it may."""
        now_s = self._clock()
        with self._lock:
            return sorted(name for name, due_s in self._due.items() if now_s > due_s)

    def _step(self, name: str, may_take_s: float) -> None:
        due_s = self._clock() + may_take_s
        with self._lock:
            self._due[name] = due_s
