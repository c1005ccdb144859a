"""Kind `assignments`: who acts for a post (plt, plh) or has a further task, with the decree.

Does not know what acting adds to an allowance, nor what it lets decide.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import known_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE, shown, words
from ekinerja_agent.usecases.importing.reading.spans import refuse_reversed_spans


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_reversed_spans(draft)
    refuse_unknown_people(draft)
    units = known_units(draft)
    for row in draft.rows:
        if row["unit"] not in units:
            draft.refuse(row, "unit", Message("{unit} is no unit; import units first", unit=shown(row["unit"])))


KIND = Kind(
    "assignments",
    columns("assignments", unit=CODE, kind=words("plt", "plh", "tugas_tambahan")),
    _judge,
    Message("Who acts for a post (plt, plh) or has a further task."),
)
