"""Somebody whom a door recognised and did not let in: from the terminal to the score, and back by a person's word."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.terminals.push_text import parse_upload
from ekinerja_agent.terminals.set_apart import set_apart
from tests.hostile.test_money import FRIEND, county
from tests.journey.conftest import Installation
from tests.journey.gate import MONTH, WORKDAYS, Gate
from tests.proof.people import acting_as
from tests.push.test_http import get, post, status

REFUSED = date(2026, 9, 15)
PERSON, OTHER = "1001", "1002"


def door(gate: Gate, day: date, clock: time, *seen: tuple[str, int]) -> None:
    """What a door records of persons, each with the event."""
    at = gate.at(day, clock)
    fields = (
        "time={at:%Y-%m-%d %H:%M:%S}\tpin={pin}\tcardno=0\tevent={event}\tinoutstatus=0\tverifytype=15\tindex=0\r\n"
    )
    body = "".join(fields.format(at=at, pin=pin, event=event) for pin, event in seen).encode()
    assert status(gate.site.raw(post(body, path="cdata?SN=S1&table=rtlog"))) == 200


def test_who_was_recognised_and_refused_waits_and_is_there_once_a_person_says_so(
    installation: Installation, name_nip: Callable[[int], str], gate: Gate
) -> None:
    people = {pin: name_nip(number) for number, pin in enumerate((PERSON, OTHER), 1)}
    gate.enrol(people)
    gate.at(date(2026, 8, 31), time(16, 0))
    gate.site.raw(get("cdata?SN=S1&options=all&DeviceType=acc"))
    door(gate, date(2026, 8, 31), time(16, 5), (PERSON, 3))
    for day in WORKDAYS:
        gate.beats(day, time(5, 0), time(7, 15))
        door(gate, day, time(7, 20), (PERSON, 23 if day == REFUSED else 3), *([] if day == REFUSED else [(OTHER, 0)]))
        gate.beats(day, time(7, 25), time(16, 35))
        door(gate, day, time(16, 40), (PERSON, 0), (OTHER, 3))
        gate.beats(day, time(16, 45), time(19, 0))
        door(gate, day, time(19, 0), (OTHER, 3))
    gate.site.stop()
    installation.ok("spool", "retry")

    def of_month() -> dict[str, tuple[list[str], list[str]]]:
        return {
            pin: (
                [found["date"] for found in score["discipline"]["findings"]],
                [found["date"] for found in score["pending"]],
            )
            for pin, score in ((pin, installation.scores(MONTH)[nip]) for pin, nip in people.items())
        }

    day = REFUSED.isoformat()
    assert of_month() == {PERSON: ([], [day]), OTHER: ([day], [])}
    (waits,) = json.loads(installation.ok("punch", "quarantine", "--format", "json"))
    assert (waits["pin"], waits["code"]) == (PERSON, "23")
    reason = installation.scores(MONTH)[people[PERSON]]["pending"][0]["reason"]
    assert f"punch quarantine --release {waits['number']}" in reason
    (row,) = [row for row in json.loads(installation.ok("terminal", "list", "--format", "json")) if row["id"] == "gate"]
    assert row["mode"] == "access control"
    number = str(waits["number"])
    for wrong in (("--release", number), ("--release", number, "--retry"), ("--every",)):
        assert installation.run("punch", "quarantine", *wrong, "--yes").code == 2
    assert "In central: 1 records looked at again, 0 understood" in installation.ok("punch", "quarantine", "--retry")
    told = installation.ok("punch", "quarantine", "--release", number, "--reason", "pintu tanpa hak", "--yes")
    assert "Event 23 of gate is a punch from now on, 1 kept records included" in told
    assert of_month() == {PERSON: ([], []), OTHER: ([day], [])}
    assert installation.verified()


def test_after_the_first_close_the_batch_waits_for_another_person(installation: Installation) -> None:
    box = county(installation)
    at = datetime(2026, 11, 2, 1, tzinfo=ZoneInfo("Asia/Jakarta"))
    rule = ClockRule(ZoneInfo("Asia/Jakarta"), None, 120)
    body = f"time=2026-10-05 07:10:00\tpin={FRIEND[-3:]}\tevent=23\tverifytype=15".encode()
    engine = connect(box.url)
    deliver(
        engine, Delivery(notes=tuple(set_apart("lobby", parse_upload(body).apart, clock_rule=rule, read_at=at))), at
    )
    engine.dispose()
    (waits,) = json.loads(box.ok("punch", "quarantine", "--format", "json"))
    decision = ("punch", "quarantine", "--release", str(waits["number"]), "--reason", "pintu", "--yes")
    with acting_as("budi"):
        told = box.ok(*decision)
        batch = told.split()[1]
        own = box.run("import", "approve", batch, "--yes")
    assert own.code == 7, own
    shown = box.run("import", "waiting", batch)
    assert f"event 23, PIN {FRIEND[-3:]} ({FRIEND}) at 2026-10-05 07:10:00" in shown.err
    with acting_as("sari"):
        box.ok("import", "approve", batch, "--yes")
    assert box.scores("2026-10")[FRIEND]["discipline"]["findings"] == []
    assert json.loads(box.ok("punch", "quarantine", "--format", "json")) == []
