"""The small answers of a terminal: comm key, time, options, sizes, text.

Each function takes the data of one packet and says what it means. Does not know commands or sessions.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.nouns.messages import Message

SECONDS_PER_DAY = 86_400
TICKS = 50
"""The byte that other clients put in as a pseudo time; terminals read it back from the scrambled key."""


def scramble_comm_key(comm_key: int, session: int) -> bytes:
    """Given a comm key (32 bits) and the session the terminal answered with, return the data of AUTH.

    Protocol section 2: reverse the bits, add the session, XOR with `ZKSO`, swap the halves, mix in the ticks.
    """
    reversed_key = int(f"{comm_key & 0xFFFFFFFF:032b}"[::-1], 2)
    added = struct.pack("<I", (reversed_key + session) & 0xFFFFFFFF)
    _low0, low1, high0, high1 = (byte ^ mask for byte, mask in zip(added, b"ZKSO", strict=True))
    return bytes((high0 ^ TICKS, high1 ^ TICKS, TICKS, low1 ^ TICKS))


def day_start(day: int) -> datetime:
    """Given a packed day number (31 a month, 12 months a year, from 2000), return its midnight. Raise
    ValueError with the date in words if it does not exist.
    """
    months, days = divmod(day, 31)
    year, month = 2000 + months // 12, months % 12 + 1
    try:
        return datetime(year, month, days + 1)  # noqa: DTZ001 - a terminal's clock has no zone
    except ValueError as error:
        raise ValueError(
            Message(
                "the date {year}-{month}-{day} does not exist",
                year=f"{year:04}",
                month=f"{month:02}",
                day=f"{days + 1:02}",
            )
        ) from error


def decode_time(data: bytes) -> datetime | None:
    """Given the answer to GET_TIME, return the terminal's clock (naive local time, whole seconds), None if
    that date does not exist. Raise ProtocolViolation if the answer is shorter than four bytes.
    """
    if len(data) < 4:
        raise ProtocolViolation(Message("the terminal's time has {length} bytes; 4 are needed", length=len(data)))
    day, second = divmod(int.from_bytes(data[:4], "little"), SECONDS_PER_DAY)
    with suppress(ValueError):
        return day_start(day) + timedelta(seconds=second)
    return None


def encode_time(clock: datetime) -> bytes:
    """Given a clock (naive local time, from 2000 on), return the data of SET_TIME, in whole seconds."""
    day = ((clock.year - 2000) * 12 + clock.month - 1) * 31 + clock.day - 1
    second = clock.hour * 3600 + clock.minute * 60 + clock.second
    return (day * SECONDS_PER_DAY + second).to_bytes(4, "little")


def decode_text(field: bytes) -> str:
    """Given a text field, return it up to the first NUL (garbage may follow): UTF-8, else GB18030, else byte
    by byte.
    """
    text = field.partition(b"\0")[0]
    for encoding in ("utf-8", "gb18030"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")


LONGEST_FACT = 64


def decode_fact(field: bytes) -> str:
    """Given what a terminal says of itself in a text field, return it as it may stand in a list, a file or a log.

    That is without blanks around it, at most 64 letters long, and with an escape for each that cannot be printed:
    whoever answers at the address may say anything.
    """
    text = decode_text(field).strip()
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)[:LONGEST_FACT]


def decode_option(data: bytes, key: str) -> str:
    """Given the answer `Key=Value` to a question for `key`, return the value as `decode_fact` reads it.

    The tilde in front of a key is not significant. Raise ProtocolViolation if another key, or none, was
    answered.
    """
    answered, equals, value = data.partition(b"\0")[0].partition(b"=")
    if not equals or decode_text(answered).strip().lstrip("~").casefold() != key.lstrip("~").casefold():
        raise ProtocolViolation(Message("asked for {key}, the answer is {answer}", key=key, answer=repr(data[:40])))
    return decode_fact(value)


class FreeSizes(NamedTuple):
    """What a terminal says it holds and can hold. Counts may be late or wrong: a hint, never a divisor. None:
    not said.
    """

    users: int | None
    fingers: int | None
    records: int | None
    fingers_capacity: int | None
    users_capacity: int | None
    records_capacity: int | None
    faces: int | None
    faces_capacity: int | None


def decode_free_sizes(data: bytes) -> FreeSizes:
    """Given the answer to GET_FREE_SIZES (80, 92 and 112 bytes are known), return the sizes; absent or
    negative is None.
    """
    words = struct.unpack_from(f"<{len(data) // 4}i", data)
    return FreeSizes(
        *(words[index] if index < len(words) and words[index] >= 0 else None for index in (4, 6, 8, 14, 15, 16, 20, 22))
    )
