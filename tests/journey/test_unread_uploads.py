"""A punch that came in an upload which nobody here can read costs nobody anything, from the terminal to the score."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time

from tests.journey.conftest import Installation
from tests.journey.gate import MONTH, NOBODY_READS, WORKDAYS, Gate
from tests.push.test_http import get

SWITCHED, USUAL = date(2026, 9, 15), date(2026, 9, 16)
"""The morning on which a part of the punches came in a table that nobody here reads; and one like all others."""
FIRST, SECOND, ABSENT = "1001", "1002", "1003"


def test_who_came_by_an_upload_that_nobody_reads_is_pending_and_not_absent(
    installation: Installation, name_nip: Callable[[int], str], gate: Gate
) -> None:
    people = {pin: name_nip(number) for number, pin in enumerate((FIRST, SECOND, ABSENT), 1)}
    gate.enrol(people)

    gate.at(date(2026, 8, 31), time(16, 0))
    gate.site.raw(get("cdata?SN=S1&options=all"))
    gate.log(date(2026, 8, 31), time(16, 5), FIRST)
    for day in WORKDAYS:
        watched = day in (SWITCHED, USUAL)  # on the others everybody came: nothing hangs on what is proven
        gate.beats(day, time(5, 0), time(7, 20) if watched else time(5, 0))
        if day == SWITCHED:
            gate.log(day, time(7, 20), SECOND)
            gate.face(day, time(7, 21), FIRST)
        else:
            gate.log(day, time(7, 20), FIRST, SECOND)
        if not watched:
            gate.log(day, time(7, 22), ABSENT)
        gate.beats(day, time(7, 24), time(16, 40) if watched else time(7, 24))
        gate.log(day, time(16, 40), *people)
        gate.beats(day, time(16, 45), time(19, 0) if watched else time(16, 45))
        gate.log(day, time(19, 0), SECOND)
    gate.site.stop()
    installation.ok("spool", "retry")

    scores = installation.scores(MONTH)
    costs = {nip: [found["date"] for found in one["discipline"]["findings"]] for nip, one in scores.items()}
    waits = {nip: [found["date"] for found in one["pending"]] for nip, one in scores.items()}
    assert costs[people[FIRST]] == []
    assert waits[people[FIRST]] == [SWITCHED.isoformat()]
    assert costs[people[SECOND]] == []
    assert waits[people[SECOND]] == []
    assert costs[people[ABSENT]] == [USUAL.isoformat()]  # that day is proven: nothing of it lies unread
    assert waits[people[ABSENT]] == [SWITCHED.isoformat()]
    (found,) = json.loads(installation.ok("punch", "quarantine", "--format", "json"))
    assert (found["terminal"], found["source"]) == ("gate", "push")
    assert b"pin=1001" in bytes.fromhex(found["raw"])
    assert NOBODY_READS in found["reason"]
    assert "yang tidak dibaca versi ini" in installation.ok("--lang", "id", "punch", "quarantine", "--format", "table")
