"""Which terminals a command means, and with what it works at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ekinerja_agent.host import clock
from ekinerja_agent.nouns.errors import EkinerjaError, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import clocks
from ekinerja_agent.usecases.care.verify import Desk
from ekinerja_agent.usecases.collecting import collect

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.config import Config, TerminalConfig

T = TypeVar("T")


def chosen(config: Config, ids: Sequence[str], office: str | None = None) -> list[TerminalConfig]:
    """Given ids, return these terminals; given none, every enabled one that can be reached, of one office if named.

    Raise WrongUsage if there is none.
    """
    terminals = [config.terminal(each) for each in ids] or [
        each for each in config.terminals if each.enabled and each.transport != "none" and office in (None, each.office)
    ]
    if not terminals:
        file = config.agent.devices
        raise WrongUsage(
            Message("{file} has no enabled terminal of {office} that can be reached", file=file, office=office)
            if office
            else Message("{file} has no enabled terminal that can be reached", file=file)
        )
    return terminals


@contextmanager
def desk_of(context: Context) -> Iterator[Desk]:
    """Given the context of a command, return a context with the desk that an officer works at."""
    config, engine = context.config(), context.engine()
    trusted = clocks.host_vouches(engine, context.now(), synchronised=clock.is_synchronised())
    with collect.open_spool(config.agent.spool_path) as spool:
        yield Desk.of(config, spool, engine, host_clock_trusted=trusted)


def each_of(
    terminals: Sequence[TerminalConfig], work: Callable[[TerminalConfig], T]
) -> tuple[list[T], list[EkinerjaError]]:
    """One after the other, so that a person can follow; a failure stops no other."""
    results: list[T] = []
    failures: list[EkinerjaError] = []
    for terminal in terminals:
        try:
            results.append(work(terminal))
        except EkinerjaError as error:
            failures.append(error)
    return results, failures
