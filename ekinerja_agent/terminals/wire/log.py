"""The attendance log: from the bytes of the whole table to records, one by one, the bad ones apart.

Promises that every byte of the log is accounted for: in a record, in an undecodable with its reason, or in
the one empty slot at the end. The record size is not announced, so it is judged; in doubt it raises, it never
guesses. Linear in the log. Does not know terminals, zones or what was read before.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from ekinerja_agent.errors import NeedsAttention, ProtocolViolation
from ekinerja_agent.terminals.wire.values import SECONDS_PER_DAY, day_start

RECORD_SIZES = (8, 16, 40, 49)
TRUSTED_SAMPLE = 32
"""From here on a sample is large enough to ask that most of it is positively plausible (protocol section 4).
"""
SAMPLES = 16
"""Stretches of a long log that are judged: spread over it, so that one odd stretch does not decide."""

_PREFIX = struct.Struct("<I")
_PIN_TEXT = re.compile(rb"([\x21-\x7e]+)\0*", re.DOTALL)
_FLAGS = frozenset((*range(16), 255))
"""States are 0 to 5 or 255, verify codes 0 to 15 or 255; reports differ on which byte is which, so each may
be either.
"""
_LARGEST_WORK_CODE = 99_999_999
_FIRST_PLAUSIBLE_DAY = 5 * 372
_LAST_PLAUSIBLE_DAY = 100 * 372


class Record(NamedTuple):
    """One record as the terminal wrote it. `position` counts slots from 0; `status` and `verify` are raw
    numbers.

    `pin` is `uid:7` where the record holds only the slot number; `clock` is naive local time.
    """

    position: int
    pin: str
    clock: datetime
    verify: int
    status: int
    work_code: int
    raw: bytes


class Undecodable(NamedTuple):
    """A record that cannot be read, with its bytes and the reason. The reason is the same whenever the bytes
    are.
    """

    position: int
    raw: bytes
    reason: str


class DecodedLog(NamedTuple):
    """A log in its own order. `record_size` None: no record told it. `empty_slots` (0 or 1): an all-zero last
    slot.

    That slot is counted by some firmware and filled by the next punch, so it is neither a record nor damage.
    """

    record_size: int | None
    records: tuple[Record, ...]
    undecodable: tuple[Undecodable, ...]
    empty_slots: int = 0


class AmbiguousLog(NeedsAttention):
    """No record size, or more than one, fits the log. `raw` is the whole table, to be kept until a person has
    looked.
    """

    def __init__(self, message: str, raw: bytes) -> None:
        self.raw = raw
        super().__init__(message)


def decode_log(raw_table: bytes, known_size: int | None = None, *, first_position: int = 0) -> DecodedLog:
    """Given the whole log table (u32 length, then records) and the record size last seen, return its records
    in order.

    A table of the last slots of a log is given the `first_position` that its first slot has there. The known size is
    believed as long as the bytes fit it, otherwise the size is judged. Raise ProtocolViolation if the length does not
    match, AmbiguousLog if the size cannot be told. Source: protocol section 4.
    """
    body = table_body(raw_table)
    if not body:
        return DecodedLog(known_size, (), ())
    size = _record_size(body, known_size, raw_table)
    empty_slots = 0 if any(body[-size:]) else 1
    if empty_slots:
        body = body[:-size]
    records: list[Record] = []
    undecodable: list[Undecodable] = []
    for slot in _LAYOUTS[size](body):
        placed = slot._replace(position=first_position + slot.position) if first_position else slot
        if isinstance(placed, Record):
            records.append(placed)
        else:
            undecodable.append(placed)
    return DecodedLog(size, tuple(records), tuple(undecodable), empty_slots)


def decode_record(raw: bytes) -> Record | None:
    """Given the bytes of one record, whose length tells its layout, return it (position 0), None if it cannot be
    read.
    """
    layout = _LAYOUTS.get(len(raw))
    slot = next(iter(layout(raw))) if layout else None
    return slot if isinstance(slot, Record) else None


def table_body(raw_table: bytes) -> bytes:
    """Given a table, return what follows its length word; no bytes at all are an empty table.

    Raise ProtocolViolation if the word is cut or does not count exactly the bytes that follow.
    """
    if not raw_table:
        return b""
    if len(raw_table) < _PREFIX.size:
        raise ProtocolViolation(f"a table of {len(raw_table)} bytes came; its length word alone has {_PREFIX.size}")
    (announced,) = _PREFIX.unpack_from(raw_table)
    if announced != len(raw_table) - _PREFIX.size:
        raise ProtocolViolation(
            f"a table says that {announced} bytes follow its length word, {len(raw_table) - _PREFIX.size} do"
        )
    return raw_table[_PREFIX.size :]


# --- which record size --------------------------------------------------------------------------------------


class _Fit(NamedTuple):
    """How many sampled slots speak for a size, how many against; the others (a clock reset to 2000, say) say
    nothing.
    """

    good: int
    bad: int
    judged: int

    @property
    def tolerable(self) -> bool:
        """A quarter may be damaged. A wrong size makes at least half of the slots nonsense."""
        return self.bad * 4 <= self.judged

    @property
    def convincing(self) -> bool:
        enough = self.good * 2 > self.judged if self.judged >= TRUSTED_SAMPLE else self.good > 0
        return self.tolerable and enough


def _record_size(body: bytes, known_size: int | None, raw_table: bytes) -> int:
    fits = {size: _fit(body, size) for size in RECORD_SIZES if len(body) % size == 0}
    if known_size in fits and fits[known_size].tolerable:
        return known_size
    convincing = [size for size, fit in fits.items() if fit.convincing]
    if len(convincing) == 1:
        return convincing[0]
    tried = ", ".join(f"{size} bytes: {fit.good} of {fit.judged} plausible" for size, fit in fits.items())
    raise AmbiguousLog(
        f"the attendance log of {len(body)} bytes fits {'two' if convincing else 'no'} known record layouts "
        f"({tried or 'its length is no multiple of any record size'}); the raw log has to be looked at",
        raw_table,
    )


def _fit(body: bytes, size: int) -> _Fit:
    slots = len(body) // size
    good = bad = judged = 0
    for position in _sample(slots):
        slot = body[position * size : (position + 1) * size]
        if any(slot):
            verdict = _JUDGES[size](slot)
        elif position + 1 == slots:
            continue
        else:
            verdict = False
        judged += 1
        good += verdict is True
        bad += verdict is False
    return _Fit(good, bad, judged)


def _sample(slots: int) -> Iterable[int]:
    """Positions to judge. Neighbours, not every n-th: a wrong size is out of step, and a stride could fall
    into step.
    """
    if slots <= SAMPLES * TRUSTED_SAMPLE:
        return range(slots)
    starts = ((slots - TRUSTED_SAMPLE) * sample // (SAMPLES - 1) for sample in range(SAMPLES))
    return (position for start in starts for position in range(start, start + TRUSTED_SAMPLE))


def _judge_time(packed: int) -> bool | None:
    """Given a packed time, return True for 2005 to 2099, None for 2000 to 2004 (a reset clock), False
    otherwise.

    Exactly 2000-01-01 00:00:00 is False: it is what an unused word looks like.
    """
    if not packed:
        return False
    day = packed // SECONDS_PER_DAY
    if day >= _LAST_PLAUSIBLE_DAY:
        return False
    return True if day >= _FIRST_PLAUSIBLE_DAY else None


def _judge8(slot: bytes) -> bool | None:
    uid, _flags, zero, packed = _RECORD8.unpack(slot)
    return False if not uid or zero else _judge_time(packed)


def _judge16(slot: bytes) -> bool | None:
    pin, packed, status, verify, reserved, work_code = _RECORD16.unpack(slot)
    fits = pin and status in _FLAGS and verify in _FLAGS and not reserved and work_code <= _LARGEST_WORK_CODE
    return _judge_time(packed) if fits else False


def _judge40(slot: bytes) -> bool | None:
    # a NUL-padded text of 24 bytes does not occur by accident, so a reset clock does not weaken it
    fits = _PIN_TEXT.fullmatch(slot, 2, 26) is not None
    packed = int.from_bytes(slot[27:31], "little")
    return fits and packed < _LAST_PLAUSIBLE_DAY * SECONDS_PER_DAY


# --- the layouts --------------------------------------------------------------------------------------------

_RECORD8 = struct.Struct("<HBBI")
_RECORD16 = struct.Struct("<IIBBHI")
_RECORD40 = struct.Struct("<H24sBIBI4x")
_RECORD49 = struct.Struct("<H24sBIBI13x")
_EMPTY_SLOT = "an all-zero slot inside the log"


class _Clocks:
    """Packed times to naive datetimes, each day worked out once; text instead of a datetime says why there is
    none.
    """

    def __init__(self) -> None:
        self._days: dict[int, datetime | str] = {}

    def read(self, packed: int) -> datetime | str:
        day, second = divmod(packed, SECONDS_PER_DAY)
        midnight = self._days.get(day)
        if midnight is None:
            try:
                midnight = day_start(day)
            except ValueError as error:
                midnight = str(error)
            self._days[day] = midnight
        return midnight if isinstance(midnight, str) else midnight + timedelta(0, second)


def _slots8(body: bytes) -> Iterator[Record | Undecodable]:
    read_clock = _Clocks().read
    for position, (uid, flags, _zero, packed) in enumerate(_RECORD8.iter_unpack(body)):
        raw = body[position * 8 : position * 8 + 8]
        clock = read_clock(packed)
        if isinstance(clock, str):
            yield Undecodable(position, raw, clock)
        elif not uid:
            yield Undecodable(position, raw, "the slot number of the user is 0" if any(raw) else _EMPTY_SLOT)
        else:
            # vendor's compressed form, high bits first: 3 bits state, 2 bits verify
            yield Record(position, f"uid:{uid}", clock, flags >> 3 & 3, flags >> 5, 0, raw)


def _slots16(body: bytes) -> Iterator[Record | Undecodable]:
    read_clock = _Clocks().read
    for position, (pin, packed, status, verify, _reserved, work_code) in enumerate(_RECORD16.iter_unpack(body)):
        raw = body[position * 16 : position * 16 + 16]
        clock = read_clock(packed)
        if isinstance(clock, str):
            yield Undecodable(position, raw, clock)
        elif not pin:
            yield Undecodable(position, raw, "the PIN is 0" if any(raw) else _EMPTY_SLOT)
        else:
            yield Record(position, str(pin), clock, verify, status, work_code, raw)


def _slots_text(layout: struct.Struct) -> Callable[[bytes], Iterator[Record | Undecodable]]:
    size = layout.size

    def slots(body: bytes) -> Iterator[Record | Undecodable]:
        read_clock = _Clocks().read
        pins: dict[bytes, str | None] = {}
        for position, (_uid, field, verify, packed, status, work_code) in enumerate(layout.iter_unpack(body)):
            raw = body[position * size : position * size + size]
            clock = read_clock(packed)
            if field not in pins:
                text = _PIN_TEXT.fullmatch(field)
                pins[field] = text[1].decode("ascii") if text else None
            pin = pins[field]
            if isinstance(clock, str):
                yield Undecodable(position, raw, clock)
            elif pin is None:
                yield Undecodable(position, raw, "the PIN is no NUL-padded text" if any(raw) else _EMPTY_SLOT)
            else:
                yield Record(position, pin, clock, verify, status, work_code, raw)

    return slots


_LAYOUTS: dict[int, Callable[[bytes], Iterator[Record | Undecodable]]] = {
    8: _slots8,
    16: _slots16,
    40: _slots_text(_RECORD40),
    49: _slots_text(_RECORD49),
}
_JUDGES: dict[int, Callable[[bytes], bool | None]] = {8: _judge8, 16: _judge16, 40: _judge40, 49: _judge40}
