"""What is known of a terminal: whom it serves, what was last heard, where its log ended, whose its slots were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ekinerja_agent.nouns.messages import Message, as_message

OK = as_message("ok")
"""The state of a terminal of which there is nothing to say."""


@dataclass(frozen=True, slots=True)
class SlotOwner:
    """Whose PIN a slot number (`uid`) of an 8-byte terminal stood for at an instant: slots are reused."""

    terminal: str
    uid: int
    pin: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class TerminalFact:
    """What the collector's devices.yaml says of a terminal since `since`: whom it serves and in which zone it lives."""

    terminal: str
    office: str
    timezone: str
    enabled: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class TerminalStatus:
    """The last that was heard of a terminal. Display only: nothing is scored from it."""

    terminal: str
    address: str
    serial: str
    firmware: str
    records: int | None
    capacity: int | None
    users: int | None
    clock_offset_s: int | None
    last_contact: datetime | None
    state: Message


@dataclass(frozen=True, slots=True)
class LogCursor:
    """Where the last good read of a terminal's log ended, and by which bytes that place is found again.

    `position` counts the slots up to there; an all-zero slot at the very end is not one of them. `anchor` holds the raw
    bytes of the last slots. `latest_clock` is the latest clock of any record up to there: none of them has a later one.
    `proven` tells that this serial, firmware and transport gave the right bytes for any stretch of its log, `judged_at`
    when that was last tried (host instant); None if it could not be tried.
    """

    serial: str
    firmware: str
    transport: str
    record_size: int
    position: int
    anchor: bytes
    latest_clock: datetime | None
    proven: bool
    judged_at: datetime | None
