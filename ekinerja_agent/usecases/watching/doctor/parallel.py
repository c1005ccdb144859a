"""The same question to many at once, and no longer than one may wait.

Does not know what is asked. Whoever is not done by then goes on in a daemon thread, which ends with the process.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_all(
    ask: Callable[[Item], Answer], items: Sequence[Item], *, workers: int, within_s: float
) -> list[Answer | None]:
    """Given a question that raises nothing, return the answer for each item in order; None where it did not come in
    time.
    """
    waiting: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Answer]] = queue.SimpleQueue()
    for numbered in enumerate(items):
        waiting.put(numbered)

    def work() -> None:
        while True:
            try:
                number, item = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((number, ask(item)))

    for _ in range(min(workers, len(items))):
        threading.Thread(target=work, daemon=True).start()
    answers: list[Answer | None] = [None] * len(items)
    until = time.monotonic() + within_s
    for _ in items:
        try:
            number, answer = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        answers[number] = answer
    return answers
