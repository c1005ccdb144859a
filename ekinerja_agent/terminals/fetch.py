"""The log of a terminal that let us in: its end where that is enough, the whole in any doubt.

Promises that what was fetched, together with what was read before, is all that the log holds, and that every record
counts the same as if the whole log had been read. Judges after a whole read whether the next one can be a tail. Does
not know who the terminal is, nor where punches are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalUnavailable
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.terminals.client import Client
from ekinerja_agent.terminals.interface import TailBroke
from ekinerja_agent.terminals.tail import (
    ANCHOR_SLOTS,
    Tail,
    anchor_of,
    behind_known_end,
    find_tail,
    gives_any_stretch,
    hides_known_end,
)
from ekinerja_agent.terminals.transfer import HeldTable, StretchRefused
from ekinerja_agent.terminals.wire import AmbiguousLog, DecodedLog, decode_log
from ekinerja_agent.terminals.wire.log import table_body

AnyKnown = Callable[[Collection[tuple[str, datetime]]], bool]
"""Tells whether a punch of one of these (PIN, clock) was ever kept."""


class Origin(NamedTuple):
    """What the ability to give a tail was proven for. Another one has to prove it again."""

    serial: str
    firmware: str
    transport: str


class Fetched(NamedTuple):
    """A log, or its end: see `interface.LogRead`. `broke_off`: the session is in doubt, although the log is whole."""

    log: DecodedLog
    cursor: LogCursor | None
    mode: Literal["full", "tail"] = "full"
    new_from: int = 0
    known_end_gone: bool = False
    unread_from: int | None = None
    broke_off: bool = False

    @property
    def held_slots(self) -> int:
        """How many slots the terminal's log has, an empty last one included."""
        log = self.log
        first = self.new_from - ANCHOR_SLOTS if self.mode == "tail" else 0
        return first + len(log.records) + len(log.undecodable) + log.empty_slots

    @property
    def brings_records(self) -> bool:
        """Whether there is a record that was not read before."""
        return any(record.position >= self.new_from for record in self.log.records[-1:])


class _Verdict(NamedTuple):
    proven: bool
    judged_at: datetime | None
    broke_off: bool = False


def fetch_log(
    client: Client,
    origin: Origin,
    *,
    cursor: LogCursor | None,
    full: bool,
    any_known: AnyKnown,
    record_size: int | None,
    counted: int | None,
    at: datetime,
) -> Fetched:
    """Given a terminal, where the last read of its log ended and how many records it counts, return what is new, or
    all if `full` or in doubt.

    `record_size` is the one last seen, `at` the host's instant. Raise as `reading.read_log`.
    """
    known = cursor if cursor and origin == (cursor.serial, cursor.firmware, cursor.transport) else None
    lost: LogCursor | None = None
    if known is not None and known.proven and not full:
        tail = _held_tail(client, known)
        if tail is None:
            lost = known
        elif fetched := _from_tail(tail, known, any_known):
            return fetched
    judge = full or known is None or known.proven or known.judged_at is None
    table, verdict = _whole(client, counted, at if judge else None)
    if known is not None and not judge:
        verdict = _Verdict(proven=False, judged_at=known.judged_at)
    log = decode_log(table, record_size)
    if log.record_size is None:
        return Fetched(log, None, broke_off=verdict.broke_off)
    slots = table_body(table)
    slots = slots[: len(slots) - log.empty_slots * log.record_size]
    comparable = cursor is not None and (cursor.serial, cursor.record_size) == (origin.serial, log.record_size)
    end = LogCursor(
        *origin,
        record_size=log.record_size,
        position=len(slots) // log.record_size,
        anchor=anchor_of(slots, log.record_size),
        latest_clock=max((record.clock for record in log.records), default=None),
        proven=verdict.proven and not (lost is not None and hides_known_end(slots, lost)),
        judged_at=verdict.judged_at,
    )
    unread_from = behind_known_end(slots, cursor) if cursor is not None and comparable else None
    return Fetched(
        log,
        end,
        known_end_gone=comparable and unread_from is None,
        unread_from=unread_from,
        broke_off=verdict.broke_off,
    )


def _held_tail(client: Client, known: LogCursor) -> Tail | None:
    """What the terminal holds behind the known end. Raise TailBroke: who fails here may fail here every time."""
    try:
        with client.held_log() as held:
            return find_tail(held.stretch, held.size_bytes, known) if isinstance(held, HeldTable) else None
    except StretchRefused:
        return None
    except (ProtocolViolation, TerminalUnavailable) as error:
        raise TailBroke(error.message) from error


def _from_tail(tail: Tail, known: LogCursor, any_known: AnyKnown) -> Fetched | None:
    """The records of a tail, None where only the whole log can tell which occurrence a new one is.

    A clock later than all before cannot be among them, so it counts from here. Nor can one that was never kept: all
    that was read before is kept.
    """
    size = known.record_size
    try:
        log = decode_log(len(tail.slots).to_bytes(4, "little") + tail.slots, size, first_position=tail.first_position)
    except AmbiguousLog:
        return None
    if log.record_size != size:
        return None
    new_from = tail.first_position + ANCHOR_SLOTS
    clocks = [record.clock for record in log.records if record.position >= new_from]
    latest = known.latest_clock
    doubtful = {
        (record.pin, record.clock)
        for record in log.records
        if record.position >= new_from and (latest is None or record.clock <= latest)
    }
    if doubtful and any_known(doubtful):
        return None
    slots = tail.slots[: len(tail.slots) - log.empty_slots * size]
    end = replace(
        known,
        position=tail.first_position + len(slots) // size,
        anchor=anchor_of(slots, size),
        latest_clock=max(clocks if latest is None else [latest, *clocks], default=None),
    )
    return Fetched(log, end, mode="tail", new_from=new_from, unread_from=new_from)


def _whole(client: Client, counted: int | None, judged_at: datetime | None) -> tuple[bytes, _Verdict]:
    """All bytes of the log, and what its buffer proved meanwhile, if that is to be judged."""
    verdict = _Verdict(proven=False, judged_at=None)
    with client.held_log() as held:
        table = held.whole() if isinstance(held, HeldTable) else held
        if isinstance(held, HeldTable) and judged_at is not None:
            verdict = _judge(held, table, judged_at)
    return (client.read_log_the_old_way(counted) if table is None else table), verdict


def _judge(held: HeldTable, table: bytes | None, at: datetime) -> _Verdict:
    """Whether this buffer gives any stretch. The log is complete already: whatever happens here does not spoil it."""
    try:
        return _Verdict(table is not None and gives_any_stretch(held.stretch, table), at)
    except StretchRefused:
        return _Verdict(proven=False, judged_at=at)
    except (ProtocolViolation, TerminalUnavailable):
        return _Verdict(proven=False, judged_at=at, broke_off=True)
