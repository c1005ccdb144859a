"""What the two text forms of an attendance log have in common: lines, a PIN, a time.

Pure. Fields are split as bytes: in ASCII, UTF-8 and GB18030 alike a byte of a longer character is never a tab or an end
of line, so the encoding of a name or a remark beside the punch does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.terminals.wire import DecodedLog, Record, Undecodable

NOT_RECORDED = 255
"""Verify and state of a line that does not have them: the terminals' own number for "none"."""
LARGEST_ATTRIBUTE = 0x7FFFFFFF
LARGEST_WORK_CODE = 0xFFFFFFFF

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIN = re.compile(rb"[\x21-\x7e]{1,24}")
_CLOCK = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def lines_of(text: bytes) -> Iterable[tuple[int, bytes]]:
    """Given text, return its lines without their ends, numbered from 1. A byte order mark is no part of the first."""
    return enumerate(_LINE_END.split(text.removeprefix(_BOM)), start=1)


def decode_lines(lines: Iterable[tuple[int, bytes]], record_of: Callable[[int, bytes], Record]) -> DecodedLog:
    """Given numbered lines and what makes a record of one (or raises ValueError), return both kinds, in their order."""
    records: list[Record] = []
    undecodable: list[Undecodable] = []
    for position, line in lines:
        try:
            records.append(record_of(position, line))
        except ValueError as error:
            undecodable.append(Undecodable(position, line, as_message(error)))
    return DecodedLog(None, tuple(records), tuple(undecodable))


def pin_of(field: bytes) -> str:
    """Given a field, return its PIN. Raise ValueError."""
    if not _PIN.fullmatch(field):
        raise ValueError(Message("the PIN is {field}; 1 to 24 letters or digits are allowed", field=show(field)))
    return field.decode("ascii")


def clock_of(field: bytes) -> datetime:
    """Given a field, return its time. Raise ValueError."""
    text = _CLOCK.fullmatch(field)
    if not text:
        raise ValueError(Message("the time is {field}; YYYY-MM-DD HH:MM:SS is allowed", field=show(field)))
    try:
        return datetime.fromisoformat(text[0].decode("ascii"))
    except ValueError as error:
        raise ValueError(Message("the time {field} does not exist", field=show(field))) from error


def show(field: bytes) -> str:
    """Given a field, return it as it can stand in a sentence."""
    return repr(field[:40].decode("ascii", "backslashreplace"))
