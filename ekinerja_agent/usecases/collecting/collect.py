"""Reads a terminal into the spool: punches, what could not become one, and the time that the read vouches for.

Promises that what a read brought is on disk before it is reported, and that coverage never claims a moment whose
records may be missing. Does not know central, and decides nothing about people.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.coverage import ClockReading, Coverage, outside
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.errors import (
    EkinerjaError,
    OwnedElsewhere,
    SerialOfAnother,
    TemporarilyUnavailable,
    WrongUsage,
)
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import OK, SlotOwner, TerminalFact, TerminalStatus
from ekinerja_agent.spool import Spool, TerminalMemory
from ekinerja_agent.terminals import DRIVERS, AmbiguousLog, LogRead, TailBroke, TerminalAddress
from ekinerja_agent.terminals.drift import shown
from ekinerja_agent.terminals.identity import ClockRule, quarantine_holes, to_punches
from ekinerja_agent.terminals.session import SLOWEST_BYTES_PER_S
from ekinerja_agent.terminals.transfer import LARGEST_TABLE_BYTES
from ekinerja_agent.usecases.collecting import one_serial
from ekinerja_agent.usecases.collecting.contradictions import Session, judge, shown_after, told_of, waits_ahead
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn
from ekinerja_agent.usecases.collecting.unwatched_gaps import split_at_records

RAW_LOG_KEPT_EVERY = timedelta(days=1)
"""A log that cannot be told apart is kept whole when that begins, and then this often: it grows with every punch."""
QUICK_LOG_BYTES = 1 << 16
"""Reading so much whole is as quick as anything else."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll brought. `read` counts the records that were read, in a tail only those behind the known end;
    `received_bytes` everything the terminal sent. `mode` is `unchanged` for a tail that held nothing new.
    """

    terminal: str
    read: int
    new: int
    duplicate: int
    quarantined: int
    received_bytes: int
    mode: Literal["tail", "full", "unchanged"]
    doubts: tuple[Message, ...] = ()
    status: TerminalStatus | None = None


def open_spool(path: Path) -> Spool:
    """Given the path of the spool, make its directory if it is missing and return the spool.

    Raise TemporarilyUnavailable if there can be no directory.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TemporarilyUnavailable(
            Message(
                "the directory {directory} cannot be used: {reason}; name one in state_dir of agent.yaml where this "
                "user may write",
                directory=path.parent,
                reason=error.strerror,
            )
        ) from error
    return Spool(path)


def poll(
    terminal: TerminalConfig,
    spool: Spool,
    *,
    state_dir: Path,
    tolerance_s: int,
    reply_timeout_s: float,
    host_clock_trusted: bool,
    full: bool | None = None,
    tail_read: bool = True,
    first_answer_s: float | None = None,
    listed: Sequence[TerminalConfig] = (),
    now: Callable[[], datetime] = utc_now,
) -> PollResult:
    """Given a terminal, read into the spool what is new in it, or all that it holds, and return what came.

    `host_clock_trusted` tells whether the measured offset may correct punches. `full` True reads the whole log, False
    puts the daily read of the whole log off, None reads it when it is due; without `tail_read` every read is a whole
    one. `first_answer_s` is how long the terminal may take to let us in, if that shall be less than a reply. `listed`
    are all terminals of devices.yaml. Raise TerminalUnavailable, ProtocolViolation or TerminalRefused if the terminal
    cannot be read now, and AmbiguousLog if its records cannot be told apart; the raw log is then in quarantine. Raise
    OwnedElsewhere if another agent reads it, SerialOfAnother if it is a terminal that another id has. Nothing that was
    collected earlier is touched.
    """
    owner = spool.owned_elsewhere().get(terminal.id)
    if owner is not None:
        raise OwnedElsewhere(
            Message(
                "{terminal} is read by the agent {owner}, and a terminal has one owner; if this one ({agent}) shall "
                "read it instead, run: ekinerja-agent terminal accept {terminal}",
                terminal=terminal.id,
                owner=owner,
                agent=spool.agent,
            )
        )
    try:
        with turn(terminal.id, state_dir):
            announce(spool, [terminal], now=now())
            memory = spool.state(terminal.id) or TerminalMemory(terminal.id)
            if full is None:
                full = full_read_due(memory, terminal, now())
            whole = full or not tail_read
            read = _read_or_told(terminal, spool, memory, whole, listed, now, reply_timeout_s, first_answer_s)
            host_began = now() - timedelta(seconds=time.monotonic())
            return _keep(terminal, spool, memory, read, tolerance_s, host_clock_trusted, host_began)
    except SerialOfAnother as error:
        own, _ = expected_serial(terminal, memory.serial)
        explained = one_serial.explained(error, own, listed, state_dir)
        spool.add((), [_unread(terminal, memory, explained.message)])
        raise explained from error


def next_read(
    memory: TerminalMemory | None, terminal: TerminalConfig, at: datetime, *, tail_read: bool
) -> Literal["quick", "due", "slow"]:
    """Given what is remembered of a terminal, return how long its next read takes: `slow` if only the whole of a long
    log will do, `due` if that is only the daily one and may be put off.
    """
    cursor = memory.cursor if memory else None
    if memory is None or memory.last_read_at is None:
        return "slow"
    if cursor is None or cursor.position * cursor.record_size <= QUICK_LOG_BYTES:
        return "slow" if cursor is None and memory.records else "quick"
    if not (tail_read and cursor.proven):
        return "slow"
    return "due" if full_read_due(memory, terminal, at) else "quick"


def longest_read_s(memory: TerminalMemory | None) -> float:
    """Given what is remembered of a terminal, return how long its whole log may take to be read."""
    cursor = memory.cursor if memory else None
    log_bytes = LARGEST_TABLE_BYTES if cursor is None else cursor.position * cursor.record_size
    return log_bytes / SLOWEST_BYTES_PER_S


def full_read_due(memory: TerminalMemory, terminal: TerminalConfig, at: datetime) -> bool:
    """Given a terminal, return whether its whole log is due at this instant: once a day, at its own time of day.

    That time depends on its id only, so that a thousand terminals do not fall together, and stays for ever.
    """
    judged_at = memory.cursor.judged_at if memory.cursor else None
    if judged_at is None:
        return True
    own_time_s = int.from_bytes(sha256(terminal.id.encode()).digest()[:4], "big") % _DAY_S
    return (at.timestamp() - own_time_s) // _DAY_S != (judged_at.timestamp() - own_time_s) // _DAY_S


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
        raise WrongUsage(
            Message(
                "devices.yaml names serial {serial} for {terminal}; change it there",
                serial=terminal.serial,
                terminal=terminal.id,
            )
        )
    memory = spool.state(terminal.id)
    if memory is None or memory.serial is None:
        return None
    spool.remember(replace(memory, serial=None, record_size=None, cursor=None, shown=None))
    return memory.serial


def _read_or_told(
    terminal: TerminalConfig,
    spool: Spool,
    memory: TerminalMemory,
    full: bool,
    listed: Sequence[TerminalConfig],
    now: Callable[[], datetime],
    reply_timeout_s: float,
    first_answer_s: float | None,
) -> LogRead:
    """Read; if that cannot be done, tell central why."""
    try:
        place = place_of(terminal, reply_timeout_s, first_answer_s)
        return _read(place, terminal, spool, memory, full, listed, now)
    except AmbiguousLog as error:
        _keep_raw_log(terminal, spool, memory, error, now())
        raise
    except TailBroke as error:
        doubtful = memory.cursor and replace(memory.cursor, proven=False, judged_at=None)
        spool.add((), [_unread(terminal, memory, error.message)], memory=replace(memory, cursor=doubtful))
        raise
    except SerialOfAnother:
        raise
    except EkinerjaError as error:
        spool.add((), [_unread(terminal, memory, error.message)])
        raise


def _read(
    place: TerminalAddress,
    terminal: TerminalConfig,
    spool: Spool,
    memory: TerminalMemory,
    full: bool,
    listed: Sequence[TerminalConfig],
    now: Callable[[], datetime],
) -> LogRead:
    def any_known(keys: Collection[tuple[str, datetime]]) -> bool:
        return bool(spool.known_counts(terminal.id, keys))

    serial, said_by = expected_serial(terminal, memory.serial)
    return DRIVERS[place.transport](place).read(
        known_record_size=memory.record_size,
        expected_serial=serial,
        expected_by=said_by,
        now=now,
        cursor=memory.cursor,
        full=full,
        any_known=any_known,
        whose=one_serial.whose(spool, terminal.id, listed),
    )


def _keep(
    terminal: TerminalConfig,
    spool: Spool,
    memory: TerminalMemory,
    read: LogRead,
    tolerance_s: int,
    host_clock_trusted: bool,
    host_began: datetime,
) -> PollResult:
    """Write punches, notes and memory of one read in one transaction."""
    measured = _measured(terminal.id, read, host_clock_trusted)
    clock_readings = memory.clock_readings if measured is None else (*memory.clock_readings, measured)
    clock_rule = ClockRule(
        terminal.timezone,
        None if measured is None else measured.offset_s,
        tolerance_s,
        tuple(shown(reading, terminal.timezone) for reading in clock_readings),
    )
    punches, waiting = to_punches(
        terminal.id,
        read.log,
        clock_rule=clock_rule,
        source=Source.POLL,
        read_at=read.began_at,
        known=_known(terminal.id, spool, read),
    )
    tolerance = timedelta(seconds=tolerance_s)
    session = Session(memory, read, terminal.timezone, tolerance, host_clock_trusted, host_began)
    waiting = waits_ahead(session, waiting)
    fresh = len(punches)
    punches, doubtful = judge(session, punches, lambda record: not spool.untold([record]))
    quarantined = [record for record in waiting if record.position >= read.new_from]
    notes: list[Note] = [*quarantined, *_slot_owners(terminal.id, read)]
    if read.offset_s is not None:
        notes.append(ClockReading(terminal.id, read.began_at, read.offset_s, host_clock_trusted))
    slots = _new_slots(read)
    good = slots - len(quarantined)
    flaw = _flaw(memory, read, good - fresh)
    until = _vouched_until(read, tolerance_s, host_clock_trusted)
    if flaw is None:
        notes += _coverage(terminal.id, memory, read, until, punches, waiting, clock_rule)
    status = _status(terminal, read, flaw)
    notes.append(status)
    remembered = replace(
        memory,
        serial=read.serial or None,
        record_size=read.log.record_size or memory.record_size,
        records=good + (memory.records or 0 if read.mode == "tail" else 0),
        # A horizon that fell back is a clock that was lost: nobody vouches for what was recorded until now.
        last_read_at=until if memory.last_read_at is None or until > memory.last_read_at else read.began_at,
        raw_log_kept_at=None,
        cursor=read.cursor,
        clock_readings=clock_readings if measured is None else (measured,),
        shown=shown_after(session, _first_instant(read, waiting, clock_rule)),
    )
    added = spool.add(punches, notes, memory=remembered, doubtful=doubtful)
    return PollResult(
        terminal=terminal.id,
        read=slots,
        new=added.new,
        duplicate=good - added.new,
        quarantined=len(quarantined),
        received_bytes=read.received_bytes,
        mode="unchanged" if read.mode == "tail" and not slots else read.mode,
        doubts=(*([flaw] if flaw else []), *told_of(doubtful), *read.doubts),
        status=status,
    )


def _measured(terminal: str, read: LogRead, host_clock_trusted: bool) -> ClockReading | None:
    """What the read measured of the terminal's clock, if this host's own clock could vouch."""
    if read.offset_s is None or not host_clock_trusted:
        return None
    return ClockReading(terminal, read.began_at, read.offset_s, trusted=True)


def _known(terminal: str, spool: Spool, read: LogRead) -> Mapping[tuple[str, datetime], int]:
    """How many occurrences must not be taken for new: all that were ever kept, for a tail those it shows again.

    A tail comes only where none of its new records can be an occurrence of an older one.
    """
    if read.mode == "full":
        return spool.known_counts(terminal)
    return Counter((record.pin, record.clock) for record in read.log.records if record.position < read.new_from)


def _new_slots(read: LogRead) -> int:
    """How many records, undecodable ones included, lie behind what was known before the read."""
    positions = [slot.position for slots in (read.log.records, read.log.undecodable) for slot in slots]
    return sum(position >= read.new_from for position in positions)


def _keep_raw_log(
    terminal: TerminalConfig, spool: Spool, memory: TerminalMemory, error: AmbiguousLog, at: datetime
) -> None:
    """Keep the whole log where that is news; the terminal itself keeps what is not kept here."""
    notes: list[Note] = [_unread(terminal, memory, error.message)]
    if memory.raw_log_kept_at is None or at - memory.raw_log_kept_at >= RAW_LOG_KEPT_EVERY:
        notes.append(Quarantined(terminal.id, Source.POLL, 0, error.raw, error.message, at))
        memory = replace(memory, raw_log_kept_at=at)
    spool.add((), notes, memory=memory)


def _coverage(
    terminal: str,
    memory: TerminalMemory,
    read: LogRead,
    until: datetime,
    punches: list[Punch],
    quarantined: list[Quarantined],
    clock_rule: ClockRule,
) -> list[Coverage]:
    """What the read vouches for: from the read before it (at first contact: the log's first record) to `until`.

    Quarantined records leave holes between their neighbours. What lies long between two signs of power is silent; of
    the time before the first contact nobody can say when the terminal had power, and the log itself is all there is.
    """
    start = memory.last_read_at or _first_instant(read, quarantined, clock_rule)
    if start is None or start >= until:
        return []
    pieces = [(start, until, False)]
    if memory.last_read_at is not None:
        made = [punch.at for punch in punches] + _unread_instants(read, quarantined, clock_rule)
        pieces = list(split_at_records([at for at in made if at is not None], start, until))
    holes = [
        (hole.start or start, hole.end or until)
        for hole in quarantine_holes(read.log, quarantined, clock_rule=clock_rule)
    ]
    return [
        Coverage(terminal, since, end, "silent" if silent else "proven")
        for piece_start, piece_end, silent in pieces
        for since, end in outside(holes, piece_start, piece_end)
    ]


def _unread_instants(read: LogRead, quarantined: list[Quarantined], clock_rule: ClockRule) -> list[datetime | None]:
    """When the records were made that no read brought before: an upload may have, and they show power all the same."""
    if read.unread_from is None:
        return []
    waiting = {record.position for record in quarantined}
    unread = [each for each in read.log.records if each.position >= read.unread_from and each.position not in waiting]
    return [clock_rule.at(record.clock) for record in unread]


def _vouched_until(read: LogRead, tolerance_s: int, host_clock_trusted: bool) -> datetime:
    """The instant up to which a read can vouch: its own begin, by whichever clock is behind if nobody knows the truth.

    A host whose clock is an hour ahead would otherwise vouch for an hour that nobody has lived through yet.
    """
    offset_s = read.offset_s
    if host_clock_trusted or offset_s is None or offset_s >= -tolerance_s:
        return read.began_at
    return read.began_at + timedelta(seconds=offset_s)


def _first_instant(read: LogRead, quarantined: list[Quarantined], clock_rule: ClockRule) -> datetime | None:
    """When the first record was made whose clock can be believed."""
    waiting = {record.position for record in quarantined}
    first = next((record for record in read.log.records if record.position not in waiting), None)
    return clock_rule.at(first.clock) if first else None


def _flaw(memory: TerminalMemory, read: LogRead, known_records: int) -> Message | None:
    """Why the read vouches for no stretch of time, although every record it brought is good; None if it does."""
    sizes = read.sizes
    if sizes and sizes.records and sizes.records_capacity and sizes.records >= sizes.records_capacity:
        return Message("the log is full, so the terminal may refuse punches or drop the oldest: verify and clear it")
    if memory.records and memory.serial and read.serial != memory.serial:
        return Message("another terminal answers than at the read before: punches between may be lost")
    if memory.records and not known_records and read.mode == "full":
        return Message(
            "the log shares no record with the one read before (cleared or replaced): punches between may be lost"
        )
    if memory.records and read.known_end_gone:
        return Message("the end of the log as read before is gone (records were deleted): punches after it may be lost")
    return None


def _slot_owners(terminal: str, read: LogRead) -> list[SlotOwner]:
    return [SlotOwner(terminal, uid, pin, read.began_at) for uid, pin in sorted(read.slot_owners.items())]


def _status(terminal: TerminalConfig, read: LogRead, flaw: Message | None) -> TerminalStatus:
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
        state=flaw or (joined("; ", read.doubts) if read.doubts else OK),
    )


def _unread(terminal: TerminalConfig, memory: TerminalMemory, why: Message) -> TerminalStatus:
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
