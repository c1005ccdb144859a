"""Kind `plans`: what a unit is to do in a year and by when (RPOK), with who answers for it and its budget.

A plan belongs to the calendar year of its due date. Does not know how far it is.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_units(draft)
    refuse_unknown_people(draft)


KIND = Kind(
    "plans",
    columns("plans", code=CODE),
    _judge,
    Message("Plans (RPOK) of a unit, and who answers for each."),
)
