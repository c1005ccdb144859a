"""A record of a terminal: somebody was recognised at that second; and what cannot become one yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from ekinerja_agent.nouns.messages import Message

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
    MINUTES = "minutes"  # a file that tells no seconds; no second punch beside the exact one of that minute


class Contradicts(StrEnum):
    """What a record contradicts that was proven before it came."""

    FILE = "file"
    """A file adds it where a collector had read the whole log."""
    READ = "read"
    """Its clock lies before a read, or a count, in which it was not."""
    CLOCK = "clock"
    """It is later than its terminal's own clock."""
    ORDER = "order"
    """It stands among records that were read before, where it was not."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why a record of a terminal is no punch until two people have decided. It was truly made between `since` and
    `until`, on the terminal's wall (naive); None: nobody knows.
    """

    kind: Contradicts
    since: datetime | None = None
    until: datetime | None = None


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
class Quarantined:
    """A record that cannot become a punch yet, with its bytes and the reason in words a person can act on.

    `apart` is the punch that it is if a person says so, `code` the event in it as it is released by; None: nobody can
    be made out in it. A PIN that is empty is somebody's of whom only the moment is known.
    """

    terminal: str
    source: Source
    position: int
    raw: bytes
    reason: Message
    found_at: datetime
    apart: Punch | None = None
    code: str = ""
