"""What becomes of uploads that this version cannot read: their records, how much is kept, holes, what people are told.

Promises that no byte of a body that is kept is missing in its records but padding and the ends of lines of text, and
that what one terminal makes us keep has an end. Pure: decision 40 is the reason of every line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.spool import Hole, UnreadUploads
from ekinerja_agent.terminals.push_text import filled_lines, is_text
from ekinerja_agent.terminals.wire import DecodedLog

MOST_KEPT_MIB = 32
KEPT_WITHIN = timedelta(days=30)
"""So much of one terminal within so long: the log of an office's years in access-control mode, as its lines come."""
MOST_LINE_ENDS = 40_000
"""A text of more is kept whole: each line becomes a row, and a terminal waits ten seconds for its answer."""
RECORD_BYTES = 256
"""What a record takes beside its own bytes, at least: many short ones fill a disk too."""
TOLD_FOR = timedelta(days=1)
"""A terminal that sent nothing of the kind for longer is told of no more."""
_MOST_HOLES = 100
_EVER = datetime.min.replace(tzinfo=UTC)


def unread_records(terminal: str, kind: str, body: bytes, at: datetime) -> list[Quarantined]:
    """Given a body and how its kind is shown, return what is kept of it: the lines of a text, else the whole.

    A text repeated with one line more is then one record more. Empty: there is nothing but padding.
    """
    if not body.strip(b"\r\n\t \0"):
        return []
    by_line = is_text(body) and body.count(b"\n") + body.count(b"\r") <= MOST_LINE_ENDS
    lines = filled_lines(body) if by_line else [(1, body)]
    reason = Message(
        "an upload `{kind}`, which this version does not read; its bytes are kept, and may be punches", kind=kind
    )
    return [Quarantined(terminal, Source.PUSH, number, line, reason, at) for number, line in lines]


def unread_of_log(
    terminal: str, decoded: DecodedLog, waiting: list[Quarantined], body: bytes, at: datetime
) -> tuple[str, list[Quarantined]]:
    """Given what of an ATTLOG body waits for a person, return of what kind it is, if nobody here can read that kind
    (empty: single bad lines), and what is to be kept.

    What is no text falls into lines by chance, and its bytes between them would be lost: it is kept whole.
    """
    if decoded.undecodable and not is_text(body):
        torn = {each.position for each in decoded.undecodable}
        kind = "attlog/packed"
        return kind, [*unread_records(terminal, kind, body, at), *(one for one in waiting if one.position not in torn)]
    return "", waiting


def with_room(memory: UnreadUploads, records: Sequence[Quarantined], at: datetime) -> UnreadUploads | None:
    """Given what is remembered and records that were never kept, return it with them counted; None: no room is left."""
    if memory.kept_since is None or not timedelta(0) <= at - memory.kept_since < KEPT_WITHIN:
        memory = replace(memory, kept_bytes=0, kept_since=at)
    kept_bytes = memory.kept_bytes + sum(len(record.raw) + RECORD_BYTES for record in records)
    return None if kept_bytes > MOST_KEPT_MIB << 20 else replace(memory, kept_bytes=kept_bytes)


def with_hole(memory: UnreadUploads, start: datetime | None, end: datetime) -> UnreadUploads:
    """Given what is remembered and a stretch in which unread records may lie, return it with that among its holes.

    `start` is until when the terminal's uploads were vouched for; None: they were not yet.
    """
    if start is not None and start >= end:
        return memory
    return replace(memory, holes=_few(_apart([*memory.holes, (start, end)])))


def is_told(memory: UnreadUploads, at: datetime) -> bool:
    """Given what is remembered, return whether people should know of it at an instant."""
    return memory.seen_at is not None and at - memory.seen_at < TOLD_FOR


def sentence(memory: UnreadUploads) -> Message:
    """Given what is remembered, return what people should know of it."""
    if memory.refused:
        return Message(
            "it uploads more of `{kind}`, which this version does not read, than is kept of one terminal ({room} "
            "MiB in {days} days); the rest is refused and stays in it, its days stay pending: see `punch "
            "quarantine`, and fetch its log",
            kind=memory.kind,
            room=MOST_KEPT_MIB,
            days=KEPT_WITHIN.days,
        )
    return Message(
        "it uploads `{kind}`, which this version does not read; its bytes are kept (`punch quarantine`) and its "
        "days stay pending: if its menu says access control, fetch its log, then set T&A PUSH (the change can wipe it)",
        kind=memory.kind,
    )


def _apart(holes: Iterable[Hole]) -> list[Hole]:
    """Those that touch become one."""
    apart: list[Hole] = []
    for start, end in sorted(holes, key=_begin):
        before = apart[-1][1] if apart else None
        if before is not None and end is not None and (start is None or start <= before):
            apart[-1] = (apart[-1][0], max(before, end))
        else:
            apart.append((start, end))
    return apart


def _begin(hole: Hole) -> datetime:
    return hole[0] or _EVER


def _few(holes: list[Hole]) -> tuple[Hole, ...]:
    """The oldest become one: what is remembered has an end, and they are the least likely to be asked for again."""
    while len(holes) > _MOST_HOLES:
        holes[:2] = [(holes[0][0], holes[1][1])]
    return tuple(holes)
