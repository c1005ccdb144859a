"""`ekinerja-agent simulate` as a person runs it: a process, its one line, its end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ekinerja_agent.cli.simulate import command
from ekinerja_agent.errors import TemporarilyUnavailable, WrongUsage
from ekinerja_agent.simulator import FAULTS, Device, Endpoint, serve

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

PROGRAM = "from ekinerja_agent.cli.simulate import command; command()"


def simulate(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_serves_and_ends_cleanly(dial: Callable[[Endpoint], Dial], ending: signal.Signals) -> None:
    with simulate("--transport", "udp", "--records", "30", "--users", "4", "--layout", "16") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        said = re.fullmatch(
            r"127\.0\.0\.1:(\d+) udp serial=SIM0000016 users=4 records=30 layout=16 faults=none\n", line
        )
        assert said, line
        client = dial(Endpoint("127.0.0.1", int(said[1]), "udp", lambda: None))
        client.hello()
        sizes = client.ask(50).data
        assert (sizes[16], sizes[32]) == (4, 30)
        process.send_signal(ending)
        assert process.wait(5) == 0
        assert process.stdout.read() == ""


def test_comm_key_serial_and_faults_are_taken(dial: Callable[[Endpoint], Dial]) -> None:
    options = [
        "--comm-key",
        "12",
        "--serial",
        "ABC",
        "--fault",
        "feb30",
        "--fault",
        "drift",
        "--records",
        "9",
    ]
    with simulate(*options) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "serial=ABC" in line
        assert "records=10" in line
        assert "faults=feb30,drift" in line
        port = int(line.split()[0].split(":")[1])
        assert dial(Endpoint("127.0.0.1", port, "tcp", lambda: None)).hello().command == 2005
        process.terminate()
        assert process.wait(5) == 0


def test_what_cannot_be_is_refused() -> None:
    runner = CliRunner()
    assert isinstance(runner.invoke(command, ["--users", "0"]).exception, WrongUsage)
    assert runner.invoke(command, ["--layout", "41"]).exit_code == 2
    assert runner.invoke(command, ["--fault", "fire"]).exit_code == 2
    with serve(Device()) as endpoint:
        taken = runner.invoke(command, ["--port", str(endpoint.port), "--records", "1"])
        assert isinstance(taken.exception, TemporarilyUnavailable)


def test_help_describes_every_fault() -> None:
    words = CliRunner().invoke(command, ["--help"]).output
    for fault in FAULTS.values():
        assert f"{fault.name:<18}  {fault.description}" in words
