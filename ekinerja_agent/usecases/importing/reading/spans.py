"""Dated spans in a file, first and last day included, None = open: none ends before it starts or shares a day.

Knows dates only.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from ekinerja_agent.county.spans import first_day, last_day, span_text
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.judging import Draft, Fact

Spell = Fact
"""A row with `valid_from` and `valid_to`."""


def refuse_reversed_spans(draft: Draft) -> None:
    """Given a draft, note every row that ends before it starts."""
    for row in draft.rows:
        first, last = row["valid_from"], row["valid_to"]
        if first is not None and last is not None and first > last:
            draft.refuse(
                row,
                "valid_to",
                Message("{last} is before valid_from {first}; allowed: the same day or later", last=last, first=first),
            )


def refuse_overlaps(draft: Draft, spells: Iterable[Spell], owner: Sequence[str], subject: Message) -> None:
    """Given all spells as they would stand, refuse each row of the file that shares a day with another.

    `owner` are the columns that only one spell at a time may have. Two stored spells are not this file's
    matter.
    """
    by_owner: dict[Hashable, list[Spell]] = {}
    for spell in spells:
        by_owner.setdefault(tuple(spell[column] for column in owner), []).append(spell)
    for group in by_owner.values():
        if len(group) > 1:
            _refuse_group(draft, group, subject)


def _refuse_group(draft: Draft, group: list[Spell], subject: Message) -> None:
    group.sort(key=lambda spell: (first_day(spell), spell.get("row", 0)))
    reaching = group[0]
    for spell in group[1:]:
        if last_day(reaching) >= first_day(spell):
            row, other = _told(spell, reaching)
            if row is not None:
                draft.refuse(row, "valid_from", _overlap_text(row, other, subject))
        if last_day(spell) > last_day(reaching):
            reaching = spell


def _told(one: Spell, other: Spell) -> tuple[Spell | None, Spell]:
    """The row of the file that is told of an overlap, the later one if both are, and what it overlaps."""
    if "row" in one and ("row" not in other or one["row"] > other["row"]):
        return one, other
    return (other, one) if "row" in other else (None, one)


def _overlap_text(row: Spell, other: Spell, subject: Message) -> Message:
    about: dict[str, object] = {
        "days": span_text(row["valid_from"], row["valid_to"]),
        "subject": subject,
        "other_days": span_text(other["valid_from"], other["valid_to"]),
    }
    if "row" in other:
        return Message(
            "{days} shares days with row {row} of the same {subject} ({other_days}); end that one first: the same "
            "key with a valid_to is its new version",
            **about,
            row=other["row"],
        )
    return Message(
        "{days} shares days with a row already stored of the same {subject} ({other_days}); end that one first: the "
        "same key with a valid_to is its new version",
        **about,
    )
