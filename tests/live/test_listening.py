"""One connection that listens: cut, joined and unreadable packets, acknowledgements, and how it ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.simulator import Device, Fault, Model, named_fault, serve
from ekinerja_agent.simulator.codec import Command, Packet, Reply, encode_packet, frame
from ekinerja_agent.simulator.faults import Occasion, Send, Transport, on
from ekinerja_agent.simulator.faults.script import Step
from ekinerja_agent.terminals.link import Link
from ekinerja_agent.terminals.live import Listener, listen
from ekinerja_agent.usecases.collecting.places import place_of
from tests.live.conftest import Eventually, Office, Script

BODY = b"1001".ljust(24, b"\0") + bytes((1, 0, 26, 9, 7, 7, 28, 11))


def heard(listener: Listener, count: int) -> list[Any]:
    events: list[Any] = []
    for _ in range(100):
        events += listener.punches(0.1)
        if len(events) >= count:
            return events
    raise AssertionError(f"{len(events)} of {count} events came")


def test_packets_that_come_joined_are_heard_one_by_one_and_each_is_acknowledged(
    script: Script, framed: Callable[..., bytes], eventually: Eventually
) -> None:
    with listen(script.place) as listener:
        script.send(framed(500, 1, 0, BODY) * 5)
        assert [event.who for event in heard(listener, 5)] == ["1001"] * 5
        eventually(lambda: script.acknowledged() == 5, "five acknowledgements")


@pytest.mark.parametrize("cut", [1, 4, 8, 15, 16, 30])
def test_a_packet_that_comes_in_two_pieces_is_heard_once_it_is_whole(
    script: Script, framed: Callable[..., bytes], cut: int
) -> None:
    event = framed(500, 1, 0, BODY)
    with listen(script.place) as listener:
        script.send(event[:cut])
        assert listener.punches(0.05) == []
        script.send(event[cut:] + event[:cut])
        assert len(heard(listener, 1)) == 1
        script.send(event[cut:])
        assert len(heard(listener, 1)) == 1


def test_a_host_that_stands_still_between_look_and_read_makes_no_line_broken() -> None:
    instants: list[float] = []
    said = frame(encode_packet(Packet(Command.REG_EVENT, 1, 0, BODY)))
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        Link(
            "lobby",
            *here.getsockname(),
            "tcp",
            connect_s=1.0,
            send_s=1.0,
            clock=lambda: instants.pop(0) if instants else 900.0,
        ) as link,
        here.accept()[0] as line,
    ):
        line.sendall(said)
        instants += (0.0, 0.1)
        told = link.receive_unasked(0.5)
    assert told is not None
    assert told.data == BODY


def test_an_unreadable_event_is_still_a_hint_and_other_kinds_are_none(
    script: Script, framed: Callable[..., bytes]
) -> None:
    with listen(script.place) as listener:
        script.send(framed(500, 0x100, 0, b"\x64") + framed(500, 1, 0, b"strange") + framed(2000, 1, 77))
        assert heard(listener, 1) == [None]
        assert listener.punches(0.05) == []


def test_an_event_in_front_of_an_answer_is_neither_lost_nor_taken_for_the_answer(
    script: Script, framed: Callable[..., bytes], eventually: Eventually
) -> None:
    with listen(script.place) as listener:
        script.send(framed(500, 1, 2, BODY))  # with the reply id of the question that comes next
        time.sleep(0.05)
        listener.counted()
        assert len(heard(listener, 1)) == 1
        eventually(lambda: script.acknowledged() == 1, "the acknowledgement")


def test_garbage_ends_it_with_our_error(script: Script) -> None:
    with listen(script.place) as listener:
        script.send(b"no frame begins like this")
        with pytest.raises(ProtocolViolation, match="lobby"):
            heard(listener, 1)


def test_a_connection_that_is_closed_is_noticed_at_once(script: Script) -> None:
    with listen(script.place) as listener:
        script.hang_up()
        with pytest.raises(TerminalUnavailable, match="closed"):
            heard(listener, 1)


def test_it_says_good_bye_and_asks_for_nothing_but_punches(script: Script) -> None:
    with listen(script.place):
        pass
    assert [(command, data) for command, _, _, data in script.received] == [
        (1000, b""),
        (500, b"\1\0\0\0"),
        (1001, b""),
    ]


def test_listening_for_longer_than_a_whole_poll_may_take_ends_nothing(
    script: Script, framed: Callable[..., bytes]
) -> None:
    with listen(script.place) as listener:
        listener._client._session._ends = time.monotonic() - 1.0
        assert listener.punches(0.01) == []
        listener.counted()
        script.send(framed(500, 1, 0, BODY))
        assert len(heard(listener, 1)) == 1


def refuse(occasion: Occasion, _: list[Step]) -> list[Any]:
    request = occasion.request
    return [Send(encode_packet(Packet(Reply.UNKNOWN, request.session, request.reply_id)))]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_terminal_that_cannot_tell_of_punches_is_refused_with_what_to_do(
    office: Office, transport: Transport
) -> None:
    deaf = Fault(alter=on(Command.REG_EVENT, refuse))
    with serve(Device(), transport, faults=[deaf]) as endpoint:
        place = place_of(office.terminal(endpoint), 2.0)
        with pytest.raises(TerminalRefused, match="mode: poll"), listen(place):
            raise AssertionError("listening")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("size", [10, 12, 14, 32, 36, 37, 52])
def test_every_body_size_is_heard_over_both_transports(office: Office, size: int, transport: Transport) -> None:
    device = Device(model=Model(event_size=size))
    with serve(device, transport) as endpoint, listen(place_of(office.terminal(endpoint), 2.0)) as listener:
        for pin in ("1001", "1002", "1003"):
            device.punch(pin, verify=15, status=1)
        events = heard(listener, 3)
    whos = ["1", "2", "3"] if size in {10, 14} else ["1001", "1002", "1003"]
    assert [(event.who, event.verify, event.state) for event in events] == [(who, 15, 1) for who in whos]
    assert [event.clock for event in events] == [record.clock for record in device.log]


@pytest.mark.parametrize("fault", ["join-events=3", "cut-events=1", "cut-events=7", "unawaited-events"])
def test_the_simulator_may_join_and_cut_and_hurry_and_all_is_heard(office: Office, fault: str) -> None:
    device = Device()
    with (
        serve(device, faults=[named_fault(fault)]) as endpoint,
        listen(place_of(office.terminal(endpoint), 2.0)) as listener,
    ):
        for number in range(6):
            device.punch(str(1000 + number))
        assert [event.who for event in heard(listener, 6)] == [str(1000 + number) for number in range(6)]
