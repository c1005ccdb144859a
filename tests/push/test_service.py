"""Terminals that push against the service as a real process: killed, filled up, reloaded, and asked by commands."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator.push_device import PushDevice, Unanswered
from tests.proof.box import PATIENCE_S, Box, ended, until

pytestmark = pytest.mark.long

ZONE = "Asia/Makassar"
LATELY = timedelta(hours=20)


class PushBox(Box):
    """A box whose terminals push."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def set_up(self, terminals: int = 1, *, roles: tuple[str, ...] = ("collect", "web"), **more: Any) -> None:
        agent = {
            "roles": list(roles),
            "state_dir": "state",
            "devices": "devices.yaml",
            "central": {"url": "sqlite:///central.db"},
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "log": {"format": "json"},
        }
        devices = [
            {"id": f"t{n}", "office": "A", "transport": "none", "push": True, "serial": f"S{n}", "timezone": ZONE}
            | more
            for n in range(1, terminals + 1)
        ]
        (self.directory / "agent.yaml").write_text(json.dumps(agent))
        (self.directory / "devices.yaml").write_text(json.dumps({"terminals": devices}))

    def serve(self) -> subprocess.Popen[str]:
        process = self.start()
        until(lambda: self.has_event("service.ready"), "the service is ready")
        return process

    def device(self, number: int = 1, **faults: Any) -> PushDevice:
        return PushDevice("127.0.0.1", self.port, f"S{number}", ZoneInfo(ZONE), **faults)

    def listed(self) -> dict[str, Any]:
        return {row["id"]: row for row in json.loads(self.run("terminal", "list", "--format", "json").out)}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[PushBox]:
    with ended(PushBox(tmp_path)) as box:
        yield box


def owed(devices: list[PushDevice]) -> list[str]:
    """The names of all that was punched."""
    return sorted(
        f"t{device.serial[1:]}/{record.pin}/{record.clock.isoformat()}/1" for device in devices for record in device.log
    )


def sends_all(device: PushDevice) -> bool:
    """Whether all is acknowledged; who sent too much in a second has to wait."""
    try:
        device.upload()
    except Unanswered:
        return False
    return True


@pytest.mark.parametrize("roles", [("collect", "web"), ("score", "web")])
def test_killed_in_the_middle_of_uploads_nothing_is_lost_or_doubled(box: PushBox, roles: tuple[str, ...]) -> None:
    box.set_up(3, roles=roles)
    devices = [box.device(number, batch=2) for number in (1, 2, 3)]
    over = threading.Event()
    start = utc_now() - LATELY

    def live(device: PushDevice) -> None:
        greeted = False
        for second in range(400):
            if over.is_set() and second > 60:
                return
            device.punch(str(1000 + second % 7), start + timedelta(seconds=second))
            try:
                if not greeted:
                    device.greet()
                    greeted = True
                device.upload()
            except Unanswered:
                time.sleep(0.02)

    process = box.serve()
    threads = [threading.Thread(target=live, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.4)
        process.kill()
        process.wait()
        process = box.serve()
    over.set()
    for thread in threads:
        thread.join()
    for device in devices:
        until(lambda device=device: sends_all(device), "the server takes all")
        device.close()
    wanted = owed(devices)
    assert len(wanted) >= 3 * 60
    until(lambda: box.punches() == wanted, "what was punched is in central")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_killed_between_keeping_and_answering_what_nobody_can_read_is_kept_once_for_every_answer(box: PushBox) -> None:
    box.set_up(2)
    over = threading.Event()
    acknowledged: dict[str, set[bytes]] = {"sesuatubaru": set(), "ATTLOG": set(), "kedua": set()}
    sent: set[bytes] = set()

    def live(number: int, table: str) -> None:
        device = box.device(number)
        for second in range(2000):
            # Without a code of an event it may be anything, in the attendance log too.
            line = f"time=2026-11-30 07:21:09\tpin={number}\tindex={second}\t{table}".encode()
            sent.add(line)
            while not over.is_set() or second < 60:
                try:
                    device.request("POST", f"/iclock/cdata?SN=S{number}&table={table}", line + b"\r\n")
                except Unanswered:
                    time.sleep(0.05)  # 429 among them: then it comes again
                    continue
                acknowledged[table].add(line)
                break
            if over.is_set() and second >= 60:
                break
        device.close()

    process = box.serve()
    threads = [threading.Thread(target=live, args=(1 + n % 2, table)) for n, table in enumerate(acknowledged)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.4)
        process.kill()
        process.wait()
        process = box.serve()
    over.set()
    for thread in threads:
        thread.join()

    def quarantined() -> list[bytes]:
        rows = json.loads(box.run("punch", "quarantine", "--format", "json").out)
        return [bytes.fromhex(row["raw"]) for row in rows]

    answered = set.union(*acknowledged.values())
    assert all(len(lines) >= 60 for lines in acknowledged.values())
    kept = until(lambda: answered <= set(found := quarantined()) and found, "what was acknowledged is in central")
    assert len(kept) == len(set(kept))
    assert set(kept) <= sent
    assert box.punches() == []
    assert "this version does not read" in box.listed()["t1"]["state"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_a_full_disk_is_503_and_what_was_refused_comes_when_there_is_room(box: PushBox) -> None:
    box.set_up()
    process = box.serve()
    device = box.device(batch=400)
    device.greet()
    start = utc_now() - LATELY
    for second in range(3000):
        device.punch(str(second), start + timedelta(seconds=second))
    unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, unlimited[1]))
    with pytest.raises(Unanswered, match=r"^503"):
        device.upload()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
    device.upload()
    device.close()
    until(lambda: box.punches() == owed([device]), "what was punched is in central")
    assert box.has_event("push.trouble")


def test_a_reload_takes_a_new_terminal_and_loses_no_upload(box: PushBox) -> None:
    box.set_up(1)
    process = box.serve()
    one, two = box.device(1), box.device(2)
    one.punch("1", utc_now() - LATELY)
    one.upload()
    two.punch("2", utc_now() - LATELY)
    with pytest.raises(Unanswered, match=r"^403"):
        two.upload()
    box.set_up(2)
    process.send_signal(signal.SIGHUP)
    refusals = 0
    for second in range(50):  # one goes on sending while the service is loaded again
        one.punch(str(second), utc_now() - LATELY + timedelta(minutes=1 + second))
        refusals += not sends_all(one)
        time.sleep(0.01)
    assert refusals < 50
    until(lambda: box.has_event("config.reloaded"), "the new file is in force")
    one.upload()
    two.upload()
    one.close()
    two.close()
    until(lambda: box.punches() == owed([one, two]), "what was punched is in central")


def test_the_list_shows_who_pushes_and_a_person_can_ask_for_the_log_again(box: PushBox) -> None:
    box.set_up(2)
    box.serve()
    device = box.device(1)
    device.greet()
    device.punch("1", utc_now() - timedelta(minutes=30))
    device.punch("1", utc_now())
    device.upload()
    until(lambda: len(box.punches()) == 2, "both in central")
    assert "VERIFY SUM ATTLOG" in device.beat()
    found = until(lambda: (row := box.listed()["t1"])["complete_until"] and row, "covered")
    assert found["serial"] == "S1"
    assert found["last_contact"]
    assert datetime.fromisoformat(found["complete_until"]) < utc_now() - timedelta(seconds=100)
    never = box.listed()["t2"]
    assert (never["last_contact"], never["state"].partition(";")[0]) == (None, "never heard of")
    refused = box.run("terminal", "poll", "t2")
    assert refused.code == 2
    assert "t2 only pushes" in refused.err
    assert "terminal push-request t2 reupload" in refused.err

    asked = box.run("terminal", "push-request", "t1", "reupload")
    assert asked.code == 0, asked.err
    assert device.beat().startswith("C:1:CHECK")
    assert device.acknowledged == set()
    device.upload()
    (request,) = json.loads(box.run("terminal", "push-requests", "--format", "json").out)
    assert (request["kind"], request["returned"]) == ("reupload", 0)
    engine = create_engine(f"sqlite:///{box.directory / 'central.db'}")
    with engine.connect() as conn:
        actions = conn.execute(text("select action from audit where subject = 't1'")).scalars().all()
    engine.dispose()
    assert "terminal.push_request" in actions
    time.sleep(6)
    assert len(box.punches()) == 2
    assert box.run("terminal", "push-request", "t9", "info").code == 2
    device.close()


def test_only_a_terminal_that_pushes_can_be_asked(box: PushBox) -> None:
    box.set_up(1)
    box.run("db", "upgrade")
    devices = json.loads((box.directory / "devices.yaml").read_text())
    devices["terminals"].append({"id": "t9", "office": "A", "address": "10.0.0.1", "timezone": ZONE})
    (box.directory / "devices.yaml").write_text(json.dumps(devices))
    refused = box.run("terminal", "push-request", "t9", "info")
    assert refused.code == 2
    assert "does not push" in refused.err
