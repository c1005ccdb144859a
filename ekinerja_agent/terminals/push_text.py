"""The language of terminals that push (ADMS, "iclock") as pure functions: bodies in, records out; replies as text.

Accepts any bytes and never raises: a line of an upload is a record, or an undecodable with its reason and its bytes.
Does not know HTTP, time or which terminal speaks. Source: protocol section 7.
"""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import NamedTuple

from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.terminals.lines import (
    LARGEST_ATTRIBUTE,
    LARGEST_WORK_CODE,
    NOT_RECORDED,
    clock_of,
    lines_of,
    pin_of,
)
from ekinerja_agent.terminals.push_access import SetApart, names_fields, packed_time, read_named
from ekinerja_agent.terminals.wire import DecodedLog, Record, Undecodable

BEAT_EVERY_S = 10
"""How often a terminal is told to ask for commands."""
TRY_AGAIN_AFTER_S = 30
"""When it is told to come again if it was not answered."""

ACCESS_VERSION = "3.1.2"
"""Of access-control push, as seen in the clear on three models."""
_PADDING = b" \0"
_NUMBER = re.compile(rb"\d{1,10}")
_LAST_LINE_END = re.compile(rb"[\r\n]")
_BEGINS_A_LINE = re.compile(rb"(?:\xef\xbb\xbf)?[\x21-\x7e]{1,24} *(?:\t[\d: -]{0,18})?")
_RESULT = re.compile(r"ID=(\d{1,18})(?:&|\r?\n|\s)+Return=(-?\d{1,9})", re.IGNORECASE)
_BEGINS_A_RESULT = re.compile(r"(?<![A-Za-z])(?=ID=\d)", re.IGNORECASE)
_COUNTED = re.compile(r"AttLogSum=(\d{1,9})(?!\d)", re.IGNORECASE)
_IN_NO_TEXT = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_WHOLE_GZIP = 31  # wbits of zlib for one gzip stream with its check sum
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


class Result(NamedTuple):
    """What a terminal says of a command: the number it was sent under, a negative number if it refused, and how many
    records it counts, if it was asked for that and tells.
    """

    number: int
    returned: int
    counted: int | None = None


class PushedLog(NamedTuple):
    """What a body brought, each in its order: records that are punches (and lines that are nothing), lines that a
    person has to judge, and the names of those with nobody in them. `lines` is how many there are of all.
    """

    decoded: DecodedLog
    apart: tuple[SetApart, ...]
    events: tuple[str, ...]
    lines: int


def parse_upload(body: bytes) -> PushedLog:
    """Given the body of an upload of records, return them in order; `position` is the line, `raw` the line itself.

    A line is PIN, time, status, verify, work code and more, by tabs; only the first two are needed, and an attribute
    that is no number counts as not recorded: its bytes are kept. The word ATTLOG may stand before it. A line whose
    first field is a pair like `pin=7` names its fields. Lines of blanks and NULs are padding.
    """
    records: list[Record] = []
    undecodable: list[Undecodable] = []
    apart: list[SetApart] = []
    events: list[str] = []
    lines = filled_lines(body)
    for position, line in lines:
        try:
            read = read_named(position, line) if names_fields(line) else _record(position, line)
        except ValueError as error:
            undecodable.append(Undecodable(position, line, as_message(error)))
            continue
        if isinstance(read, Record):
            records.append(read)
        elif isinstance(read, SetApart):
            apart.append(read)
        else:
            events.append(read.name)
    decoded = DecodedLog(None, tuple(records), tuple(undecodable))
    return PushedLog(decoded, tuple(apart), tuple(events), len(lines))


def filled_lines(body: bytes) -> list[tuple[int, bytes]]:
    """Given a body, return its lines that are no padding, each with its number from 1."""
    return [(number, line) for number, line in lines_of(body) if line.strip(_PADDING + b"\t")]


def is_text(body: bytes) -> bool:
    """Given a body, return whether its lines can be taken apart: what is packed holds bytes that no text has."""
    return _IN_NO_TEXT.search(body) is None


def _record(position: int, line: bytes) -> Record:
    pin, *fields = (field.strip(_PADDING) for field in line.split(b"\t"))
    if pin.upper() == b"ATTLOG" and fields:
        pin, *fields = fields
    status, verify, work_code = [*fields[1:4], b"", b"", b""][:3]
    return Record(
        position=position,
        pin=pin_of(pin),
        clock=clock_of(fields[0] if fields else b""),
        verify=_number(verify, NOT_RECORDED, LARGEST_ATTRIBUTE),
        status=_number(status, NOT_RECORDED, LARGEST_ATTRIBUTE),
        work_code=_number(work_code, 0, LARGEST_WORK_CODE),
        raw=line,
    )


def _number(field: bytes, missing: int, largest: int) -> int:
    return int(field) if _NUMBER.fullmatch(field) and int(field) <= largest else missing


def whole_lines(body: bytes) -> bytes:
    """Given a body that was cut off somewhere, return its lines that ended: the last may have lost its end."""
    ends = [found.end() for found in _LAST_LINE_END.finditer(body)]
    return body[: ends[-1]] if ends else b""


def breaks_off(body: bytes) -> bool:
    """Given a body of the announced length, return whether it stops within a PIN or a time.

    The last line needs no end, so one that was cut by a wrong length can be told only by what is missing. Bytes that
    could not begin a line are bad by themselves and were not cut.
    """
    last = body[len(whole_lines(body)) :].rstrip(b"\0")
    return bool(last.strip(_PADDING)) and _BEGINS_A_LINE.fullmatch(last) is not None


def count_lines(body: bytes) -> int:
    """Given a body that nobody may keep, return how many lines it has, for its acknowledgement."""
    return sum(bool(line.strip(_PADDING)) for _, line in lines_of(body))


def count_records(body: bytes, table: str) -> int:
    """The same of a table of access-control mode, whose records begin with its name and may go on in the next line."""
    word = table.lower().encode("ascii", "replace")
    return sum(line.strip(_PADDING).lower().startswith(word) for _, line in lines_of(body))


def inflate(body: bytes, most: int) -> bytes | None:
    """Given a gzip stream and the most that may come out of it, return its content; None if there is more.

    Raise ValueError if it is damaged or not whole.
    """
    stream = zlib.decompressobj(_WHOLE_GZIP)
    try:
        content = stream.decompress(body, most + 1)
    except zlib.error as error:
        raise ValueError(Message("the gzip stream is damaged: {error}", error=error)) from error
    if len(content) > most:
        return None
    if not stream.eof or stream.unused_data:
        raise ValueError(Message("the gzip stream does not end where the body ends"))
    return content


def option_lines(
    serial: str, *, attlog_stamp: str, operlog_stamp: str, utc_offset: timedelta, most_body_bytes: int
) -> str:
    """Given a terminal's serial, its stamps and the offset of its own zone, return the answer to its first question.

    It is asked for punches alone, as they happen, and in the clear. It sets its clock by `TimeZone` and the date in the
    header of the reply.
    """
    lines = {
        "ATTLOGStamp": attlog_stamp,
        "OPERLOGStamp": operlog_stamp,
        "ATTPHOTOStamp": "9999",
        "ErrorDelay": str(TRY_AGAIN_AFTER_S),
        "Delay": str(BEAT_EVERY_S),
        "TransTimes": "00:00;14:05",
        "TransInterval": "1",
        "TransFlag": "TransData AttLog",
        "TimeZone": zone_text(utc_offset),
        "Realtime": "1",
        "Encrypt": "None",
        "SupportPing": "1",
        "MaxPostSize": str(most_body_bytes),
    }
    return f"GET OPTION FROM: {serial}\n" + "".join(f"{name}={value}\n" for name, value in lines.items())


def access_lines(serial: str, *, registered: bool) -> str:
    """Given the serial of a terminal in access-control mode, return the parameters it is to work by: `registered` with
    what tells it that it is known here, as its first question wants it, else as /push does. No template is asked for.
    """
    code = access_code(serial)
    lines = {"registry": "ok", "RegistryCode": code} if registered else {}
    lines |= {"ServerVersion": ACCESS_VERSION, "ServerName": "ekinerja-agent"}
    lines |= {"PushProtVer" if registered else "PushVersion": ACCESS_VERSION}
    lines |= {
        "ErrorDelay": str(TRY_AGAIN_AFTER_S),
        "RequestDelay": str(BEAT_EVERY_S),
        "TransTimes": "00:00;14:00",
        "TransInterval": "1",
        "TransTables": "User Transaction",
        "Realtime": "1",
        "SessionID": code,
        "TimeoutSec": "10",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def access_code(serial: str) -> str:
    """Return what a terminal in access-control mode shows that it was registered; the same each time, and no secret."""
    return sha256(serial.encode()).hexdigest()[:32]


def time_answer(at: datetime, zone: tzinfo) -> str:
    """Given the instant and the terminal's zone, return the answer to its question for the time: packed, in GMT."""
    offset = at.astimezone(zone).strftime("%z")
    return f"DateTime={packed_time(at.astimezone(UTC).replace(tzinfo=None))},ServerTZ={offset}"


def zone_text(utc_offset: timedelta) -> str:
    """Given the offset of a zone, return it as terminals take it: whole hours as hours, others in minutes."""
    hours, rest = divmod(utc_offset, _HOUR)
    return str(utc_offset // _MINUTE) if rest else str(hours)


def parse_results(body: bytes) -> list[Result]:
    """Given the body of `devicecmd`, return the results in it. Forms: `ID=1&Return=0&CMD=INFO`, or a line for each."""
    text = body.decode("ascii", "replace")
    results = []
    for piece in _BEGINS_A_RESULT.split(text):
        if found := _RESULT.match(piece):
            counted = _COUNTED.search(piece)
            returned = int(found[2])
            count = int(counted[1]) if counted and returned >= 0 else None
            results.append(Result(int(found[1]), returned, count))
    return results


ACCESS_COUNT = "DATA COUNT transaction"
"""What asks a terminal in access-control mode how many records it has, those of doors included. Source: the same."""
_TABLE_COUNT = re.compile(rb"\s*transaction\s*=\s*(\d{1,9})\s*", re.IGNORECASE)


def parse_table_count(body: bytes) -> int | None:
    """Given the answer to that, return the number; None: it is another answer."""
    found = _TABLE_COUNT.fullmatch(body.strip(b"\0"))
    return int(found[1]) if found else None


def count_command(since: datetime, until: datetime) -> str:
    """Given two clocks (naive), return what asks a terminal in attendance mode for the number of its records between
    them. Source: Attendance PUSH 4.0, push-security section 7.
    """
    return f"VERIFY SUM ATTLOG StartTime={since:%Y-%m-%d %H:%M:%S}\tEndTime={until:%Y-%m-%d %H:%M:%S}"


class DeviceFacts(NamedTuple):
    """What a terminal tells of itself, None where it does not."""

    firmware: str | None = None
    users: int | None = None
    records: int | None = None


def parse_info(text: str) -> DeviceFacts:
    """Given `INFO=` of a terminal's poll (firmware, users, fingers, records, …), return what it tells."""
    firmware, users, _, records = [*text.split(","), "", "", "", ""][:4]
    return DeviceFacts(_printable(firmware), _count(users), _count(records))


def parse_options(body: bytes) -> DeviceFacts:
    """Given options as a terminal names them (`FWVersion=…`, a line or a comma each), return what is of use in them."""
    told = {
        name.strip(" ~\r\n"): value
        for name, sign, value in (
            part.partition("=") for part in re.split(r"[,\r\n&]", body.decode("ascii", "replace"))
        )
        if sign
    }
    return DeviceFacts(
        _printable(told.get("FWVersion") or told.get("FirmVer", "")),
        _count(told.get("UserCount", "")),
        _count(told.get("TransactionCount", "")),
    )


def _printable(text: str) -> str | None:
    return text.strip() if text.strip() and len(text) <= 64 and text.isprintable() else None


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text.strip()) else None
