"""Terminals' clocks: measured, and set where somebody wants that and this host's own clock can vouch.

Promises that what is read before a clock is set is read under the offset it was made with, and that both offsets are
kept. Does not correct punches: those keep what the terminal showed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected.clock_votes import server_ahead_s, terminals_ahead_s
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool import TerminalMemory
from ekinerja_agent.terminals.changing import Caretaker, open_caretaker
from ekinerja_agent.terminals.reading import checked_serial, clock_offset
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.usecases.care.verify import Desk

CENTRAL_AGREES_WITHIN_S = 5
DOUBTED_BEYOND_S = 3600
"""What another clock may differ before this host's is not believed where whole days count."""
WORTH_SETTING_S = 5
"""What a daily setting leaves alone: a terminal shows whole seconds, and a jump is worse than a second."""
SET_WITHIN_S = 2
"""How far a clock may be off right after it was set."""


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """A terminal's clock minus the host's in whole seconds, and the same after it was set (None: it was not)."""

    terminal: str
    offset_s: int
    offset_after_s: int | None = None


def host_vouches(engine: Engine, now: datetime, *, synchronised: bool) -> bool:
    """Given central, the host's instant and the kernel's word, return whether this host's clock can be believed."""
    if synchronised:
        return True
    ahead_s = server_ahead_s(engine, now)
    return ahead_s is not None and abs(ahead_s) <= CENTRAL_AGREES_WITHIN_S


def doubt(engine: Engine, now: datetime, *, synchronised: bool) -> Message | None:
    """Given central, the host's instant and the kernel's word, return why this host's date may be wrong; None: no clock
    contradicts it.

    For what happens after so many days. A host without a time service is believed until others differ by an hour.
    """
    if synchronised:
        return None
    ahead_s = server_ahead_s(engine, now)
    if ahead_s is not None and abs(ahead_s) > DOUBTED_BEYOND_S:
        return Message(
            "this host's clock says {now}Z, central's server differs by {hours} h, and no time service keeps it; "
            "set it (timedatectl set-ntp true)",
            now=f"{now:%Y-%m-%d %H:%M}",
            hours=f"{abs(ahead_s) / 3600:.0f}",
        )
    ahead_s = terminals_ahead_s(engine, now)
    if ahead_s is not None and abs(ahead_s) > DOUBTED_BEYOND_S:
        return Message(
            "this host's clock says {now}Z, most terminals differ by {hours} h, and no time service keeps it; set "
            "it (timedatectl set-ntp true)",
            now=f"{now:%Y-%m-%d %H:%M}",
            hours=f"{abs(ahead_s) / 3600:.0f}",
        )
    return None


def measure(terminal: TerminalConfig, desk: Desk) -> ClockCheck:
    """Given a terminal, measure its clock and keep the reading. Raise NeedsAttention if it shows no possible time."""
    with turn(terminal.id, desk.state_dir), open_caretaker(place_of(terminal, desk.reply_timeout_s)) as client:
        _require_serial(client, terminal, desk)
        return ClockCheck(terminal.id, _measured(client, terminal, desk))


def set_clock(terminal: TerminalConfig, desk: Desk, *, actor: str, least_s: int = 0) -> ClockCheck:
    """Given a terminal, set its clock to this host's and return both offsets, which are kept with an audit row.

    What it recorded so far is read first. A clock that is off by less than `least_s` is left alone. Raise Refused if
    the host's own clock cannot vouch, NeedsAttention if the terminal's is still wrong afterwards.
    """
    if not desk.host_clock_trusted:
        raise Refused(
            Message(
                "this host's clock is not synchronised and central's does not confirm it, so the clock of "
                "{terminal} was not set; let a time service (chrony, systemd-timesyncd) keep this host's clock first",
                terminal=terminal.id,
            )
        )
    desk.bring_home(terminal)
    with turn(terminal.id, desk.state_dir), open_caretaker(place_of(terminal, desk.reply_timeout_s)) as client:
        _require_serial(client, terminal, desk)
        before_s = _offset_s(client, terminal, desk)
        if before_s is not None and abs(before_s) < least_s:
            return ClockCheck(terminal.id, before_s)
        if before_s is not None:
            _keep(terminal, desk, before_s)
        client.set_clock(_next_second(terminal, desk))
        after_s = _measured(client, terminal, desk)
    with transaction(desk.engine) as conn:
        details = {"before_s": before_s, "after_s": after_s}
        audit.append(conn, actor, "terminal.clock", terminal.id, details, desk.now())
    if abs(after_s) > SET_WITHIN_S:
        raise NeedsAttention(
            Message(
                "{terminal} took the time and is still {after_s} s off; look at its own time settings",
                terminal=terminal.id,
                after_s=after_s,
            )
        )
    return ClockCheck(terminal.id, after_s if before_s is None else before_s, after_s)


def set_if_off(terminal: TerminalConfig, desk: Desk) -> ClockCheck:
    """Given a terminal whose clock is kept by the service (`clock.sync`), set it if it is off by seconds."""
    return set_clock(terminal, desk, actor=audit.SYSTEM, least_s=WORTH_SETTING_S)


def _require_serial(client: Caretaker, terminal: TerminalConfig, desk: Desk) -> None:
    memory = desk.spool.state(terminal.id) or TerminalMemory(terminal.id)
    checked_serial(client, terminal.id, *expected_serial(terminal, memory.serial))


def _offset_s(client: Caretaker, terminal: TerminalConfig, desk: Desk) -> int | None:
    return clock_offset(client, terminal.timezone, desk.now)


def _measured(client: Caretaker, terminal: TerminalConfig, desk: Desk) -> int:
    offset_s = _offset_s(client, terminal, desk)
    if offset_s is None:
        raise NeedsAttention(
            Message(
                "{terminal} shows no possible time; `terminal clock {terminal} --set` sets it", terminal=terminal.id
            )
        )
    _keep(terminal, desk, offset_s)
    return offset_s


def _keep(terminal: TerminalConfig, desk: Desk, offset_s: int) -> None:
    reading = ClockReading(terminal.id, desk.now(), offset_s, desk.host_clock_trusted)
    memory = desk.spool.state(terminal.id) or TerminalMemory(terminal.id)
    if reading.trusted and memory.last_read_at is not None:
        # What was recorded since the last read was recorded under this clock, or under the one that comes next.
        memory = replace(memory, clock_readings=(*memory.clock_readings, reading))
    desk.spool.add((), [reading], memory=memory)


def _next_second(terminal: TerminalConfig, desk: Desk) -> datetime:
    """Wait for a second to begin and return it as local time: a terminal starts its second when it is told."""
    now = desk.now()
    time.sleep((1_000_000 - now.microsecond) / 1_000_000)
    whole = now.replace(microsecond=0) + timedelta(seconds=1)
    return whole.astimezone(terminal.timezone).replace(tzinfo=None)
