"""The rows of a terminal's tables and the bodies of its events: records of 8 to 49 bytes, users of 28 and 72.

Does not know where rows are kept or who reads them (protocol sections 4 and 5).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import unpack_clock, unpack_time

Layout = Literal[8, 16, 40, 49]
"""Bytes of one attendance record."""

UserSize = Literal[28, 72]
"""Bytes of one user."""

NameEncoding = Literal["utf-8", "gb18030"]
"""How a terminal writes names."""

LAYOUTS: tuple[Layout, ...] = (8, 16, 40, 49)
EVENT_SIZES = (10, 12, 14, 32, 36, 37, 52)

_RECORD_8 = struct.Struct("<HBBI")
_RECORD_16 = struct.Struct("<IIBB2xI")
_RECORD_40 = struct.Struct("<H24sBIBI4x")
_USER_28 = struct.Struct("<HB5s8s5sB2sI")
_USER_72 = struct.Struct("<HB8s24sIB8s24s")
_FINGER = struct.Struct("<HHBB")
_MASK_AND_TEMPERATURE = b"\xff255\0\0\0\0\0"
_LARGEST_NUMBER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class User:
    """Somebody enrolled. `uid` is the slot number, reused after deletion; the PIN is the identity."""

    uid: int
    pin: str
    name: str = ""
    privilege: int = 0
    password: str = ""
    card: int = 0
    group: int = 1
    zones: bytes = b""


@dataclass(frozen=True, slots=True)
class Finger:
    """A fingerprint template: of which slot, which finger (0 to 9), and what the sensor made of it."""

    uid: int
    number: int
    template: bytes
    valid: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the log. `packed_time` is raw because terminals also hold times that are no date.

    `at` is the true instant (UTC) of the punch, which the terminal itself does not know and no row carries; None
    if nobody punched. It takes no part in comparing: two records are equal if their rows are.
    """

    uid: int
    pin: str
    packed_time: int
    verify: int = 1
    status: int = 0
    work_code: int = 0
    at: datetime | None = field(default=None, compare=False)

    @property
    def clock(self) -> datetime:
        """What the terminal showed, naive. Raise ValueError for an impossible date."""
        return unpack_clock(self.packed_time)


def _text(value: str, width: int, encoding: NameEncoding = "utf-8") -> bytes:
    """Cut between characters: half a character would read as garbage. What was no text comes back as it was."""
    raw = value.encode(encoding, errors="surrogateescape")
    return raw if len(raw) <= width else raw[:width].decode(encoding, errors="ignore").encode(encoding)


def _read_text(field: bytes, encoding: NameEncoding = "utf-8") -> str:
    return field.partition(b"\0")[0].decode(encoding, errors="surrogateescape")


def _pin_number(pin: str) -> int:
    if not (pin.isascii() and pin.isdigit()) or int(pin) > _LARGEST_NUMBER or str(int(pin)) != pin:
        raise WrongUsage(
            Message(
                "PIN {pin} does not fit a terminal whose rows hold the PIN as a number: 0 to {most} without leading "
                "zeros; choose layout 40 or 49",
                pin=repr(pin),
                most=_LARGEST_NUMBER,
            )
        )
    return int(pin)


def _pin_text(pin: str, width: int) -> bytes:
    raw = pin.encode()
    if not 0 < len(raw) <= width or b"\0" in raw:
        raise WrongUsage(
            Message("PIN {pin} does not fit a terminal: 1 to {width} bytes of text", pin=repr(pin), width=width)
        )
    return raw


def _record_8(record: Record) -> bytes:
    """Three bits state, two bits verify, high bits first; the PIN is only in the user table."""
    flags = (record.status & 7) << 5 | (record.verify & 3) << 3
    return _RECORD_8.pack(record.uid, flags, 0, record.packed_time)


def _record_16(record: Record) -> bytes:
    return _RECORD_16.pack(_pin_number(record.pin), record.packed_time, record.status, record.verify, record.work_code)


def _record_40(record: Record) -> bytes:
    pin = _pin_text(record.pin, 24)
    return _RECORD_40.pack(record.uid, pin, record.verify, record.packed_time, record.status, record.work_code)


def _record_49(record: Record) -> bytes:
    return _record_40(record) + _MASK_AND_TEMPERATURE


_RECORD_ENCODERS: dict[Layout, Callable[[Record], bytes]] = {
    8: _record_8,
    16: _record_16,
    40: _record_40,
    49: _record_49,
}


def record_encoder(layout: Layout) -> Callable[[Record], bytes]:
    """Given a record size, return what writes such a record; it raises WrongUsage for an unfit PIN."""
    return _RECORD_ENCODERS[layout]


def encode_user(user: User, size: UserSize, names: NameEncoding = "utf-8") -> bytes:
    """Given a user, the row size and how names are written, return the row. Raise WrongUsage for an unfit PIN."""
    if size == 28:
        return _USER_28.pack(
            user.uid,
            user.privilege,
            _text(user.password, 5),
            _text(user.name, 8, names),
            user.card.to_bytes(5, "little"),
            user.group,
            user.zones[:2],
            _pin_number(user.pin),
        )
    return _USER_72.pack(
        user.uid,
        user.privilege,
        _text(user.password, 8),
        _text(user.name, 24, names),
        user.card,
        user.group,
        user.zones[:8],
        _pin_text(user.pin, 24),
    )


def decode_user(row: bytes, size: UserSize, names: NameEncoding = "utf-8") -> User:
    """Given a row that a client wrote, return the user. Raise ValueError if its size is another or its PIN no text."""
    if len(row) != size:
        raise ValueError(f"a user of {len(row)} bytes, {size} are expected")
    if size == 28:
        uid, privilege, password, name, card, group, zones, number = _USER_28.unpack(row)
        pin, card = str(number), int.from_bytes(card, "little")
    else:
        uid, privilege, password, name, card, group, zones, pin = _USER_72.unpack(row)
        pin = pin.partition(b"\0")[0].decode()
    if not uid or not pin:
        raise ValueError("a user without slot or PIN")
    return User(uid, pin, _read_text(name, names), privilege, _read_text(password), card, group, zones.rstrip(b"\0"))


def encode_finger(finger: Finger) -> bytes:
    """Given a template, return its row: how long the row is, slot, finger, whether it is valid, the template."""
    size = _FINGER.size + len(finger.template)
    return _FINGER.pack(size, finger.uid, finger.number, finger.valid) + finger.template


def encode_table(rows: bytes | bytearray) -> bytes:
    """Given rows one after the other, return the table: how many bytes follow, then the rows (section 3)."""
    return len(rows).to_bytes(4, "little") + rows


def encode_event(record: Record, size: int) -> bytes:
    """Given a punch and a size of EVENT_SIZES, return the body of its live event (section 5)."""
    year, *rest = unpack_time(record.packed_time)
    tail = bytes((record.verify, record.status, year - 2000, *rest))
    if size in {10, 14}:
        identity = record.uid.to_bytes(2, "little")
    elif size == 12:
        identity = _pin_number(record.pin).to_bytes(4, "little")
    else:
        identity = _pin_text(record.pin, 24).ljust(24, b"\0")
    return (identity + tail).ljust(size, b"\0")
