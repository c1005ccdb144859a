"""Kinds `evaluation_meetings` and `innovations`: what a unit held and what it began, one row each.

Does not judge either.
"""

from __future__ import annotations

from datetime import timedelta

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import judge_named_nip, known_nips
from ekinerja_agent.usecases.importing.reading.shapes import CODE

_ONE_DAY = timedelta(days=1)


def _judge_meetings(draft: Draft) -> None:
    refuse_repeated_keys(draft, MEETINGS)
    refuse_unknown_units(draft)
    people = known_nips(draft)
    for row in draft.rows:
        judge_named_nip(draft, row, "led_by", people)
        # In the east it may be tomorrow already.
        if row["date"] > draft.today + _ONE_DAY:
            draft.refuse(
                row, "date", Message("{date} is still to come; allowed: a meeting that was held", date=row["date"])
            )


def _judge_innovations(draft: Draft) -> None:
    refuse_repeated_keys(draft, INNOVATIONS)
    refuse_unknown_units(draft)
    for row in draft.rows:
        if row["ended"] is not None and row["ended"] < row["started"]:
            draft.refuse(
                row,
                "ended",
                Message(
                    "{ended} is before started {started}; allowed: that day or later",
                    ended=row["ended"],
                    started=row["started"],
                ),
            )


MEETINGS: Kind = Kind(
    "evaluation_meetings",
    columns("evaluation_meetings"),
    _judge_meetings,
    Message("Evaluation meetings that a unit held."),
)
INNOVATIONS: Kind = Kind(
    "innovations",
    columns("innovations", code=CODE),
    _judge_innovations,
    Message("Innovative programmes of a unit."),
)
