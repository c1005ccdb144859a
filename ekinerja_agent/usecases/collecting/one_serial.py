"""One serial has one id: whose a serial is already, and whether two terminals answer at each other's address.

Promises that what was pinned first stays right, whoever learned it: reads, devices.yaml or uploads. Keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.nouns.errors import EkinerjaError, SerialOfAnother
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.usecases.collecting.places import place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.spool import Spool
    from ekinerja_agent.terminals import TerminalAddress

QUICK_S = 2.0
"""One question beside the work that was asked for may take no longer."""
Whose = Callable[[str], str | None]
"""Whose a serial is: another id, or None."""


def whose(spool: Spool, terminal: str, listed: Sequence[TerminalConfig] = ()) -> Whose:
    """Given the spool and the terminals of devices.yaml, return what tells whose a serial is, other than this one's."""
    return lambda serial: other_than(terminal, owner_of(serial, spool.pinned(serial), listed))


def other_than(terminal: str, owner: str | None) -> str | None:
    """Return whose a serial is, None if it is this terminal's or nobody's."""
    return None if owner == terminal else owner


def owner_of(serial: str, pinned_to: Iterable[str], listed: Sequence[TerminalConfig]) -> str | None:
    """Given a serial, to which ids reads pinned it, and devices.yaml, return whose it is; None: nobody's yet.

    Two ids hold it only where a version that allowed that read both: then the first one of devices.yaml that is
    enabled keeps it.
    """
    holders = sorted(pinned_to)
    if len(holders) > 1:
        rank = {each.id: (not each.enabled, place) for place, each in enumerate(listed)}
        holders.sort(key=lambda holder: rank.get(holder, (True, len(rank))))
    return holders[0] if holders else next((each.id for each in listed if each.serial == serial), None)


def counts_twice(
    terminal: TerminalConfig, pinned: Mapping[str, str], listed: Sequence[TerminalConfig]
) -> Message | None:
    """Given a terminal that pushes and the pinned serials by terminal, return why its uploads are refused: reads pinned
    its serial to another id. None: they are taken.
    """
    serial = terminal.serial or ""
    holders = [each for each, known in pinned.items() if known == serial]
    other = other_than(terminal.id, owner_of(serial, holders, listed))
    if not holders or other is None:
        return None
    return Message(
        "{terminal}: the serial {serial} of its uploads is already the one of {other}, which is read, so each punch "
        "would count twice; write `push: true` and the serial at {other}, and take {terminal} out of devices.yaml",
        terminal=terminal.id,
        serial=serial,
        other=other,
    )


def explained(
    error: SerialOfAnother,
    own_serial: str | None,
    listed: Iterable[TerminalConfig],
    state_dir: Path,
) -> SerialOfAnother:
    """Given that a terminal answered with the serial of another, which one it has itself, and where the others are,
    return the error that says so; that both addresses are swapped, if the other one answers with this one's serial now.
    """
    other = next((each for each in listed if each.id == error.other), None)
    if own_serial in (None, error.serial) or other is None or not other.enabled or other.transport == "none":
        return error
    try:
        with turn(other.id, state_dir, patience_s=0):
            answering = serial_at(place_of(other, QUICK_S))
    except EkinerjaError:
        return error
    return swapped(error) if answering == own_serial else error


def swapped(error: SerialOfAnother) -> SerialOfAnother:
    """Return the error that names two swapped addresses."""
    return SerialOfAnother(
        error.terminal,
        error.serial,
        error.other,
        Message(
            "the addresses of {terminal} and {other} are swapped: {terminal} answered with serial {serial}, which is "
            "that of {other}, and {other} with that of {terminal}; exchange their addresses in devices.yaml",
            terminal=error.terminal,
            other=error.other,
            serial=error.serial,
        ),
    )


def serial_at(place: TerminalAddress) -> str | None:
    """Return the serial that answers at a place; None if it tells none. Raise what a terminal raises."""
    with open_at(place) as client:
        return client.option("~SerialNumber")
