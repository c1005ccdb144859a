"""What the uploads of a terminal prove about time. Pure: decisions 36 and 57 are the reason of every line.

Promises that a stretch is vouched for only by the terminal's own count of its records or, where it gives none, behind a
record that was sent as it happened, and that contact alone proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ekinerja_agent.nouns.coverage import Coverage, outside
from ekinerja_agent.spool.pushes import Hole, PushMemory, Stretch
from ekinerja_agent.usecases.collecting.unwatched_gaps import LONGEST_UNWATCHED, split_at_records

_MOST_KEPT = 100
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """What matters of an upload that is being stored, in log order.

    `instants` are those of its usable records, `new` those of the records among them that nobody had brought before.
    `holes` lie around the records that wait for a person. `ends_usable` tells that the last line is a usable record.
    `complete` tells that the upload came whole.
    """

    arrived_at: datetime
    instants: Sequence[datetime]
    new: Sequence[datetime]
    holes: Sequence[Hole]
    ends_usable: bool
    complete: bool


def heard(memory: PushMemory, at: datetime, last: datetime | None = None) -> PushMemory:
    """Given that a terminal is heard of now, return what is remembered then. `last`: a contact not yet on disk."""
    before = max((each for each in (memory.contact_at, last) if each is not None), default=None)
    gaps = memory.gaps
    if before is not None and at - before > LONGEST_UNWATCHED:
        gaps = _few((*gaps, (before, at)))
    return replace(memory, contact_at=at if before is None else max(at, before), gaps=gaps)


def begin_anew(memory: PushMemory) -> PushMemory:
    """Given a terminal that is asked for its whole log now, return what is remembered: nothing was sent yet."""
    return replace(
        memory,
        attlog_stamp=None,
        everything_asked=True,
        first_at=None,
        covered_until=None,
        gaps=(),
        holes=(),
        out_of_order=False,
    )


def noted(memory: PushMemory, upload: Upload) -> PushMemory:
    """Given what is remembered and an upload, return what is to be remembered once its records are known, whatever they
    prove.
    """
    instants = upload.instants
    return replace(
        memory,
        first_at=memory.first_at or (instants[0] if instants else None),
        gaps=_few(tuple(_still_silent(memory.gaps, instants))),
        holes=_joined([*_closed(memory.holes, instants), *upload.holes]),
    )


def _still_silent(gaps: Iterable[Stretch], instants: Sequence[datetime]) -> Iterator[Stretch]:
    """The pieces of gaps in which nothing was recorded for long: a record shows power at its own instant."""
    for start, end in gaps:
        yield from ((since, until) for since, until, silent in split_at_records(instants, start, end) if silent)


def brings_old(memory: PushMemory, upload: Upload) -> bool:
    """Whether an upload brings what nobody knew behind what was vouched for."""
    covered = memory.covered_until
    return covered is not None and any(at < covered for at in upload.new)


def vouch_by_word(
    memory: PushMemory, upload: Upload, *, tolerance: timedelta, unread: Iterable[Hole] = ()
) -> tuple[PushMemory, list[Coverage]]:
    """Given what is remembered, this upload included, of a terminal that is taken at its word, return what is to be
    remembered, and the stretches that the upload proves.

    `unread` are stretches in which records may lie that came in uploads that nobody could read, or were refused.
    """
    start = memory.covered_until or memory.first_at
    if start is None or memory.out_of_order or not ends_fresh(upload, tolerance):
        return memory, []
    until = min(upload.instants[-1], upload.arrived_at) - max(tolerance, _ONE_SECOND)
    return _covered(memory, start, until, unread)


def vouch_by_count(
    memory: PushMemory, since: datetime, counted_at: datetime, *, tolerance: timedelta, unread: Iterable[Hole] = ()
) -> tuple[PushMemory, list[Coverage]]:
    """The same where a terminal was asked at `counted_at` for its own count from `since` on, and as many are held."""
    start = max(since, memory.covered_until or since)
    return _covered(memory, start, counted_at - max(tolerance, _ONE_SECOND), unread)


def _covered(
    memory: PushMemory, start: datetime, until: datetime, unread: Iterable[Hole]
) -> tuple[PushMemory, list[Coverage]]:
    if until <= start:
        return memory, []
    holes = [(hole_start or start, hole_end or until) for hole_start, hole_end in (*memory.holes, *unread)]
    covered = [
        Coverage(memory.terminal, piece_start, piece_end, "silent" if silent else "proven")
        for since, end in outside(holes, start, until)
        for piece_start, piece_end, silent in _pieces(memory.gaps, since, end)
    ]
    return (
        replace(
            memory,
            covered_until=until,
            gaps=tuple(gap for gap in memory.gaps if gap[1] > until),
            holes=tuple(hole for hole in memory.holes if hole[1] is None or hole[1] > until),
        ),
        covered,
    )


def ends_fresh(upload: Upload, tolerance: timedelta) -> bool:
    """Given a whole upload, tell whether its last record was made, by the terminal's clock, just before it came."""
    return (
        upload.complete
        and upload.ends_usable
        and abs(upload.arrived_at - upload.instants[-1]) <= max(tolerance, _ONE_SECOND)
    )


def _closed(holes: Iterable[Hole], instants: Sequence[datetime]) -> Iterator[Hole]:
    """A hole behind the last record of an upload ends at the first record of the next one, if that is a later one."""
    for start, end in holes:
        if end is None and instants and (start is None or instants[0] > start):
            yield start, instants[0]
        else:
            yield start, end


def _joined(holes: list[Hole]) -> tuple[Hole, ...]:
    """Each hole once; too many become one that spans them all."""
    holes = list(dict.fromkeys(holes))
    if len(holes) <= _MOST_KEPT:
        return tuple(holes)
    starts = [start for start, _ in holes if start is not None]
    ends = [end for _, end in holes if end is not None]
    return ((min(starts) if len(starts) == len(holes) else None, max(ends) if len(ends) == len(holes) else None),)


def _few(gaps: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Too many gaps become fewer and longer ones, so that what is remembered has an end."""
    while len(gaps) > _MOST_KEPT:
        gaps = ((gaps[0][0], gaps[1][1]), *gaps[2:])
    return gaps


def _pieces(gaps: Sequence[Stretch], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """Given a stretch, yield its pieces between gaps (False) and those within one (True), in time order."""
    at = start
    for gap_start, gap_end in sorted(gaps):
        since, until = max(gap_start, at), min(gap_end, end)
        if since < until:
            if at < since:
                yield at, since, False
            yield since, until, True
            at = until
    if at < end:
        yield at, end, False
