"""Where a process may die and where a database may vanish: between any two steps of a poll or a delivery.

Promises that whatever was durable before stays, and that nothing after it happened. Does not know when to strike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from ekinerja_agent.nouns.delivery import Delivery, Note, Receipt
from ekinerja_agent.nouns.punch import Punch
from ekinerja_agent.spool import Added, Spool

CRASH_POINTS = ("before add", "in add", "after add", "before settle", "after settle")


class Crash(Exception):
    """The process ended here."""


class BrittleSpool(Spool):
    """A spool whose process dies at `crash_at`, one of CRASH_POINTS; None: it lives."""

    crash_at: str | None = None

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """Within the block the file cannot grow any more; a few bytes may still fit into it."""
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        self._db.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            self._db.execute("PRAGMA max_page_count = 1073741823")

    def add(self, punches: Iterable[Punch], notes: Iterable[Note] = (), **options: Any) -> Added:
        """As Spool.add, or Crash."""
        self._point("before add")
        added = super().add(self._cut(punches), notes, **options)
        self._point("after add")
        return added

    def settle(self, delivery: Delivery, receipt: Receipt) -> None:
        """As Spool.settle, or Crash."""
        self._point("before settle")
        super().settle(delivery, receipt)
        self._point("after settle")

    def _cut(self, punches: Iterable[Punch]) -> Iterator[Punch]:
        for punch in punches:
            yield punch
            self._point("in add")

    def _point(self, name: str) -> None:
        if self.crash_at == name:
            self.crash_at = None
            raise Crash(name)


@contextmanager
def struck(engine: Engine, statement: int, *, crash: bool) -> Iterator[None]:
    """Within the block the database is gone, or our process dead, from the n-th statement or commit on."""
    done = 0

    def strike(*_: Any) -> None:
        nonlocal done
        done += 1
        if done >= statement:
            if crash:
                raise Crash(f"at statement {done}")
            raise OperationalError("statement", None, sqlite3.OperationalError("the line to central is dead"))

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, strike)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, strike)
