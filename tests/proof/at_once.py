"""Several people who do something at the same time: each in a thread, all of them from the same moment on.

Does not know what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from ekinerja_agent.nouns.errors import EkinerjaError

T = TypeVar("T")


def outcome(work: Callable[[], T]) -> T | EkinerjaError:
    """Given work, return what came of it, or the error that it ended with."""
    try:
        return work()
    except EkinerjaError as error:
        return error


def at_once(works: Sequence[Callable[[], T]]) -> list[T | EkinerjaError]:
    """Given what each does, return in the same order what came of it, or the error that it ended with."""
    start = Barrier(len(works))

    def begun(work: Callable[[], T]) -> T | EkinerjaError:
        start.wait()
        return outcome(work)

    with ThreadPoolExecutor(len(works)) as people:
        return list(people.map(begun, works))
