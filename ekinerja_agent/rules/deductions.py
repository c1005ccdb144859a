"""What lateness, absence and events cost, and when a machine may be the cause instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from ekinerja_agent.nouns.scorecard import Base

CORRECTION = "correction/"
"""Begins the reference of a correction, which names the scan that it adds where another has a punch."""
DOUBT = "doubt/"
"""Begins the reference of a record that contradicts what was proven, where one of a correction stands."""

APART = "apart/"
"""The same of a record that is set apart, before its number, terminal and event."""


@dataclass(frozen=True, slots=True)
class Band:
    """Minutes `from_min`..`to_min` (both included, None = no end) cost `deduction_ppm` under the code people know.

    With `per_minute` each of the minutes costs so much, else all of them together.
    """

    from_min: int
    to_min: int | None
    code: str
    deduction_ppm: int
    per_minute: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What a missing scan costs: `deduction_ppm`, or (it is then 0) what `as_minutes` late or early would."""

    deduction_ppm: int
    as_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceDay:
    """What a day without scan and document costs: `deduction_ppm`, or its share of presence.

    With `presence_share` the month's presence (days that are not such days of all working days) is rounded half up to
    0.01 %, and each such day costs what it takes away from that; `deduction_ppm` is then 0.
    """

    deduction_ppm: int
    presence_share: bool = False


@dataclass(frozen=True, slots=True)
class EventCost:
    """What it costs to miss an event of a kind (apel, upacara, krida), by weekday from Monday, and of what.

    Without `in_ramadan` such an event costs nothing in the fasting month: it is not held.
    """

    kind: str
    weekdays_ppm: tuple[int, ...]
    in_ramadan: bool
    base: Base


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A monthly ceremony that the rules themselves announce: the day, moved to the next working day if it is none.

    `code` and the day make the name of the event, such as HKN-2026-09-17; `kind` is that of an event.

    `fixed` are (month, day) on which it is held whatever day it is. Nobody scans for it before `opens` or after
    `closes` (local, both minutes included).
    """

    code: str
    kind: str
    day_of_month: int
    opens: time
    closes: time
    fixed: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class MassAnomaly:
    """When so many of an office share one finding at one terminal and scan that a machine may be the cause.

    At least `least_people`, and at least `share_ppm` of those expected: their days wait for a person.
    """

    share_ppm: int
    least_people: int
