"""Simulated terminals with people, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.simulator import Device, Endpoint, Fault, Model, serve
from ekinerja_agent.simulator.faults import Transport
from ekinerja_agent.terminals import TerminalAddress
from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.terminals.people import Staffed, read_people


def staffed(serial: str = "SRC1", users: int = 4, fingers: int = 2, **model: object) -> Device:
    """A terminal with PINs 1001, 1002, …: the first an admin with a password, the second with a card."""
    device = Device(serial=serial, model=Model(**model))  # type: ignore[arg-type]
    for number in range(users):
        pin = str(1001 + number)
        device.enrol(pin, f"Peg-{number:03}", privilege=14 if number == 0 else 0)
        for finger in range(fingers):
            device.enrol_finger(pin, finger)
    return device


def read(device: Device, terminal: str = "source") -> Staffed:
    """What a read of a served terminal finds."""
    with serve(device) as endpoint, open_at(address(endpoint, terminal)) as client:
        return read_people(client, terminal, None, "nobody")


def address(endpoint: Endpoint, terminal: str = "lobby", reply_timeout_s: float = 2.0) -> TerminalAddress:
    return TerminalAddress(
        terminal, endpoint.host, ZoneInfo("UTC"), endpoint.port, endpoint.transport, None, reply_timeout_s
    )


@pytest.fixture
def make_staffed() -> Callable[..., Device]:
    return staffed


@pytest.fixture
def read_staffed() -> Callable[..., Staffed]:
    return read


class Served(Protocol):
    """`with served(device, fault) as place:` has the terminal answer there."""

    def __call__(
        self, device: Device, *faults: Fault, transport: Transport = "tcp", reply_timeout_s: float = 2.0
    ) -> AbstractContextManager[TerminalAddress]: ...


@pytest.fixture
def served() -> Served:
    @contextmanager
    def serving(
        device: Device, *faults: Fault, transport: Transport = "tcp", reply_timeout_s: float = 2.0
    ) -> Iterator[TerminalAddress]:
        with serve(device, transport, faults=faults) as endpoint:
            yield address(endpoint, reply_timeout_s=reply_timeout_s)

    return serving
