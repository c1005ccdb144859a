"""Kind `activity_standards`: how long an activity of a type takes, for a volume of 1.

A unit's own row beats the one for all. Does not know who did what.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import known_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import CODE, MINUTES, shown


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    units = known_units(draft)
    for row in draft.rows:
        if row["unit"] is not None and row["unit"] not in units:
            draft.refuse(row, "unit", Message("{unit} is no unit; import units first", unit=shown(row["unit"])))


KIND = Kind(
    "activity_standards",
    columns("activity_standards", standard_minutes=MINUTES, unit=CODE),
    _judge,
    Message("Standard times of types of activity."),
)
