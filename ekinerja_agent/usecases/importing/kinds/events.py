"""Kind `events`: apel, ceremonies and sports that people are called to. Does not know what it costs to miss one."""

from __future__ import annotations

from ekinerja_agent.county.calendar import EVERY_UNIT
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import known_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import known_nips
from ekinerja_agent.usecases.importing.reading.shapes import CODE, TERMINAL, shown, words

STATUSES = ("pns", "cpns", "pppk", "pppk_paruh_waktu", "non_asn")


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    units = known_units(draft) | {EVERY_UNIT}
    people = known_nips(draft)
    dates = {row["code"]: row["date"] for row in merged(draft, "events")}
    for row in draft.rows:
        if row["unit"] not in units:
            draft.refuse(
                row, "unit", Message("{unit} is no unit; allowed: a stored unit, or * for all", unit=shown(row["unit"]))
            )
        if dates[row["code"]] != row["date"]:
            draft.refuse(
                row,
                "date",
                Message(
                    "{code} is on {date} too; each date has its own code", code=row["code"], date=dates[row["code"]]
                ),
            )
        opens, closes = row["opens"], row["closes"]
        if (opens is None) != (closes is None):
            missing = "opens" if opens is None else "closes"
            draft.refuse(row, missing, Message("empty; allowed: both times, or none for an event that costs nothing"))
        elif opens is not None and closes <= opens:
            draft.refuse(
                row,
                "closes",
                Message(
                    "{closes} is not after opens {opens}; allowed: a later time of the same day",
                    closes=closes,
                    opens=opens,
                ),
            )
        called = (row["audience"] or "").replace("|", " ").split()
        for one in called:
            if one not in STATUSES and one not in people:
                draft.refuse(
                    row,
                    "audience",
                    Message(
                        "{found}; allowed: {statuses} and known NIPs, separated by blanks",
                        found=shown(one),
                        statuses=", ".join(STATUSES),
                    ),
                )
        row["audience"] = " ".join(called) or None


KIND = Kind(
    "events",
    columns("events", code=CODE, kind=words("apel", "upacara", "krida"), terminal=TERMINAL),
    _judge,
    Message("Apel, ceremonies (upacara) and sports (krida)."),
)
