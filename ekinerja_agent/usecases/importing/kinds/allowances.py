"""Kind `allowances`: the criteria of which a person's allowance is the sum, as an amount or a share of a basic amount.

They stand for the allowance that the spell of duty names. Does not know what is deducted.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import PERCENT_BP
from ekinerja_agent.usecases.importing.reading.spans import refuse_overlaps, refuse_reversed_spans


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_reversed_spans(draft)
    refuse_unknown_people(draft)
    for row in draft.rows:
        given = [column for column in ("amount_rp", "basic_rp", "pct_bp") if row[column] is not None]
        if given not in (["amount_rp"], ["basic_rp", "pct_bp"]):
            names = ", ".join(column.replace("pct_bp", "pct") for column in given) or "nothing"
            draft.refuse(
                row,
                "amount_rp",
                Message("{names} is filled; allowed: amount_rp alone, or basic_rp and pct", names=names),
            )
    refuse_overlaps(draft, merged(draft, "allowances"), ("nip", "criterion"), Message("nip and criterion"))


KIND = Kind(
    "allowances",
    columns("allowances", pct_bp=PERCENT_BP),
    _judge,
    Message("Criteria of which the allowance is the sum: amount_rp, or basic_rp and pct."),
)
