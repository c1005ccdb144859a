"""What is wrong with the terminal itself shows in its tables, its counts, its clock and its sessions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ekinerja_agent.simulator import Device, Endpoint, Model, Switchboard, named_fault
from ekinerja_agent.simulator.codec import pack_clock, unpack_clock, unpack_time
from ekinerja_agent.simulator.faults import Transport

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

Call = Callable[..., "Dial"]
Dialler = Callable[[Endpoint], "Dial"]
LOG = struct.pack("<bhii", 1, 13, 0, 0)
TRANSPORTS: list[Transport] = ["tcp", "udp"]
GONE = (EOFError, ConnectionResetError)
ROW = 40


def part(start: int, size: int) -> bytes:
    return struct.pack("<ii", start, size)


class Hands:
    """A host clock that a test turns."""

    def __init__(self) -> None:
        self.at = datetime(2026, 9, 7, 4, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


# -- the log ---------------------------------------------------------------------------------------------


def test_feb30_stands_in_the_middle_of_the_log(call: Call, filled: Device) -> None:
    call(filled, "feb30")
    assert len(filled.log) == 101
    assert unpack_time(filled.log[50].packed_time)[1:3] == (2, 30)


def test_feb30_can_be_the_only_record(call: Call) -> None:
    device = Device()
    call(device, "feb30")
    assert [unpack_time(record.packed_time)[1:3] for record in device.log] == [(2, 30)]


@pytest.mark.parametrize("records", [1, 57, 99])
def test_wrap_deletes_the_oldest_at_the_next_punch(call: Call, filled: Device, records: int) -> None:
    before = list(filled.log)
    line = call(filled, f"wrap={records}")
    punched = filled.punch("1001")
    assert filled.log == [*before[records:], punched]
    assert filled.history == [*before, punched]
    assert line.read_log() == filled.log_table()


def test_wrap_by_more_than_there_is_leaves_the_new_punch(call: Call, filled: Device) -> None:
    call(filled, "wrap=999")
    punched = filled.punch("1001")
    assert filled.log == [punched]


def test_a_full_log_can_refuse(call: Call, filled: Device) -> None:
    line = call(filled, "full-refuses")
    assert filled.punch("1001") is None
    assert (line.counted(), filled.refused_punches) == (100, 1)


@pytest.mark.parametrize(("lag", "counted"), [(3, 97), (-3, 103), (200, 0)])
def test_counts_can_be_wrong_while_the_table_is_right(call: Call, filled: Device, lag: int, counted: int) -> None:
    line = call(filled, f"late-counts={lag}")
    assert line.counted() == counted
    assert line.read_log() == filled.log_table()
    assert len(filled.log_table()) == 4 + 100 * ROW


def test_a_blank_slot_is_counted_and_the_next_punch_fills_it(call: Call, filled: Device) -> None:
    rows = filled.log_table()[4:]
    line = call(filled, "blank-slot")
    assert line.counted() == 101
    assert line.read_log() == struct.pack("<I", 101 * ROW) + rows + bytes(ROW)
    filled.punch("1001")
    assert line.counted() == 101
    table = line.read_log()
    assert len(table) == 4 + 101 * ROW
    assert table[-ROW:] != bytes(ROW)
    assert len(filled.history) == 101


# -- firmware --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_encrypted_firmware_answers_6001(call: Call, transport: Transport) -> None:
    assert call(Device(), "encrypted", transport=transport, hello=False).hello().command == 6001


def test_old_firmware_knows_only_the_old_way(call: Call, filled: Device) -> None:
    line = call(filled, "old-firmware")
    assert line.ask(1503, LOG)[:3] == (0xFFFF, line.session, line.reply_id)
    assert line.bulk(13)[0] == filled.log_table()
    assert line.bulk(9)[0] == filled.user_table()


@pytest.mark.parametrize(
    ("fault", "asked", "given"),
    [("ignore-offset", 1_004, 0), ("round-offset=4", 1_007, 1_004), ("round-offset=1024", 1_007, 0)],
)
def test_an_offset_can_be_misunderstood(call: Call, filled: Device, fault: str, asked: int, given: int) -> None:
    line = call(filled, fault)
    line.ask(1503, LOG)
    assert line.chunk(asked, 80) == filled.log_table()[given : given + 80]
    assert line.ask(1504, part(4_000, 5)).command == 2001


def test_without_a_snapshot_the_log_shifts_under_the_reader(call: Call, filled: Device) -> None:
    line = call(filled, "no-snapshot")
    line.ask(1503, LOG)
    first = line.chunk(0, 44)
    filled.delete_oldest(1)
    assert line.chunk(4, ROW) != first[4:]
    assert line.ask(1504, part(4_000, 4)).command == 2001
    filled.punch("1001")
    assert line.chunk(0, 4_004) == filled.log_table()


def test_a_lock_can_outlive_its_seconds(call: Call) -> None:
    hands = Hands()
    device = Device(now=hands)
    line = call(device, "stays-disabled")
    line.ask(1003, struct.pack("<I", 10))
    hands.at += timedelta(hours=1)
    assert device.punch("1001") is None
    line.ask(1002)
    assert device.punch("1001") is not None


def test_punches_can_be_recorded_while_locked(call: Call) -> None:
    device = Device()
    call(device, "punches-while-disabled").ask(1003, struct.pack("<I", 10))
    assert device.disabled
    assert device.punch("1001") is not None


# -- clock and power -------------------------------------------------------------------------------------


def read_clock(line: Dial) -> datetime:
    return unpack_clock(int.from_bytes(line.ask(201).data, "little"))


@pytest.mark.parametrize("seconds", [600, -90])
def test_a_clock_can_be_wrong_in_answers_and_punches(call: Call, seconds: int) -> None:
    hands = Hands()
    device = Device(now=hands, zone=UTC)
    line = call(device, f"drift={seconds}")
    wrong = hands.at.replace(tzinfo=None) + timedelta(seconds=seconds)
    assert read_clock(line) == wrong
    record = device.punch("1001")
    assert record is not None
    assert (record.clock, record.at) == (wrong, hands.at)


def test_a_clock_can_drift_until_it_is_set_and_then_drifts_on(call: Call) -> None:
    hands = Hands()
    device = Device(now=hands, zone=UTC)
    line = call(device, "drift-rate=60")
    hands.at += timedelta(days=2)
    assert device.error_s() == 120
    assert read_clock(line) == hands.at.replace(tzinfo=None) + timedelta(seconds=120)
    line.ask(202, struct.pack("<I", pack_clock(hands.at.replace(tzinfo=None))))
    assert device.error_s() == 0
    hands.at += timedelta(hours=12)
    assert device.error_s() == 30
    device.drift(-10)
    hands.at += timedelta(days=1)
    assert device.error_s() == 20


def test_a_clock_can_jump_once_it_was_read(call: Call) -> None:
    hands = Hands()
    device = Device(now=hands, zone=UTC)
    line = call(device, "clock-jump=-3600")
    right = hands.at.replace(tzinfo=None)
    assert [read_clock(line) for _ in range(3)] == [right, right - timedelta(hours=1), right - timedelta(hours=1)]


def test_a_reboot_drops_the_connection_and_the_buffer_and_keeps_the_log(
    call: Call, dial: Dialler, filled: Device
) -> None:
    line = call(filled, "reboot=2")
    line.ask(1003, struct.pack("<I", 60))
    line.ask(1503, LOG)
    assert line.chunk(0, 4) == filled.log_table()[:4]
    line.send(1504, part(0, 4))
    with pytest.raises(GONE):
        line.receive()
    assert not filled.disabled
    again = dial(line.endpoint)
    again.hello()
    assert again.ask(1504, part(0, 4)).command == 2001
    assert again.read_log() == filled.log_table()


def test_a_reboot_over_udp_forgets_the_client(call: Call, filled: Device) -> None:
    line = call(filled, transport="udp")
    line.ask(1503, LOG)
    filled.reboot()
    assert line.ask(1504, part(0, 4)).command == 2005
    line.session = 0
    assert line.hello().command == 2000
    assert line.ask(1504, part(0, 4)).command == 2001


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_power_cut_ends_answers_and_punches_until_it_is_over(
    dial: Dialler, filled: Device, transport: Transport
) -> None:
    hands = Hands()
    filled.now = hands
    with Switchboard() as board:
        endpoint = board.connect(filled, transport, faults=[named_fault("power-cut=30")])
        line = dial(endpoint)
        line.hello()
        line.ask(1503, LOG)
        line.send(1504, part(0, 4_004))
        if transport == "tcp":
            with pytest.raises(GONE):
                line.receive()
            with pytest.raises(GONE):
                dial(endpoint).hello()
        else:
            line.expect_silence()
        hands.at += timedelta(seconds=29)
        assert filled.punch("1001") is None
        hands.at += timedelta(seconds=1)
        assert filled.punch("1001") is not None
        again = dial(endpoint)
        assert again.hello().command == 2000
        assert again.read_log() == filled.log_table()
        assert len(filled.log) == 101


def test_power_comes_back_when_it_is_given_back(call: Call, dial: Dialler) -> None:
    device = Device()
    line = call(device)
    device.power_off()
    with pytest.raises(GONE):
        line.ask(201)
    assert not device.powered
    device.power_on()
    device.power_on()
    assert dial(line.endpoint).hello().command == 2000


def test_a_clock_without_battery_starts_at_2000_when_power_returns(dial: Dialler) -> None:
    hands = Hands()
    device = Device(now=hands, zone=UTC, model=Model())
    with Switchboard() as board:
        endpoint = board.connect(device, faults=[named_fault("clock-lost=30")])
        line = dial(endpoint)
        line.hello()
        with pytest.raises(GONE):
            line.ask(1504, part(0, 4))
        hands.at += timedelta(seconds=40)
        # Noticed ten seconds after the power came back: the clock has gone on since.
        again = dial(endpoint)
        again.hello()
        assert read_clock(again).isoformat() == "2000-01-01T00:00:10"
        record = device.punch("1001")
        assert record is not None
        assert (record.clock.isoformat(), record.at) == ("2000-01-01T00:00:10", hands.at)


def test_another_terminal_can_stand_at_the_address(call: Call, dial: Dialler) -> None:
    device = Device(serial="SIM1")
    line = call(device, "another-serial=2")
    assert line.ask(11, b"~SerialNumber\0").data == b"~SerialNumber=SIM1\0"
    line.ask(1001)
    for _ in range(2):
        again = dial(line.endpoint)
        again.hello()
        assert again.ask(11, b"~SerialNumber\0").data == b"~SerialNumber=SIM1X\0"
        again.ask(1001)
