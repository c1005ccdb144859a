"""Kind `rosters`: who has which shift on which date; several rows of a date are several duties, OFF is none.

All rows of a person and date are one fact: a newer file that names the date replaces what it said before. Does not know
whose schedule has shifts.
"""

from __future__ import annotations

from ekinerja_agent.county.calendar import OFF
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, Row
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE, shown


def _judge(draft: Draft) -> None:
    refuse_unknown_people(draft)
    known = None
    if draft.rules is not None:
        dated = [entry for schedule in draft.rules.schedules.values() for entry in schedule.shifts or ()]
        known = {OFF}.union(*(entry.value for entry in dated))
    days: dict[tuple[str, object], Row] = {}
    for row in draft.rows:
        shift = row["shifts"]
        if known is not None and not known.issuperset(shift.split()):  # one that is judged again may have several
            draft.refuse(
                row,
                "shift",
                Message(
                    "{shift} is in no schedule; allowed: {known}", shift=shown(shift), known=", ".join(sorted(known))
                ),
            )
        first = days.setdefault((row["nip"], row["date"]), row)
        if first is row:
            continue
        shifts = first["shifts"].split()
        if shift in shifts:
            draft.refuse(row, "shift", Message("row {row} has the same; one row each, in one file", row=first["row"]))
        elif OFF in (shift, *shifts):
            draft.refuse(
                row,
                "shift",
                Message(
                    "row {row} says {shifts}; OFF stands alone on a date", row=first["row"], shifts=first["shifts"]
                ),
            )
        else:
            first["shifts"] = f"{first['shifts']} {shift}"
    draft.rows = list(days.values())


KIND = Kind(
    "rosters",
    columns("rosters", shifts=CODE),
    _judge,
    Message("Who has which shift (or OFF) on which date."),
    names_rules=True,
)
