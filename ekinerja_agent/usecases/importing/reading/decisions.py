"""Whose decisions in a file count: only those of an authorised feed, never about the feed's own person nor by the feed.

A decision that does not count leaves its row pending, and what the file claims stays readable in the row. What somebody
approved is changed by nobody else who vouches for nothing. Does not know what is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DECIDED, DOCUMENT_STATUSES, EntryStatus
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer, Kind, Row
from ekinerja_agent.usecases.importing.reading.shapes import words

_DECISION = (
    "document",
    "requested_by",
    "requested_at",
    "status",
    "decided_by",
    "decided_at",
    "approved_minutes",
)

STATUSES_IN_FILES = words(*DOCUMENT_STATUSES)
"""What a file may say of a row that somebody decides; an empty cell is settled afterwards."""


def settle_decisions(draft: Draft, *, blank: str | None = None) -> None:
    """Given a draft, give each row the status that counts; from a feed, an empty one means `blank`."""
    uncounted = 0
    for row in draft.rows:
        status = row["status"] or (blank if draft.importer.vouches else EntryStatus.PENDING)
        row["status"] = status
        if status not in DECIDED:
            continue
        if not draft.importer.vouches:
            row["status"] = EntryStatus.PENDING
            uncounted += 1
            continue
        conflict = _conflict(draft, row)
        if conflict:
            row["status"] = EntryStatus.PENDING
            draft.warn(row, "status", Message("{conflict}; the row enters as pending", conflict=conflict))
    if uncounted:
        draft.warn(
            None,
            "status",
            Message(
                "{uncounted} rows carry a decision, but {importer} is no authorised feed for this kind; they enter "
                "as pending and wait for an account that may decide",
                uncounted=uncounted,
                importer=draft.importer.name,
            ),
        )


def keep_decisions(
    draft: Draft, kind: Kind, stored: Iterable[Mapping[str, Any]], says: Sequence[str]
) -> Mapping[tuple[Any, ...], Mapping[str, Any]]:
    """Given the stored rows, let a pending row that says the same as one of them keep its decision; return the approved
    ones that stay, by key.

    Whoever may not decide must not undo a decision either, by bringing the same file again or another one: a row that
    differs from an approved one is refused, unless who brings it approved that. `says` are the columns besides the key
    that were decided on; a row that differs in one of them from a rejected one is new, and waits for its own decision.
    """
    kept: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    if draft.importer.vouches:
        return kept
    decided = {tuple(row[column] for column in kind.key): row for row in stored if row["status"] in DECIDED}
    for row in draft.rows:
        key = tuple(row[column] for column in kind.key)
        earlier = decided.get(key)
        if earlier is None:
            continue
        is_approved = earlier["status"] == EntryStatus.APPROVED
        same = row["status"] == EntryStatus.PENDING and all(row[column] == earlier[column] for column in says)
        if same and (is_approved or earlier.get("reason") is None):
            row.update({column: earlier[column] for column in _DECISION if column in row})
            if is_approved:
                kept[key] = earlier
        elif is_approved and not _decided_by(draft.importer, earlier):
            _refuse_to_change(draft, row, earlier)
    return kept


def _decided_by(importer: Importer, row: Mapping[str, Any]) -> bool:
    decider = row.get("decider") or row["decided_by"]
    return decider is not None and decider in {importer.name, importer.nip}


def _refuse_to_change(draft: Draft, row: Row, earlier: Mapping[str, Any]) -> None:
    draft.refuse(
        row,
        "status",
        Message(
            "differs from what {decider} approved; allowed: the same row, or a change that {decider} brings. Two "
            "operators can take the approved one back with: import revoke BATCH",
            decider=earlier.get("decider") or earlier["decided_by"] or Message("somebody"),
        ),
    )


def _conflict(draft: Draft, row: Row) -> Message | None:
    """Nobody decides on themselves or on what they entered. An outage is about a terminal, not about a person."""
    nip = row.get("nip")
    if nip is not None and nip == draft.importer.nip:
        return Message("{importer} cannot decide on their own row", importer=draft.importer.name)
    decided_by = row["decided_by"]
    if decided_by is not None and decided_by in {draft.importer.name, draft.importer.nip}:
        return Message("{importer} cannot decide on what it brings", importer=draft.importer.name)
    if decided_by is not None and decided_by == nip:
        return Message("decided by the person it is about")
    if decided_by is not None and decided_by == row.get("requested_by"):
        return Message("decided by the one who requested it")
    return None
