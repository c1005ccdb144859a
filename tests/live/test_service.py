"""Live mode in the real service, with the command line beside it: two processes, one terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.spool import Spool
from tests.proof.box import PATIENCE_S

EKINERJA = [sys.executable, "-m", "ekinerja_agent", "--config", "agent.yaml"]


def configure(directory: Path, endpoint: Endpoint, mode: str) -> None:
    agent = {
        "roles": ["collect"],
        "state_dir": "state",
        "devices": "devices.yaml",
        "central": {"url": "sqlite:///central.db"},
        "poll": {"every": "1d", "timeout": "5s"},
        "log": {"format": "json"},
    }
    terminal = {
        "id": "lobby",
        "office": "A",
        "address": f"{endpoint.host}:{endpoint.port}",
        "transport": endpoint.transport,
        "timezone": "Asia/Jakarta",
        "mode": mode,
    }
    (directory / "agent.yaml").write_text(json.dumps(agent))
    (directory / "devices.yaml").write_text(json.dumps({"terminals": [terminal]}))


@contextmanager
def service(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        (directory / "log").open("wb") as log,
        subprocess.Popen([*EKINERJA, "run"], cwd=directory, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def events(directory: Path) -> list[str]:
    lines = (directory / "log").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def collected(directory: Path) -> int:
    """How many punches the service has read: they are in its queue, or were."""
    with Spool(directory / "state" / "spool.db") as spool:
        return len(spool.known_counts("lobby"))


def registrations(device: Device) -> int:
    return sum(1 for each in list(device.commands) if each.command == Command.REG_EVENT)


def test_a_poll_by_command_gets_the_terminal_from_the_service_that_listens(
    tmp_path: Path, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    """Over UDP, where the terminal does not queue a second client but throws the first one out."""
    device = Device()
    with serve(device, "udp") as endpoint:
        configure(tmp_path, endpoint, "live")
        with service(tmp_path) as process:
            eventually(lambda: "terminal.live" in events(tmp_path), "the ear at the terminal")
            device.punch("1001")
            eventually(lambda: collected(tmp_path) == 1, "the punch, a day before the next poll")
            before = registrations(device)
            command = [*EKINERJA, "terminal", "poll", "lobby", "--format", "json"]
            polled = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=PATIENCE_S, check=False)
            assert polled.returncode == 0, polled.stderr
            assert json.loads(polled.stdout)[0]["id"] == "lobby"
            eventually(lambda: registrations(device) > before, "the ear at the terminal again")
            device.punch("1002")
            eventually(lambda: collected(tmp_path) == 2, "the punch after the command")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
    connections = [each.connection for each in device.commands]
    assert connections == sorted(connections), "two clients at one time"
    assert events(tmp_path).count("terminal.live") == 1
    assert "terminal.not_live" not in events(tmp_path)
    assert "terminal.away" not in events(tmp_path)


def test_sighup_takes_a_terminal_into_live_mode_and_out_of_it(
    tmp_path: Path, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    device = Device()
    with serve(device) as endpoint:
        configure(tmp_path, endpoint, "poll")
        with service(tmp_path) as process:
            eventually(lambda: "service.ready" in events(tmp_path), "the service")
            for mode, heard in (("live", 1), ("poll", 1)):
                reloads = events(tmp_path).count("config.reloaded")
                configure(tmp_path, endpoint, mode)
                process.send_signal(signal.SIGHUP)
                eventually(lambda before=reloads: events(tmp_path).count("config.reloaded") > before, "the reload")
                eventually(lambda count=heard: events(tmp_path).count("terminal.live") == count, f"mode {mode}")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
