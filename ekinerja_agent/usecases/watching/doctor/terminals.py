"""Does every terminal answer, is it the right one, and what does it say of itself?

Promises to take turns with the service, to ask five small questions that change nothing, and to end although a terminal
hangs. One that another agent reads is left to that agent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from ekinerja_agent.central.collected.owners import owners
from ekinerja_agent.nouns.errors import (
    ConfigurationError,
    EkinerjaError,
    ProtocolViolation,
    SerialOfAnother,
    TerminalUnavailable,
)
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.terminals.reading import checked_serial, clock_offset
from ekinerja_agent.usecases.collecting import one_serial
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.terminal_lock import TerminalBusy, turn
from ekinerja_agent.usecases.watching.doctor.answers import Answer, signs
from ekinerja_agent.usecases.watching.doctor.clock import vouches
from ekinerja_agent.usecases.watching.doctor.finding import CannotCheck, Finding, State, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host
from ekinerja_agent.usecases.watching.doctor.parallel import ask_all

if TYPE_CHECKING:
    from ekinerja_agent.config import TerminalConfig

LONGEST_REPLY_S = 10.0
"""However patient the service is: what takes longer to say its serial number is not well."""
ROUND_S = 60.0
"""For so many terminals as are asked at the same time."""


def check(host: Host) -> Iterator[Finding]:
    """Yield what is wrong with each enabled terminal that can be polled, in the order of devices.yaml."""
    config = host.config
    polled = [each for each in config.terminals if each.enabled and each.transport != "none"]
    elsewhere = _elsewhere(host, [each.id for each in polled])
    for terminal_id, owner in elsewhere.items():
        text = Message("the agent {owner} reads it, so this one does not", owner=owner)
        what_to_do = Message(
            "take it out of devices.yaml, or run: ekinerja-agent terminal accept {terminal}", terminal=terminal_id
        )
        yield Finding(terminal_id, text, what_to_do)
    ours = [each for each in polled if each.id not in elsewhere]
    if ours:
        workers = config.agent.poll.workers
        visit = _Visit(host, _serials(host), vouches(host))
        within_s = ROUND_S * ceil(len(ours) / workers)
        answers = ask_all(visit.ask, ours, workers=workers, within_s=within_s)
        # A copy: who is too slow may still come.
        twice = dict(_told_twice(ours, dict(visit.answered), dict(visit.foreign)))
        for terminal, found in zip(ours, answers, strict=True):
            if (error := twice.get(terminal.id)) is not None:
                yield finding_of(error.message, terminal.id)
            else:
                yield from [_too_slow(terminal, within_s)] if found is None else found


@dataclass(frozen=True, slots=True)
class _Visit:
    host: Host
    serials: Mapping[str, str]
    vouches: bool
    answered: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, SerialOfAnother] = field(default_factory=dict)

    def ask(self, terminal: TerminalConfig) -> list[Finding]:
        """Given a terminal, return what is wrong with it. Raise nothing."""
        try:
            return list(signs(self._answer(terminal)))
        except SerialOfAnother as error:
            self.foreign[terminal.id] = error
            return [finding_of(error.message, terminal.id)]
        except (EkinerjaError, OSError) as error:
            return [_why(terminal.id, error)]

    def _answer(self, terminal: TerminalConfig) -> Answer:
        agent = self.host.config.agent
        place = place_of(terminal, min(agent.poll.timeout_s, LONGEST_REPLY_S))
        with (
            # Without a state_dir no service runs yet, and looking makes nothing.
            turn(terminal.id, agent.state_dir) if agent.state_dir.exists() else nullcontext(),
            open_at(place) as client,
        ):
            expected = expected_serial(terminal, self.serials.get(terminal.id))
            self.answered[terminal.id] = checked_serial(client, terminal.id, *expected, partial(self._whose, terminal))
            sizes = client.sizes()
            return Answer(
                terminal=terminal.id,
                records=sizes.records if sizes else None,
                capacity=sizes.records_capacity if sizes else None,
                offset_s=clock_offset(client, place.zone, self.host.now),
                tolerance_s=agent.clock.tolerance_s,
                vouches=self.vouches,
            )

    def _whose(self, terminal: TerminalConfig, serial: str) -> str | None:
        pinned_to = [each for each, pinned in self.serials.items() if pinned == serial]
        return one_serial.other_than(terminal.id, one_serial.owner_of(serial, pinned_to, self.host.config.terminals))


def _told_twice(
    terminals: list[TerminalConfig], answered: dict[str, str], foreign: dict[str, SerialOfAnother]
) -> Iterator[tuple[str, SerialOfAnother]]:
    """What only the whole round shows: two addresses that are swapped, and a terminal at two that nobody read yet."""
    first_with: dict[str, str] = {}
    for terminal in terminals:
        error, serial = foreign.get(terminal.id), answered.get(terminal.id)
        if error is not None and error.other in foreign and foreign[error.other].other == terminal.id:
            yield terminal.id, one_serial.swapped(error)
        elif serial is not None and first_with.setdefault(serial, terminal.id) != terminal.id:
            yield terminal.id, SerialOfAnother(terminal.id, serial, first_with[serial])


def _why(terminal: str, error: Exception) -> Finding:
    """Given what a visit ended with, return what that says of the terminal."""
    text, _ = as_message(error).halves()
    match error:
        case TerminalBusy():
            return Finding(terminal, text, Message("ask again in a moment"), State.SKIPPED)
        case ConfigurationError():
            return Finding(
                terminal, Message("its comm key cannot be read"), Message("see the check `config`"), State.SKIPPED
            )
        case TerminalUnavailable():
            return finding_of(
                error.message, terminal, Message("check its power, cable and address; the punches in it are safe")
            )
        case ProtocolViolation():
            what_to_do = Message(
                "check that an attendance terminal has this address, then run: ekinerja-agent terminal poll {terminal}",
                terminal=terminal,
            )
            return Finding(terminal, text, what_to_do)
        case EkinerjaError():
            return finding_of(error.message, terminal)
        case _:  # the lock of its turn is a file
            return Finding(
                terminal,
                Message("its turn cannot be taken ({error})", error=error),
                Message("see the check `permissions`"),
            )


def _too_slow(terminal: TerminalConfig, within_s: float) -> Finding:
    text = Message("it did not answer five questions within {seconds} s", seconds=f"{within_s:.0f}")
    return Finding(terminal.id, text, Message("restart the terminal, and look at the line to it"))


def _serials(host: Host) -> dict[str, str]:
    """The serials that are pinned in the spool."""
    try:
        with host.spool() as spool:
            return spool.pinned()
    except CannotCheck:
        return {}


def _elsewhere(host: Host, terminals: list[str]) -> dict[str, str]:
    """The other agents that own some of the terminals, as central says, or as it last told while it is away."""
    try:
        with host.spool() as spool:
            agent, told_last = spool.known_agent, spool.owned_elsewhere()
    except CannotCheck:
        agent, told_last = None, {}
    try:
        owner_of = owners(host.central, terminals)
    except CannotCheck:
        owner_of = told_last
    return {each: owner_of[each] for each in terminals if owner_of.get(each, agent) != agent}
