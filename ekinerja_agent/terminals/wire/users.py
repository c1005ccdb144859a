"""The user table: whose PIN and name stand in which slot.

Never decodes or keeps a password. Does not know which table a person belongs to; a slot number is reused
after a deletion, so what is read here is true only for the moment of reading.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.wire.log import table_body
from ekinerja_agent.terminals.wire.values import decode_text

_USER28 = struct.Struct("<HB5x8sIxBHI")
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


_READERS: dict[int, Callable[[bytes], list[User]]] = {28: _users28, 72: _users72}
