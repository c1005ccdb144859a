"""Everything that a terminal keeps of people, whole enough to be written to another terminal: users with fingerprints.

Rows have 28 or 72 bytes, names are in UTF-8 or GB18030, and nothing announces either. What does not fit the other form
is told, never cut silently. Passwords and templates take no part in any `repr`. Source: protocol section 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.wire.log import table_body
from ekinerja_agent.terminals.wire.users import user_size
from ekinerja_agent.terminals.wire.values import decode_text

NAME_ENCODINGS = ("utf-8", "gb18030")
USUAL_PRIVILEGE = 0
FINGERS = range(10)
ENROLLED = 1
"""What a template's `valid` says of an ordinary finger; 3 is one for duress."""

_ROW_28 = struct.Struct("<HB5s8s5sB2sI")
_ROW_72 = struct.Struct("<HB8s24sIB8s24s")
_FINGER = struct.Struct("<HHBB")
_LARGEST_NUMBER = 0xFFFFFFFF


class Widths(NamedTuple):
    """How many bytes a layout has for what may be too long."""

    name: int
    password: int
    card: int
    zones: int


WIDTHS: Mapping[int, Widths] = {28: Widths(8, 5, 5, 2), 72: Widths(24, 8, 4, 8)}


@dataclass(frozen=True, slots=True)
class Finger:
    """One fingerprint template: which finger (0 to 9), its `valid` byte, and the bytes of the terminal's algorithm."""

    number: int
    valid: int
    template: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """One user of a terminal. `raw_name` is the name as it stands there, by which two are compared, `zones` the access
    time zones.

    `password` is the raw field up to its first NUL.
    """

    uid: int
    pin: str
    name: str = field(compare=False)
    privilege: int
    card: int
    group: int
    raw_name: bytes = field(repr=False)
    zones: bytes = field(repr=False)
    password: bytes = field(repr=False)
    fingers: tuple[Finger, ...] = field(default=(), repr=False)

    @property
    def can_scan(self) -> bool:
        """Whether there is a finger, a card or a password."""
        return bool(self.fingers or self.card or self.password)


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody whom a terminal knows, in table order.

    `size` is bytes of a row, None if nobody is enrolled; `names` how names are written, None if all are ASCII or no
    encoding fits all. `orphans` counts fingers of slots that nobody has.
    """

    size: int | None
    names: str | None
    people: tuple[Person, ...]
    orphans: int = 0

    @property
    def fingers(self) -> int:
        return sum(len(person.fingers) for person in self.people)


class Encoded(NamedTuple):
    """A row as a terminal takes it, and what of the person could not be kept, in words."""

    row: bytes
    lost: tuple[str, ...]


def decode_crew(user_table: bytes, finger_table: bytes) -> Crew:
    """Given both whole tables, return everybody. Raise ProtocolViolation or NeedsAttention if they cannot be read."""
    fingers = decode_fingers(finger_table)
    body = table_body(user_table)
    if not body:
        return Crew(None, None, (), sum(map(len, fingers.values())))
    size = user_size(user_table)
    rows = [body[start : start + size] for start in range(0, len(body), size)]
    names = _encoding_of(_raw_name(row, size) for row in rows)
    people = tuple(decode_person(row, names, fingers.pop(_uid(row), ())) for row in rows)
    return Crew(size, names, people, sum(map(len, fingers.values())))


def decode_person(row: bytes, names: str | None, fingers: Sequence[Finger] = ()) -> Person:
    """Given a row of 28 or 72 bytes and how names are written (None: judged by this one), return the person."""
    if len(row) == _ROW_28.size:
        uid, privilege, password, name, card, group, zones, number = _ROW_28.unpack(row)
        pin, card = str(number) if number else "", int.from_bytes(card, "little")
    else:
        uid, privilege, password, name, card, group, zones, pin = _ROW_72.unpack(row)
        pin = decode_text(pin)
    raw_name = name.partition(b"\0")[0]
    return Person(
        uid=uid,
        pin=pin,
        name=_name(raw_name, names),
        privilege=privilege,
        card=card,
        group=group,
        raw_name=raw_name,
        zones=zones,
        password=password.partition(b"\0")[0],
        fingers=tuple(sorted(fingers, key=lambda finger: finger.number)),
    )


def decode_fingers(raw_table: bytes) -> dict[int, tuple[Finger, ...]]:
    """Given the whole table of fingerprints, return them by slot. Raise ProtocolViolation if a row does not fit."""
    body = table_body(raw_table)
    found: dict[int, dict[int, Finger]] = {}
    place = 0
    while place < len(body):
        if place + _FINGER.size > len(body):
            raise ProtocolViolation(
                Message("the fingerprint table ends with {count} bytes that are no row", count=len(body) - place)
            )
        size, uid, number, valid = _FINGER.unpack_from(body, place)
        if not _FINGER.size < size <= len(body) - place:
            raise ProtocolViolation(
                Message(
                    "a fingerprint of {size} bytes stands where {left} bytes are left",
                    size=size,
                    left=len(body) - place,
                )
            )
        found.setdefault(uid, {})[number] = Finger(number, valid, body[place + _FINGER.size : place + size])
        place += size
    return {uid: tuple(fingers.values()) for uid, fingers in found.items()}


def encode_person(person: Person, size: int, names: str | None) -> Encoded:
    """Given a person, the bytes of a row, and how the terminal writes names (None: as they stand), return the row.

    The PIN has to fit: ask `pin_misfit` first. Fingers are no part of a row.
    """
    widths, lost = WIDTHS[size], list[str]()
    raw_name = person.raw_name if names is None else person.name.encode(names)
    if len(raw_name) > widths.name:
        raw_name = _cut(raw_name, widths.name, names)
        lost.append(Message("the name is cut to {raw_name}", raw_name=repr(_name(raw_name, names))))
    password, card, zones = person.password, person.card, person.zones
    if len(password) > widths.password:
        password = b""
        lost.append(Message("the password is left out: it has more than {most} characters", most=widths.password))
    if card >= 1 << (8 * widths.card):
        card = 0
        lost.append(Message("the card is left out: its number {card} is too large", card=person.card))
    if len(zones) != widths.zones:  # the two layouts count time zones differently
        if any(zones):
            lost.append(Message("the access time zones are left out"))
        zones = b""
    if size == _ROW_28.size:
        card_bytes = card.to_bytes(widths.card, "little")
        row = _ROW_28.pack(
            person.uid, person.privilege, password, raw_name, card_bytes, person.group, zones, int(person.pin)
        )
    else:
        pin = person.pin.encode()
        row = _ROW_72.pack(person.uid, person.privilege, password, raw_name, card, person.group, zones, pin)
    return Encoded(row, tuple(lost))


def pin_misfit(pin: str, size: int) -> Message | None:
    """Given a PIN and the bytes of a row, return why it cannot stand there, None if it can."""
    if size == _ROW_28.size:
        if not (pin.isascii() and pin.isdigit()) or str(int(pin)) != pin or not 0 < int(pin) <= _LARGEST_NUMBER:
            return Message(
                "this terminal keeps PINs as numbers from 1 to {most} without leading zeros", most=_LARGEST_NUMBER
            )
        return None
    return None if 0 < len(pin.encode()) <= 24 else Message("this terminal keeps PINs of at most 24 bytes")


def _uid(row: bytes) -> int:
    return int.from_bytes(row[:2], "little")


def _raw_name(row: bytes, size: int) -> bytes:
    name: bytes = (_ROW_28 if size == _ROW_28.size else _ROW_72).unpack(row)[3]
    return name.partition(b"\0")[0]


def _encoding_of(raw_names: Iterable[bytes]) -> str | None:
    """A terminal writes all names alike, so the encoding that fits all of them is it; UTF-8 fits by chance rarely."""
    told = [raw for raw in raw_names if not raw.isascii()]
    if not told:
        return None
    for encoding in NAME_ENCODINGS:
        with suppress(UnicodeDecodeError):
            for raw in told:
                raw.decode(encoding)
            return encoding
    return None


def _name(raw: bytes, names: str | None) -> str:
    if names is not None:
        with suppress(UnicodeDecodeError):
            return raw.decode(names)
    return decode_text(raw)


def _cut(raw: bytes, width: int, names: str | None) -> bytes:
    """Cut between characters: half a character would read as garbage."""
    for encoding in (names,) if names else NAME_ENCODINGS:
        with suppress(UnicodeDecodeError):
            raw.decode(encoding)
            return raw[:width].decode(encoding, errors="ignore").encode(encoding)
    return raw[:width]
