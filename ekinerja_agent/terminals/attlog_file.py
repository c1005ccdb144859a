"""A terminal's USB file as text to the same records as its log.

Accepts any bytes and never raises: a line is a record, or an undecodable with its reason. Does not know which
terminal wrote the file. A line is `PIN\\tYYYY-MM-DD HH:MM:SS\\tverify\\tstate\\twork code` (contract section
4); the PIN may be padded with spaces, trailing fields may be missing, further ones are ignored.
"""

from __future__ import annotations

import re
from datetime import datetime

from ekinerja_agent.terminals.wire import DecodedLog, Record, Undecodable

NOT_RECORDED = 255
"""Verify and state of a line that does not have them: the terminals' own number for "none"."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIN = re.compile(rb"[\x21-\x7e]{1,24}")
_CLOCK = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_NUMBER = re.compile(rb"\d{1,10}")
_FIELDS = (
    ("verify", NOT_RECORDED, 0x7FFFFFFF),
    ("state", NOT_RECORDED, 0x7FFFFFFF),
    ("work code", 0, 0xFFFFFFFF),
)


def parse_attlog(text: bytes) -> DecodedLog:
    """Given the bytes of a USB attendance file, return its records in file order.

    `position` is the line number from 1 and `raw` the line without its end. Blank lines count but are no
    records.
    """
    records: list[Record] = []
    undecodable: list[Undecodable] = []
    for position, line in enumerate(_LINE_END.split(text.removeprefix(_BOM)), start=1):
        if not line.strip():
            continue
        try:
            records.append(_record(position, line))
        except ValueError as error:
            undecodable.append(Undecodable(position, line, str(error)))
    return DecodedLog(None, tuple(records), tuple(undecodable))


def _record(position: int, line: bytes) -> Record:
    """Given one line, return its record. Raise ValueError with what was found and what is allowed."""
    pin, *fields = (field.strip(b" ") for field in line.split(b"\t"))
    if not _PIN.fullmatch(pin):
        raise ValueError(f"the PIN is {_show(pin)}; 1 to 24 letters or digits are allowed")
    clock = _clock(fields[0] if fields else b"")
    values = fields[1:4] + [b""] * (4 - len(fields))
    numbers = [_number(value, *field) for value, field in zip(values, _FIELDS, strict=False)]
    verify, state, work_code = numbers
    return Record(position, pin.decode("ascii"), clock, verify, state, work_code, line)


def _clock(field: bytes) -> datetime:
    text = _CLOCK.fullmatch(field)
    if not text:
        raise ValueError(f"the time is {_show(field)}; YYYY-MM-DD HH:MM:SS is allowed")
    try:
        return datetime.fromisoformat(text[0].decode("ascii"))
    except ValueError as error:
        raise ValueError(f"the time {_show(field)} does not exist") from error


def _number(field: bytes, name: str, missing: int, largest: int) -> int:
    if not field:
        return missing
    if not _NUMBER.fullmatch(field) or int(field) > largest:
        raise ValueError(f"{name} is {_show(field)}; a number up to {largest} is allowed")
    return int(field)


def _show(field: bytes) -> str:
    return repr(field[:40].decode("ascii", "backslashreplace"))
