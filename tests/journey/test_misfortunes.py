"""What machines do to people on an ordinary Monday: nobody is late, absent or counted twice because of it.

One person, punctual from 07:20 to 16:40 on 2026-09-07, one terminal that an office server reads every ten minutes from
06:00 on. Each test breaks one thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import EkinerjaError, OwnedElsewhere
from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.simulator import Device, Model, serve
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward
from tests.journey.conftest import Installation

ZONE = ZoneInfo("Asia/Makassar")
MINUTE = timedelta(minutes=1)


def local(clock: str, day: int = 7) -> datetime:
    return datetime.fromisoformat(f"2026-09-{day:02} {clock}").replace(tzinfo=ZONE).astimezone(UTC)


class Monday:
    """The day, minute by minute: what happens at which minute, and a poll every ten."""

    def __init__(self, installation: Installation, nip: str) -> None:
        self.installation = installation
        self.nip = nip
        self.now = local("17:00", 6)
        self.host_is_off_by = timedelta(0)
        self.host_clock_trusted = True
        self.device = Device(zone=ZONE, now=lambda: self.now, model=Model(keeps_clock=False))
        self.agents = ["office"]
        self._engine = connect(installation.url)
        require_current(self._engine)
        self._plans: dict[datetime, list[Callable[[], object]]] = {}
        self.at("07:20", lambda: self.device.punch("1001"))
        self.at("16:40", lambda: self.device.punch("1001"))
        self.failed: list[EkinerjaError] = []

    def at(self, clock: str, act: Callable[[], object]) -> None:
        self._plans.setdefault(local(clock), []).append(act)

    def pass_by(self) -> None:
        """From the evening before to the next morning."""
        self.device.punch("9999")
        with ExitStack() as stack:
            self._stack = stack
            self.endpoint = stack.enter_context(serve(self.device))
            self._poll()
            self.now = local("06:00")
            while self.now <= local("18:00"):
                for act in self._plans.get(self.now, ()):
                    act()
                if self.now.minute % 10 == 0:
                    self._poll()
                self.now += MINUTE
            self.now = local("06:00", 8)
            self._poll()
        self._engine.dispose()

    def cut_link(self) -> None:
        self.endpoint.close()

    def mend_link(self) -> None:
        self.endpoint = self._stack.enter_context(serve(self.device, port=self.endpoint.port))

    def hang(self, other: Device) -> None:
        """Another terminal answers under the same address."""
        other.now, other.zone = (lambda: self.now), ZONE
        self.cut_link()
        self.device = other
        self.mend_link()

    def replace_terminal(self, other: Device) -> None:
        """Another terminal hangs in the same place under the same name, and an officer accepts it."""
        self.hang(other)
        for agent in self.agents:
            with Spool(self.installation.directory / f"{agent}.db") as spool:
                collect.accept(spool, self._terminal())

    def score(self) -> dict[str, Any]:
        document: dict[str, Any] = self.installation.scores("2026-09")[self.nip]
        return document

    def punches(self) -> list[str]:
        rows = json.loads(self.installation.ok("punch", "list", "--nip", self.nip, "--format", "json"))
        return [row["clock"][11:16] for row in rows]

    def _terminal(self) -> TerminalConfig:
        fields = {
            "id": "lobby",
            "office": "DINKES",
            "timezone": "Asia/Makassar",
            "address": f"127.0.0.1:{self.endpoint.port}",
        }
        return TerminalConfig.model_validate(fields)

    def _poll(self) -> None:
        for agent in self.agents:
            directory = self.installation.directory / agent
            directory.mkdir(exist_ok=True)
            with Spool(directory.with_suffix(".db")) as spool:
                try:
                    collect.poll(
                        self._terminal(),
                        spool,
                        state_dir=directory,
                        tolerance_s=120,
                        reply_timeout_s=2.0,
                        host_clock_trusted=self.host_clock_trusted,
                        now=lambda: self.now + self.host_is_off_by,
                    )
                except EkinerjaError as error:
                    self.failed.append(error)
                forward(spool, self._engine, now=lambda: self.now)


@pytest.fixture
def monday(installation: Installation, name_nip: Callable[[int], str]) -> Monday:
    nip = name_nip(1)
    installation.load("units", [{"code": "DINKES", "name": "Dinkes", "timezone": "Asia/Makassar"}])
    installation.load(
        "employees",
        [
            {
                "nip": nip,
                "name": "Ayu",
                "unit": "DINKES",
                "allowance_rp": 4_000_000,
                "valid_from": "2026-09-07",
                "valid_to": "2026-09-07",
            }
        ],
    )
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1001", "nip": nip}])
    return Monday(installation, nip)


def costs_nothing(score: dict[str, Any]) -> bool:
    return score["discipline"]["deduction_pct"] == "0" and score["unexcused"]["days"] == 0


def test_an_ordinary_day_costs_nothing_and_is_not_pending(monday: Monday) -> None:
    monday.pass_by()
    assert monday.punches() == ["07:20", "16:40"]
    score = monday.score()
    assert costs_nothing(score)
    assert score["pending"] == []


def test_who_really_did_not_come_is_absent(monday: Monday) -> None:
    monday._plans.clear()
    monday.pass_by()
    assert monday.score()["unexcused"]["days"] == 1


def test_a_power_cut_of_an_hour_in_the_morning_leaves_the_day_pending(monday: Monday) -> None:
    monday.at("07:05", monday.device.power_off)
    monday.at("08:05", monday.device.power_on)
    monday.pass_by()
    assert monday.punches() in (["16:40"], [])  # the clock may have been lost with the power
    score = monday.score()
    assert costs_nothing(score)
    assert [entry["date"] for entry in score["pending"]] == ["2026-09-07"]


def test_a_link_that_was_cut_for_an_hour_costs_and_hides_nothing(monday: Monday) -> None:
    monday.at("07:05", monday.cut_link)
    monday.at("08:05", monday.mend_link)
    monday.pass_by()
    assert monday.failed
    assert monday.punches() == ["07:20", "16:40"]
    score = monday.score()
    assert costs_nothing(score)
    assert score["pending"] == []


def test_a_clock_that_falls_to_the_year_2000_makes_nobody_absent(monday: Monday) -> None:
    monday.at("07:05", lambda: monday.device.set_clock(datetime(2000, 1, 1)))
    monday.at("12:00", lambda: monday.device.set_clock(monday.now.astimezone(ZONE).replace(tzinfo=None)))
    monday.pass_by()
    score = monday.score()
    assert costs_nothing(score)
    assert [entry["date"] for entry in score["pending"]] == ["2026-09-07"]
    quarantined = json.loads(monday.installation.ok("punch", "quarantine", "--format", "json"))
    assert len(quarantined) == 1


@pytest.mark.parametrize("fast_s", [-3600, 3600])
def test_a_terminal_clock_an_hour_wrong_makes_nobody_late(monday: Monday, fast_s: int) -> None:
    monday.device.offset_s = fast_s
    monday.pass_by()
    assert costs_nothing(monday.score())


@pytest.mark.parametrize("off_by", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_host_clock_an_hour_wrong_makes_nobody_late(monday: Monday, off_by: timedelta) -> None:
    monday.host_is_off_by = off_by
    monday.host_clock_trusted = False  # neither a time service nor central confirms it
    monday.pass_by()
    assert monday.punches() == ["07:20", "16:40"]
    assert costs_nothing(monday.score())


def test_a_host_clock_an_hour_ahead_does_not_vouch_for_what_is_still_to_come(monday: Monday) -> None:
    monday.host_is_off_by = timedelta(hours=1)
    monday.host_clock_trusted = False
    monday.at("07:15", monday.cut_link)  # the link stays cut: the punch of 07:20 never arrives
    monday.pass_by()
    score = monday.score()
    assert costs_nothing(score)
    assert [entry["date"] for entry in score["pending"]] == ["2026-09-07"]


def test_a_terminal_that_is_replaced_at_noon_loses_nothing_that_was_read(monday: Monday) -> None:
    monday.at("12:00", lambda: monday.replace_terminal(Device(serial="NEW")))
    monday.pass_by()
    assert "07:20" in monday.punches()
    assert "16:40" in monday.punches()
    assert costs_nothing(monday.score())


def test_a_stranger_under_the_terminals_address_is_not_believed(monday: Monday) -> None:
    stranger = Device(serial="STRANGER", zone=ZONE)
    stranger.punch("1001", at=local("11:00"))
    monday.at("12:00", lambda: monday.hang(stranger))
    monday.pass_by()
    assert "11:00" not in monday.punches()
    assert monday.score()["pending"]
    assert costs_nothing(monday.score())


def test_two_agents_on_one_terminal_count_once(monday: Monday) -> None:
    monday.agents = ["office", "spare"]
    monday.pass_by()
    assert {type(error) for error in monday.failed} == {OwnedElsewhere}
    assert monday.punches() == ["07:20", "16:40"]
    assert costs_nothing(monday.score())


def test_a_terminal_that_is_polled_and_pushes_counts_once(monday: Monday) -> None:
    monday.pass_by()
    with Spool(monday.installation.directory / "pushed.db") as pushed:
        with Spool(monday.installation.directory / "again.db") as again:
            directory = monday.installation.directory / "again"
            with serve(monday.device) as monday.endpoint:
                collect.poll(
                    monday._terminal(),
                    again,
                    state_dir=directory,
                    tolerance_s=120,
                    reply_timeout_s=2.0,
                    host_clock_trusted=True,
                    now=lambda: monday.now,
                )
            pushed.add(punch._replace(source=Source.PUSH) for punch in again.waiting(100).punches)
        engine = connect(monday.installation.url)
        forward(pushed, engine, now=lambda: monday.now)
        engine.dispose()
    assert monday.punches() == ["07:20", "16:40"]
