"""Kind `indicators`: points of a person or of a unit for a month or a year, out of the most that can be had.

Nobody brings their own points. Does not know what an indicator weighs.
"""

from __future__ import annotations

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
            found = "both are empty" if nip is None else "both are filled"
            draft.refuse(row, "nip", f"{found}; allowed: nip, or unit")
        if nip is not None and nip == draft.importer.nip:
            draft.refuse(row, "nip", f"{draft.importer.name} cannot bring their own points; allowed: another account")
        if row["code"] == BUDGET_ABSORPTION:
            draft.refuse(row, "code", f"{BUDGET_ABSORPTION} is worked out of the unit's plans; allowed: other codes")
        if most_e2 == 0:
            draft.refuse(row, "max_points", "0; allowed: more than 0")
        elif row["points_e2"] > most_e2:
            draft.refuse(row, "points", f"more than max_points ({most_e2 / 100:g}); allowed: up to it")


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
    "Points of a person or a unit for a month or a year; max_points is 100 if empty.",
)
