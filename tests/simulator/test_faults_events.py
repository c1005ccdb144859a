"""Live events of every size, and what goes wrong with them on the way."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from ekinerja_agent.simulator import Device, Fault, Model
from ekinerja_agent.simulator.faults import Do, on, on_event
from ekinerja_agent.simulator.faults.script import Step, Transport

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

Call = Callable[..., "Dial"]
TRANSPORTS: list[Transport] = ["tcp", "udp"]
CLOCK = datetime(2026, 9, 7, 7, 31, 5)
CLOCK_BYTES = bytes((26, 9, 7, 7, 31, 5))
FRAME_BYTES = 8 + 8 + 32


def listening(
    call: Call, device: Device, *faults: str | Fault, transport: Transport = "tcp", clock_stands: bool = False
) -> Dial:
    line = call(device, *faults, transport=transport, clock_stands=clock_stands)
    assert line.ask(500, struct.pack("<I", 1)).command == 2000
    return line


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("size", "identity"),
    [(10, b"\1\0"), (12, b"\xe9\3\0\0"), (14, b"\1\0")]
    + [(size, b"1001".ljust(24, b"\0")) for size in (32, 36, 37, 52)],
)
def test_events_have_the_size_of_the_model(call: Call, transport: Transport, size: int, identity: bytes) -> None:
    device = Device(model=Model(event_size=size))
    line = listening(call, device, transport=transport)
    device.punch("1001", CLOCK, verify=15, status=1)
    event = line.receive()
    assert (event.command, event.session, len(event.data)) == (500, 1, size)
    assert event.data.rstrip(b"\0") == (identity + b"\x0f\1" + CLOCK_BYTES).rstrip(b"\0")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_unawaited_events_come_without_an_acknowledgement(call: Call, transport: Transport) -> None:
    device = Device()
    line = listening(call, device, "unawaited-events", transport=transport, clock_stands=True)
    for pin in ("1001", "1002", "1003"):
        device.punch(pin)
    assert [line.receive().data[:4] for _ in range(3)] == [b"1001", b"1002", b"1003"]


def test_joined_events_leave_in_one_segment(call: Call) -> None:
    device = Device()
    line = listening(call, device, "join-events=3")
    for pin in ("1001", "1002"):
        device.punch(pin)
    line.expect_silence()
    device.punch("1003")
    assert len(line.sock.recv(65_536)) == 3 * FRAME_BYTES


def test_held_events_leave_with_the_next_answer(call: Call) -> None:
    device = Device()
    line = listening(call, device, "join-events=3")
    device.punch("1001")
    line.expect_silence()
    assert line.ask(201).command == 500
    assert line.receive().command == 2000


def test_cut_events_come_in_pieces_and_answers_whole(call: Call) -> None:
    device = Device()
    line = listening(call, device, "cut-events=20", clock_stands=True)
    device.punch("1001")
    for piece_bytes in (20, 20, 8):
        assert len(line.sock.recv(100)) == piece_bytes
        line.later(0.002)
    line.send(2000)
    line.send(201)
    assert len(line.sock.recv(100)) == 8 + 8 + 4


@pytest.mark.parametrize("fault", ["join-events=3", "cut-events=5"])
def test_events_over_udp_are_datagrams(call: Call, fault: str) -> None:
    device = Device()
    line = listening(call, device, fault, transport="udp")
    device.punch("1001")
    assert len(line.receive_raw()) == 8 + 32


def test_every_second_event_can_be_lost_and_the_record_stays(call: Call) -> None:
    device = Device()
    line = listening(call, device, "lose-events=2", "unawaited-events")
    for number in range(1001, 1006):
        device.punch(str(number))
    assert [line.receive().data[:4] for _ in range(3)] == [b"1001", b"1003", b"1005"]
    assert len(device.log) == 5


def test_a_script_tells_events_from_the_answer_that_registers_them(call: Call) -> None:
    altered: list[str] = []

    def note(name: str) -> Callable[[object, list[Step]], list[Step]]:
        return lambda _, steps: [*steps, Do(lambda _: altered.append(name))]

    device = Device()
    line = listening(call, device, Fault(alter=on(500, note("answer"))), Fault(alter=on_event(note("event"))))
    device.punch("1001")
    line.receive()
    line.send(2000)
    line.ask(201)
    assert altered == ["answer", "event"]


def test_a_reboot_ends_the_events(call: Call) -> None:
    device = Device()
    line = listening(call, device, transport="udp")
    device.reboot()
    device.punch("1001")
    line.expect_silence()
