"""The attendance log: from the bytes of the whole table to records, one by one, the bad ones apart.

Promises that every byte of the log is accounted for: in a record, in an undecodable with its reason, or in
the one empty slot at the end. The record size is not announced, so it is judged; in doubt it raises, it never
guesses. Linear in the log. Does not know terminals, zones or what was read before.
"""

from __future__ import annotations

import gc
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, count, repeat
from typing import Any, NamedTuple

from ekinerja_agent.nouns.errors import NeedsAttention, ProtocolViolation
from ekinerja_agent.nouns.messages import Message, as_message, joined
from ekinerja_agent.terminals.wire.values import SECONDS_PER_DAY, day_start

RECORD_SIZES = (8, 16, 40, 49)
TRUSTED_SAMPLE = 32
"""From here on a sample is large enough to ask that most of it is positively plausible (protocol section 4).
"""
SAMPLES = 16
"""Stretches of a long log that are judged: spread over it, so that one odd stretch does not decide."""

_PREFIX = struct.Struct("<I")
_RECORD8 = struct.Struct("<HBBI")
_RECORD16 = struct.Struct("<IIBBHI")
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
    reason: Message


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

    def __init__(self, message: Message, raw: bytes) -> None:
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
    slots: Sequence[Any] = _slots(_LAYOUTS[size](body), body, size, first_position)
    undecodable = tuple(slot for slot in slots if type(slot) is Undecodable)
    records = tuple(slot for slot in slots if type(slot) is Record) if undecodable else tuple(slots)
    return DecodedLog(size, records, undecodable, empty_slots)


def decode_record(raw: bytes) -> Record | None:
    """Given the bytes of one record, whose length tells its layout, return it (position 0), None if it cannot be
    read.
    """
    layout = _LAYOUTS.get(len(raw))
    slot = _slots(layout(raw), raw, len(raw), 0)[0] if layout else None
    return slot if isinstance(slot, Record) else None


def table_body(raw_table: bytes) -> bytes:
    """Given a table, return what follows its length word; no bytes at all are an empty table.

    Raise ProtocolViolation if the word is cut or does not count exactly the bytes that follow.
    """
    if not raw_table:
        return b""
    if len(raw_table) < _PREFIX.size:
        raise ProtocolViolation(
            Message(
                "a table of {length} bytes came; its length word alone has {size}",
                length=len(raw_table),
                size=_PREFIX.size,
            )
        )
    (announced,) = _PREFIX.unpack_from(raw_table)
    if announced != len(raw_table) - _PREFIX.size:
        raise ProtocolViolation(
            Message(
                "a table says that {announced} bytes follow its length word, {found} do",
                announced=announced,
                found=len(raw_table) - _PREFIX.size,
            )
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
    tried = joined(
        ", ",
        (
            Message("{size} bytes: {good} of {judged} plausible", size=size, good=fit.good, judged=fit.judged)
            for size, fit in fits.items()
        ),
    ) or Message("its length is no multiple of any record size")
    raise AmbiguousLog(
        Message(
            "the attendance log of {length} bytes fits two known record layouts ({tried}); the raw log has to be "
            "looked at",
            length=len(body),
            tried=tried,
        )
        if convincing
        else Message(
            "the attendance log of {length} bytes fits no known record layouts ({tried}); the raw log has to be "
            "looked at",
            length=len(body),
            tried=tried,
        ),
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
# A log of 100,000 records is decoded as often as it is read whole: column by column, and what repeats (days, seconds,
# PINs) worked out once.

_EMPTY_SLOT = Message("an all-zero slot inside the log")
_Slots = list[Record | Undecodable]


class _Midnights(dict[int, datetime | None]):
    """Day numbers of packed times to midnights; None where there is no such day."""

    def __missing__(self, day: int) -> datetime | None:
        try:
            midnight = day_start(day)
        except ValueError:
            midnight = None
        self[day] = midnight
        return midnight


class _Seconds(dict[int, timedelta]):
    """Seconds of a day to what is added to midnight."""

    def __missing__(self, second: int) -> timedelta:
        span = self[second] = timedelta(0, second)
        return span


class _Pins(dict[bytes, str | None]):
    """Fields of text to PINs; None where the field is no NUL-padded text."""

    def __missing__(self, field: bytes) -> str | None:
        text = _PIN_TEXT.fullmatch(field)
        pin = self[field] = text[1].decode("ascii") if text else None
        return pin


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the slots of a log hold, column by column. `clock` unpacks the packed time of a slot. `pins` None: `no_pin`
    says why there is none.
    """

    pins: list[str | None]
    clock: str
    verify: Iterable[int]
    status: Iterable[int]
    work_codes: Iterable[int]
    no_pin: Message


def _slots(columns: _Columns, body: bytes, size: int, first: int) -> _Slots:
    """The slots of a log, the first of them at this position."""
    midnights, seconds, day = _Midnights(), _Seconds(), SECONDS_PER_DAY
    with _uncollected():
        clocks = [
            midnight + seconds[packed % day] if (midnight := midnights[packed // day]) else None
            for (packed,) in struct.iter_unpack(columns.clock, body)
        ]
        values = zip(
            *(count(first), columns.pins, clocks, columns.verify, columns.status, columns.work_codes),
            _column(f"{size}s", body),
            strict=False,  # some have no end
        )
        slots: _Slots = list(map(tuple.__new__, repeat(Record), values))
    if None in midnights.values() or None in columns.pins:
        for n, (pin, clock, packed) in enumerate(zip(columns.pins, clocks, _column(columns.clock, body), strict=True)):
            if pin is None or clock is None:
                slots[n] = _undecodable(slots[n], columns.no_pin if clock else _why_no_day(packed // day))
    return slots


def _column(layout: str, body: bytes) -> Iterator[Any]:
    """The one value that this layout of a slot unpacks, of each slot."""
    return chain.from_iterable(struct.iter_unpack(layout, body))


def _undecodable(slot: Record | Undecodable, reason: Message) -> Undecodable:
    return Undecodable(slot.position, slot.raw, _EMPTY_SLOT if not any(slot.raw) else reason)


def _why_no_day(day: int) -> Message:
    try:
        day_start(day)
    except ValueError as error:
        return as_message(error)
    return as_message("")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps Python from looking for cycles among records: there are none, and it would look at each of them."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _columns8(body: bytes) -> _Columns:
    # vendor's compressed form, high bits first: 3 bits state, 2 bits verify
    flags = body[2::8]
    return _Columns(
        pins=[f"uid:{uid}" if uid else None for uid in _column("<H6x", body)],
        clock="<4xI",
        verify=(flag >> 3 & 3 for flag in flags),
        status=(flag >> 5 for flag in flags),
        work_codes=repeat(0),
        no_pin=Message("the slot number of the user is 0"),
    )


def _columns16(body: bytes) -> _Columns:
    return _Columns(
        pins=[str(pin) if pin else None for pin in _column("<I12x", body)],
        clock="<4xI8x",
        verify=body[9::16],
        status=body[8::16],
        work_codes=_column("<12xI", body),
        no_pin=Message("the PIN is 0"),
    )


def _columns_text(body: bytes, size: int) -> _Columns:
    return _Columns(
        pins=list(map(_Pins().__getitem__, _column(f"<2x24s{size - 26}x", body))),
        clock=f"<27xI{size - 31}x",
        verify=body[26::size],
        status=body[31::size],
        work_codes=_column(f"<32xI{size - 36}x", body),
        no_pin=Message("the PIN is no NUL-padded text"),
    )


_LAYOUTS: dict[int, Callable[[bytes], _Columns]] = {
    8: _columns8,
    16: _columns16,
    40: partial(_columns_text, size=40),
    49: partial(_columns_text, size=49),
}
_JUDGES: dict[int, Callable[[bytes], bool | None]] = {8: _judge8, 16: _judge16, 40: _judge40, 49: _judge40}
