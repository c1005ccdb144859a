"""The end of a log, found again by its bytes: what is new without reading what is old.

Promises that a tail that is returned follows, without a gap, on the slots read before; in any doubt there is none, and
the log has to be read whole. Knows stretches of bytes only, not how they travel nor what a record means. Source:
protocol section 3, "Tail reads".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ekinerja_agent.nouns.terminal import LogCursor

Stretch = Callable[[int, int], bytes]
"""Given where to begin and how much, returns exactly that much of the terminal's table, or raises."""

ANCHOR_SLOTS = 64
"""How many slots before the known end are read again. A log with fewer is read whole: that is cheap."""
MOST_DROPPED = 999
"""A full log may forget so many of its oldest records at once (protocol section 6); then positions shift down."""

_WORD_BYTES = 4
_SAMPLE_BYTES = 2_041


class Tail(NamedTuple):
    """The slots from `first_position` to the end of the log: ANCHOR_SLOTS that were read before, then what is new."""

    first_position: int
    slots: bytes


def find_tail(stretch: Stretch, size_bytes: int, cursor: LogCursor) -> Tail | None:
    """Given a held table and where the last read ended, return the slots from the known end on, None in any doubt.

    The known slots must stand there as they were, in one piece, once, at their place or up to MOST_DROPPED lower.
    """
    slot_bytes, anchor = cursor.record_size, cursor.anchor
    slots, rest = divmod(size_bytes - _WORD_BYTES, slot_bytes)
    expected = cursor.position - ANCHOR_SLOTS
    start = min(expected, slots - ANCHOR_SLOTS)
    if rest or not _tells_its_place(anchor, slot_bytes) or start < max(0, expected - MOST_DROPPED):
        return None
    if stretch(0, _WORD_BYTES) != (size_bytes - _WORD_BYTES).to_bytes(_WORD_BYTES, "little"):
        return None
    read = stretch(_WORD_BYTES + start * slot_bytes, (slots - start) * slot_bytes)
    places = list(_places(anchor, read, slot_bytes))
    lowest = max(0, expected - MOST_DROPPED)
    if not places and lowest < start:
        read = stretch(_WORD_BYTES + lowest * slot_bytes, (start - lowest) * slot_bytes) + read
        start, places = lowest, list(_places(anchor, read, slot_bytes))
    if len(places) != 1 or start + places[0] > expected:
        return None
    return Tail(start + places[0], read[places[0] * slot_bytes :])


def gives_any_stretch(stretch: Stretch, table: bytes) -> bool:
    """Given a held table and all its bytes as they were read, return whether an odd stretch, one in the middle and the
    end come again the same.

    A terminal that ignores where a stretch begins gives itself away, so a stretch must not look like the beginning.
    """
    third, half = len(table) // 3, len(table) // 2
    for start in (third | 1, half, max(0, len(table) - _SAMPLE_BYTES)):
        true = table[start : start + _SAMPLE_BYTES]
        if stretch(start, len(true)) != true or table.startswith(true):
            return False
    return True


def behind_known_end(slots: bytes, cursor: LogCursor) -> int | None:
    """Given all slots of a log, return how many of them reach to the last one that was known, None if it is gone.

    A log only grows at its end: where that slot stands, nothing that came behind it was forgotten. Where it stands more
    than once, its last place counts.
    """
    last = cursor.anchor[-cursor.record_size :]
    if not last:
        return 0
    return max((place + 1 for place in _places(last, slots, cursor.record_size)), default=None)


def hides_known_end(slots: bytes, cursor: LogCursor) -> bool:
    """Given all slots of a log of which `find_tail` found no tail, return whether it should have found one: then the
    terminal gave wrong bytes for the stretches asked.
    """
    places = list(_places(cursor.anchor, slots, cursor.record_size))
    expected = cursor.position - ANCHOR_SLOTS
    return (
        _tells_its_place(cursor.anchor, cursor.record_size)
        and len(places) == 1
        and 0 <= expected - places[0] <= MOST_DROPPED
    )


def anchor_of(slots: bytes, slot_bytes: int) -> bytes:
    """Given slots without a blank end, return the last of them, by which this place is found again."""
    return slots[-ANCHOR_SLOTS * slot_bytes :]


def _tells_its_place(anchor: bytes, slot_bytes: int) -> bool:
    """Whether the anchor is long enough, and no shift lays it upon itself: as many identical records would."""
    if len(anchor) != ANCHOR_SLOTS * slot_bytes:
        return False
    return not any(anchor.startswith(anchor[shift * slot_bytes :]) for shift in range(1, ANCHOR_SLOTS))


def _places(wanted: bytes, slots: bytes, slot_bytes: int) -> Iterator[int]:
    """Yield each slot at which `wanted` stands whole."""
    at = slots.find(wanted)
    while at >= 0:
        if at % slot_bytes == 0:
            yield at // slot_bytes
        at = slots.find(wanted, at + 1)
