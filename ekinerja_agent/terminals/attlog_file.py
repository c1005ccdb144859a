"""A terminal's USB file as text to the same records as its log.

Accepts any bytes and never raises: a line is a record, or an undecodable with its reason. Does not know which
terminal wrote the file. A line is `PIN\\tYYYY-MM-DD HH:MM:SS\\tverify\\tstate\\twork code` (contract section
4); the PIN may be padded with spaces, trailing fields may be missing, further ones are ignored.
"""

from __future__ import annotations

import re

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.lines import (
    LARGEST_ATTRIBUTE,
    LARGEST_WORK_CODE,
    NOT_RECORDED,
    clock_of,
    decode_lines,
    lines_of,
    pin_of,
    show,
)
from ekinerja_agent.terminals.wire import DecodedLog, Record

__all__ = ["NOT_RECORDED", "parse_attlog"]

_NUMBER = re.compile(rb"\d{1,10}")
_FIELDS = (
    ("verify", NOT_RECORDED, LARGEST_ATTRIBUTE),
    ("state", NOT_RECORDED, LARGEST_ATTRIBUTE),
    (Message("work code"), 0, LARGEST_WORK_CODE),
)


def parse_attlog(text: bytes) -> DecodedLog:
    """Given the bytes of a USB attendance file, return its records in file order.

    `position` is the line number from 1 and `raw` the line without its end. Blank lines count but are no
    records.
    """
    return decode_lines(((position, line) for position, line in lines_of(text) if line.strip()), _record)


def _record(position: int, line: bytes) -> Record:
    """Given one line, return its record. Raise ValueError with what was found and what is allowed."""
    pin, *fields = (field.strip(b" ") for field in line.split(b"\t"))
    name = pin_of(pin)
    clock = clock_of(fields[0] if fields else b"")
    values = fields[1:4] + [b""] * (4 - len(fields))
    numbers = [_number(value, *field) for value, field in zip(values, _FIELDS, strict=False)]
    verify, state, work_code = numbers
    return Record(position, name, clock, verify, state, work_code, line)


def _number(field: bytes, name: str, missing: int, largest: int) -> int:
    if not field:
        return missing
    if not _NUMBER.fullmatch(field) or int(field) > largest:
        raise ValueError(
            Message(
                "{what} is {found}; a number up to {largest} is allowed", what=name, found=show(field), largest=largest
            )
        )
    return int(field)
