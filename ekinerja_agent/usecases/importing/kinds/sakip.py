"""Kind `sakip`: points of each aspect of a unit's accountability in a year. Does not know weights or grades."""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules.measures import SAKIP_ASPECTS
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import SCORE_E2, YEAR, words


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_units(draft)


KIND = Kind(
    "sakip",
    columns("sakip", year=YEAR, aspect=words(*SAKIP_ASPECTS), score_e2=SCORE_E2),
    _judge,
    Message("SAKIP points from 0 to 100 of each of the six aspects of a unit."),
)
