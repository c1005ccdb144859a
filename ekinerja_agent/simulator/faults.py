"""What goes wrong at real terminals, by name: each changes the terminal once, or its answers as they leave.

A fault sees every answer with its occasion (which command, for the how-manieth time) and returns the steps
that are taken instead, so a test can script any misfortune with `Fault` and `on`. Does not know sockets; the
server takes the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ekinerja_agent.simulator.codec import (
    Command,
    Packet,
    Reply,
    decode_packet,
    encode_packet,
    pack_time,
    with_wrong_checksum,
)
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.rows import Record

Transport = Literal["tcp", "udp"]

BULK_COMMANDS = frozenset(
    {Command.PREPARE_BUFFER, Command.READ_BUFFER, Command.ATTLOG_RRQ, Command.USERTEMP_RRQ},
)
"""Commands whose answers carry the rows of a table."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a packet (encoded, without the TCP prefix). With `cut_to` only its first bytes leave."""

    packet: bytes
    cut_to: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; over UDP: forget the client."""


Step = Send | Wait | Close


@dataclass(frozen=True, slots=True)
class Occasion:
    """When an answer leaves: the request, the how-manieth of its command (from 1), the transport."""

    request: Packet
    occurrence: int
    transport: Transport


Alter = Callable[[Occasion, list[Step]], list[Step]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A misfortune. `prepare` changes the terminal when it is switched on, `alter` each answer."""

    name: str
    description: str
    prepare: Callable[[Device], None] | None = None
    alter: Alter | None = None


def on(command: int, alter: Alter, *, occurrences: frozenset[int] | None = None) -> Alter:
    """Given an alteration, return one that acts only on this command, at these occurrences (None: all)."""

    def chosen(occasion: Occasion, steps: list[Step]) -> list[Step]:
        if occasion.request.command != command:
            return steps
        if occurrences is not None and occasion.occurrence not in occurrences:
            return steps
        return alter(occasion, steps)

    return chosen


def _is_data(step: Step) -> bool:
    return isinstance(step, Send) and int.from_bytes(step.packet[:2], "little") == Reply.DATA


def _never_answer(_: Occasion, __: list[Step]) -> list[Step]:
    return []


def _close_half_way(occasion: Occasion, steps: list[Step]) -> list[Step]:
    """Stop inside the middle DATA packet: the reader then holds a broken packet, not only a short table."""
    places = [place for place, step in enumerate(steps) if _is_data(step)]
    if not places or occasion.request.command not in BULK_COMMANDS:
        return steps
    place = places[len(places) // 2]
    step = steps[place]
    kept: list[Step] = list(steps[:place])
    if isinstance(step, Send) and occasion.transport == "tcp":
        return [*kept, replace(step, cut_to=len(step.packet) // 2), Close()]
    return kept


def _spoil_data(_: Occasion, steps: list[Step]) -> list[Step]:
    return [
        Send(with_wrong_checksum(step.packet)) if isinstance(step, Send) and _is_data(step) else step for step in steps
    ]


def _drop_a_datagram(occasion: Occasion, steps: list[Step]) -> list[Step]:
    """Every other bulk answer loses the middle one of its DATA datagrams, so that asking again helps."""
    places = [place for place, step in enumerate(steps) if _is_data(step)]
    if occasion.transport != "udp" or not places or occasion.occurrence % 2 == 0:
        return steps
    lost = places[len(places) // 2]
    return steps[:lost] + steps[lost + 1 :]


def _answer_encrypted(occasion: Occasion, _: list[Step]) -> list[Step]:
    return [Send(encode_packet(Packet(Reply.ENCRYPTED, occasion.request.session, occasion.request.reply_id)))]


def _refuse_buffers(occasion: Occasion, steps: list[Step]) -> list[Step]:
    original = next((decode_packet(step.packet) for step in steps if isinstance(step, Send)), None)
    session = occasion.request.session if original is None else original.session
    return [Send(encode_packet(Packet(Reply.UNKNOWN, session, occasion.request.reply_id)))]


def _write_february_30(device: Device) -> None:
    pin = next(iter(device.users), "1001")
    user = device.enrol(pin) if pin not in device.users else device.users[pin]
    year = device.clock().year
    device.write(Record(user.uid, pin, pack_time((year, 2, 30), (7, 28, 11))), position=len(device.log) // 2)


def _drift_ten_minutes(device: Device) -> None:
    device.offset_s += 600


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("hang", "accepts a connection and never answers", alter=_never_answer),
        Fault(
            "close-mid-transfer",
            "closes the connection in the middle of every table (over UDP: falls silent)",
            alter=_close_half_way,
        ),
        Fault("wrong-checksum", "sends every DATA packet with a wrong checksum", alter=_spoil_data),
        Fault(
            "drop-datagram",
            "over UDP, every other answer with a table loses one of its datagrams",
            alter=_drop_a_datagram,
        ),
        Fault("feb30", "has a record of February 30 in the middle of its log", prepare=_write_february_30),
        Fault(
            "encrypted",
            "answers every command with 6001, as encrypted firmware does",
            alter=_answer_encrypted,
        ),
        Fault(
            "old-firmware",
            "does not know 1503; its tables are read the old way",
            alter=on(Command.PREPARE_BUFFER, _refuse_buffers),
        ),
        Fault("drift", "its clock is ten minutes fast", prepare=_drift_ten_minutes),
    )
}
