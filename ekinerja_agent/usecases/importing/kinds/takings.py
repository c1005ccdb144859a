"""Kinds `holds` and `sanctions`: what is taken of the allowance as a whole, shown apart from discipline.

Each is an amount or a percentage of the allowance, with its document. Does not know how much is left.
"""

from __future__ import annotations

from collections.abc import Callable

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people


def _judge(kind: Callable[[], Kind]) -> Callable[[Draft], None]:
    def judge(draft: Draft) -> None:
        refuse_repeated_keys(draft, kind())
        refuse_unknown_people(draft)
        for row in draft.rows:
            if (row["amount_rp"] is None) == (row["share_ppm"] is None):
                message = (
                    Message("both are empty; allowed: amount_rp, or pct of the allowance")
                    if row["amount_rp"] is None
                    else Message("both are filled; allowed: amount_rp, or pct of the allowance")
                )
                draft.refuse(row, "amount_rp", message)
            first, last = row["valid_from"], row["valid_to"]
            if last is not None and last < first:
                draft.refuse(
                    row,
                    "to",
                    Message("{last} is before from {first}; allowed: the same day or later", last=last, first=first),
                )

    return judge


HOLDS: Kind = Kind(
    "holds",
    columns("holds"),
    _judge(lambda: HOLDS),
    Message("What is held back until something is done, such as a missing LHKPN."),
)
SANCTIONS: Kind = Kind(
    "sanctions",
    columns("sanctions"),
    _judge(lambda: SANCTIONS),
    Message("What a decided sanction takes from the allowance."),
)
