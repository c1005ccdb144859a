"""Days whose draft no longer fits the facts: marked as a fact changes, cleared by the run that saw the mark.

A mark is counted, and a run clears only the count that it read before the facts: a punch that arrives while a month is
being scored leaves its day marked. Does not know who scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.tables import results, stale_days

Span = tuple[date | None, date | None]
"""First and last day of what a fact speaks of, both included; None is open."""

EVERY_TERMINAL = "*"
"""Stands for a fact that is not of one terminal: a spell, an absence, a holiday."""


@dataclass(frozen=True, slots=True)
class StaleDays:
    """The marks that a run saw before it read the facts: (terminal or "*", day, count)."""

    marks: tuple[tuple[str, date, int], ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """The marked days, ascending."""
        return tuple(sorted({day for _, day, _ in self.marks}))


def mark(conn: Connection, days: Iterable[tuple[str, date]]) -> None:
    """Given (terminal or "*", local day), mark each. In key order, so that two writers never wait for each other."""
    rows = [{"terminal": terminal, "day": day, "marks": 1} for terminal, day in sorted(set(days))]
    if not rows:
        return
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    conn.execute(
        insert(stale_days).on_conflict_do_update(
            index_elements=["terminal", "day"], set_={"marks": stale_days.c.marks + 1}
        ),
        rows,
    )


def mark_spans(conn: Connection, spans: Iterable[Span], today: date, terminal: str = EVERY_TERMINAL) -> None:
    """Given the first and last days (None = open) that facts speak of, mark those that are or were scored."""
    wanted = set(spans)
    if not wanted:
        return
    before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    scored = conn.scalar(select(func.min(results.c.period)))
    earliest = before if scored is None else min(before, date.fromisoformat(f"{scored}-01"))
    days: set[date] = set()
    for first, last in wanted:
        start = earliest if first is None else max(first, earliest)
        end = today if last is None else min(last, today)
        days.update(days_between(start, end))
    mark(conn, ((terminal, day) for day in days))


def read(engine: Engine, first: date, last: date) -> StaleDays:
    """Given the first and last day, return the marks between them. Call it before reading the facts."""
    query = select(stale_days.c.terminal, stale_days.c.day, stale_days.c.marks).where(
        stale_days.c.day.between(first, last)
    )
    with reading(engine) as conn:
        return StaleDays(tuple((row.terminal, row.day, row.marks) for row in conn.execute(query)))


def clear(conn: Connection, stale: StaleDays) -> None:
    """Given the marks that a run saw, remove those that nobody marked again since."""
    for terminal, day, marks in sorted(stale.marks):
        table = stale_days.c
        conn.execute(delete(stale_days).where(table.terminal == terminal, table.day == day, table.marks == marks))


def days_between(first: date, last: date) -> list[date]:
    """Given the first and the last day, return all of them, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
