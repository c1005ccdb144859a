"""A terminal's USB file as text to the same records as its log.

Accepts any bytes and never raises: a line is a record, or an undecodable with its reason. A line is PIN, time, device
number, state, verify, work code by tabs (contract section 4) or by blanks; all but the first two may be missing, and a
name may stand behind the PIN, which is not kept. The time may have slashes, and no seconds. Does not know which
terminal wrote the file. Source: protocol section 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.lines import (
    LARGEST_ATTRIBUTE,
    LARGEST_WORK_CODE,
    NOT_RECORDED,
    decode_lines,
    lines_of,
    pin_of,
    show,
)
from ekinerja_agent.terminals.wire import DecodedLog, Record

__all__ = ["NOT_RECORDED", "ends_within_a_line", "has_seconds", "parse_attlog", "serial_inside"]

_NUMBER = re.compile(rb"\d{1,10}")
_NAMED = re.compile(rb"([^\t]*\t)(?! *\d{4}[-/]\d)[^\t]*\t(?= *\d{4}[-/]\d)")
_CODE = re.compile(rb"[\d\0]+")
_CLOCK = re.compile(rb"(\d{4})([-/])(\d\d?)\2(\d\d?)[ T]+(\d\d?):(\d\d)(?::(\d\d))?")
_ENDS_IN_MINUTES = re.compile(rb"\d[-/]\d\d?[ T]+\d\d?:\d\d *$")
_FIELDS = (
    ("state", NOT_RECORDED, LARGEST_ATTRIBUTE),
    ("verify", NOT_RECORDED, LARGEST_ATTRIBUTE),
    (Message("work code"), 0, LARGEST_WORK_CODE),
)
_NOT_DECIDED = 2
"""So many numbers behind the time of a line with a name: which of them is the state, nobody knows."""
_SERIAL = re.compile(rb"(?:S/?N|SERIAL(?: ?(?:NO|NUMBER))?)[ .]*[=:] *([A-Za-z0-9-]{4,32})", re.IGNORECASE)
_BARE_SERIAL = re.compile(rb"([A-Za-z]{2,6}\d{8,24}|\d{10,24})")
_CHECK_SUM = re.compile(rb"(?:CHECK ?SUM|CHKSUM|CRC|SUM)[A-Z0-9]* *[=:] *[0-9A-Z]{1,40}", re.IGNORECASE)
_BLANKS = b" \t"
_END_OF_FILE = b"\x1a"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_UTF_16 = (
    (re.compile(rb"\xff\xfe|(?:[\x09-\x7e]\0){8}"), "utf-16-le"),
    (re.compile(rb"\xfe\xff|(?:\0[\x09-\x7e]){8}"), "utf-16-be"),
)


def parse_attlog(content: bytes) -> DecodedLog:
    """Given the bytes of a USB attendance file, return its records in file order.

    `position` is the line number from 1 and `raw` the line without its end and name, in UTF-8 if the file was UTF-16.
    Blank lines count but are no records; a line of NULs between others is one that nobody can read.
    """
    text = _text(content)
    lines = [(number, line) for number, line in lines_of(text) if line.strip(_BLANKS + _END_OF_FILE)]
    if len(lines) > 1 and _told_serial(lines[0][1]):
        del lines[0]
    if lines and _CHECK_SUM.fullmatch(lines[-1][1].strip()):
        del lines[-1]
    return decode_lines(_without_names(lines), _reader_of(text))


def serial_inside(content: bytes) -> str | None:
    """Given the bytes of a USB attendance file, return the serial number that its first line is, if it is one."""
    first = next((line for _, line in lines_of(_text(content)) if line.strip()), b"")
    return _told_serial(first)


def _told_serial(line: bytes) -> str | None:
    found = _SERIAL.fullmatch(line.strip()) or _BARE_SERIAL.fullmatch(line.strip())
    return found[1].decode("ascii") if found else None


def _reader_of(text: bytes) -> Callable[[int, bytes], Record]:
    """What makes a record of a line of this text. Of a last line without an end the seconds may be what is missing."""
    last = len(_LINE_END.split(text))

    def record_of(position: int, line: bytes) -> Record:
        if position == last and _ENDS_IN_MINUTES.search(line):
            raise ValueError(Message("the line ends within its time: the file was cut off"))
        return _record(position, line)

    return record_of


def ends_within_a_line(content: bytes) -> bool:
    """Given a terminal's USB file, return whether its last line has no end: terminals write one behind every line."""
    last = _LINE_END.split(_text(content))[-1].strip(_BLANKS)
    return bool(last) and not _CHECK_SUM.fullmatch(last)


def has_seconds(raw: bytes) -> bool:
    """Given the line of a record, return whether its time has seconds."""
    found = _CLOCK.search(raw)
    return found is None or found[7] is not None


def _text(content: bytes) -> bytes:
    """The file as bytes in which a tab is a tab, without what fills it up behind its last line."""
    for begins, encoding in _UTF_16:
        if begins.match(content):
            content = content.decode(encoding, "replace").removeprefix("\ufeff").encode()
    whole = content.rstrip(_BLANKS + b"\0" + _END_OF_FILE)
    # What follows no end of a line was cut off: it stays with its NULs, which tell that.
    return whole if whole.endswith((b"\n", b"\r")) else content.rstrip(_END_OF_FILE)


def _without_names(lines: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for number, line in lines:
        if found := _NAMED.match(line):
            yield number, found[1] + b"\t" + line[found.end() :]
        else:
            yield number, line


def _is_time(field: bytes) -> bool:
    return _CLOCK.fullmatch(field.strip()) is not None


def _record(position: int, line: bytes) -> Record:
    """Given one line, return its record. Raise ValueError with what was found and what is allowed."""
    pin, *fields = _fields(line)
    named = len(fields) > 1 and not fields[0] and _is_time(fields[1])
    clock, *numbers = fields[1:] if named else fields or [b""]
    name, at = pin_of(pin), _clock(clock)
    if named and len(numbers) == _NOT_DECIDED:
        numbers = []
    # The device number says nothing that the file does not say; a name at the end is no work code.
    device_and_more = [*numbers, b"", b"", b"", b""]
    values = [*device_and_more[1:3], device_and_more[3] if _CODE.fullmatch(device_and_more[3]) else b""]
    state, verify, work_code = (_number(value, *field) for value, field in zip(values, _FIELDS, strict=False))
    return Record(position, name, at, verify, state, work_code, line)


def _fields(line: bytes) -> list[bytes]:
    if b"\t" in line:
        return [field.strip(b" ") for field in line.split(b"\t")]
    pin, *parts = line.split()
    return [pin, b" ".join(parts[:2]), *parts[2:]]


def _clock(field: bytes) -> datetime:
    found = _CLOCK.fullmatch(field)
    if not found:
        raise ValueError(Message("the time is {field}; YYYY-MM-DD HH:MM:SS is allowed", field=show(field)))
    year, _, month, day, hour, minute, second = (int(part) if part.isdigit() else 0 for part in found.groups(b"0"))
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a terminal's clock
    except ValueError as error:
        raise ValueError(Message("the time {field} does not exist", field=show(field))) from error


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
