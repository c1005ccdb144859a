"""Live events: what a terminal says of its own accord when somebody was recognised.

Decodes each body that is known and raises on every other. An event has no sequence and no position in the log, and
nobody repeats a lost one: it tells that there is something to read, it is never the record. Does not know connections.
Source: protocol section 5; all numbers are little-endian.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.wire.packets import Command, Packet
from ekinerja_agent.terminals.wire.values import decode_text

ATTENDANCE = 1
"""Event code, and bit of the mask to register with: somebody was recognised."""

_BY_NUMBER = {10: struct.Struct("<HBB6s"), 12: struct.Struct("<IBB6s"), 14: struct.Struct("<HBB6s4x")}
_BY_TEXT = {size: struct.Struct(f"<24sBB6s{size - 32}x") for size in (32, 36, 37, 52)}
_BODIES = _BY_NUMBER | _BY_TEXT


class Event(NamedTuple):
    """Who was recognised, how, and what the terminal's clock showed (naive; None: no such date exists).

    `who` is the PIN; bodies of 10 and 14 bytes have room for a slot number only.
    """

    who: str
    verify: int
    state: int
    clock: datetime | None


def tells_of_a_punch(packet: Packet) -> bool:
    """Given a packet, tell whether it is worth a look into the log: its session field carries the event's code.

    A body of a known length is enough: a look in vain costs little, an event missed costs its punch a minute.
    """
    return packet.command == Command.REG_EVENT and (bool(packet.session & ATTENDANCE) or len(packet.data) in _BODIES)


def decode_event(body: bytes) -> Event:
    """Given the data of an attendance event, return it. Raise ProtocolViolation if no event has that length."""
    layout = _BODIES.get(len(body))
    if layout is None:
        raise ProtocolViolation(
            Message(
                "an event has {length} bytes; {known} are known", length=len(body), known=", ".join(map(str, _BODIES))
            )
        )
    who, verify, state, shown = layout.unpack(body)
    return Event(decode_text(who) if isinstance(who, bytes) else str(who), verify, state, _clock(shown))


def _clock(shown: bytes) -> datetime | None:
    year, month, day, hour, minute, second = shown
    try:
        return datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - a terminal's clock has no zone
    except ValueError:
        return None
