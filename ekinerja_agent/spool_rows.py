"""The rows in which punches and what is remembered of a terminal lie on disk, and back again without loss.

Does not know SQL or where the rows are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ekinerja_agent.model import Punch, Source

COLUMNS = "terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected, added_s"

PunchRow = tuple[str, str, str, int, str | None, int | None, int, int, int, str, bytes, bool, int]


@dataclass(frozen=True, slots=True)
class TerminalMemory:
    """What must be known of a terminal when the program starts again; None where it is not known yet.

    `serial` is the pinned one. `records` is how many the log held at the last good full read, `last_read_at` the host
    instant just before that read began. `office`, `timezone` and `enabled` are those last told to central.
    """

    terminal: str
    serial: str | None = None
    record_size: int | None = None
    records: int | None = None
    last_read_at: datetime | None = None
    office: str | None = None
    timezone: str | None = None
    enabled: bool | None = None


def punch_row(punch: Punch, added_s: int) -> PunchRow:
    """Given a punch and the host second in which it is added, return its row in the order of COLUMNS.

    Raise ValueError if its clock has a time zone or its instant has none.
    """
    at = punch.at
    if punch.clock.tzinfo is not None or (at is not None and at.tzinfo is None):
        raise ValueError(f"{punch.punch_id}: a clock has no time zone, an instant has one")
    return (
        punch.terminal,
        punch.pin,
        punch.clock.isoformat(),
        punch.occurrence,
        None if at is None else at.isoformat(),
        punch.offset_s,
        punch.verify,
        punch.state,
        punch.work_code,
        punch.source,
        punch.raw,
        punch.corrected,
        added_s,
    )


def punch_of(row: Sequence[Any]) -> Punch:
    """Given a row that starts in the order of COLUMNS, return the punch."""
    terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, corrected = row[:12]
    return Punch(
        terminal=terminal,
        pin=pin,
        clock=datetime.fromisoformat(clock),
        occurrence=occurrence,
        at=None if at is None else datetime.fromisoformat(at),
        offset_s=offset_s,
        verify=verify,
        state=state,
        work_code=work_code,
        source=Source(source),
        raw=raw,
        corrected=bool(corrected),
    )


def identity(punch: Punch) -> tuple[str, str, str, int]:
    """Given a punch, return its terminal, clock, PIN and occurrence as they lie in the row."""
    return punch.terminal, punch.clock.isoformat(), punch.pin, punch.occurrence


def memory_row(memory: TerminalMemory) -> tuple[Any, ...]:
    """Given a terminal's memory, return its row. Raise ValueError if its instant has no time zone."""
    last_read_at = memory.last_read_at
    if last_read_at is not None and last_read_at.tzinfo is None:
        raise ValueError(f"{last_read_at} has no time zone; an instant must be aware")
    return (
        memory.terminal,
        memory.serial,
        memory.record_size,
        memory.records,
        None if last_read_at is None else last_read_at.isoformat(),
        memory.office,
        memory.timezone,
        memory.enabled,
    )


def memory_of(row: Sequence[Any]) -> TerminalMemory:
    """Given a row, return the terminal's memory."""
    terminal, serial, record_size, records, last_read_at, office, timezone, enabled = row
    return TerminalMemory(
        terminal=terminal,
        serial=serial,
        record_size=record_size,
        records=records,
        last_read_at=None if last_read_at is None else datetime.fromisoformat(last_read_at),
        office=office,
        timezone=timezone,
        enabled=None if enabled is None else bool(enabled),
    )
