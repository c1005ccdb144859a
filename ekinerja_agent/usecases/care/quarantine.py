"""What a person does about records that could not become punches: releases them, dismisses them, has them read again.

Promises that a crash between any two steps loses nothing and counts nothing twice: each way is one transaction, of
central or of this host's queue. Does not know how a day is judged meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central.collected import clock_votes
from ekinerja_agent.central.collected.set_apart import KeptBytes, pushed
from ekinerja_agent.central.imported import set_apart
from ekinerja_agent.central.imported.import_lookups import terminal_zones
from ekinerja_agent.central.imported.set_apart import Decision
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.terminals.drift import shown
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.usecases.collecting.read_again import UnreadBytes, read_again

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import Config
    from ekinerja_agent.nouns.punch import Punch, Quarantined
    from ekinerja_agent.spool import Spool


@dataclass(frozen=True, slots=True)
class Retried:
    """How many records were looked at again, how many wait no more as they did, and how many punches came of them."""

    looked_at: int = 0
    read: int = 0
    punches: int = 0


def release(engine: Engine, number: int, *, reason: str, account: Account, now: datetime) -> Decision:
    """Given the number of a record that is set apart, let its event be a punch at its terminal, what is kept and what
    comes. Raise WrongUsage without a reason or such a number, Refused if it cannot be, or the account may not.
    """
    _require(reason)

    def work(conn: Connection) -> Decision:
        set_apart.wait_to_decide(conn)
        return set_apart.release(conn, number, reason=reason, account=account, now=now)

    return in_transaction(engine, work)


def dismiss(engine: Engine, number: int, *, every: bool, reason: str, account: Account, now: datetime) -> Decision:
    """Given the number of a row of the quarantine, let it be no punch; with `every` all of its terminal and event that
    wait. Raise as `release` does.
    """
    _require(reason)

    def work(conn: Connection) -> Decision:
        set_apart.wait_to_decide(conn)
        return set_apart.dismiss(conn, number, every=every, reason=reason, account=account, now=now)

    return in_transaction(engine, work)


def retry(engine: Engine, *, tolerance_s: int, account: Account, now: datetime) -> Retried:
    """Read what waits in central of terminals' uploads again. Raise Refused if the account may not."""

    def work(conn: Connection) -> Retried:
        set_apart.wait_to_decide(conn)
        rows = pushed(conn)
        zones = terminal_zones(conn)
        readings = clock_votes.trusted_readings(conn, sorted({row.apart.terminal for row in rows}))
        done: list[KeptBytes] = []
        punches: list[Punch] = []
        waiting: list[Quarantined] = []
        for terminal, own in groupby(rows, key=lambda row: row.apart.terminal):
            of_terminal = list(own)
            kept = [
                UnreadBytes(number, row.position, row.raw, row.reason, row.found_at)
                for number, row in enumerate(of_terminal)
            ]
            zone = ZoneInfo(zones[terminal]) if terminal in zones else None
            rule = _clock_rule(zone, tolerance_s, readings.get(terminal, ()))
            arriving, news, read = _again(terminal, kept, [row.apart.punch for row in of_terminal], rule)
            punches += arriving
            waiting += news
            done += [of_terminal[number] for number in read]
        new, _ = set_apart.read_again(conn, [row.apart for row in done], punches, waiting, account=account, now=now)
        return Retried(len(rows), len(done), new)

    return in_transaction(engine, work)


def retry_here(spool: Spool, config: Config) -> Retried:
    """Read again what waits on this host of uploads that central has not yet."""
    kept = [note for note in spool.quarantined() if note.source is Source.PUSH]
    read = punches = 0
    zones = {terminal.id: terminal.timezone for terminal in config.terminals}
    for terminal, own in groupby(sorted(kept, key=lambda note: note.terminal), key=lambda note: note.terminal):
        notes = sorted(own, key=lambda note: (note.found_at, note.position))
        rows = [UnreadBytes(n, note.position, note.raw, note.reason, note.found_at) for n, note in enumerate(notes)]
        memory = spool.state(terminal)
        rule = _clock_rule(
            zones.get(terminal), config.agent.clock.tolerance_s, () if memory is None else memory.clock_readings
        )
        arriving, instead, done = _again(terminal, rows, [note.apart for note in notes], rule)
        if done or arriving or instead:
            punches += spool.read_again(arriving, [notes[number] for number in done], instead)
            read += len(done)
    return Retried(len(kept), read, punches)


def _again(
    terminal: str, kept: Sequence[UnreadBytes], before: Sequence[Punch | None], rule: ClockRule
) -> tuple[list[Punch], list[Quarantined], list[int]]:
    """Given what waits of a terminal, its keys in order, and the punch that each was set apart as, return the punches
    that it is now, what names a person and did not by the same name before, and the keys of what waits no more as it
    did: what is set apart as it was goes on waiting under its number.
    """
    found = read_again(terminal, kept, rule)
    known = {punch.punch_id: punch for punch in before if punch is not None}
    names = [None if punch is None else punch.punch_id for punch in before]
    news = {
        key: [each for each in apart if each.apart is not None and each.apart.punch_id != names[key]]
        for key, apart in found.apart.items()
    }
    return (
        [known.get(punch.punch_id, punch) for punch in found.punches],
        [each for of_key in news.values() for each in of_key],
        [key for key in found.done if key not in news or news[key]],
    )


def _clock_rule(zone: ZoneInfo | None, tolerance_s: int, measured: Iterable[ClockReading]) -> ClockRule:
    if zone is None:
        return ClockRule(None, None, tolerance_s)
    readings = tuple(shown(each, zone) for each in measured)
    return ClockRule(zone, readings[-1].offset_s if readings else None, tolerance_s, readings)


def _require(reason: str) -> None:
    if not reason.strip():
        raise WrongUsage(Message("--reason is empty; say how this is known, it is kept with the decision"))
