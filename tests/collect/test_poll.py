"""What a poll brings into the spool, over real sockets, from every kind of terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import TerminalRefused, TerminalUnavailable
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact, TerminalStatus
from ekinerja_agent.simulator import Device, Model, populate, serve
from tests.collect.conftest import Office

MAKASSAR = ZoneInfo("Asia/Makassar")
NOW = datetime(2026, 9, 8, 1, 0, tzinfo=UTC)


def notes(office: Office, kind: type) -> list[Any]:
    return [note for note in office.spool.waiting(1_000_000).notes if isinstance(note, kind)]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("layout", [8, 16, 40, 49])
def test_a_poll_brings_exactly_what_the_terminal_holds_and_a_second_one_nothing(
    office: Office, layout: int, transport: str
) -> None:
    device = Device(model=Model(layout=layout))
    populate(device, users=50, records=5_000)
    truth = sorted((f"uid:{record.uid}" if layout == 8 else record.pin, record.clock) for record in device.log)
    with serve(device, transport) as endpoint:
        first = office.poll(endpoint, transport=transport)
        second = office.poll(endpoint, transport=transport)
        again = office.poll(endpoint, transport=transport, full=True)
    assert (first.read, first.new, first.duplicate, first.quarantined) == (5_000, 5_000, 0, 0)
    assert (second.read, second.new, second.duplicate, second.mode) == (0, 0, 0, "unchanged")
    assert (again.read, again.new, again.duplicate, again.mode) == (5_000, 0, 5_000, "full")
    assert office.waiting() == truth
    if layout == 8:
        assert {(owner.uid, owner.pin) for owner in notes(office, SlotOwner)} == {
            (user.uid, user.pin) for user in device.users.values()
        }


class Clockwork:
    """A host clock that a test moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def device_at(clock: Clockwork, **model: Any) -> Device:
    return Device(model=Model(**model), now=clock, zone=MAKASSAR)


def coverage(office: Office) -> list[tuple[datetime | None, datetime, str]]:
    return [(note.start, note.end, note.kind) for note in notes(office, Coverage)]


def test_the_first_read_vouches_from_the_first_record_and_the_next_from_the_read_before(office: Office) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock)
    device.punch("1001")
    with serve(device) as endpoint:
        clock.at = NOW + timedelta(hours=2)
        office.poll(endpoint, now=clock)
        clock.at += timedelta(minutes=9)
        office.poll(endpoint, now=clock)
    # The queue joins stretches that touch.
    assert coverage(office) == [(NOW, NOW + timedelta(hours=2, minutes=9), "proven")]


@pytest.mark.parametrize(
    ("punched_after", "kinds"),
    [
        ((), [(0, 60, "silent")]),
        ((30,), [(0, 30, "silent"), (30, 60, "silent")]),
        ((4, 56), [(0, 4, "proven"), (4, 56, "silent"), (56, 60, "proven")]),
        ((4, 11, 21, 31, 41, 51), [(0, 60, "proven")]),
        ((4, 11, 21, 32, 41, 51), [(0, 21, "proven"), (21, 32, "silent"), (32, 60, "proven")]),
    ],
)
def test_a_record_proves_power_at_its_own_instant_and_no_longer(
    office: Office, punched_after: tuple[int, ...], kinds: list[tuple[int, int, str]]
) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock)
    minute = timedelta(minutes=1)
    with serve(device) as endpoint:
        office.poll(endpoint, now=clock)
        for after in punched_after:
            clock.at = NOW + after * minute
            device.punch("1001")
        clock.at = NOW + 60 * minute
        office.poll(endpoint, now=clock)
    assert sorted(coverage(office), key=str) == [(NOW + a * minute, NOW + b * minute, kind) for a, b, kind in kinds]


def test_a_log_that_shares_nothing_with_the_known_one_leaves_a_hole(office: Office) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock)
    device.punch("1001")
    with serve(device) as endpoint:
        clock.at += timedelta(minutes=5)
        office.poll(endpoint, now=clock)
        device.clear()
        clock.at += timedelta(minutes=5)
        device.punch("1002")
        clock.at += timedelta(minutes=1)
        cleared = office.poll(endpoint, now=clock)
        clock.at += timedelta(minutes=5)
        office.poll(endpoint, now=clock)
    assert "shares no record" in cleared.doubts[0]
    minute = timedelta(minutes=1)
    assert coverage(office) == [
        (NOW, NOW + 5 * minute, "proven"),
        (NOW + 11 * minute, NOW + 16 * minute, "proven"),
    ]


def test_an_impossible_date_stops_nobody_and_leaves_a_hole_between_its_neighbours(office: Office) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock)
    device.punch("1001")
    clock.at += timedelta(minutes=2)
    device.offset_s = -26 * 365.25 * 86400
    device.punch("1002")
    device.offset_s = 0
    clock.at += timedelta(minutes=2)
    device.punch("1003")
    clock.at += timedelta(minutes=2)
    with serve(device) as endpoint:
        result = office.poll(endpoint, now=clock)
    assert (result.read, result.new, result.quarantined) == (3, 2, 1)
    minute = timedelta(minutes=1)
    assert coverage(office) == [(NOW + 4 * minute, NOW + 6 * minute, "proven")]


def test_a_full_log_vouches_for_nothing_and_says_so(office: Office) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock, capacity=3, when_full="refuse")
    for pin in ("1001", "1002", "1003"):
        device.punch(pin)
    clock.at += timedelta(minutes=1)
    with serve(device) as endpoint:
        office.poll(endpoint, now=clock)
    assert coverage(office) == []
    assert "full" in notes(office, TerminalStatus)[-1].state


def test_a_terminal_that_does_not_answer_is_an_error_and_a_status(office: Office) -> None:
    device = Device()
    with serve(device) as endpoint:
        pass
    with pytest.raises(TerminalUnavailable, match="lobby"):
        office.poll(endpoint)
    assert coverage(office) == []
    assert "lobby" in notes(office, TerminalStatus)[-1].state


def test_another_serial_under_the_same_address_is_not_believed(office: Office) -> None:
    first, other = Device(serial="A1"), Device(serial="B2")
    other.punch("1001")
    with serve(first) as endpoint:
        office.poll(endpoint)
    with serve(other) as endpoint, pytest.raises(TerminalRefused, match=r"serial B2.*A1"):
        office.poll(endpoint)
    assert office.waiting() == []


@pytest.mark.parametrize(("trusted", "corrected"), [(True, True), (False, False)])
def test_a_wrong_clock_corrects_punches_only_while_the_host_can_vouch(
    office: Office, trusted: bool, corrected: bool
) -> None:
    clock = Clockwork(NOW)
    device = device_at(clock)
    device.offset_s = 600
    device.punch("1001")
    clock.at += timedelta(minutes=1)
    with serve(device) as endpoint:
        office.poll(endpoint, now=clock, host_clock_trusted=trusted)
    (punch,) = office.spool.waiting(10).punches
    assert punch.corrected is corrected
    assert punch.clock == (NOW + timedelta(seconds=600)).astimezone(MAKASSAR).replace(tzinfo=None)
    assert punch.at == (NOW if corrected else NOW + timedelta(seconds=600))


def test_the_terminal_list_travels_with_the_first_poll_and_again_only_when_it_changed(office: Office) -> None:
    device = Device()
    with serve(device) as endpoint:
        office.poll(endpoint)
        office.poll(endpoint)
        office.poll(endpoint, terminal={"office": "DISDIK"})
    assert [(fact.terminal, fact.office) for fact in notes(office, TerminalFact)] == [
        ("lobby", "DINKES"),
        ("lobby", "DISDIK"),
    ]


def test_a_comm_key_opens_the_terminal_and_a_wrong_one_is_told(office: Office) -> None:
    device = Device(model=Model(comm_key=4711))
    (office.directory / "key").write_text("4711\n")
    (office.directory / "wrong").write_text("1\n")
    for name in ("key", "wrong"):
        (office.directory / name).chmod(0o600)
    with serve(device) as endpoint:
        office.poll(endpoint, terminal={"comm_key_file": "key"})
        with pytest.raises(TerminalRefused, match="comm_key_file"):
            office.poll(endpoint, terminal={"comm_key_file": "wrong"})
