"""Punches in the queue: each gets the next number, and none that was ever added comes in again.

Runs inside the transaction of whoever calls. Does not know notes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, repeat

from ekinerja_agent.nouns.punch import Contradiction, Punch
from ekinerja_agent.spool.rows import COLUMNS, doubt_text, punch_row

_INSERT = f"INSERT INTO queue (seq, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_DOUBTFUL = f"INSERT INTO queue (seq, {COLUMNS}, doubt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def insert_punches(
    db: sqlite3.Connection,
    punches: Iterable[Punch],
    added_s: int,
    doubtful: Iterable[tuple[Punch, Contradiction]] = (),
) -> tuple[int, int]:
    """Given punches and records that contradict what is proven, let them wait; return how many of them are new, and how
    many they were.
    """
    last = last_seq(db)
    numbers = count(last + 1)
    rows = map(punch_row, punches, numbers, repeat(added_s))
    new = max(db.executemany(_INSERT, rows).rowcount, 0)  # -1: it was given no row at all
    marked = [(*punch_row(each, next(numbers), added_s), doubt_text(doubt)) for each, doubt in doubtful]
    new += max(db.executemany(_INSERT_DOUBTFUL, marked).rowcount, 0)
    offered = next(numbers) - last - 1
    if new:
        db.execute("UPDATE numbered SET last_seq = ?", (last + offered,))
    return new, offered


def last_seq(db: sqlite3.Connection) -> int:
    """The highest number that any punch ever had. None is given twice: an old delivery may be settled once more."""
    return int(db.execute("SELECT last_seq FROM numbered").fetchone()[0])


def runs(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Given ascending numbers, yield the first and last of each run without a gap: nothing else lies between them."""
    first = 0
    for after in range(1, len(seqs) + 1):
        if after == len(seqs) or seqs[after] != seqs[after - 1] + 1:
            yield seqs[first], seqs[after - 1]
            first = after
