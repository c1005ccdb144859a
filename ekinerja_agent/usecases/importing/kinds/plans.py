"""Kind `plans`: what a unit is to do in a year and by when (RPOK), with who answers for it and its budget.

A plan belongs to the calendar year of its due date. Does not know how far it is.
"""

from __future__ import annotations

from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.judging import Draft, Field, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE, DATE, RUPIAH, TEXT


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_units(draft)
    refuse_unknown_people(draft)


KIND = Kind(
    "plans",
    (
        Field("code", CODE, required=True),
        Field("unit", TEXT, required=True),
        Field("nip", TEXT),
        Field("name", TEXT, required=True),
        Field("due_date", DATE, required=True),
        Field("target_output", TEXT, required=True),
        Field("budget_rp", RUPIAH),
    ),
    _judge,
    "Plans (RPOK) of a unit, and who answers for each.",
)
