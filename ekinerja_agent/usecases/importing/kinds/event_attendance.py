"""Kind `event_attendance`: who was at an event, or excused from it. One row for an event makes silence an absence.

A ceremony that the rules announce needs no row of `events`: its code ends in its date. Does not know what it costs.
"""

from __future__ import annotations

import re
from datetime import date

from ekinerja_agent.nouns.duty import EventMark
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import CODE, shown, words

_ANNOUNCED = re.compile(r"([^-]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})")


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    dates = {row["code"]: row["date"] for row in draft.stored.rows("events")}
    for row in draft.rows:
        worn = row["uniform"]
        row["uniform"] = None if worn is None else worn == "yes"
        if worn is not None and row["status"] != EventMark.PRESENT:
            draft.refuse(
                row,
                "uniform",
                Message(
                    "{worn}, but {status}; allowed: empty unless the person was present",
                    worn=worn,
                    status=row["status"],
                ),
            )
        row["date"] = dates.get(row["event"]) or _announced_on(draft, row["event"])
        if row["date"] is None:
            draft.refuse(row, "event", Message("{event} is no event; import events first", event=shown(row["event"])))


def _announced_on(draft: Draft, code: str) -> date | None:
    found = _ANNOUNCED.fullmatch(code)
    if found is None or draft.rules is None:
        return None
    profiles = draft.rules.profiles.values()
    codes = {one.code for profile in profiles for entry in profile.ceremonies for one in entry.value}
    try:
        return date.fromisoformat(found[2]) if found[1] in codes else None
    except ValueError:
        return None


KIND = Kind(
    "event_attendance",
    columns(
        "event_attendance",
        event=CODE,
        status=words(EventMark.PRESENT, EventMark.EXCUSED),
        uniform=words("yes", "no"),
    ),
    _judge,
    Message("Who was at an event (present) and in uniform, or excused from it."),
    names_rules=True,
)
