"""The nouns that travel from a terminal to the central database.

Two clocks, two words, everywhere: `clock` is what a terminal showed (naive local time), `at` is the instant (UTC).
Intervals are half-open unless said otherwise. Knows nothing of sockets, files or SQL. The columns of the frames that
are scored stand in `scoring/frames/schemas.py`, the nouns of the rules in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote

YEARS = range(1900, 2200)
"""The years that somebody can mean; any other is a slip of the keyboard."""

FROM_TERMINAL = 0
"""Batch number of what a collector delivered; files that people import have numbers from 1."""

EVERY_TERMINAL = "*"
"""In an enrolment, instead of a terminal: the PIN is the person's on each. A terminal that is named beats it."""


class Source(StrEnum):
    """Which way a punch reached us."""

    POLL = "poll"
    PUSH = "push"
    FILE = "file"


class _PunchText(NamedTuple):
    """The values of a punch in the order in which they travel; a clock and an instant as ISO 8601, instants in UTC."""

    terminal: str
    pin: str
    clock_text: str
    occurrence: int
    at_text: str | None
    offset_s: int | None
    verify: int
    state: int
    work_code: int
    source: Source
    raw: bytes
    corrected: bool


def punch_name(terminal: str, pin: str, clock_text: str, occurrence: int) -> str:
    """Given what names a punch, its clock as ISO 8601 text, return its `punch_id`."""
    return f"{punch_names_begin(terminal, pin)}{clock_text[:19]}/{occurrence}"


def punch_names_begin(terminal: str, pin: str) -> str:
    """Return what the `punch_id` of every punch of a PIN on a terminal begins with, and of no other one."""
    quoted = pin if pin.isascii() and pin.isalnum() else quote(pin, safe=":")
    return f"{terminal}/{quoted}/"


class Punch(_PunchText):
    """One record of a terminal's attendance log: somebody was recognised at that second.

    `pin` is the PIN as recorded (`uid:7` where the record holds only the slot number). `occurrence` counts from 1 among
    the records of one log whose terminal, PIN and clock are equal. `at` is None while the terminal's time zone is
    unknown (an imported file). `offset_s` is terminal clock minus host clock in seconds, None if not measured.
    `verify` and `state` are the terminal's raw numbers, shown but never believed. `raw` are the record's own bytes.
    `corrected` tells that `at` was moved by the measured offset because it lay beyond the tolerance.

    Made from a clock and an instant, it keeps their text: that is what it is named, stored and sent by, and a million
    that wait need not be turned into dates and back. Raise ValueError if the clock has a time zone or `at` has none.
    """

    __slots__ = ()

    def __new__(
        cls,
        terminal: str,
        pin: str,
        clock: datetime,
        occurrence: int,
        at: datetime | None,
        offset_s: int | None,
        verify: int,
        state: int,
        work_code: int,
        source: Source,
        raw: bytes,
        corrected: bool = False,
    ) -> Self:
        if clock.tzinfo is not None or (at is not None and at.tzinfo is None):
            raise ValueError(f"{terminal}, PIN {pin}, {clock}: a clock has no time zone, an instant has one")
        clock_text = clock.isoformat()
        at_text = None if at is None else at.astimezone(UTC).isoformat()
        return cls._make(
            (terminal, pin, clock_text, occurrence, at_text, offset_s, verify, state, work_code, source, raw, corrected)
        )

    def __reduce__(self) -> tuple[Callable[[tuple[Any, ...]], Punch], tuple[tuple[Any, ...]]]:
        return Punch._make, (tuple(self),)  # a copy has the texts already

    @property
    def clock(self) -> datetime:
        return datetime.fromisoformat(self.clock_text)

    @property
    def at(self) -> datetime | None:
        return None if self.at_text is None else datetime.fromisoformat(self.at_text)

    @property
    def punch_id(self) -> str:
        """Its name: readable, unique for ever, sortable by terminal, PIN and clock.

        Example: `dinkes-lobby/1001/2026-09-07T07:28:11/1`.
        """
        return punch_name(self.terminal, self.pin, self.clock_text, self.occurrence)


@dataclass(frozen=True, slots=True)
class Coverage:
    """A stretch of host time [start, end) in which all records of a terminal are proven to be in central.

    `start` None means since ever. `silent` marks a stretch of more than ten minutes between two good reads in which the
    terminal recorded nothing: it may have been without power, so it counts only outside duty hours (the scorer knows
    those, the collector does not).
    """

    terminal: str
    start: datetime | None
    end: datetime
    kind: Literal["proven", "silent"] = "proven"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot become a punch yet, with its bytes and the reason in words a person can act on."""

    terminal: str
    source: Source
    position: int
    raw: bytes
    reason: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class SlotOwner:
    """Whose PIN a slot number (`uid`) of an 8-byte terminal stood for at an instant: slots are reused."""

    terminal: str
    uid: int
    pin: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Terminal clock minus host clock, in seconds, at one instant; `trusted` if the host's own clock could vouch."""

    terminal: str
    at: datetime
    offset_s: int
    trusted: bool


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
    state: str


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


Note = Coverage | Quarantined | SlotOwner | ClockReading | TerminalFact | TerminalStatus
"""What travels behind the punches it vouches for."""


@dataclass(frozen=True)
class Delivery:
    """One batch for central, oldest first: punches, then the notes that may follow them.

    `seqs` are the numbers under which the spool keeps the punches, in their order; only the spool reads them.
    """

    punches: tuple[Punch, ...] = ()
    notes: tuple[Note, ...] = ()
    seqs: tuple[int, ...] = field(default=(), compare=False)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the punches, in their order."""
        return tuple(punch.punch_id for punch in self.punches)

    @cached_property
    def named(self) -> dict[str, Punch]:
        """The punches by id, in their order."""
        return dict(zip(self.ids, self.punches, strict=True))


@dataclass(frozen=True, slots=True)
class Receipt:
    """How central settled a delivery: ids now durable there, and ids it can never take with the reason of each."""

    accepted: tuple[str, ...] = ()
    rejected: dict[str, str] = field(default_factory=dict)


def utc_now() -> datetime:
    """The host's wall clock in UTC: the default of every `now` parameter."""
    return datetime.now(UTC)
