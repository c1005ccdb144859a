"""Lines of `key=value` fields, as terminals in access-control mode send what happened at a door: records, or none.

Promises that a line with a person in it is a record or set apart with its reason, and that fields are known by name,
never by place. Pure. Source: push-security sections 4 to 6; why which code is what: decision 57.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.lines import LARGEST_ATTRIBUTE, NOT_RECORDED, clock_of, pin_of, show
from ekinerja_agent.terminals.wire import Record

PUNCH_CODES = frozenset(
    {
        *(0, 3),  # verified; "several persons", which is an ordinary face on three models that were captured
        *(1, 2, 14, 15, 16, 17, 18, 19, 203),  # the same in open hours, by the first person, with two credentials
        *(207, 208, 215, 216, 218, 222, 232),  # by password, super user, identity card, the server's word
    }
)
NO_CODE = "-"
"""How a line is released in which no event code can be read."""
LINKAGE_VERIFY = 200
"""In `verifytype`: no way of being recognised at all."""
MEANINGS = {
    20: Message("recognised again too soon"),
    21: Message("recognised outside the hours of the door"),
    22: Message("recognised outside the hours of the door"),
    23: Message("recognised, without a right to this door"),
    24: Message("recognised, at the wrong one of two doors"),
    26: Message("recognised, and others were waited for"),
    27: Message("not enrolled"),
    29: Message("recognised, and expired"),
    30: Message("a wrong password"),
    41: Message("recognised in another way than asked for"),
    101: Message("recognised under duress"),
    103: Message("recognised under duress"),
}
"""As the vendor has them; other lists differ, so a person decides."""

_WORD = re.compile(rb"(?:transaction|rtlog)[ \t]+(?=[~A-Za-z_]+=)", re.IGNORECASE)
_NAMED = re.compile(rb"(?:(?:transaction|rtlog)[ \t]+)?[~A-Za-z_]+=", re.IGNORECASE)
_APART = re.compile(rb"\t| {2,}")
_SAME = {
    b"eventtype": b"event",
    b"inoutstate": b"inoutstatus",
    b"verified": b"verifytype",
    b"time_second": b"time",
    b"doorid": b"eventaddr",
}
_NUMBER = re.compile(rb"\d{1,10}")
_PACKED = re.compile(rb"\d{1,10}")
_LARGEST_PACKED = 1_710_000_000
"""The year 2053; larger is Unix time, which means something else."""
_NOBODY = (b"", b"0")


class SetApart(NamedTuple):
    """A line with a person in it of which nobody here can say whether they were present."""

    position: int
    raw: bytes
    pin: str
    clock: datetime
    reason: Message
    code: str = NO_CODE
    verify: int = NOT_RECORDED
    status: int = NOT_RECORDED


class Event(NamedTuple):
    """A line with nobody in it: a door, an alarm, the terminal itself. `name` is the same live and later."""

    position: int
    name: str


def names_fields(line: bytes) -> bool:
    """Given a line of an upload, return whether its fields are named; that shows in the first, not in the table."""
    return _NAMED.match(line) is not None


def read_named(position: int, line: bytes) -> Record | SetApart | Event:
    """Given a line with named fields, return what it is. Raise ValueError where it can be nothing of that."""
    fields = _fields(line)
    pin = fields.get(b"pin", b"")
    code = int(fields[b"event"]) if _NUMBER.fullmatch(fields.get(b"event", b"")) else None
    verify, status = (_attribute(fields.get(name, b"")) for name in (b"verifytype", b"inoutstatus"))
    if pin in _NOBODY:
        if code in PUNCH_CODES and fields.get(b"cardno", b"") not in _NOBODY:
            clock = _clock(fields.get(b"time", b""))
            why = Message("a card was taken, and it names no PIN")
            return SetApart(position, line, "", clock, why, str(code), verify, status)
        if b"pin" not in fields and (code is None or code in PUNCH_CODES):
            raise ValueError(Message("it names no PIN and no event of a door"))
        return Event(position, _event_name(fields))
    name, clock = pin_of(pin), _clock(fields.get(b"time", b""))
    if code not in PUNCH_CODES or verify == LINKAGE_VERIFY:
        why = _why(name, clock, code, fields.get(b"event"))
        return SetApart(position, line, name, clock, why, _released_by(code, verify), verify, status)
    return Record(position, name, clock, verify=verify, status=status, work_code=0, raw=line)


def name_of(line: bytes) -> str | None:
    """Given a line with named fields that is nothing, return a name that it has live and later; None: it has none."""
    try:
        return _event_name(_fields(line)) if names_fields(line) else None
    except ValueError:
        return None


def _event_name(fields: dict[bytes, bytes]) -> str:
    """Whom, what and when, whether or not that day exists; the door is told in different ways."""
    time = fields.get(b"time", b"")
    if _PACKED.fullmatch(time):
        days, second = divmod(int(time), 86_400)
        months, day = divmod(days, 31)
        year, month = divmod(months, 12)
        clock = (2000 + year, month + 1, day + 1, second // 3_600, second // 60 % 60, second % 60)
        time = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*clock).encode()
    return "|".join(show(each) for each in (time, fields.get(b"pin", b""), fields.get(b"event", b"")))


def _released_by(code: int | None, verify: int) -> str:
    """An event that lets in, with no way of being recognised, is another one than the event itself."""
    if code is None:
        return NO_CODE
    return f"{code}/{LINKAGE_VERIFY}" if code in PUNCH_CODES and verify == LINKAGE_VERIFY else str(code)


def _fields(line: bytes) -> dict[bytes, bytes]:
    line = line.strip(b" \0")
    if word := _WORD.match(line):
        line = line[word.end() :]
    fields: dict[bytes, bytes] = {}
    for field in line.split(b"\t") if b"\t" in line else _APART.split(line):
        name, sign, value = field.partition(b"=")
        key = name.strip(b" ~").lower()
        key = _SAME.get(key, key)
        if sign and fields.setdefault(key, value.strip(b" \0")) != value.strip(b" \0"):
            raise ValueError(Message("it gives {field} twice, and differently", field=show(key)))
    return fields


def _clock(field: bytes) -> datetime:
    """A time as text, or packed: neither is Unix time."""
    if not _PACKED.fullmatch(field):
        return clock_of(field)
    packed = int(field)
    if packed >= _LARGEST_PACKED:
        raise ValueError(Message("the time is {field}, which is no packed time", field=show(field)))
    days, second = divmod(packed, 86_400)
    months, day = divmod(days, 31)
    year, month = divmod(months, 12)
    try:
        begin = datetime(2000 + year, month + 1, day + 1)  # noqa: DTZ001 - a terminal's clock has no zone
    except ValueError as error:
        raise ValueError(Message("the time {field} does not exist", field=show(field))) from error
    return begin + timedelta(seconds=second)


def _attribute(field: bytes) -> int:
    """A number; a text of bits is none, and stays in the raw line."""
    short = _NUMBER.fullmatch(field) is not None and (len(field) == 1 or not field.startswith(b"0"))
    return int(field) if short and int(field) <= LARGEST_ATTRIBUTE else NOT_RECORDED


def _why(pin: str, clock: datetime, code: int | None, written: bytes | None) -> Message:
    if code is None:
        return Message(
            "PIN {pin} at {clock}, without an event code that can be read ({code}): is it a presence?",
            pin=pin,
            clock=clock.isoformat(sep=" "),
            code=show(written or b""),
        )
    return Message(
        "PIN {pin} at {clock}, event {code} ({meaning}): is it a presence?",
        pin=pin,
        clock=clock.isoformat(sep=" "),
        code=code,
        meaning=MEANINGS.get(code, Message("not in the list")),
    )


def packed_time(clock: datetime) -> int:
    """Given a clock, return it as terminals pack it."""
    days = (clock.year - 2000) * 372 + (clock.month - 1) * 31 + clock.day - 1
    return days * 86_400 + clock.hour * 3_600 + clock.minute * 60 + clock.second
