"""The commands as people type them: their columns, their exit codes, and who may use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent import cli
from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.collected.disable_trials import record_trial
from ekinerja_agent.central.collected.owners import claim
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.host import clock
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Model, serve
from ekinerja_agent.usecases.care import clear
from tests.proof.people import acting_as


@dataclass
class Box:
    """One installation with one terminal, driven by commands."""

    directory: Path
    device: Device
    capsys: pytest.CaptureFixture[str]

    @property
    def url(self) -> str:
        return f"sqlite:///{self.directory / 'central.db'}"

    def run(self, *arguments: str, user: str = "siti") -> tuple[int, str, str]:
        self.capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch, acting_as(user):
            patch.setattr("sys.argv", ["ekinerja-agent", "--config", str(self.directory / "agent.yaml"), *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        out, err = self.capsys.readouterr()
        return ended.value.code, out, err  # type: ignore[return-value]

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        code, out, err = self.run(*arguments, "--format", "json")
        assert code == 0, err
        return list(json.loads(out))

    def prove(self) -> None:
        engine = connect(self.url)
        siti = actor(engine, "siti", utc_now()).account
        firmware = self.device.model.firmware
        record_trial(engine, "lobby", "CMD1", firmware, refuses=True, account=siti, now=utc_now())
        engine.dispose()


@pytest.fixture
def box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Box]:
    device = Device(serial="CMD1", model=Model(capacity=100))
    for minute in range(5):
        device.punch("1001", utc_now() - timedelta(hours=1, minutes=minute))
    with serve(device) as endpoint:
        agent = {
            "roles": ["collect"],
            "state_dir": "state",
            "devices": "devices.yaml",
            "central": {"url": f"sqlite:///{tmp_path / 'central.db'}"},
            "poll": {"timeout": "2s"},
        }
        terminal = {
            "id": "lobby",
            "office": "DINKES",
            "timezone": "Asia/Jakarta",
            "address": f"127.0.0.1:{endpoint.port}",
        }
        (tmp_path / "agent.yaml").write_text(json.dumps(agent))
        (tmp_path / "devices.yaml").write_text(json.dumps({"terminals": [terminal]}))
        yield Box(tmp_path, device, capsys)


def test_verify_counts_what_is_there_and_what_is_in_central(box: Box) -> None:
    assert box.rows("terminal", "verify") == [{"id": "lobby", "on_terminal": 5, "in_central": 5, "missing": 0}]


def test_verify_ends_with_1_and_names_what_is_missing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekinerja_agent.usecases.care.verify.forward", lambda *_, **__: None)
    code, out, err = box.run("terminal", "verify", "lobby", "--format", "csv")
    assert code == 1
    assert out.splitlines() == ["id,on_terminal,in_central,missing", "lobby,5,0,5"]
    assert "not in central: lobby/1001/" in err


def test_a_terminal_of_another_agent_is_left_alone_until_it_is_accepted_here(box: Box) -> None:
    engine = connect(box.url)
    require_current(engine)
    claim(engine, "other-host-1a2b3c", ["lobby"], utc_now())
    engine.dispose()
    assert len(box.rows("terminal", "poll")) == 1  # nobody told this agent yet
    code, out, err = box.run("terminal", "poll", "--format", "csv")
    assert (code, len(out.splitlines())) == (5, 1)
    assert "other-host-1a2b3c" in err
    assert "terminal accept lobby" in err
    state = box.rows("terminal", "list")[0]["state"]
    assert state == "read by the agent other-host-1a2b3c; `terminal accept lobby` takes it over"
    code, out, _ = box.run("terminal", "accept", "lobby")
    assert code == 0
    assert "taken over from the agent other-host-1a2b3c" in out
    assert box.rows("terminal", "poll")[0]["read"] == 5
    assert box.rows("terminal", "list")[0]["state"] == "ok"
    assert [row["subject"] for row in box.rows("audit", "list") if row["action"] == "terminal.take_over"] == ["lobby"]


def test_clear_is_refused_with_7_until_a_finger_has_shown_what_a_lock_does(box: Box) -> None:
    code, _, err = box.run("terminal", "clear", "lobby", "--yes")
    assert code == 7
    assert "--prove" in err
    box.prove()
    assert box.run("terminal", "clear", "lobby")[0] == 2
    (row,) = box.rows("terminal", "clear", "lobby", "--yes")
    assert (row["id"], row["records"], box.device.log) == ("lobby", 5, [])
    assert Path(row["backup"]).read_bytes()
    assert box.rows("terminal", "verify")[0]["on_terminal"] == 0


def test_prove_asks_for_a_finger_that_somebody_tries(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clear, "TRIAL_WAIT_S", 1)
    monkeypatch.setattr(clear, "_LOOK_EVERY_S", 1)
    code, _, err = box.run("terminal", "clear", "lobby", "--prove", "--yes")
    assert code == 7
    assert "is locked. Try a finger" in err
    assert not box.device.disabled


def test_clock_measures_and_sets_only_where_the_host_can_vouch(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.device.jump_clock(300 + clock_difference(box))
    (row,) = box.rows("terminal", "clock")
    assert abs(row["clock_offset_s"] - 300) <= 1
    assert row["offset_after_s"] is None
    monkeypatch.setattr(clock, "is_synchronised", lambda: False)
    assert box.run("terminal", "clock", "lobby", "--set")[0] == 7
    monkeypatch.setattr(clock, "is_synchronised", lambda: True)
    assert abs(box.rows("terminal", "clock", "lobby", "--set")[0]["offset_after_s"]) <= 1


def clock_difference(box: Box) -> float:
    """The terminal lives in this machine's zone, devices.yaml says Jakarta."""
    shown = box.device.clock()
    return round((utc_now() + timedelta(hours=7)).replace(tzinfo=None).timestamp() - shown.timestamp(), -1)


def test_a_block_is_redated_by_two_people(box: Box) -> None:
    box.device.write(box.device.log[-1])
    box.rows("terminal", "poll")
    first = box.rows("punch", "list")[0]["clock"]
    ask = ["punch", "redate", "lobby", "--from", first, "--to", first, "--shift", "-3600", "--reason", "jam salah"]
    code, out, err = box.run(*ask)
    assert code == 0, err
    assert "Redating 1: 2 punches of lobby, 0 of them from quarantine" in out
    assert box.run("punch", "redate", "approve", "1", "--yes")[0] == 7
    assert box.run("account", "add", "budi", "--role", "operator", "--os-user", "budi")[0] == 0
    assert box.run("punch", "redate", "approve", "1", "--yes", user="budi")[0] == 0
    assert [row["flags"].split()[0] for row in box.rows("punch", "list")[:2]] == ["redated", "redated"]
    (listed,) = box.rows("punch", "redate", "list")
    assert (listed["number"], listed["punches"], listed["status"]) == (1, 2, "approved")
    assert box.run("punch", "redate", "reject", "1", user="budi")[0] == 7


def test_the_earliest_clock_may_be_the_year_2000(box: Box) -> None:
    box.device.punch("1001", datetime(2000, 1, 1, 0, 3))
    box.rows("terminal", "poll")
    code, out, err = box.run(
        *("punch", "redate", "lobby", "--from", "2000-01-01 00:00", "--to", "2000-01-02 00:00"),
        *("--shift", "800000000", "--reason", "mati listrik"),
    )
    assert code == 0, err
    assert "1 punches of lobby, 1 of them from quarantine" in out


def test_a_log_that_fills_up_is_told_of_before_it_is_full(box: Box) -> None:
    for minute in range(74):
        box.device.punch("1001", utc_now() - timedelta(minutes=minute))
    assert "% full" not in box.run("terminal", "poll")[2]
    box.device.punch("1002")
    assert "the log is 80 % full" in box.run("terminal", "poll")[2]
    assert "the log is 80 % full" in box.rows("terminal", "list")[0]["state"]
