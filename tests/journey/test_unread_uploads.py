"""A punch that came in an upload which nobody here can read costs nobody anything, from the terminal to the score."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.usecases.collecting import collect
from tests.journey.conftest import Installation
from tests.push.conftest import Site, pushing
from tests.push.test_http import get, post, status

MAKASSAR = ZoneInfo("Asia/Makassar")
MONTH = "2026-09"
WORKDAYS = [date(2026, 9, day) for day in range(1, 31) if date(2026, 9, day).isoweekday() <= 5]
SWITCHED, USUAL = date(2026, 9, 15), date(2026, 9, 16)
"""The morning on which a part of the punches came in a table that nobody here reads; and one like all others."""
NOBODY_READS = "sesuatubaru"
FIRST, SECOND, ABSENT = "1001", "1002", "1003"


class Gate:
    """A terminal that pushes to a server on the spool of an installation, at a time that the test says."""

    def __init__(self, installation: Installation) -> None:
        self.terminal = {"id": "gate", "office": "DINKES", "transport": "none", "push": True, "serial": "S1"}
        self.terminal["timezone"] = "Asia/Makassar"
        installation.configure(terminals=[self.terminal])
        (installation.directory / "state").mkdir()
        config = pushing("gate", "S1", office="DINKES")
        self.site = Site(installation.directory / "state" / "spool.db", [config])
        collect.announce(self.site.spool, [config], now=datetime(2026, 8, 1, tzinfo=MAKASSAR))

    def at(self, day: date, clock: time) -> datetime:
        moment = datetime.combine(day, clock, MAKASSAR)
        self.site.now = lambda: moment
        return moment

    def log(self, day: date, clock: time, *pins: str) -> None:
        at = self.at(day, clock)
        body = "".join(f"{pin}\t{at:%Y-%m-%d %H:%M:%S}\t0\t1\n" for pin in pins).encode()
        assert status(self.site.raw(post(body, path="cdata?SN=S1&table=ATTLOG&Stamp=9"))) == 200

    def face(self, day: date, clock: time, pin: str) -> None:
        at = self.at(day, clock)
        body = f"time={at:%Y-%m-%d %H:%M:%S}\tpin={pin}\tevent=3\tinoutstatus=0\tverifytype=15\tindex=140\r\n".encode()
        assert status(self.site.raw(post(body, path=f"cdata?SN=S1&table={NOBODY_READS}"))) == 200

    def beats(self, day: date, first: time, last: time) -> None:
        moment, end = self.at(day, first), datetime.combine(day, last, MAKASSAR)
        while moment < end:
            self.site.raw(get("ping?SN=S1"))
            moment = self.at(day, (moment + timedelta(minutes=5)).time())


@pytest.fixture
def gate(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr("ekinerja_agent.web.iclock.MOST_AT_ONCE", 1e6)
    gate = Gate(installation)
    yield gate
    gate.site.stop()


def test_who_came_by_an_upload_that_nobody_reads_is_pending_and_not_absent(
    installation: Installation, name_nip: Callable[[int], str], gate: Gate
) -> None:
    people = {pin: name_nip(number) for number, pin in enumerate((FIRST, SECOND, ABSENT), 1)}
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
    employees = [{"nip": n, "name": "Ani", "unit": "DINKES", "allowance_rp": 4_000_000} for n in people.values()]
    installation.load("employees", employees)
    installation.load("enrolments", [{"terminal": "gate", "pin": pin, "nip": n} for pin, n in people.items()])

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
