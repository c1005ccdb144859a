"""`terminal discover`: who answers at addresses, and that nobody else is asked, nor anybody twice."""

from __future__ import annotations

import csv
import io
import socket
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ekinerja_agent.simulator import Device, Model, serve
from ekinerja_agent.simulator.codec import Command
from tests.journey.conftest import Installation

AT = "127.0.7.{}"


@pytest.fixture
def office(sqlite_template: str, tmp_path: Path) -> Installation:
    return Installation(tmp_path, f"sqlite:///{tmp_path / 'central.db'}")


@pytest.fixture
def port() -> int:
    """A port that is free at each of the addresses."""
    with closing(socket.socket()) as here:
        here.bind((AT.format(1), 0))
        return int(here.getsockname()[1])


def found(office: Installation, *arguments: str) -> list[dict[str, str]]:
    shown = office.ok("terminal", "discover", *arguments, "--format", "csv")
    return list(csv.DictReader(io.StringIO(shown)))


def test_terminals_of_both_transports_are_found_and_each_is_asked_once(office: Installation, port: int) -> None:
    devices = [
        Device(serial="TCP1"),
        Device(serial="UDP2"),
        Device(serial="KEY3", model=Model(comm_key=7)),
        Device(serial="MINE4"),
    ]
    devices[0].punch("1")
    with ExitStack() as stack:
        for number, (device, transport) in enumerate(zip(devices, ("tcp", "udp", "tcp", "tcp"), strict=True), 1):
            stack.enter_context(serve(device, transport, port, host=AT.format(number)))
        mine = {"id": "hall", "office": "A", "address": f"{AT.format(4)}:{port}", "timezone": "Asia/Makassar"}
        office.configure(terminals=[mine])
        rows = found(office, "127.0.7.0/29", AT.format(2), "--port", str(port))
    told = [(row["address"], row["id"], row["transport"], row["serial"], row["records"]) for row in rows]
    assert told == [
        (AT.format(1), "", "tcp", "TCP1", "1"),
        (AT.format(2), "", "udp", "UDP2", "0"),
        (AT.format(3), "", "tcp", "", ""),
        (AT.format(4), "hall", "", "", ""),
    ]
    assert "comm key" in rows[2]["note"]
    connects = [sum(seen.command == Command.CONNECT for seen in device.commands) for device in devices]
    assert connects == [1, 1, 1, 0], "nobody twice, and none that another command may be reading"
    assert all(Command.DISABLE not in {seen.command for seen in device.commands} for device in devices)


def test_what_is_no_terminal_is_named_as_what_it_is(office: Installation, port: int) -> None:
    office.configure()
    with closing(socket.create_server((AT.format(1), port))) as web:
        web.settimeout(60)

        def answer() -> None:
            caller, _ = web.accept()
            with caller:
                caller.recv(100)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        page = threading.Thread(target=answer)
        page.start()
        (row,) = found(office, AT.format(1), "--port", str(port))
        page.join()
    assert (row["transport"], row["serial"]) == ("tcp", "")
    assert row["note"]


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("10.1", "write 10.20.3.15 or 10.20.3.0/24"),
        ("kantor", "write 10.20.3.15 or 10.20.3.0/24"),
        ("fe80::1", "write 10.20.3.15 or 10.20.3.0/24"),
        ("10.0.0.0/8", "name smaller networks"),
        ("0.0.0.0/0", "name smaller networks"),
    ],
)
def test_what_is_no_network_or_too_large_is_refused_before_anybody_is_asked(
    office: Installation, network: str, says: str
) -> None:
    office.configure()
    outcome = office.run("terminal", "discover", network)
    assert (outcome.code, says in outcome.err) == (2, True), outcome
