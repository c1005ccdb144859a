"""Kind `ratings`: yearly or monthly ratings (SKP), with their predicate or what it is worked out of.

A rating of a period holds from the day after it until a newer one. From a feed an empty status is its approval. Does
not know what a rating is worth.
"""

from __future__ import annotations

from datetime import date

from ekinerja_agent.measures.ratings import (
    MODES,
    PREDICATES,
    RatingError,
    check_value,
    predicate_of,
    schemes_of,
    squares_of,
)
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.decisions import STATUSES_IN_FILES, keep_decisions, settle_decisions
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, Row, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import PERIOD, words

_SAID = ("result", "behaviour", "predicate", "scheme", "mode", "new_idea", "valid_from", "valid_to")


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    for row in draft.rows:
        row["new_idea"] = row["new_idea"] == "yes"
        row["valid_from"] = row["valid_from"] or _day_after(row["period"])
        if row["valid_to"] is not None and row["valid_to"] < row["valid_from"]:
            draft.refuse(
                row,
                "valid_to",
                Message(
                    "{valid_to} is before valid_from {valid_from}",
                    valid_to=row["valid_to"],
                    valid_from=row["valid_from"],
                ),
            )
        _judge_predicate(draft, row)
    settle_decisions(draft, blank=EntryStatus.APPROVED)
    keep_decisions(draft, KIND, draft.stored.rows("ratings"), _SAID)


def _judge_predicate(draft: Draft, row: Row) -> None:
    told = row["predicate"]
    if row["result"] is None or row["behaviour"] is None:
        _judge_told_predicate(draft, row)
        return
    try:
        worked_out = predicate_of(
            row["scheme"], row["result"], row["behaviour"], mode=row["mode"], new_idea=row["new_idea"]
        )
    except RatingError as error:
        draft.refuse(row, error.column, as_message(error))
        return
    if told is not None and told != worked_out:
        draft.refuse(
            row,
            "predicate",
            Message(
                "{predicate}, but result and behaviour make it {worked_out}; leave one of both empty",
                predicate=told,
                worked_out=worked_out,
            ),
        )
    row["predicate"] = worked_out


def _judge_told_predicate(draft: Draft, row: Row) -> None:
    """A predicate that nothing works out: what stands beside it must still be known and must still fit."""
    told, scheme = row["predicate"], row["scheme"]
    if told is None:
        draft.refuse(row, "predicate", Message("empty; allowed: a predicate, or result and behaviour to work it out"))
        return
    if scheme not in schemes_of(told):
        draft.warn(
            row,
            "predicate",
            Message(
                "{predicate} is no predicate of {scheme}, but of {others}",
                predicate=told,
                scheme=scheme,
                others=", ".join(schemes_of(told)),
            ),
        )
    for place, column in enumerate(("result", "behaviour")):
        value = row[column]
        if value is None:
            continue
        try:
            check_value(scheme, column, value)
        except RatingError as error:
            draft.refuse(row, error.column, as_message(error))
            continue
        if scheme == "panrb6" and value not in {square[place] for square in squares_of(told)}:
            draft.refuse(
                row,
                column,
                Message("{value} never makes {predicate}; leave one of both empty", value=value, predicate=told),
            )


def _day_after(period: str) -> date:
    year, _, month = period.partition("-")
    months = int(year) * 12 + (int(month) if month else 12)
    return date(months // 12, months % 12 + 1, 1)


KIND = Kind(
    "ratings",
    columns(
        "ratings",
        {"predicate": None, "scheme": "panrb6", "mode": "70/30", "new_idea": "no", "valid_from": None, "status": None},
        period=PERIOD,
        predicate=words(*PREDICATES),
        scheme=words("panrb6", "pp30"),
        mode=words(*MODES),
        new_idea=words("yes", "no"),
        status=STATUSES_IN_FILES,
    ),
    _judge,
    Message("Ratings (SKP): a predicate, or result and behaviour."),
)
