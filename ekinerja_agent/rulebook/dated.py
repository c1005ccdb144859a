"""Dated values as they stand in every rule file: first day, last day, source, mark.

Promises that the values of one key ascend without overlap or gap. Does not know what is dated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeVar

from pydantic import AfterValidator, Field

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Day, Text

ONE_DAY: Final = timedelta(days=1)
MINUTES_A_DAY: Final = 1440

Mark = Literal["V", "S", "C", "M", "I"]


class DatedEntry(FileSection):
    """A value with the days on which it is in force, and where it comes from."""

    first: Day = Field(alias="from")
    """The first day on which it is in force."""
    last: Day | None = Field(default=None, alias="to")
    """The last day, included. Without it: until the next entry begins, or further notice."""
    source: Text
    """The decree or paper that says so."""
    mark: Mark
    """V text of the rule seen, S secondary, C practice in software, M from memory, I inferred or proposed."""


Entry = TypeVar("Entry", bound=DatedEntry)


def _in_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Given dated entries, return them. Raise faults where they do not ascend, overlap or leave a gap."""
    wrong: list[tuple[KeyPath, Message]] = []
    for index, entry in enumerate(entries):
        if entry.last is not None and entry.last < entry.first:
            wrong.append(
                ((index, "to"), Message("{last} lies before its own from, {first}", last=entry.last, first=entry.first))
            )
        if index and (message := _misplaced(entries[index - 1], entry)):
            wrong.append(((index, "from"), message))
    if wrong:
        raise faults(wrong)
    return entries


def _misplaced(before: DatedEntry, entry: DatedEntry) -> Message | None:
    """Given two neighbours, return what is wrong with where the second begins."""
    if entry.first <= before.first:
        return Message(
            "{first} does not come after {before}; dated values must ascend", first=entry.first, before=before.first
        )
    if before.last is None or before.last < before.first:
        return None  # it ends where this one begins, or is told by itself
    if entry.first <= before.last:
        return Message("{first} overlaps the value before, which lasts to {last}", first=entry.first, last=before.last)
    if entry.first > before.last + ONE_DAY:
        return Message(
            "{first} leaves a gap after {last}; the days between have no value", first=entry.first, last=before.last
        )
    return None


IN_ORDER = (Field(min_length=1), AfterValidator(_in_order))


def span_faults(
    spans: Sequence[tuple[int, int | None]], from_key: str, to_key: str
) -> Iterator[tuple[KeyPath, Message]]:
    """Yield where spans of whole numbers, both ends included, do not follow each other up to the open end."""
    for index, (low, high) in enumerate(spans[:-1]):
        follower = spans[index + 1][0]
        if high is None:
            yield (index, from_key), Message("only the last entry may be without {to_key}", to_key=to_key)
        elif high < low:
            yield (
                (index, to_key),
                Message("{high} is less than its own {from_key}, {low}", high=high, from_key=from_key, low=low),
            )
        elif follower != high + 1:
            yield (
                (index + 1, from_key),
                Message("{found} overlaps the entry before; {allowed} is allowed", found=follower, allowed=high + 1)
                if follower <= high
                else Message(
                    "{found} leaves a gap after the entry before; {allowed} is allowed",
                    found=follower,
                    allowed=high + 1,
                ),
            )
    if spans and (high := spans[-1][1]) is not None:
        message = Message(
            "{high} was found; the last entry has no {to_key}, so that nothing is left out", high=high, to_key=to_key
        )
        yield (len(spans) - 1, to_key), message


def none_for(word: str, group: str) -> Callable[[object], object]:
    """Given the word that stands for none and what else is allowed, return the validator that reads the word."""

    def read(value: object) -> object:
        # None would be an empty value, which is never meant here.
        if value is None:
            raise faults([((), Message("nothing was found; {word} or {group} is allowed", word=word, group=group))])
        return None if value == word else value

    return read
