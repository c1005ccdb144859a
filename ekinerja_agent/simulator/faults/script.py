"""How a misfortune is scripted: what is done, when, and the steps in which an answer leaves.

    Fault(strike=before(Command.READ_BUFFER, lambda device: device.punch("7"), occurrences={2}))
    Fault(alter=on(Command.GET_TIME, lambda occasion, steps: [Wait(2), *steps]))

A fault sees every request as it arrives (`strike`) and every answer and event before it leaves (`alter`), with
its occasion, and keeps no memory of its own: the same fault may serve any number of terminals. Does not know
sockets; the ports take the steps, in order, in the switchboard's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Literal

from ekinerja_agent.simulator.codec import Command, Packet, Reply
from ekinerja_agent.simulator.device import Device

Transport = Literal["tcp", "udp"]
Act = Callable[[Device], object]
"""Something that happens to a terminal: somebody punches, the power goes, the oldest records are deleted."""

BULK_COMMANDS = frozenset(
    {
        Command.PREPARE_BUFFER,
        Command.READ_BUFFER,
        Command.ATTLOG_RRQ,
        Command.USERTEMP_RRQ,
        Command.TEMPLATES_RRQ,
    },
)
"""Commands whose answers carry the rows of a table."""

TCP_PREFIX_BYTES = 8


@dataclass(frozen=True, slots=True)
class Send:
    """Send a packet (encoded, without the TCP prefix).

    With `cut_to` only its first bytes leave, the prefix counted. With `hold` it leaves together with what is sent
    next, in one segment; a datagram is never held.
    """

    packet: bytes
    cut_to: int | None = None
    hold: bool = False


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Send bytes as they are, without prefix or sense; over UDP as one datagram."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Do:
    """Let something happen once everything before it was handed to the network."""

    act: Act


@dataclass(frozen=True, slots=True)
class Pace:
    """From here on send at most `piece_bytes` at once (None: all), `pause_s` apart; datagrams stay whole."""

    piece_bytes: int | None
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HalfClose:
    """End our side of the connection and go on listening: nothing can be sent any more. Nothing over UDP."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection, with `reset` so that the client's next read fails; over UDP: forget the client."""

    reset: bool = False


Step = Send | SendRaw | Wait | Do | Pace | HalfClose | Close


@dataclass(frozen=True, slots=True)
class Occasion:
    """When something leaves: the request or, if `is_event`, the live event itself.

    All numbers count from 1: `occurrence` requests of this command (or events), `number` requests of any kind (0 for
    events), `connection` clients. `packets_before` left this port before, `bytes_before` on this connection.
    """

    request: Packet
    occurrence: int
    transport: Transport
    device: Device
    number: int
    connection: int
    packets_before: int
    bytes_before: int
    is_event: bool = False


Strike = Callable[[Occasion], object]
Alter = Callable[[Occasion, list[Step]], list[Step]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A misfortune. `prepare` changes the terminal before it is served, `strike` comes between a request and its
    answer, `alter` changes the steps in which an answer or an event leaves.
    """

    name: str = ""
    description: str = ""
    prepare: Callable[[Device], object] | None = None
    alter: Alter | None = None
    strike: Strike | None = None


def _is_chosen(occasion: Occasion, command: int, occurrences: Container[int] | None) -> bool:
    if occasion.is_event or occasion.request.command != command:
        return False
    return occurrences is None or occasion.occurrence in occurrences


def on(command: int, alter: Alter, *, occurrences: Container[int] | None = None) -> Alter:
    """Given an alteration, return one that acts only on this command, at these occurrences (None: all)."""
    return lambda occasion, steps: alter(occasion, steps) if _is_chosen(occasion, command, occurrences) else steps


def on_event(alter: Alter, *, occurrences: Container[int] | None = None) -> Alter:
    """Given an alteration, return one that acts only on live events, the n-th of this port (None: all)."""

    def chosen(occasion: Occasion, steps: list[Step]) -> list[Step]:
        acts = occasion.is_event and (occurrences is None or occasion.occurrence in occurrences)
        return alter(occasion, steps) if acts else steps

    return chosen


def before(command: int, act: Act, *, occurrences: Container[int] | None = None) -> Strike:
    """Return what lets `act` happen when this command arrives, before its answer is worked out."""

    def strike(occasion: Occasion) -> None:
        if _is_chosen(occasion, command, occurrences):
            act(occasion.device)

    return strike


def after(command: int, act: Act, *, occurrences: Container[int] | None = None) -> Alter:
    """Return what lets `act` happen once the whole answer to this command was sent."""
    return on(command, lambda _, steps: [*steps, Do(act)], occurrences=occurrences)


def within(command: int, act: Act, *, packets: int, occurrences: Container[int] | None = None) -> Alter:
    """Return what lets `act` happen inside the answer to this command, after so many of its packets.

    An answer of fewer packets is left alone.
    """

    def insert(_: Occasion, steps: list[Step]) -> list[Step]:
        places = packet_places(steps)
        if len(places) < packets:
            return steps
        place = places[packets - 1] + 1 if packets else 0
        return [*steps[:place], Do(act), *steps[place:]]

    return on(command, insert, occurrences=occurrences)


def at_request(number: int, act: Act) -> Strike:
    """Return what lets `act` happen before the n-th request of all (from 1) is answered."""

    def strike(occasion: Occasion) -> None:
        if occasion.number == number:
            act(occasion.device)

    return strike


def at_packet(number: int, act: Act) -> Alter:
    """Return what lets `act` happen just before the n-th packet of all (from 1) leaves."""

    def insert(occasion: Occasion, steps: list[Step]) -> list[Step]:
        places = packet_places(steps)
        index = number - occasion.packets_before - 1
        if not 0 <= index < len(places):
            return steps
        return [*steps[: places[index]], Do(act), *steps[places[index] :]]

    return insert


def packet_places(steps: list[Step]) -> list[int]:
    """Return the indexes of the steps that send a packet."""
    return [place for place, step in enumerate(steps) if isinstance(step, Send)]


def is_data(step: Step) -> bool:
    """Tell whether a step sends rows of a table."""
    return isinstance(step, Send) and int.from_bytes(step.packet[:2], "little") == Reply.DATA


def table_places(occasion: Occasion, steps: list[Step]) -> list[int]:
    """Return the indexes of the steps that send rows of a table; none if this is no answer with a table."""
    if occasion.is_event or occasion.request.command not in BULK_COMMANDS:
        return []
    return [place for place, step in enumerate(steps) if is_data(step)]
