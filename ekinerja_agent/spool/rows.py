"""The rows in which punches lie on disk, and back again without loss.

Does not know SQL or where the rows are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ekinerja_agent.model import Punch, Source

COLUMNS = "terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected, added_s"
"""In the order of a row, behind its sequence number."""

PunchRow = tuple[int, str, str, str, int, str | None, int | None, int, int, int, str, bytes, int, int]

_SOURCES = {source.value: source for source in Source}


def punch_row(seq: int, punch: Punch, added_s: int) -> PunchRow:
    """Given a sequence number, a punch and the host second in which it is added, return its row.

    Raise ValueError if its clock has a time zone or its instant has none.
    """
    at = punch.at
    if punch.clock.tzinfo is not None or (at is not None and at.tzinfo is None):
        raise ValueError(f"{punch.punch_id}: a clock has no time zone, an instant has one")
    return (
        seq,
        punch.terminal,
        punch.pin,
        punch.clock.isoformat(),
        punch.occurrence,
        None if at is None else at.isoformat(),
        punch.offset_s,
        punch.verify,
        punch.state,
        punch.work_code,
        str(punch.source),  # plain text and a plain number: sqlite3 looks for an adapter of any other type
        punch.raw,
        int(punch.corrected),
        added_s,
    )


def punch_of(row: Sequence[Any]) -> Punch:
    """Given what was read in the order of COLUMNS, return the punch."""
    terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected = row[:12]
    return Punch(  # by position: a batch makes thousands, and names cost a tenth of the time
        terminal,
        pin,
        datetime.fromisoformat(clock),
        occurrence,
        None if at is None else datetime.fromisoformat(at),
        offset_s,
        verify,
        state,
        work_code,
        _SOURCES[source],
        raw,
        bool(corrected),
    )
