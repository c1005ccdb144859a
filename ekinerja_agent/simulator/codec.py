"""The terminal's side of the wire: packets, checksum, framing, comm key, packed time.

Written from the protocol facts. Does not know devices, sockets or records. Deliberately shares nothing with
the collector's codec: two readings of the same facts check each other, one would only agree with itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

_HEADER = struct.Struct("<4H")
_TCP_PREFIX = struct.Struct("<4sI")
_TCP_MAGIC = b"\x50\x50\x82\x7d"
_LONGEST_REQUEST = 1 << 20
_COMM_KEY_MASK = b"ZKSO"


class Command(IntEnum):
    """What a client may ask (protocol section 2); the bytes on the wire are this number, little-endian."""

    TEMPLATES_RRQ = 7
    USER_WRQ = 8
    USERTEMP_RRQ = 9
    OPTIONS_RRQ = 11
    ATTLOG_RRQ = 13
    CLEAR_DATA = 14
    CLEAR_ATTLOG = 15
    DELETE_USER = 18
    DELETE_TEMPLATE = 19
    FREE_SIZES = 50
    START_VERIFY = 60
    CANCEL_CAPTURE = 62
    PIN_WIDTH = 69
    GET_TEMPLATE = 88
    SAVE_USERS = 110
    DELETE_TEMPLATE_OF_PIN = 134
    GET_TIME = 201
    SET_TIME = 202
    REG_EVENT = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    REFRESH_DATA = 1013
    VERSION = 1100
    AUTH = 1102
    FREE_DATA = 1502
    PREPARE_BUFFER = 1503
    READ_BUFFER = 1504


class Reply(IntEnum):
    """What a terminal may answer."""

    PREPARE_DATA = 1500
    DATA = 1501
    OK = 2000
    ERROR = 2001
    UNAUTHORISED = 2005
    ENCRYPTED = 6001
    UNKNOWN = 0xFFFF


class Packet(NamedTuple):
    """One packet. `session` is just a field: a running index in bulk DATA, an event code in events."""

    command: int
    session: int
    reply_id: int
    data: bytes = b""


class FramingError(Exception):
    """The bytes of a TCP stream are not packets; a terminal closes such a connection instead of guessing."""


def checksum(packet: bytes) -> int:
    """Given a packet whose checksum field is zero, return the ones' complement of its ones' complement word
    sum.

    Carrying folded, 2^16 counts as 1, so the sum of the words is the whole number modulo 0xFFFF.
    """
    return 0xFFFF - (int.from_bytes(packet, "little") % 0xFFFF)


def encode_packet(packet: Packet) -> bytes:
    """Given a packet, return its bytes: the datagram on UDP, what follows the prefix on TCP."""
    command, session, reply_id, data = packet
    blank = _HEADER.pack(command, 0, session, reply_id) + data
    return _HEADER.pack(command, checksum(blank), session, reply_id) + data


def decode_packet(raw: bytes) -> Packet | None:
    """Given a packet's bytes, return it, or None where firmware silently drops it: short, wrong checksum."""
    if len(raw) < _HEADER.size or int.from_bytes(raw, "little") % 0xFFFF:
        return None
    command, _, session, reply_id = _HEADER.unpack_from(raw)
    return Packet(command, session, reply_id, raw[_HEADER.size :])


def with_wrong_checksum(raw: bytes) -> bytes:
    """Given an encoded packet, return it with a checksum that does not fit."""
    return raw[:2] + bytes([raw[2] ^ 0x5A]) + raw[3:]


def frame(raw: bytes) -> bytes:
    """Given an encoded packet, return it with the TCP prefix."""
    return _TCP_PREFIX.pack(_TCP_MAGIC, len(raw)) + raw


class Deframer:
    """Cuts a TCP stream into packets, however the network cut or joined them; keeps the rest for later."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Given the next bytes of the stream, yield each packet now whole. Raise FramingError on doubt."""
        self._pending += received
        while len(self._pending) >= _TCP_PREFIX.size:
            magic, length = _TCP_PREFIX.unpack_from(self._pending)
            if magic != _TCP_MAGIC or not _HEADER.size <= length <= _LONGEST_REQUEST:
                raise FramingError(f"{magic.hex()} with length {length} does not begin a packet")
            end = _TCP_PREFIX.size + length
            if len(self._pending) < end:
                return
            packet = bytes(self._pending[_TCP_PREFIX.size : end])
            del self._pending[:end]
            yield packet


def scramble_comm_key(key: int, session: int, ticks: int = 50) -> bytes:
    """Given comm key, session and a ticks byte, return the four bytes that AUTH carries (section 2)."""
    mirrored = int(f"{key & 0xFFFFFFFF:032b}"[::-1], 2)
    mixed = ((mirrored + session) & 0xFFFFFFFF).to_bytes(4, "little")
    masked = bytes(byte ^ mask for byte, mask in zip(mixed, _COMM_KEY_MASK, strict=True))
    return bytes((masked[2] ^ ticks, masked[3] ^ ticks, ticks, masked[1] ^ ticks))


def comm_key_fits(key: int, session: int, scrambled: bytes) -> bool:
    """Given AUTH's data, tell whether this key and session made it, whatever ticks byte the client chose."""
    return len(scrambled) >= 4 and scrambled[:4] == scramble_comm_key(key, session, ticks=scrambled[2])


def pack_time(day: tuple[int, int, int], time: tuple[int, int, int] = (0, 0, 0)) -> int:
    """Given year, month, day and hour, minute, second, return the packed time (section 4).

    They need not be a date: terminals do send February 30.
    """
    (year, month, day_of_month), (hour, minute, second) = day, time
    day_number = (year % 100) * 372 + (month - 1) * 31 + day_of_month - 1
    return day_number * 86_400 + hour * 3_600 + minute * 60 + second


def unpack_time(packed_time: int) -> tuple[int, int, int, int, int, int]:
    """Given a packed time, return year, month, day, hour, minute, second, which need not be a date."""
    day_number, second_of_day = divmod(packed_time, 86_400)
    month_number, day = divmod(day_number, 31)
    year, month = divmod(month_number, 12)
    hour, second_of_hour = divmod(second_of_day, 3_600)
    return 2000 + year, month + 1, day + 1, hour, second_of_hour // 60, second_of_hour % 60


def pack_clock(clock: datetime) -> int:
    """Given what a terminal shows (naive, years 2000 to 2099), return the packed time."""
    return pack_time((clock.year, clock.month, clock.day), (clock.hour, clock.minute, clock.second))


def unpack_clock(packed_time: int) -> datetime:
    """Given a packed time, return what the terminal shows, naive. Raise ValueError if it is not a date."""
    return datetime(*unpack_time(packed_time))  # noqa: DTZ001 - a terminal's clock has no zone
