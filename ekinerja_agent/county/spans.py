"""Dated rows: on which days each holds, and which of several has a day.

`valid_from` and `valid_to` are both included; None is open. Of two rows that claim a day the one that began later has
it. The same days in SQL: `central/versions.py`; in frames: `scoring/frames/steps.py`; a test holds the three to one
answer. Knows no kind of row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ekinerja_agent.nouns.messages import Message

Fact = Mapping[str, Any]
"""A row, column by column."""
Rows = Callable[[str], Sequence[Fact]]
"""Given a kind, the rows of it that stand."""


def holds(row: Fact, day: date) -> bool:
    """Tell whether a dated row holds on a day."""
    first, last = row["valid_from"], row["valid_to"]
    return (first is None or first <= day) and (last is None or day <= last)


def valid_on(rows: Iterable[Fact], day: date) -> Iterator[Fact]:
    """Given dated rows, yield those that hold on a day."""
    return (row for row in rows if holds(row, day))


def latest(rows: Iterable[Fact], day: date) -> Fact | None:
    """Given dated rows, return the one that has a day, None if none holds on it."""
    return max(valid_on(rows, day), key=first_day, default=None)


def first_day(row: Fact) -> date:
    """The first day of a dated row; of an open one the first there is."""
    first: date | None = row["valid_from"]
    return first or date.min


def last_day(row: Fact) -> date:
    """The last day of a dated row; of an open one the last there is."""
    last: date | None = row["valid_to"]
    return last or date.max


def is_over(row: Fact, day: date) -> bool:
    """Tell whether a dated row ended before a day."""
    return last_day(row) < day


def span_text(first: date | None, last: date | None) -> Message:
    """Given the days of a span, return words for it: `2026-01-01 to 2026-06-30`, `from …`, `always`."""
    if first is None and last is None:
        return Message("always")
    if last is None:
        return Message("from {day}", day=first)
    return Message("until {day}", day=last) if first is None else Message("{first} to {last}", first=first, last=last)


def grouped(rows: Iterable[Fact], column: str) -> Mapping[str, Sequence[Fact]]:
    """Given rows, return them by the value of a column."""
    groups: dict[str, list[Fact]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
