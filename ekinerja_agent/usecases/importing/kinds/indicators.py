"""Kind `indicators`: points of a person or of a unit for a month or a year, out of the most that can be had.

Nobody brings their own points. Does not know what an indicator weighs.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import BUDGET_ABSORPTION
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE, PERIOD, POINTS_E2

HUNDRED_E2 = 10_000


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    refuse_unknown_units(draft)
    for row in draft.rows:
        nip, unit, most_e2 = row["nip"], row["unit"], row["max_points_e2"]
        if (nip is None) == (unit is None):
            message = (
                Message("both are empty; allowed: nip, or unit")
                if nip is None
                else Message("both are filled; allowed: nip, or unit")
            )
            draft.refuse(row, "nip", message)
        if nip is not None and nip == draft.importer.nip:
            draft.refuse(
                row,
                "nip",
                Message(
                    "{importer} cannot bring their own points; allowed: another account", importer=draft.importer.name
                ),
            )
        if row["code"] == BUDGET_ABSORPTION:
            draft.refuse(
                row,
                "code",
                Message("{code} is worked out of the unit's plans; allowed: other codes", code=BUDGET_ABSORPTION),
            )
        if most_e2 == 0:
            draft.refuse(row, "max_points", Message("0; allowed: more than 0"))
        elif row["points_e2"] > most_e2:
            draft.refuse(
                row, "points", Message("more than max_points ({most}); allowed: up to it", most=f"{most_e2 / 100:g}")
            )


KIND = Kind(
    "indicators",
    columns(
        "indicators",
        {"max_points_e2": HUNDRED_E2},
        period=PERIOD,
        code=CODE,
        points_e2=POINTS_E2,
        max_points_e2=POINTS_E2,
    ),
    _judge,
    Message("Points of a person or a unit for a month or a year; max_points is 100 if empty."),
)
