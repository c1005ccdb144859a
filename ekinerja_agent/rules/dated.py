"""Dated values with their source: what holds on which day, and who says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message

PPM_PER_PERCENT = 10_000


WHOLE_PPM = 1_000_000


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from. `mark` is V (text of the rule seen), S, C, M or I; `place` is FILE:LINE."""

    source: str
    mark: str
    place: str


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value in force from `first` to `last`, both included; `last` None means until further notice."""

    first: date
    last: date | None
    value: T
    citation: Citation


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """One named value through time. Entries ascend and never overlap; gaps are allowed and raise when asked."""

    name: str
    entries: tuple[Dated[T], ...]

    def on(self, day: date) -> Dated[T]:
        """Given a day, return the entry in force. Raise NoRule if none is."""
        for entry in reversed(self.entries):
            if entry.first <= day and (entry.last is None or day <= entry.last):
                return entry
        first = self.entries[0].first.isoformat() if self.entries else "never"
        raise NoRule(
            Message(
                "no value of {name} covers {day}; the first one starts {first}. Add the dated value with its source "
                "to config/rules, or choose a profile that covers that day",
                name=self.name,
                day=day,
                first=first,
            )
        )

    def __iter__(self) -> Iterator[Dated[T]]:
        return iter(self.entries)
