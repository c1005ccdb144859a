"""Plays the month: simulated terminals on loopback, fingers on them, and the real collector asking in turn.

Promises that punches reach the database only through the wire, the spool and the delivery, as in an office;
and that a terminal which fails without being meant to ends the demo with its error. Does not know scores or
what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ekinerja_agent.demo import month
from ekinerja_agent.demo.county import GATES, Gate, gates_of, people
from ekinerja_agent.nouns.errors import TerminalUnavailable
from ekinerja_agent.simulator import Device, Endpoint, Model, Switchboard
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.spool import Spool


@dataclass
class Clock:
    """The one clock of the demo: host and terminals read it, the month sets it."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment.astimezone(UTC)


@dataclass
class Terminal:
    """A device on a wall, and whether it can be reached. It keeps its port as others keep their address."""

    gate: Gate
    device: Device
    board: Switchboard
    port: int = 0
    endpoint: Endpoint | None = None

    def connect(self) -> None:
        """Let it answer, if it does not yet."""
        if self.endpoint is None:
            self.endpoint = self.board.connect(self.device, self.gate.transport, self.port)
            self.port = self.endpoint.port

    def disconnect(self) -> None:
        """Let every connection to it be refused, if it is not so yet."""
        if self.endpoint is not None:
            self.endpoint.close()
            self.endpoint = None


@contextmanager
def hung_up(clock: Clock) -> Iterator[dict[str, Terminal]]:
    """Given the clock, yield the county's terminals by id, answering on free ports until the block ends."""
    with Switchboard() as board:
        terminals = {gate.id: Terminal(gate, _device(gate, clock), board) for gate in GATES}
        for terminal in terminals.values():
            terminal.connect()
        yield terminals


def _device(gate: Gate, clock: Clock) -> Device:
    device = Device(
        serial=gate.serial,
        model=Model(layout=gate.layout, firmware=gate.firmware),
        now=clock.now,
        zone=month.ZONE,
        offset_s=gate.fast_s,
    )
    for person in people():
        if gate in gates_of(person):
            device.enrol(person.pin)
    return device


@dataclass
class Stage:
    """What the month is played on, with its counts so far: asked, received over the wire, new, delivered."""

    clock: Clock
    terminals: dict[str, Terminal]
    config: Config
    spool: Spool
    engine: Engine
    polls: int = 0
    received_bytes: int = 0
    new: int = 0
    quarantined: int = 0
    delivered: int = 0
    away: Counter[str] = field(default_factory=Counter)

    def play(self, tell: Callable[[Stage], None]) -> None:
        """Live through the month. `tell` is called after every round of polls.

        Raise whatever a poll raises where no failure was planned.
        """
        fingers = iter(month.presses())
        coming = next(fingers, None)
        collect.announce(self.spool, self.config.terminals, now=self.clock.now())
        for moment in month.poll_times():
            while coming is not None and coming.moment < moment:
                device = self.terminals[coming.gate].device
                device.punch(coming.pin, at=coming.moment, status=coming.key)
                coming = next(fingers, None)
            self.clock.moment = moment
            self.ask_all()
            if moment.minute == 0:
                self.forward()
            tell(self)

    def ask_all(self) -> int:
        """Let the collector ask every terminal now; return how many punches were new."""
        return sum(self._ask(terminal) for terminal in self.config.terminals)

    def forward(self) -> None:
        """Deliver what waits in the spool to the central database."""
        self.delivered += forward(self.spool, self.engine, now=self.clock.now).delivered

    def _ask(self, terminal: TerminalConfig) -> int:
        hung = self.terminals[terminal.id]
        meant_to_answer = month.reachable(terminal.id, self.clock.moment)
        if meant_to_answer:
            hung.connect()
        else:
            hung.disconnect()
        try:
            read = collect.poll(
                terminal,
                self.spool,
                state_dir=self.config.agent.state_dir,
                tolerance_s=self.config.agent.clock.tolerance_s,
                reply_timeout_s=self.config.agent.poll.timeout_s,
                host_clock_trusted=True,  # the demo's clock is right by definition
                now=self.clock.now,
            )
        except TerminalUnavailable:
            if meant_to_answer:
                raise
            self.away[terminal.id] += 1
            return 0
        self.polls += 1
        self.received_bytes += read.received_bytes
        self.new += read.new
        self.quarantined += read.quarantined
        return read.new
