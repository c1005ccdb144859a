"""Kind `activities`: what people did, from when to when.

A minute of a person counts once: what overlaps is rejected. The earlier one stays: what is stored before what
is new, and in a file the upper row. What breaks a rule of the day is rejected before that. Does not know targets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DECIDED, EntryStatus
from ekinerja_agent.rules import VOLUME, RuleBook
from ekinerja_agent.usecases.importing.reading.activity_rules import ActivityRules
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.decisions import keep_decisions, settle_decisions
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, Row, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import MINUTES, shown, words

_NOT_TAKEN = frozenset({EntryStatus.REJECTED, EntryStatus.WITHDRAWN})
"""What leaves its time to another activity."""
_DECISION = ("status", "approved_minutes", "decided_by", "decided_at")
_KEPT = ("reason", "waits_from")
"""What is worked out of a row, beside its columns."""
_VOLUME = re.compile(VOLUME)
WORK = ("nip", "date", "start", "end", "description", "type", "volume", "output", "plan")
"""The columns that tell what was done; two activities that agree in them are the same work."""


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    _judge_lengths(draft)
    _judge_volumes(draft)
    settle_decisions(draft)
    stored = _stored(draft)
    _refuse_ids_of_others(draft, stored)
    kept = {name for (name,) in keep_decisions(draft, KIND, stored.values(), WORK)}
    arriving = [row for row in draft.rows if row["activity_id"] not in kept]
    for row in arriving:
        row["reason"] = None
        _judge_life(draft, row, stored.get(row["activity_id"]))
    if draft.rules is not None and not draft.problems:
        _reject_broken_rules(draft, draft.rules, arriving)
    _reject_overlaps(draft, stored, arriving)
    for row in arriving:
        _settle_minutes(row)
    for row in draft.rows:
        if row["activity_id"] in kept:  # no rule of today takes away what was approved
            earlier = stored[row["activity_id"]]
            row.update({column: earlier[column] for column in earlier if column in _KEPT or column in row})


def _stored(draft: Draft) -> Mapping[str, Mapping[str, Any]]:
    if not draft.rows:
        return {}
    ids = [row["activity_id"] for row in draft.rows]
    return {row["activity_id"]: row for row in draft.stored.activities(ids, *_concerned(draft))}


def _concerned(draft: Draft) -> tuple[frozenset[str], date, date]:
    """The people of the rows, their first and their last day."""
    days = [row["date"] for row in draft.rows]
    return frozenset(row["nip"] for row in draft.rows), min(days), max(days)


def _judge_lengths(draft: Draft) -> None:
    for row in draft.rows:
        start, end, approved = row["start"], row["end"], row["approved_minutes"]
        if end <= start:
            draft.refuse(
                row,
                "end",
                Message(
                    "{end} is not after start {start}; allowed: a later time of the same day", end=end, start=start
                ),
            )
        elif approved is not None and approved > _minutes(start, end):
            longest = _minutes(start, end)
            draft.refuse(
                row,
                "approved_minutes",
                Message(
                    "{approved}; allowed: up to {longest}, the minutes it lasted", approved=approved, longest=longest
                ),
            )


def _judge_volumes(draft: Draft) -> None:
    standards = draft.stored.standards({row["type"] for row in draft.rows} - {None})
    for row in draft.rows:
        if row["type"] in standards and row["volume"] is not None and not _VOLUME.match(row["volume"]):
            message = Message(
                "{found}; allowed: a number with at most two decimals, because the type has a standard time",
                found=shown(row["volume"]),
            )
            draft.refuse(row, "volume", message)


def _judge_life(draft: Draft, row: Row, earlier: Mapping[str, Any] | None) -> None:
    """Who sends the same work as still pending changes neither its approval nor that it was withdrawn; new work waits
    from today on.
    """
    row["waits_from"] = None
    if earlier is None or row["status"] not in {EntryStatus.PENDING, earlier["status"]}:
        return
    same = all(row[column] == earlier[column] for column in WORK)
    if same and earlier["status"] == EntryStatus.APPROVED and earlier["reason"] is None:
        row.update({column: earlier[column] for column in _DECISION if row["status"] == EntryStatus.PENDING})
    if same and earlier["status"] == EntryStatus.WITHDRAWN:
        row["status"] = EntryStatus.WITHDRAWN
    elif same and row["status"] == earlier["status"]:
        row["waits_from"] = earlier.get("waits_from")
    elif row["status"] == EntryStatus.PENDING and earlier["reason"] is None:
        row["waits_from"] = draft.today


def _reject_broken_rules(draft: Draft, rules: RuleBook, arriving: Sequence[Row]) -> None:
    if not draft.rows:
        return
    known = ActivityRules(draft.stored.about(*_concerned(draft)), rules, draft.profile)
    for row in arriving:
        try:
            broken = None if row["status"] in _NOT_TAKEN else known.broken(row)
        except NoRule as error:
            draft.refuse(row, "date", error.message)
            continue
        if broken is not None:
            column, reason = broken
            row["status"], row["reason"] = EntryStatus.REJECTED, reason
            draft.reject(row, column, reason)
        elif row["status"] == EntryStatus.PENDING and (pending := known.pending(row)) is not None:
            draft.warn(row, "start", pending)


def _refuse_ids_of_others(draft: Draft, stored: Mapping[str, Mapping[str, Any]]) -> None:
    """Two applications that both count from 1 would silently take each other's activities away."""
    for row in draft.rows:
        earlier = stored.get(row["activity_id"])
        if earlier is not None and earlier["nip"] != row["nip"]:
            found = shown(row["activity_id"])
            draft.refuse(
                row,
                "id",
                Message("{found} is stored as another person's activity; allowed: ids unique for ever", found=found),
            )


def _reject_overlaps(draft: Draft, stored: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]) -> None:
    replaced = {row["activity_id"] for row in rows}
    standing = {key for key, row in stored.items() if row["status"] not in _NOT_TAKEN}
    taken: dict[tuple[str, date], list[tuple[time, time, str]]] = {}
    for key in standing - replaced:
        row = stored[key]
        taken.setdefault((row["nip"], row["date"]), []).append((row["start"], row["end"], key))
    arriving = [row for row in rows if row["status"] not in _NOT_TAKEN]
    arriving.sort(key=lambda row: (row["activity_id"] not in standing, row["row"]))
    for row in arriving:
        start, end = row["start"], row["end"]
        day = taken.setdefault((row["nip"], row["date"]), [])
        for other_start, other_end, other_id in day:
            if start < other_end and other_start < end:
                row["status"] = EntryStatus.REJECTED
                row["reason"] = Message(
                    "overlaps {other_id} ({other_start}-{other_end})",
                    other_id=other_id,
                    other_start=f"{other_start:%H:%M}",
                    other_end=f"{other_end:%H:%M}",
                )
                draft.reject(row, "start", row["reason"])
                break
        else:
            day.append((start, end, row["activity_id"]))


def _settle_minutes(row: Row) -> None:
    """Minutes belong to an approval; an approval without minutes approves all of them."""
    if row["status"] != EntryStatus.APPROVED:
        row["approved_minutes"] = None
    elif row["approved_minutes"] is None:
        row["approved_minutes"] = _minutes(row["start"], row["end"])


def _minutes(start: time, end: time) -> int:
    seconds = (end.hour - start.hour) * 3600 + (end.minute - start.minute) * 60 + end.second - start.second
    return seconds // 60


KIND = Kind(
    "activities",
    columns("activities", status=words(EntryStatus.DRAFT, EntryStatus.PENDING, *DECIDED), approved_minutes=MINUTES),
    _judge,
    Message("Daily activities with their approvals."),
    names_rules=True,
)
