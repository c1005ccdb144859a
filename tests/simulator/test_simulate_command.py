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

from ekinerja_agent.cli.terminals.simulate import command
from ekinerja_agent.nouns.errors import TemporarilyUnavailable, WrongUsage
from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.simulator.faults import KINDS
from tests.proof.box import PATIENCE_S

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

PROGRAM = "from ekinerja_agent.cli.terminals.simulate import command; command()"


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
        assert process.wait(PATIENCE_S) == 0
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
        "drift=90",
        "--records",
        "9",
    ]
    with simulate(*options) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "serial=ABC" in line
        assert "records=10" in line
        assert "faults=feb30,drift=90" in line
        port = int(line.split()[0].split(":")[1])
        assert dial(Endpoint("127.0.0.1", port, "tcp", lambda: None)).hello().command == 2005
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def test_users_punch_in_turn_and_events_have_the_size_asked_for(dial: Callable[[Endpoint], Dial]) -> None:
    options = ["--punch-every", "0.1", "--event-bytes", "52", "--users", "2", "--records", "0"]
    with simulate(*options) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[0].split(":")[1])
        client = dial(Endpoint("127.0.0.1", port, "tcp", lambda: None))
        client.hello()
        client.send(500, b"\1\0\0\0")
        heard = [packet for packet in (client.receive(), client.receive()) if packet.command == 500]
        while len(heard) < 2:
            client.send(2000)
            heard.append(client.receive())
        assert {packet.data[:4] for packet in heard} == {b"1001", b"1002"}
        assert {len(packet.data) for packet in heard} == {52}
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def test_what_cannot_be_is_refused() -> None:
    runner = CliRunner()
    assert isinstance(runner.invoke(command, ["--users", "0"]).exception, WrongUsage)
    assert runner.invoke(command, ["--layout", "41"]).exit_code == 2
    for fault in ("fire", "wrap=1000", "hang=1", "drift=soon"):
        assert runner.invoke(command, ["--fault", fault]).exit_code == 2
    with serve(Device()) as endpoint:
        taken = runner.invoke(command, ["--port", str(endpoint.port), "--records", "1"])
        assert isinstance(taken.exception, TemporarilyUnavailable)


def test_help_describes_every_fault() -> None:
    words = CliRunner().invoke(command, ["--help"]).output
    for kind in KINDS.values():
        assert f"{kind.usage:<25} {kind.description}" in words
