"""Reading only what is new: every way in which a log can change between two polls is told apart."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import TerminalUnavailable
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.faults import Close, Fault, named_fault, on
from tests.collect.conftest import Office
from tests.collect.logs import SIZES, START, punch_on, punched, truth


def stretches(device: Device, since: int) -> list[tuple[int, int]]:
    """Where each stretch that was asked for since then began, and how long it was."""
    asked = [each for each in list(device.commands)[since:] if each.command == Command.READ_BUFFER]
    return [struct.unpack("<ii", each.data) for each in asked]


def notes(office: Office, kind: type) -> list[Any]:
    return [note for note in office.spool.waiting(1_000_000).notes if isinstance(note, kind)]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("layout", SIZES)
def test_a_tail_brings_what_was_punched_since_and_little_else(office: Office, layout: int, transport: str) -> None:
    device = punched(layout=layout)
    with serve(device, transport) as endpoint:
        first = office.poll(endpoint, transport=transport)
        punch_on(device, 5)
        second = office.poll(endpoint, transport=transport)
        third = office.poll(endpoint, transport=transport)
    assert (first.mode, first.new) == ("full", 2_000)
    assert (second.mode, second.read, second.new, second.duplicate) == ("tail", 5, 5, 0)
    assert (third.mode, third.read, third.new) == ("unchanged", 0, 0)
    assert third.received_bytes < 4_000
    assert office.waiting() == truth(device)


def test_five_new_punches_on_a_hundred_thousand_cost_less_than_8_kilobytes(office: Office) -> None:
    device = punched(100_000, capacity=200_000)
    with serve(device) as endpoint:
        full = office.poll(endpoint)
        punch_on(device, 5)
        tail = office.poll(endpoint)
    assert (tail.mode, tail.new) == ("tail", 5)
    assert tail.received_bytes <= 8_192
    assert tail.received_bytes * 50 <= full.received_bytes


def test_a_tail_and_a_whole_read_only_read_free_the_buffer_and_take_their_leave(office: Office) -> None:
    device = punched()
    reads = {Command.CONNECT, Command.OPTIONS_RRQ, Command.VERSION, Command.FREE_SIZES, Command.GET_TIME}
    reads |= {Command.PREPARE_BUFFER, Command.READ_BUFFER, Command.FREE_DATA, Command.EXIT}
    with serve(device) as endpoint:
        for mode in ("full", "unchanged"):
            since = len(device.commands)
            assert office.poll(endpoint).mode == mode
            sent = [received.command for received in list(device.commands)[since:]]
            assert set(sent) <= reads
            assert sent[-2:] == [Command.FREE_DATA, Command.EXIT]
            assert sent.count(Command.CONNECT) == 1


@pytest.mark.parametrize("dropped", [1, 57, 64, 999])
@pytest.mark.parametrize("new", [0, 1, 64, 1_500])
def test_a_log_that_forgot_its_oldest_is_followed_by_its_bytes(office: Office, dropped: int, new: int) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        device.delete_oldest(dropped)
        punch_on(device, new)
        second = office.poll(endpoint)
        punch_on(device, 3)
        third = office.poll(endpoint)
    assert (second.mode, second.new, second.doubts) == ("tail" if new else "unchanged", new, ())
    assert (third.mode, third.new) == ("tail", 3)
    assert office.waiting() == truth(device)


def delete_range(device: Device, first: int, behind: int) -> None:
    size = device.model.layout
    del device.log[first:behind]
    del device._rows[first * size : behind * size]


def clear_and_refill(device: Device) -> None:
    device.clear()
    punch_on(device, 2_500)


def clear_and_begin(device: Device) -> None:
    device.clear()
    punch_on(device, 3)


CHANGES: list[tuple[str, Callable[[Device], None], str, bool]] = [
    ("more oldest gone than any firmware drops", lambda device: device.delete_oldest(1_001), "full", False),
    ("a range in the middle deleted", lambda device: delete_range(device, 500, 700), "tail", False),
    ("a long range in the middle deleted", lambda device: delete_range(device, 100, 1_500), "full", False),
    ("a range inside the known end deleted", lambda device: delete_range(device, 1_950, 1_960), "full", False),
    ("the known end deleted", lambda device: delete_range(device, 1_980, 2_000), "full", True),
    ("cleared", Device.clear, "full", True),
    ("cleared and begun again", clear_and_begin, "full", True),
    ("cleared and filled again beyond the known end", clear_and_refill, "full", True),
]


@pytest.mark.parametrize(("change", "mode", "alarm"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_change_of_the_log_is_told_apart_and_a_gap_is_an_alarm(
    office: Office, change: Callable[[Device], None], mode: str, alarm: bool
) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        before = len(notes(office, Coverage))
        change(device)
        if not alarm:
            punch_on(device, 4)
        second = office.poll(endpoint)
        covered = len(notes(office, Coverage)) > before or notes(office, Coverage)[-1].end > datetime.now(
            UTC
        ) - timedelta(seconds=5)
        punch_on(device, 70)
        third = office.poll(endpoint)
    assert second.mode == mode
    assert any("lost" in doubt for doubt in second.doubts) is alarm
    assert ("lost" in notes(office, TerminalStatus)[-1].state) is False
    assert covered or alarm
    assert (third.new, any("lost" in doubt for doubt in third.doubts)) == (70, False)
    assert office.waiting() == truth(device)


def test_a_gap_vouches_for_nothing_until_the_next_read(office: Office) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        covered = notes(office, Coverage)
        device.clear()
        punch_on(device, 100)
        office.poll(endpoint)
        assert notes(office, Coverage) == covered
        assert "lost" in notes(office, TerminalStatus)[-1].state
        office.poll(endpoint)
    assert len(notes(office, Coverage)) == len(covered) + 1


def test_a_replaced_terminal_is_read_whole_after_it_was_accepted(office: Office) -> None:
    first, other = punched(), Device(serial="OTHER")
    for number in range(300):
        other.punch("7", START + timedelta(days=9, seconds=number))
    with serve(first) as endpoint:
        office.poll(endpoint)
        port = endpoint.port
    office.spool.remember(replace(office.spool.state("lobby"), serial=None, record_size=None))
    with serve(other, port=port) as endpoint:
        result = office.poll(endpoint)
    assert (result.mode, result.new) == ("full", 300)
    assert "lost" in result.doubts[0]
    assert office.spool.state("lobby").cursor.serial == "OTHER"


def test_the_blank_slot_at_the_end_is_filled_without_the_count_changing(office: Office) -> None:
    device = punched()
    device.leave_blank_slot()
    with serve(device) as endpoint:
        office.poll(endpoint)
        counted = device.counted_records()
        assert office.poll(endpoint).mode == "unchanged"
        punch_on(device, 1)
        assert device.counted_records() == counted
        filled = office.poll(endpoint)
        device.leave_blank_slot()
        blank = office.poll(endpoint)
        punch_on(device, 2)
        last = office.poll(endpoint)
    assert [(each.mode, each.new) for each in (filled, blank, last)] == [("tail", 1), ("unchanged", 0), ("tail", 2)]
    assert office.waiting() == truth(device)


def test_identical_records_across_the_edge_of_a_tail_are_counted_from_the_beginning(office: Office) -> None:
    device = punched()
    twice = device.log[-1]
    with serve(device) as endpoint:
        office.poll(endpoint)
        device.write(twice)
        again = office.poll(endpoint)
        device.write(twice)
        device.write(twice)
        more = office.poll(endpoint)
    assert [(each.mode, each.new) for each in (again, more)] == [("full", 1), ("full", 2)]
    occurrences = [punch.occurrence for punch in office.spool.waiting(9_999).punches if punch.clock == twice.clock]
    assert occurrences == [1, 2, 3, 4]


def test_identical_records_inside_a_tail_need_no_whole_log(office: Office) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        punch_on(device, 1)
        device.write(device.log[-1])
        result = office.poll(endpoint)
    assert (result.mode, result.new) == ("tail", 2)
    assert [punch.occurrence for punch in office.spool.waiting(9_999).punches][-2:] == [1, 2]


def test_a_known_end_of_identical_records_cannot_hide_one_more(office: Office) -> None:
    device = punched(100)
    for _ in range(64):
        device.write(device.log[-1])
    with serve(device) as endpoint:
        office.poll(endpoint)
        device.delete_oldest(1)
        device.write(device.log[-1])
        result = office.poll(endpoint)
    assert (result.mode, result.new, result.doubts) == ("full", 1, ())


def test_a_clock_that_was_set_back_makes_older_records_that_come_all_the_same(office: Office) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        for number in range(3):
            device.punch("1001", START - timedelta(days=30, seconds=number))
        older = office.poll(endpoint)
        device.punch("1001", START)  # the very first punch's PIN and second: only the whole log tells
        same = office.poll(endpoint)
    assert (older.mode, older.new) == ("tail", 3)
    assert (same.mode, same.new) == ("full", 1)
    assert office.waiting() == truth(device)


def test_a_punch_that_came_another_way_costs_no_whole_log(office: Office) -> None:
    device, twin = punched(), Device()
    with serve(device) as endpoint, serve(twin) as other:
        office.poll(endpoint)
        punch_on(device, 1)
        twin.write(device.log[-1])
        office.poll(other, full=True, terminal={"id": "lobby"})
        assert len(office.waiting()) == 2_001
    assert office.waiting() == truth(device)


@pytest.mark.parametrize("records", [300, 3_000])
@pytest.mark.parametrize("kind", ["ignore-offset", "round-offset=4096"])
def test_a_terminal_that_mistakes_where_a_stretch_begins_is_read_whole_each_time(
    office: Office, kind: str, records: int
) -> None:
    device = punched(records)
    with serve(device, faults=[named_fault(kind)]) as endpoint:
        office.poll(endpoint)
        punch_on(device, 5)
        second = office.poll(endpoint)
    assert (second.mode, second.new) == ("full", 5)
    assert office.waiting() == truth(device)
    assert office.spool.state("lobby").cursor.proven is False


def test_a_terminal_that_forgets_how_to_give_a_tail_loses_its_proof_and_no_punch(office: Office) -> None:
    device = punched()
    with serve(device) as honest:
        assert office.poll(honest).mode == "full"
        assert office.poll(honest).mode == "unchanged"
    punch_on(device, 5)
    with serve(device, faults=[named_fault("ignore-offset")]) as lying:
        second = office.poll(lying)
        assert (second.mode, second.new) == ("full", 5)
        since = len(device.commands)
        assert office.poll(lying).mode == "full"
        assert (0, 4) not in stretches(device, since)  # no tail was tried
    assert office.waiting() == truth(device)


def test_a_tail_that_breaks_off_is_followed_by_a_whole_read(office: Office) -> None:
    device = punched()
    with serve(device) as honest:
        office.poll(honest)
    punch_on(device, 5)
    cut = Fault(alter=on(Command.READ_BUFFER, lambda *_: [Close()], occurrences={2}))
    with serve(device, faults=[cut]) as endpoint:
        with pytest.raises(TerminalUnavailable):
            office.poll(endpoint)
        second = office.poll(endpoint)
        third = office.poll(endpoint)
    assert [(each.mode, each.new) for each in (second, third)] == [("full", 5), ("unchanged", 0)]


def test_a_terminal_that_breaks_off_while_it_is_judged_keeps_its_log(office: Office) -> None:
    device = punched()
    cut = Fault(alter=on(Command.READ_BUFFER, lambda *_: [Close()], occurrences={4}))
    with serve(device, faults=[cut]) as endpoint:
        first = office.poll(endpoint)
        second = office.poll(endpoint)
    assert [(each.mode, each.new) for each in (first, second)] == [("full", 2_000), ("full", 0)]


@pytest.mark.parametrize("change", ["firmware", "transport"])
def test_another_firmware_or_transport_has_to_prove_it_again(office: Office, change: str) -> None:
    first = punched()
    other = punched(firmware="Ver 7.00" if change == "firmware" else first.model.firmware)
    with serve(first) as endpoint:
        office.poll(endpoint)
    transport = "udp" if change == "transport" else "tcp"
    with serve(other, transport) as endpoint:
        modes = [office.poll(endpoint, transport=transport).mode for _ in range(2)]
    assert modes == ["full", "unchanged"]


def test_the_whole_log_is_read_once_a_day_when_asked_for_and_where_tails_are_off(office: Office) -> None:
    device = punched()
    at = datetime(2026, 9, 8, 1, 0, tzinfo=UTC)

    def modes(endpoint: Endpoint, hours: int, **options: Any) -> list[str]:
        return [
            office.poll(endpoint, now=lambda hour=hour: at + timedelta(hours=hour), **options).mode
            for hour in range(hours)
        ]

    with serve(device) as endpoint:
        assert modes(endpoint, 1) == ["full"]
        assert modes(endpoint, 2, full=True) == ["full", "full"]
        assert modes(endpoint, 2, tail_read=False) == ["full", "full"]
        assert modes(endpoint, 2, full=False) == ["unchanged", "unchanged"]
        day = modes(endpoint, 49)
    assert day.count("full") == 2
    assert set(day) == {"full", "unchanged"}


def test_a_reset_clock_in_a_tail_is_quarantined_once_and_leaves_its_hole(office: Office) -> None:
    device = punched()
    with serve(device) as endpoint:
        office.poll(endpoint)
        covered = notes(office, Coverage)
        device.punch("1001", datetime(2000, 1, 1, 0, 5))
        first = office.poll(endpoint)
        assert notes(office, Coverage) == covered
        punch_on(device, 1)
        device.offset_s += 60  # a minute later
        second = office.poll(endpoint)
    assert [(each.mode, each.new, each.quarantined) for each in (first, second)] == [("tail", 0, 1), ("tail", 1, 0)]
    (record,) = notes(office, Quarantined)
    assert record.position == 2_000
    assert len(notes(office, Coverage)) == len(covered) + 1


def test_a_log_that_cannot_be_told_apart_is_kept_once_a_day_while_it_grows(office: Office) -> None:
    at = [datetime(2026, 9, 8, 1, 0, tzinfo=UTC)]
    device = Device()
    noise = bytearray(b"\xff" * 41)
    device._rows = noise
    with serve(device) as endpoint:
        for _ in range(30):
            with pytest.raises(Exception, match="no known record layouts"):
                office.poll(endpoint, now=lambda: at[0])
            noise += b"\xff" * 41
            at[0] += timedelta(hours=1)
    assert len(notes(office, Quarantined)) == 2
