"""The user table: whose PIN and name stand in which slot.

Never decodes or keeps a password. Does not know which table a person belongs to; a slot number is reused
after a deletion, so what is read here is true only for the moment of reading.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.wire.log import table_body
from ekinerja_agent.terminals.wire.values import decode_text

_USER28 = struct.Struct("<HB5x8sIxBHI")
_USER16 = struct.Struct("<HB5x8s")
_USER72 = struct.Struct("<HB8x24sIB8x24s")


class User(NamedTuple):
    """One slot of a terminal's user table. `pin` is what the person types; `name` may be empty."""

    uid: int
    pin: str
    name: str
    privilege: int
    card: int
    group: int


def decode_users(raw_table: bytes) -> list[User]:
    """Given the whole user table (u32 length, then users of 28 or 72 bytes), return the users in table order.

    Raise as `user_size`. Source: protocol section 4.
    """
    body = table_body(raw_table)
    return _READERS[user_size(raw_table)](body) if body else []


def user_size(raw_table: bytes) -> int:
    """Given a user table that is not empty, return how many bytes one user has.

    It is judged by what must hold for users: slot numbers distinct and above 0, every PIN present. Raise
    ProtocolViolation if the length does not match, NeedsAttention if no size or both fit.
    """
    body = table_body(raw_table)
    possible = [size for size, read in _READERS.items() if len(body) % size == 0 and _plausible(read(body))]
    if len(possible) != 1:
        raise NeedsAttention(
            Message("the user table of {length} bytes fits two known layouts (28 or 72 bytes)", length=len(body))
            if possible
            else Message("the user table of {length} bytes fits no known layouts (28 or 72 bytes)", length=len(body))
        )
    return possible[0]


def readable_users(raw_table: bytes) -> tuple[list[User], int]:
    """Given the whole user table of a terminal whose records hold slots, return the users whose rows can be read, in
    table order, and how many rows cannot: without slot or PIN, or in a slot that two have.

    One damaged row takes nobody else's slot away. Rows of 16 bytes have no PIN: there the slot is the PIN. Raise
    ProtocolViolation if the length does not match, NeedsAttention if the rows of no size, or of several alike, can be
    read.
    """
    body = table_body(raw_table)
    if not body:
        return [], 0
    found = sorted((_readable(read(body)) for size, read in _SLOTS.items() if len(body) % size == 0), reverse=True)
    best, *others = found or [(Fraction(0), 0, [])]
    if best[0] * 2 < 1 or any(share == best[0] for share, _, _ in others):
        raise NeedsAttention(
            Message(
                "the user table of {length} bytes fits no known layouts (16, 28 or 72 bytes), or several",
                length=len(body),
            )
        )
    _, damaged, users = best
    return users, damaged


def _readable(users: list[User]) -> tuple[Fraction, int, list[User]]:
    """Which share of the rows can be read, how many cannot, and those that can."""
    in_slot = Counter(user.uid for user in users)
    good = [user for user in users if user.uid and in_slot[user.uid] == 1 and _told(user)]
    return Fraction(len(good), len(users)), len(users) - len(good), good


def _told(user: User) -> bool:
    return bool(user.pin) and user.pin.isprintable() and user.name.isprintable() and user.privilege <= _MOST_PRIVILEGE


def _plausible(users: list[User]) -> bool:
    uids = {user.uid for user in users}
    return 0 not in uids and len(uids) == len(users) and all(user.pin.isprintable() and user.pin for user in users)


def _users28(body: bytes) -> list[User]:
    return [
        User(uid, str(pin) if pin else "", decode_text(name), privilege, card, group)
        for uid, privilege, name, card, group, _zone, pin in _USER28.iter_unpack(body)
    ]


def _users72(body: bytes) -> list[User]:
    return [
        User(uid, decode_text(pin), decode_text(name), privilege, card, group)
        for uid, privilege, name, card, group, pin in _USER72.iter_unpack(body)
    ]


def _users16(body: bytes) -> list[User]:
    """Firmware before 5.04 (vendor manual 2006): what people type is the number of their slot."""
    return [
        User(uid, str(uid), decode_text(name), privilege, 0, 0) for uid, privilege, name in _USER16.iter_unpack(body)
    ]


_READERS: dict[int, Callable[[bytes], list[User]]] = {28: _users28, 72: _users72}
_SLOTS: dict[int, Callable[[bytes], list[User]]] = {16: _users16, **_READERS}
_MOST_PRIVILEGE = 15
