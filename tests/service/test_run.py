"""The service as a real process: it reads, forwards, reloads, survives SIGKILL and ends when it is asked to."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekinerja_agent.central.collected.owners import claim
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, serve
from tests.proof.box import PATIENCE_S, Box, ended, until

pytestmark = pytest.mark.long


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with ended(Box(tmp_path)) as box:
        yield box


def test_it_reads_forwards_and_ends_on_sigterm(box: Box) -> None:
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        box.configure(endpoint)
        process = box.start()
        until(lambda: len(box.punches()) == 1, "the first punch in central")
        device.punch("1002")
        until(lambda: len(box.punches()) == 2, "a new punch in central")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert [event["event"] for event in box.events()][-1] == "service.stopped"


def test_it_is_killed_at_any_moment_and_nothing_is_lost_or_doubled(box: Box) -> None:
    device = Device()
    with serve(device) as endpoint:
        box.configure(endpoint)
        for round_number in range(4):
            process = box.start()
            for pin in range(20):
                device.punch(str(1000 * (round_number + 1) + pin))
                time.sleep(0.05)
            if round_number < 3:
                process.kill()
                process.wait()
        until(lambda: len(box.punches()) == len(device.history), "every punch in central")
        time.sleep(1.5)  # one more poll must add nothing
    assert len(box.punches()) == len(device.history) == 80


def test_sighup_takes_the_new_terminals_and_refuses_a_wrong_file(box: Box) -> None:
    first, second = Device(serial="A"), Device(serial="B")
    second.punch("2001")
    with serve(first) as one, serve(second) as two:
        box.configure(one)
        process = box.start()
        until(lambda: box.has_event("service.ready"), "ready")
        (box.directory / "devices.yaml").write_text("terminals: nonsense")
        process.send_signal(signal.SIGHUP)
        until(lambda: box.has_event("config.refused"), "the refusal")
        box.configure(one, two)
        process.send_signal(signal.SIGHUP)
        until(lambda: box.has_event("config.reloaded"), "the reload")
        until(lambda: len(box.punches()) == 1, "the punch of the second terminal")
        assert process.poll() is None


def test_a_terminal_that_goes_away_is_told_once_and_once_more_when_it_is_back(box: Box) -> None:
    device = Device()
    with serve(device) as endpoint:
        box.configure(endpoint)
        box.start()
        until(lambda: box.has_event("service.ready"), "ready")
        until(lambda: len(device.commands), "a poll")
        port = endpoint.port
    until(lambda: box.has_event("terminal.away"), "away")
    time.sleep(2.5)
    device.punch("1001")
    with serve(device, port=port):
        until(lambda: box.has_event("terminal.back"), "back")
        until(lambda: len(box.punches()) == 1, "the punch")
    assert [event["event"] for event in box.events()].count("terminal.away") == 1


def test_a_terminal_that_another_agent_reads_is_told_of_once_and_read_again_after_it_was_accepted(box: Box) -> None:
    url = f"sqlite:///{box.directory / 'central.db'}"
    central = connect(url)
    require_current(central)
    claim(central, "other", ["t1"], utc_now())
    device = Device()
    with serve(device) as endpoint:
        box.configure(endpoint)
        box.start()
        until(lambda: box.has_event("terminal.elsewhere"), "it learned that another agent reads the terminal")
        time.sleep(2.5)
        device.punch("1001")
        time.sleep(1.5)
        assert box.punches() == []
        assert box.run("terminal", "accept", "t1").code == 0
        until(lambda: box.has_event("terminal.taken_over"), "it reads the terminal again")
        until(lambda: len(box.punches()) == 1, "the punch")
    central.dispose()
    assert [event["event"] for event in box.events()].count("terminal.elsewhere") == 1


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(box: Box) -> None:
    address = str(box.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, serve(Device()) as endpoint:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        box.configure(endpoint)
        process = box.start(NOTIFY_SOCKET=address)
        assert manager.recv(4096) == b"READY=1"
        process.send_signal(signal.SIGINT)
        assert manager.recv(4096) == b"STOPPING=1"
        assert process.wait(PATIENCE_S) == 0


def test_a_wrong_configuration_ends_it_with_3(box: Box) -> None:
    box.configure(roles=["nonsense"])
    assert box.start().wait(PATIENCE_S) == 3


def test_an_office_server_holds_no_scoring_library_in_memory(box: Box) -> None:
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        box.configure(endpoint, roles=["collect"])
        process = box.start()
        until(lambda: len(box.punches()) == 1, "the punch in central")
        mapped = Path(f"/proc/{process.pid}/maps").read_text()
    assert "polars" not in mapped
    assert "_hashlib" not in mapped
    assert "_ssl" not in mapped
