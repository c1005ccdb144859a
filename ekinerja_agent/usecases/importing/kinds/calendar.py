"""Kind `calendar`: days that a unit or everyone has off, fasts or works against the rule, with source.

The holidays of the nation are in the rule files; a row here beats them for its unit.
"""

from __future__ import annotations

from ekinerja_agent.county.calendar import EVERY_UNIT
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import known_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import shown, words


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    units = known_units(draft) | {EVERY_UNIT}
    for row in draft.rows:
        if row["unit"] not in units:
            draft.refuse(
                row, "unit", Message("{unit} is no unit; allowed: a stored unit, or * for all", unit=shown(row["unit"]))
            )


KIND = Kind(
    "calendar",
    columns("calendar", kind=words("libur_nasional", "cuti_bersama", "libur_daerah", "ramadan", "kerja")),
    _judge,
    Message("Local holidays, fasting months, days of duty."),
)
