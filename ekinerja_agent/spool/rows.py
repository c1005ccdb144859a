"""The rows in which punches lie on disk, and back again without loss.

Does not know SQL or where the rows are kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ekinerja_agent.nouns.punch import Contradiction, Contradicts, Punch, Source

COLUMNS = "terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected, added_s"
"""In the order of a row, behind its sequence number."""

PunchRow = tuple[int, str, str, str, int, str | None, int | None, int, int, int, str, bytes, int, int]

_SOURCES = {source.value: source for source in Source}


def punch_row(punch: Punch, seq: int, added_s: int) -> PunchRow:
    """Given a punch, its sequence number and the host second in which it is added, return its row."""
    terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected = punch
    return (
        seq,
        terminal,
        pin,
        clock,
        occurrence,
        at,
        offset_s,
        verify,
        state,
        work_code,
        str(source),  # plain text and a plain number: sqlite3 looks for an adapter of any other type
        raw,
        1 if corrected else 0,
        added_s,
    )


def punch_of(row: Sequence[Any]) -> Punch:
    """Given what was read in the order of COLUMNS, return the punch. Its texts were those of a punch when they came."""
    terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected = row[:12]
    values = (
        terminal,
        pin,
        clock,
        occurrence,
        at,
        offset_s,
        verify,
        state,
        work_code,
        _SOURCES[source],
        raw,
        corrected == 1,
    )
    return tuple.__new__(Punch, values)  # what `Punch._make` does, in half the time


def doubt_text(doubt: Contradiction) -> str:
    """Return the text in which it lies on disk beside its record."""
    since, until = (None if clock is None else clock.isoformat() for clock in (doubt.since, doubt.until))
    return json.dumps([doubt.kind, since, until])


def doubt_of(text: str) -> Contradiction:
    """Given its text, return it."""
    kind, since, until = json.loads(text)
    return Contradiction(
        Contradicts(kind),
        None if since is None else datetime.fromisoformat(since),
        None if until is None else datetime.fromisoformat(until),
    )
