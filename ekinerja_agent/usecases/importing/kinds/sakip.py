"""Kind `sakip`: points of each aspect of a unit's accountability in a year. Does not know weights or grades."""

from __future__ import annotations

from ekinerja_agent.rulebook.measures import AspectWeights
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.judging import Draft, Field, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import SCORE_E2, TEXT, YEAR, words


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_units(draft)


KIND = Kind(
    "sakip",
    (
        Field("unit", TEXT, required=True),
        Field("year", YEAR, required=True),
        Field("aspect", words(*AspectWeights.model_fields), required=True),
        Field("score", SCORE_E2, required=True, column="score_e2"),
    ),
    _judge,
    "SAKIP points from 0 to 100 of each of the six aspects of a unit.",
)
