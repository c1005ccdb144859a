"""A misfortune can be scripted at any command, occurrence, packet and instant, or asked for by its name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator import FAULTS, Device, Endpoint, Fault, Switchboard, named_fault, populate, serve
from ekinerja_agent.simulator.codec import Packet
from ekinerja_agent.simulator.faults import (
    KINDS,
    Close,
    Do,
    Occasion,
    Send,
    Step,
    Transport,
    Wait,
    after,
    at_packet,
    at_request,
    before,
    on,
    within,
)

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

Call = Callable[..., "Dial"]
Dialler = Callable[[Endpoint], "Dial"]
LOG = struct.pack("<bhii", 1, 13, 0, 0)
WHOLE = struct.pack("<ii", 0, 4_004)
TRANSPORTS: list[Transport] = ["tcp", "udp"]


def finger_7(device: Device) -> None:
    device.punch("7")


def test_alterations_strike_at_the_command_and_occurrence_they_name(call: Call) -> None:
    def fall_silent(_: Occasion, steps: list[Step]) -> list[Step]:
        return [*(step for step in steps if not isinstance(step, Send)), Close()]

    line = call(
        Device(),
        Fault(alter=on(201, lambda _, steps: steps * 2, occurrences={2})),
        Fault(alter=on(1100, fall_silent)),
    )
    assert [line.ask(201).reply_id, line.ask(201).reply_id, line.receive().reply_id] == [2, 3, 3]
    with pytest.raises((EOFError, ConnectionResetError)):
        line.ask(1100)


def test_an_answer_can_be_late_and_a_udp_client_forgotten(call: Call) -> None:
    def pause_and_forget(_: Occasion, steps: list[Step]) -> list[Step]:
        return [Wait(0.05), *steps, Close(), Close()]

    line = call(Device(), Fault(alter=on(1100, pause_and_forget)), transport="udp", clock_stands=True)
    line.send(1100)
    line.expect_silence()
    line.later(0.05)
    assert line.receive().command == 2000
    assert line.ask(201).command == 2005


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_at_the_second_read_pin_7_punches_first(call: Call, filled: Device, transport: Transport) -> None:
    line = call(filled, Fault(strike=before(1504, finger_7, occurrences={2})), transport=transport)
    line.ask(1503, LOG)
    line.chunk(0, 2_000)
    assert len(filled.history) == 100
    line.chunk(2_000, 2_004)
    assert [record.pin for record in filled.history[100:]] == ["7"]


def test_a_punch_before_a_clear_is_cleared_and_one_after_it_is_not(call: Call, filled: Device) -> None:
    line = call(filled, Fault(strike=before(15, finger_7), alter=after(15, lambda device: device.punch("8"))))
    line.ask(15)
    assert line.counted() == 1
    assert [record.pin for record in filled.log] == ["8"]
    assert [record.pin for record in filled.history[100:]] == ["7", "8"]


def occasion(command: int, *, packets_before: int = 0) -> Occasion:
    return Occasion(Packet(command, 0, 0), 1, "tcp", Device(), 1, 1, packets_before, 0)


@pytest.mark.parametrize(("packets", "place"), [(0, 0), (1, 2), (2, 3), (3, None)])
def test_something_can_happen_after_so_many_packets_of_an_answer(packets: int, place: int | None) -> None:
    answer: list[Step] = [Wait(1), Send(b"first"), Send(b"second")]
    altered = within(1504, finger_7, packets=packets)(occasion(1504), answer)
    assert [index for index, step in enumerate(altered) if step == Do(finger_7)] == ([] if place is None else [place])
    assert [step for step in altered if step != Do(finger_7)] == answer
    assert within(1504, finger_7, packets=packets)(occasion(1503), answer) == answer


def test_something_can_happen_before_the_nth_packet_of_all() -> None:
    answer: list[Step] = [Wait(1), Send(b"fifth"), Send(b"sixth")]
    for number, place in ((4, None), (5, 1), (6, 2), (7, None)):
        altered = at_packet(number, finger_7)(occasion(1504, packets_before=4), answer)
        assert (altered.index(Do(finger_7)) if Do(finger_7) in altered else None) == place


def test_what_happens_between_packets_happens_after_the_former_left(call: Call, filled: Device) -> None:
    line = call(filled, Fault(alter=within(1504, Device.power_off, packets=2)), transport="udp")
    line.ask(1503, LOG)
    line.send(1504, WHOLE)
    assert [line.receive().command for _ in range(2)] == [1500, 1501]
    line.expect_silence()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_punch_can_be_tried_at_every_instant_of_a_poll(dial: Dialler, transport: Transport) -> None:
    """Requests and packets are counted through: no number is skipped, and each strikes once."""
    requests = 6
    packets = {"tcp": 5 + 3, "udp": 5 + 6}[transport]
    instants = [Fault(strike=at_request(number, finger_7)) for number in range(1, requests + 2)]
    instants += [Fault(alter=at_packet(number, finger_7)) for number in range(1, packets + 2)]
    punched = []
    for fault in instants:
        device = Device()
        populate(device, users=10, records=100)
        before_poll = device.log_table()
        with serve(device, transport, faults=[fault]) as endpoint:
            table = poll(dial(endpoint))
        punched.append(len(device.history) - 100)
        assert table[4:4004] == before_poll[4:]
    assert punched == [1] * requests + [0] + [1] * packets + [0]


def poll(line: Dial) -> bytes:
    line.hello()
    line.ask(50)
    size = struct.unpack_from("<I", line.ask(1503, LOG).data, 1)[0]
    table = line.chunk(0, size)
    line.ask(1502)
    line.ask(1001)
    return table


@pytest.mark.parametrize(
    ("fault", "punched"),
    [
        ("punch-before=1502", 1),
        ("punch-before", 2),
        ("punch-within", 2),
        ("punch-at-request=4", 1),
        ("punch-at-packet=4", 1),
        ("punch-at-packet=400", 0),
    ],
)
def test_somebody_punches_at_the_worst_moment(call: Call, filled: Device, fault: str, punched: int) -> None:
    before_poll = filled.log_table()
    line = call(filled, fault)
    line.ask(1503, LOG)
    assert line.chunk(0, 2_000) + line.chunk(2_000, 2_004) == before_poll
    line.ask(1502)
    assert len(filled.history) == 100 + punched


def test_history_knows_when_it_was_although_the_clock_does_not() -> None:
    noon = datetime(2026, 9, 7, 4, tzinfo=UTC)
    device = Device(now=lambda: noon, zone=ZoneInfo("Asia/Makassar"), offset_s=600)
    device.punch("1")
    device.punch("1", noon - timedelta(hours=1))
    device.punch("1", datetime(2026, 9, 7, 7, 30))
    device.clear()
    assert [(record.clock.isoformat(), record.at) for record in device.history] == [
        ("2026-09-07T12:10:00", noon),
        ("2026-09-07T11:10:00", noon - timedelta(hours=1)),
        ("2026-09-07T07:40:00", datetime(2026, 9, 6, 23, 30, tzinfo=UTC)),
    ]


def test_populated_records_know_their_instants_too() -> None:
    device = Device(zone=ZoneInfo("Asia/Jayapura"), offset_s=-60)
    populate(device, users=2, records=20)
    for record in device.log:
        assert record.at is not None
        assert device.clock(record.at) == record.clock


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("instant", ["before the answer", "inside the answer"])
def test_a_script_can_pull_the_plug(dial: Dialler, filled: Device, transport: Transport, instant: str) -> None:
    plugs: list[Endpoint] = []

    def pull(_: Device) -> None:
        plugs[0].close()

    before_answer = instant == "before the answer"
    fault = Fault(strike=before(1504, pull)) if before_answer else Fault(alter=within(1504, pull, packets=1))
    with Switchboard() as board:
        plugs.append(board.connect(filled, transport, faults=[fault]))
        other = board.connect(Device())
        line = dial(plugs[0])
        line.hello()
        line.ask(1503, LOG)
        line.send(1504, WHOLE)
        if not before_answer:
            assert line.receive().command == 1500
        line.sock.settimeout(0.5)  # a datagram that nobody takes is told of sometimes
        with pytest.raises((EOFError, OSError)):
            line.ask(1504, WHOLE)
        assert dial(other).hello().command == 2000


# -- names -----------------------------------------------------------------------------------------------


def test_a_fault_can_serve_any_number_of_terminals(call: Call) -> None:
    lines = []
    for _ in range(2):
        device = Device()
        populate(device, users=10, records=100)
        lines.append(call(device, FAULTS["drop-datagram"], transport="udp"))
        lines[-1].ask(1503, LOG)
    for line in lines:
        assert [packet.session for packet in line.bulk(1504, WHOLE)[1][1:-1]] == [0, 1, 3]


@pytest.mark.parametrize("name", KINDS)
def test_every_fault_has_a_name_a_line_of_help_and_a_default(name: str, call: Call) -> None:
    kind = KINDS[name]
    fault = FAULTS[name]
    assert fault.name == kind.usage
    assert fault.prepare or fault.alter or fault.strike
    assert len(f"  {kind.usage:<25} {kind.description}") <= 120
    call(Device(), fault, hello=False)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.number])
def test_lowest_and_highest_values_can_be_served(name: str, call: Call) -> None:
    number = KINDS[name].number
    assert number is not None
    for value in (number.lowest, number.highest):
        fault = named_fault(f"{name}={value}")
        assert fault.name == f"{name}={value}"
        call(Device(), fault, hello=False)
    for value in (number.lowest - 1, number.highest + 1):
        with pytest.raises(WrongUsage, match=f"N may be {number.lowest} to {number.highest}"):
            named_fault(f"{name}={value}")


@pytest.mark.parametrize(
    ("asked", "words"),
    [("fire", "no fault 'fire'; choose one of hang"), ("hang=3", "takes no value"), ("wrap=all", "no whole number")],
)
def test_what_is_no_fault_is_said(asked: str, words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        named_fault(asked)


def test_the_page_of_the_simulator_lists_every_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [name for name in listed if "=" in name or name in KINDS] == [kind.usage for kind in KINDS.values()]
    for kind in KINDS.values():
        assert f"| `{kind.usage}` | {kind.description} |" in page
