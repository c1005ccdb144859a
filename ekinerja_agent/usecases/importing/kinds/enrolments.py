"""Kind `enrolments`: whose PIN it is, on which terminal, on which days.

One PIN of a terminal never belongs to two people on one day. A terminal may be one that no devices.yaml names
yet; its punches find their person later.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import PIN, TERMINAL_OR_ALL
from ekinerja_agent.usecases.importing.reading.spans import refuse_overlaps, refuse_reversed_spans


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_reversed_spans(draft)
    refuse_overlaps(draft, merged(draft, "enrolments"), ("terminal", "pin"), Message("terminal and pin"))
    refuse_unknown_people(draft)


KIND = Kind(
    "enrolments",
    columns("enrolments", terminal=TERMINAL_OR_ALL, pin=PIN),
    _judge,
    Message("Which PIN on which terminal is whose, from when to when."),
)
