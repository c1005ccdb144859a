"""A watch over a simulated terminal: what it hears is read, what it misses is found, and it stands in nobody's way.

Nothing but the watch reads here unless a test says so: no schedule brings what it lost.
"""

from __future__ import annotations

import random
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from ekinerja_agent.simulator import Device, Fault, Model, named_fault, serve
from ekinerja_agent.simulator.codec import Command, Packet, Reply, encode_packet
from ekinerja_agent.simulator.faults import Close, Occasion, Send, Transport, before, on, on_event
from ekinerja_agent.simulator.faults.script import Step
from ekinerja_agent.usecases.collecting import watch
from ekinerja_agent.usecases.collecting.terminal_lock import turn
from tests.live.conftest import Eventually, Office
from tests.proof.box import PATIENCE_S


def listening(device: Device) -> bool:
    """Whether everything was read, and the last that a client did was to ask for events and for the count."""
    commands = [each.command for each in list(device.commands)]
    return Command.PREPARE_BUFFER in commands and commands[-2:] == [Command.REG_EVENT, Command.FREE_SIZES]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_punch_is_in_the_spool_because_it_was_told_of(
    office: Office, eventually: Eventually, transport: Transport
) -> None:
    device = Device()
    device.punch("1001")
    with serve(device, transport) as endpoint, office.watching(endpoint):
        eventually(lambda: office.pins() == ["1001"], "what was there before")
        for pin in ("1002", "1003"):
            eventually(lambda: listening(device), "an ear at the terminal")
            device.punch(pin)
            eventually(lambda pin=pin: pin in office.pins(), "the punch")
    assert office.pins() == ["1001", "1002", "1003"]
    assert office.failures == []


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("size", [10, 12, 14, 32, 36, 37, 52])
def test_every_body_size_wakes_a_read(office: Office, eventually: Eventually, size: int, transport: Transport) -> None:
    device = Device(model=Model(event_size=size))
    with serve(device, transport) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        device.punch("1001")
        eventually(lambda: office.pins() == ["1001"], "the punch")


@pytest.mark.parametrize("fault", ["join-events=3", "cut-events=1", "cut-events=9", "unawaited-events"])
def test_events_that_come_cut_or_joined_wake_a_read(office: Office, eventually: Eventually, fault: str) -> None:
    device = Device()
    with serve(device, faults=[named_fault(fault)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        for pin in ("1001", "1002", "1003"):
            device.punch(pin)
        eventually(lambda: office.pins() == ["1001", "1002", "1003"], "the punches")


def test_punches_in_a_row_are_all_read_and_share_reads(office: Office, eventually: Eventually) -> None:
    device = Device()
    with serve(device) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        for number in range(50):
            device.punch(str(1000 + number))
        eventually(lambda: len(office.pins()) == 50, "fifty punches")
    reads = sum(1 for each in device.commands if each.command == Command.PREPARE_BUFFER)
    assert reads < 25


def test_an_event_of_a_punch_is_never_the_punch_itself(office: Office, eventually: Eventually) -> None:
    """A terminal that tells of somebody whom it did not record: read in vain, nothing is made up."""
    device = Device()
    invented = b"9999".ljust(24, b"\0") + bytes((1, 0, 26, 9, 7, 7, 28, 11))
    tell = on_event(lambda _, __: [Send(encode_packet(Packet(Command.REG_EVENT, 1, 0, invented)))])
    with serve(device, faults=[Fault(alter=tell)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        device.punch("1001")
        eventually(office.pins, "the punch")
    assert office.pins() == ["1001"]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_punch_while_nobody_listens_is_found_when_listening_begins_again(
    office: Office, eventually: Eventually, transport: Transport
) -> None:
    """Between the read of one punch and the next REG_EVENT the terminal tells nobody: the count shows it."""
    device = Device()
    unheard = before(Command.REG_EVENT, lambda terminal: terminal.punch("1002"), occurrences={3})
    with serve(device, transport, faults=[Fault(strike=unheard)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        device.punch("1001")
        eventually(lambda: office.pins() == ["1001", "1002"], "both punches")


def refuse(occasion: Occasion, _: list[Step]) -> list[Any]:
    return [Send(encode_packet(Packet(Reply.UNKNOWN, occasion.request.session, occasion.request.reply_id)))]


@pytest.mark.parametrize("faults", [(), (Fault(alter=on(Command.FREE_SIZES, refuse)),)], ids=["counts", "counts not"])
def test_a_lost_connection_is_found_again_and_the_gap_is_filled(
    office: Office, eventually: Eventually, faults: tuple[Fault, ...]
) -> None:
    device = Device()
    with serve(device, faults=faults) as endpoint:
        port = endpoint.port
        with office.watching(endpoint):
            eventually(lambda: listening(device), "an ear at the terminal")
            endpoint.close()
            device.punch("1001")
            time.sleep(0.3)
            with serve(device, port=port, faults=faults):
                eventually(lambda: office.pins() == ["1001"], "the punch of the gap")
                eventually(lambda: listening(device), "an ear at the terminal again")
                device.punch("1002")
                eventually(lambda: office.pins() == ["1001", "1002"], "the punch after")


def test_a_connection_that_breaks_at_the_event_itself_loses_nothing(office: Office, eventually: Eventually) -> None:
    device = Device()
    breaks = on_event(lambda _, steps: [Send(steps[0].packet, cut_to=11), Close()], occurrences={1})
    with serve(device, faults=[Fault(alter=breaks)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        device.punch("1001")
        eventually(lambda: office.pins() == ["1001"], "the punch")


def test_a_terminal_that_cannot_tell_of_punches_is_left_in_peace_for_longer_and_longer(
    office: Office, eventually: Eventually
) -> None:
    device = Device()
    with serve(device, faults=[Fault(alter=on(Command.REG_EVENT, refuse))]) as endpoint, office.watching(endpoint):
        asked = eventually(
            lambda: [e.at for e in device.commands if e.command == Command.REG_EVENT][2:3], "three tries"
        )
        # Whoever polls finds it free.
        device.punch("1001")
        assert office.poll(endpoint).new == 1
    assert asked
    tries = [each.at for each in device.commands if each.command == Command.REG_EVENT]
    assert all((later - earlier).total_seconds() >= 0.5 for earlier, later in pairwise(tries))


def test_a_terminal_that_hangs_up_after_every_registration_is_not_hammered(
    office: Office, eventually: Eventually
) -> None:
    device = Device()
    hang_up = on(Command.REG_EVENT, lambda _, steps: [*steps, Close()])
    registrations = lambda: [each.at for each in device.commands if each.command == Command.REG_EVENT]  # noqa: E731
    with serve(device, faults=[Fault(alter=hang_up)]) as endpoint, office.watching(endpoint):
        eventually(lambda: registrations()[2:3], "three tries")
    assert all((later - earlier).total_seconds() >= 0.5 for earlier, later in pairwise(registrations()))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_poll_beside_it_gets_the_terminal_and_the_listening_goes_on(
    office: Office, eventually: Eventually, transport: Transport
) -> None:
    device = Device()
    with serve(device, transport) as endpoint, office.watching(endpoint):
        for pin in ("1001", "1002"):
            eventually(lambda: listening(device), "an ear at the terminal")
            office.poll(endpoint)
            eventually(lambda: listening(device), "an ear at the terminal again")
            device.punch(pin)
            eventually(lambda pin=pin: pin in office.pins(), "the punch")
    connections = [each.connection for each in device.commands]
    assert connections == sorted(connections), "two clients at one time"
    farewells = [each.connection for each in device.commands if each.command == Command.EXIT]
    assert farewells == sorted(set(connections)), "one good-bye for each connection"


def test_a_punch_at_the_very_moment_of_leaving_is_read_although_the_other_did_not_read(
    office: Office, eventually: Eventually
) -> None:
    device = Device()
    at_leaving = before(Command.EXIT, lambda terminal: terminal.punch("1001"), occurrences={3})
    with serve(device, faults=[Fault(strike=at_leaving)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        with turn("lobby", office.directory):
            assert [record.pin for record in device.log] == ["1001"]
        eventually(lambda: office.pins() == ["1001"], "the punch")


def test_a_listener_on_a_dead_line_gives_way_in_time(office: Office, eventually: Eventually) -> None:
    device = Device()
    dead = threading.Event()

    def silence(_: Occasion, steps: list[Step]) -> list[Step]:
        return [] if dead.is_set() else steps

    with serve(device, faults=[Fault(alter=silence)]) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        dead.set()
        with turn("lobby", office.directory, patience_s=PATIENCE_S):
            dead.clear()


def test_it_does_nothing_but_read(office: Office, eventually: Eventually) -> None:
    device = Device()
    with serve(device) as endpoint, office.watching(endpoint):
        eventually(lambda: listening(device), "an ear at the terminal")
        device.punch("1001")
        eventually(office.pins, "the punch")
    writes = {Command.CLEAR_DATA, Command.CLEAR_ATTLOG, Command.DISABLE, Command.ENABLE, Command.SET_TIME}
    assert not writes & {each.command for each in device.commands}


def test_a_terminal_that_tells_of_punches_but_cannot_be_read_is_not_hammered(
    office: Office, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FIRST_PAUSE_S", watch.LONGEST_PAUSE_S)
    with serve(Device(serial="A1")) as endpoint:
        office.poll(endpoint)
        port = endpoint.port
    other = Device(serial="B2")
    with serve(other, port=port) as endpoint, office.watching(endpoint):
        eventually(lambda: office.failures, "the refusal")
        for pin in range(1001, 1031):
            other.punch(str(pin))
            time.sleep(0.05)
        (failure,) = office.failures  # it rests
    assert "B2" in failure
    assert office.pins() == []


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_people_punch_and_the_line_breaks_all_is_read_in_the_end(
    office: Office, eventually: Eventually, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(watch, "FIRST_PAUSE_S", 0.02)
    chance = random.Random(seed)
    device = Device()
    faults = [named_fault("lose-events=3")]
    with serve(device) as endpoint:
        port = endpoint.port
    with office.watching(endpoint):
        for _ in range(5):
            with serve(device, port=port, faults=faults):
                for _ in range(chance.randrange(6)):
                    device.punch(str(chance.randrange(1, 5)))
                    time.sleep(chance.uniform(0, 0.2))
            for _ in range(chance.randrange(3)):
                device.punch(str(chance.randrange(1, 5)))
        with serve(device, port=port):
            eventually(lambda: len(office.pins()) == len(device.history), "every punch")
            eventually(lambda: listening(device), "an ear at the terminal")
    assert office.pins() == sorted(record.pin for record in device.history)
