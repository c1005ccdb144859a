"""Reads a terminal into the spool: punches, what could not become one, and the time that the read vouches for.

Promises that what a read brought is on disk before it is reported, and that coverage never claims a moment whose
records may be missing. Does not know central, and decides nothing about people.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.errors import EkinerjaError, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.model import (
    ClockReading,
    Coverage,
    Note,
    Punch,
    Quarantined,
    SlotOwner,
    Source,
    TerminalFact,
    TerminalStatus,
    utc_now,
)
from ekinerja_agent.spool import Spool, TerminalMemory
from ekinerja_agent.terminals import DRIVERS, AmbiguousLog, LogRead, TerminalAddress
from ekinerja_agent.terminals.identity import ClockRule, quarantine_holes, to_punches

LONGEST_UNWATCHED = timedelta(minutes=10)
"""A longer gap between two reads in which nothing was recorded may be a terminal without power."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll brought. `read` counts the log's records, `received_bytes` everything the terminal sent."""

    terminal: str
    read: int
    new: int
    duplicate: int
    quarantined: int
    received_bytes: int
    mode: str
    doubts: tuple[str, ...] = ()


def open_spool(path: Path) -> Spool:
    """Given the path of the spool, make its directory if it is missing and return the spool."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Spool(path)


def poll(
    terminal: TerminalConfig,
    spool: Spool,
    *,
    state_dir: Path,
    tolerance_s: int,
    reply_timeout_s: float,
    host_clock_trusted: bool,
    now: Callable[[], datetime] = utc_now,
) -> PollResult:
    """Given a terminal, read all that it holds into the spool and return what came.

    `host_clock_trusted` tells whether the measured offset may correct punches. Raise TerminalUnavailable,
    ProtocolViolation or TerminalRefused if the terminal cannot be read now, and AmbiguousLog if its records cannot be
    told apart; the raw log is then in quarantine. Nothing that was collected earlier is touched.
    """
    with _only_one(terminal.id, state_dir):
        announce(spool, [terminal], now=now())
        memory = spool.state(terminal.id) or TerminalMemory(terminal.id)
        try:
            read = _read(terminal, memory, reply_timeout_s, now)
        except AmbiguousLog as error:
            raw = Quarantined(terminal.id, Source.POLL, 0, error.raw, str(error), now())
            spool.add((), [raw, _unread(terminal, memory, str(error))])
            raise
        except EkinerjaError as error:
            spool.add((), [_unread(terminal, memory, str(error))])
            raise
        return _keep(terminal, spool, memory, read, tolerance_s, host_clock_trusted)


def announce(spool: Spool, terminals: Iterable[TerminalConfig], *, now: datetime) -> None:
    """Given the terminals of devices.yaml, tell central whom they serve and in which zone, where that changed."""
    for terminal in terminals:
        memory = spool.state(terminal.id) or TerminalMemory(terminal.id)
        told = replace(memory, office=terminal.office, timezone=terminal.timezone.key, enabled=terminal.enabled)
        if told != memory:
            fact = TerminalFact(terminal.id, terminal.office, terminal.timezone.key, terminal.enabled, now)
            spool.add((), [fact], memory=told)


def accept(spool: Spool, terminal: TerminalConfig) -> str | None:
    """Given a terminal, forget its pinned serial, so that the next read pins the one it finds; return the old one.

    Raise WrongUsage if devices.yaml names the serial: then the file decides.
    """
    if terminal.serial is not None:
        raise WrongUsage(f"devices.yaml names serial {terminal.serial} for {terminal.id}; change it there")
    memory = spool.state(terminal.id)
    if memory is None or memory.serial is None:
        return None
    spool.remember(replace(memory, serial=None, record_size=None))
    return memory.serial


def _read(
    terminal: TerminalConfig, memory: TerminalMemory, reply_timeout_s: float, now: Callable[[], datetime]
) -> LogRead:
    if terminal.transport == "none" or terminal.address is None:
        raise WrongUsage(f"{terminal.id} has transport none in devices.yaml: it cannot be polled, only imported")
    place = TerminalAddress(
        terminal=terminal.id,
        host=terminal.address.host,
        port=terminal.address.port,
        zone=terminal.timezone,
        transport=terminal.transport,
        comm_key=terminal.comm_key() if terminal.comm_key_file else None,
        reply_timeout_s=reply_timeout_s,
    )
    return DRIVERS[terminal.transport](place).read(
        known_record_size=memory.record_size,
        expected_serial=terminal.serial or memory.serial,
        expected_by="devices.yaml" if terminal.serial else "its first contact",
        now=now,
    )


def _keep(
    terminal: TerminalConfig,
    spool: Spool,
    memory: TerminalMemory,
    read: LogRead,
    tolerance_s: int,
    host_clock_trusted: bool,
) -> PollResult:
    """Write punches, notes and memory of one read in one transaction."""
    clock_rule = ClockRule(terminal.timezone, read.offset_s if host_clock_trusted else None, tolerance_s)
    punches, quarantined = to_punches(
        terminal.id,
        read.log,
        clock_rule=clock_rule,
        source=Source.POLL,
        read_at=read.began_at,
        known=spool.known_counts(terminal.id),
    )
    notes: list[Note] = [*quarantined, *_slot_owners(terminal.id, read)]
    if read.offset_s is not None:
        notes.append(ClockReading(terminal.id, read.began_at, read.offset_s, host_clock_trusted))
    good = len(read.log.records) + len(read.log.undecodable) - len(quarantined)
    flaw = _flaw(memory, read, good - len(punches))
    if flaw is None:
        notes += _coverage(terminal.id, memory, read, punches, quarantined, clock_rule)
    notes.append(_status(terminal, read, flaw))
    remembered = replace(
        memory,
        serial=read.serial or None,
        record_size=read.log.record_size or memory.record_size,
        records=len(read.log.records),
        last_read_at=read.began_at,
    )
    added = spool.add(punches, notes, memory=remembered)
    return PollResult(
        terminal=terminal.id,
        read=len(read.log.records) + len(read.log.undecodable),
        new=added.new,
        duplicate=good - added.new,
        quarantined=len(quarantined),
        received_bytes=read.received_bytes,
        mode=read.mode,
        doubts=(*([flaw] if flaw else []), *read.doubts),
    )


def _coverage(
    terminal: str,
    memory: TerminalMemory,
    read: LogRead,
    punches: list[Punch],
    quarantined: list[Quarantined],
    clock_rule: ClockRule,
) -> list[Coverage]:
    """What the read vouches for: from the read before it (at first contact: the log's first record) to its own begin.

    Nothing if the log has a flaw. Quarantined records leave holes between their neighbours.
    """
    start = memory.last_read_at or _first_instant(read, quarantined, clock_rule)
    if start is None or start >= read.began_at:
        return []
    gap = read.began_at - start
    recorded = any(punch.at is not None and start <= punch.at < read.began_at for punch in punches)
    silent = memory.last_read_at is not None and gap > LONGEST_UNWATCHED and not recorded
    holes = [
        (hole.start or start, hole.end or read.began_at)
        for hole in quarantine_holes(read.log, quarantined, clock_rule=clock_rule)
    ]
    return [
        Coverage(terminal, since, until, "silent" if silent else "proven")
        for since, until in _outside(holes, start, read.began_at)
    ]


def _outside(
    holes: list[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Given holes, yield the stretches of [start, end) that no hole touches, in time order."""
    for hole_start, hole_end in sorted(holes):
        if start < min(hole_start, end):
            yield start, min(hole_start, end)
        start = max(start, hole_end)
    if start < end:
        yield start, end


def _first_instant(read: LogRead, quarantined: list[Quarantined], clock_rule: ClockRule) -> datetime | None:
    """When the first record was made whose clock can be believed."""
    waiting = {record.position for record in quarantined}
    first = next((record for record in read.log.records if record.position not in waiting), None)
    return clock_rule.at(first.clock) if first else None


def _flaw(memory: TerminalMemory, read: LogRead, known_records: int) -> str | None:
    """Why the read vouches for no stretch of time, although every record it brought is good; None if it does."""
    sizes = read.sizes
    if sizes and sizes.records and sizes.records_capacity and sizes.records >= sizes.records_capacity:
        return "the log is full, so the terminal may refuse punches or drop the oldest: verify and clear it"
    if memory.records and not known_records:
        return "the log shares no record with the one read before (cleared or replaced): punches between may be lost"
    return None


def _slot_owners(terminal: str, read: LogRead) -> list[SlotOwner]:
    return [SlotOwner(terminal, uid, pin, read.began_at) for uid, pin in sorted(read.slot_owners.items())]


def _status(terminal: TerminalConfig, read: LogRead, flaw: str | None) -> TerminalStatus:
    sizes = read.sizes
    return TerminalStatus(
        terminal=terminal.id,
        address=_address(terminal),
        serial=read.serial,
        firmware=read.firmware,
        records=sizes.records if sizes else None,
        capacity=sizes.records_capacity if sizes else None,
        users=sizes.users if sizes else None,
        clock_offset_s=read.offset_s,
        last_contact=read.began_at,
        state=flaw or "; ".join(read.doubts) or "ok",
    )


def _unread(terminal: TerminalConfig, memory: TerminalMemory, why: str) -> TerminalStatus:
    return TerminalStatus(
        terminal=terminal.id,
        address=_address(terminal),
        serial=memory.serial or "",
        firmware="",
        records=None,
        capacity=None,
        users=None,
        clock_offset_s=None,
        last_contact=memory.last_read_at,
        state=why,
    )


def _address(terminal: TerminalConfig) -> str:
    return str(terminal.address) if terminal.address else ""


@contextmanager
def _only_one(terminal: str, state_dir: Path) -> Iterator[None]:
    """Hold the terminal for this process: a second connection would disturb the first on many models.

    Raise TemporarilyUnavailable if another process reads it now.
    """
    locks = state_dir / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{terminal}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TemporarilyUnavailable(
                f"{terminal} is being read by another process of this host; try again in a moment"
            ) from error
        yield
