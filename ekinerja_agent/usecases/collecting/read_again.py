"""Reads kept bytes of uploads once more: what this version understands of what an earlier one could not.

Promises the punches that the same bytes would have become when they came: a body is read as it came, line by line, so
that the same record twice is two and one that comes in two forms is one. Never raises for bytes. Pure: does not know
where they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.terminals.identity import FUTURE_REASON, RESET_REASON, ClockRule, to_punches
from ekinerja_agent.terminals.push_access import SetApart
from ekinerja_agent.terminals.push_kinds import kind_of
from ekinerja_agent.terminals.push_text import is_text, parse_upload
from ekinerja_agent.terminals.set_apart import set_apart
from ekinerja_agent.terminals.wire import DecodedLog, Record

_UNREAD = re.compile(r"an upload `([^`]*)`, which this version does not read;")


class UnreadBytes(NamedTuple):
    """Bytes that wait: under which `key`, why, and where in which upload they came."""

    key: int
    position: int
    raw: bytes
    reason: str
    found_at: datetime


class ReadAgain(NamedTuple):
    """What became of some of them: `punches`, and `apart` by key what names a person now; `done` are the keys of those
    of which every line is understood.
    """

    punches: list[Punch]
    apart: dict[int, list[Quarantined]]
    done: list[int]


def read_again(
    terminal: str,
    kept: Iterable[UnreadBytes],
    clock_rule: ClockRule,
    known: Mapping[tuple[str, datetime], int] | None = None,
) -> ReadAgain:
    """Given what waits of one terminal, in the order in which it came, return what it is now. `known` as for a log."""
    found = ReadAgain([], {}, [])
    readable = [each for each in kept if _may_be_records(each)]
    for found_at, body in groupby(readable, key=lambda each: each.found_at):
        _read_body(terminal, list(body), found_at, clock_rule, known or {}, found)
    return found


def _may_be_records(kept: UnreadBytes) -> bool:
    """What waits for its clock is left to a redating; what came as no log is none by its look."""
    if kept.reason in (RESET_REASON, FUTURE_REASON) or not is_text(kept.raw):
        return False
    unread = _UNREAD.match(kept.reason)
    return unread is None or kind_of("cdata", {"table": unread[1]}).is_log


def _read_body(
    terminal: str,
    body: Sequence[UnreadBytes],
    found_at: datetime,
    clock_rule: ClockRule,
    known: Mapping[tuple[str, datetime], int],
    found: ReadAgain,
) -> None:
    records: list[Record] = []
    lines: list[SetApart] = []
    whose: list[UnreadBytes] = []
    bad: set[int] = set()
    for one in body:
        parsed = parse_upload(one.raw)
        if parsed.decoded.undecodable:
            bad.add(one.key)
        for record in parsed.decoded.records:
            records.append(record._replace(position=len(whose)))
            whose.append(one)
        for line in parsed.apart:
            lines.append(line._replace(position=len(whose)))
            whose.append(one)
    decoded = DecodedLog(None, tuple(records), ())
    punches, waiting = to_punches(
        terminal, decoded, clock_rule=clock_rule, source=Source.PUSH, read_at=found_at, known=known
    )
    found.punches.extend(punches)
    bad |= {whose[each.position].key for each in waiting}
    for each in set_apart(terminal, lines, clock_rule=clock_rule, read_at=found_at):
        one = whose[each.position]
        if each.apart is None:
            bad.add(one.key)
        else:
            found.apart.setdefault(one.key, []).append(replace(each, position=one.position))
    found.done.extend(one.key for one in body if one.key not in bad)
