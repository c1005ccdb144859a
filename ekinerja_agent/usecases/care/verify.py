"""Whether every record that a terminal holds is in central: the whole log against what central has, record by record.

Promises that nothing counts as there because it was sent once: central itself is asked, after the read. A record in
quarantine counts by its kept bytes; what retention took is told apart from what is missing. Reads and brings punches
home, changes nothing at the terminal, and does not know what the answer is used for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ekinerja_agent.central.collected.terminal_log import terminal_log
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.spool import Spool, TerminalMemory
from ekinerja_agent.terminals.client import Client, open_at
from ekinerja_agent.terminals.identity import ClockRule, to_punches
from ekinerja_agent.terminals.reading import checked_serial
from ekinerja_agent.terminals.wire import FreeSizes, decode_log
from ekinerja_agent.usecases.collecting.collect import poll
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.collecting.places import expected_serial, place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ekinerja_agent.config import Config, TerminalConfig


@dataclass(frozen=True, slots=True)
class Desk:
    """With what an officer works at terminals: the host's settings, its spool, central, and the host's clock.

    `host_clock_trusted` tells whether the host's own clock can vouch for a terminal's, `listed` is devices.yaml.
    """

    spool: Spool
    engine: Engine
    state_dir: Path
    tolerance_s: int
    reply_timeout_s: float
    host_clock_trusted: bool
    tail_read: bool = True
    listed: Sequence[TerminalConfig] = ()
    now: Callable[[], datetime] = utc_now

    @classmethod
    def of(cls, config: Config, spool: Spool, engine: Engine, *, host_clock_trusted: bool) -> Desk:
        """Given the configuration and what is open already, return the desk."""
        agent = config.agent
        return cls(
            spool=spool,
            engine=engine,
            state_dir=agent.state_dir,
            tolerance_s=agent.clock.tolerance_s,
            reply_timeout_s=agent.poll.timeout_s,
            host_clock_trusted=host_clock_trusted,
            tail_read=agent.poll.tail_read,
            listed=config.terminals,
        )

    def bring_home(self, terminal: TerminalConfig) -> None:
        """Given a terminal, read what is new and deliver all that waits to central. Raise as `poll` and `forward`."""
        poll(
            terminal,
            self.spool,
            state_dir=self.state_dir,
            tolerance_s=self.tolerance_s,
            reply_timeout_s=self.reply_timeout_s,
            host_clock_trusted=self.host_clock_trusted,
            tail_read=self.tail_read,
            listed=self.listed,
            now=self.now,
        )
        forward(self.spool, self.engine, now=self.now)


class Held(NamedTuple):
    """One record of a terminal's log: its name and clock, None where it cannot become a punch, and its bytes."""

    punch_id: str | None
    clock: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class WholeLog:
    """A terminal's log as it was read whole: its bytes, its records, and how long the read took."""

    serial: str
    firmware: str
    sizes: FreeSizes | None
    raw: bytes
    records: tuple[Held, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class Verified:
    """A terminal's log, and the names (or the bytes) of its records that central lacks.

    `purged` are those that central had until retention took them, `missing` all others.
    """

    terminal: str
    log: WholeLog
    missing: tuple[str, ...]
    purged: tuple[str, ...] = ()

    @property
    def on_terminal(self) -> int:
        return len(self.log.records)

    @property
    def lacking(self) -> int:
        return len(self.missing) + len(self.purged)

    @property
    def in_central(self) -> int:
        return self.on_terminal - self.lacking


def verify(terminal: TerminalConfig, desk: Desk) -> Verified:
    """Given a terminal, read its whole log, bring home what is new, and return what of that log central lacks.

    Punches that come after the read are no part of the answer. Raise what the terminal, the spool or central raise;
    AmbiguousLog if the records cannot be told apart.
    """
    place = place_of(terminal, desk.reply_timeout_s)
    with (
        turn(terminal.id, desk.state_dir),
        open_at(place) as client,
    ):
        log = read_whole(client, terminal, desk)
    desk.bring_home(terminal)
    return compare(terminal.id, log, desk)


def read_whole(client: Client, terminal: TerminalConfig, desk: Desk) -> WholeLog:
    """Given a client that was let in, return the whole log of the terminal, if it is the right one."""
    began_s = time.monotonic()
    memory = desk.spool.state(terminal.id) or TerminalMemory(terminal.id)
    serial = checked_serial(client, terminal.id, *expected_serial(terminal, memory.serial))
    firmware, sizes = client.firmware(), client.sizes()
    raw = client.read_log(sizes.records if sizes else None)
    punches, quarantined = to_punches(
        terminal.id,
        decode_log(raw, memory.record_size),
        clock_rule=ClockRule(terminal.timezone, None, desk.tolerance_s),
        source=Source.POLL,
        read_at=desk.now(),
    )
    return WholeLog(
        serial=serial,
        firmware=firmware or "",
        sizes=sizes,
        raw=raw,
        records=(
            *(Held(punch.punch_id, punch.clock, punch.raw) for punch in punches),
            *(Held(None, None, record.raw) for record in quarantined),
        ),
        took_s=time.monotonic() - began_s,
    )


def compare(terminal: str, log: WholeLog, desk: Desk) -> Verified:
    """Given a whole log, ask central which of its records it lacks."""
    clocks = [record.clock for record in log.records if record.clock is not None]
    held = terminal_log(desk.engine, terminal, min(clocks, default=None), max(clocks, default=None))
    lacking = [record for record in log.records if not held.has(record.punch_id, record.raw)]
    taken = _taken_by_retention(terminal, log, held.purged_before, desk.spool)
    return Verified(
        terminal,
        log,
        tuple(record.punch_id or record.raw.hex() for record in lacking if record.punch_id not in taken),
        tuple(record.punch_id for record in lacking if record.punch_id is not None and record.punch_id in taken),
    )


def _taken_by_retention(terminal: str, log: WholeLog, before: date | None, spool: Spool) -> set[str]:
    """The records that retention took if central lacks them: of before its day, and central once had each of them.

    A clock that was reset shows an old day too: only the log's beginning, up to the first later clock, is that old.
    """
    if before is None:
        return set()
    cut = datetime(before.year, before.month, before.day)  # noqa: DTZ001 - a terminal's clock
    clocked = (record for record in log.records if record.clock is not None)
    old = takewhile(lambda record: record.clock is not None and record.clock < cut, clocked)
    return spool.delivered(terminal, cut).intersection(record.punch_id for record in old if record.punch_id)
