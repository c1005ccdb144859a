"""Measures this agent: spool, central, host, and what its journal holds of terminals and jobs.

Promises never to speak to a terminal, and that asking the database what costs it something is rare. What cannot be
measured is not known; nothing here raises because central is away. Judges nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from ekinerja_agent import __version__
from ekinerja_agent.central.collected import coverage_gaps, terminal_list
from ekinerja_agent.central.imported.import_lookups import terminal_zones
from ekinerja_agent.central.scored import ping
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.config import Config, TerminalConfig
from ekinerja_agent.files.durable import nearest
from ekinerja_agent.host import clock
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.collecting.push import HEARD_WITHIN
from ekinerja_agent.usecases.collecting.push_unread import is_told
from ekinerja_agent.usecases.keeping import backup
from ekinerja_agent.usecases.watching.health.facts import (
    HostFacts,
    Limits,
    NewsFacts,
    ScoringFacts,
    Snapshot,
    SpoolFacts,
    TerminalFacts,
)
from ekinerja_agent.usecases.watching.health.journal import Journal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.spool import Spool

log = logger()
T = TypeVar("T")

PING_EVERY_S = 60.0
LOOK_EVERY_S = 600.0
"""Coverage and drafts of a county are many rows, and change slowly."""
LOOKED_BACK = timedelta(days=31)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What central told when it was last asked."""

    proofs: dict[str, coverage_gaps.Proof]
    terminals: tuple[TerminalFacts, ...] = ()
    scoring: ScoringFacts | None = None


class Measure:
    """Given a configuration and where to look, measure on request. One thread at a time."""

    def __init__(
        self,
        config: Config,
        journal: Journal,
        *,
        spool: Spool | None,
        central: Callable[[], Engine],
        vouched: Callable[[], bool],
        news: Callable[[], NewsFacts | None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config = config
        self._journal = journal
        self._spool = spool
        self._central = central
        self._vouched = vouched
        self._news = news
        self._now = now
        self._limits = limits_of(config)
        self._ping_at = 0.0
        self._look_at = 0.0
        self._seen = _Seen({})
        self._away = False

    def __call__(self) -> Snapshot:
        """Return what is measured now."""
        self._ask_central()
        synchronised = clock.is_synchronised()
        return Snapshot(
            at=self._now(),
            version=__version__,
            started_at=self._journal.started_at,
            host=_host(self._config, synchronised, synchronised or self._vouched()),
            limits=self._limits,
            terminals=tuple(self._terminals()),
            spool=self._spool_facts(),
            central=self._journal.central_facts,
            jobs=self._journal.jobs(),
            scoring=self._seen.scoring,
            news=self._news(),
        )

    def _ask_central(self) -> None:
        now_s = time.monotonic()
        if now_s < self._ping_at and self._journal.central_facts.reachable:
            return
        try:
            engine = self._central()
            ping.ping(engine)
            if now_s >= self._look_at:
                self._seen = self._look(engine)
                self._look_at = now_s + LOOK_EVERY_S
        except EkinerjaError as error:
            if self._spool is None and not self._away:  # else the one who forwards tells it
                log.warning("central.away", error=str(error))
            self._away = True
            self._journal.central(reachable=False)
            return
        if self._spool is None and self._away:
            log.info("central.back")
        self._away = False
        self._journal.central(reachable=True)
        self._ping_at = now_s + PING_EVERY_S

    def _look(self, engine: Engine) -> _Seen:
        """What central knows of terminals and drafts. A login that may not look does not know it."""
        since = self._now() - LOOKED_BACK
        wide = self._config.agent.roles != ("collect",)
        mine = [each.id for each in self._config.polled]
        proofs = _allowed(lambda: coverage_gaps.proofs(engine, since, None if wide else mine)) or {}
        if not wide:
            return _Seen(proofs)
        terminals = _allowed(lambda: tuple(_known_to(engine))) or ()
        return _Seen(proofs, terminals, _allowed(lambda: _scoring(engine)))

    def _terminals(self) -> Iterator[TerminalFacts]:
        told = {facts.id: self._fresh(facts) for facts in self._seen.terminals}
        for terminal in self._config.polled:
            told.pop(terminal.id, None)
            yield self._proven(self._uploads(terminal, self._own(terminal)))
        for terminal in self._heard_here():
            yield self._proven(self._uploads(terminal, self._heard(terminal, told.pop(terminal.id, None))))
        yield from map(self._proven, told.values())

    def _fresh(self, facts: TerminalFacts) -> TerminalFacts:
        """What central told before it went away does not tell who is away now."""
        return facts if self._journal.central_facts.reachable else replace(facts, away_since=None)

    def _heard_here(self) -> list[TerminalConfig]:
        """The terminals that push to this host and are not read by it; one of another agent is told of by central."""
        if self._spool is None or not self._config.only_heard:
            return []
        elsewhere = self._spool.owned_elsewhere()
        return [terminal for terminal in self._config.only_heard if terminal.id not in elsewhere]

    def _heard(self, terminal: TerminalConfig, told: TerminalFacts | None) -> TerminalFacts:
        """A terminal that was not heard of for longer than its handshake makes plausible is silent since then; if it
        could not have come before, since it can.
        """
        memory = self._spool.push_state(terminal.id) if self._spool is not None else None
        at, heard_at = self._now(), memory.contact_at if memory and memory.serial == terminal.serial else None
        since = max(filter(None, (heard_at, self._journal.listening_since(terminal.id))))
        up = True if heard_at is not None and at - heard_at <= HEARD_WITHIN else None
        if up is None and at - since > HEARD_WITHIN:
            up = False
        return replace(
            told or TerminalFacts(terminal.id, terminal.office, terminal.timezone),
            up=up,
            away_since=since if up is False else None,
            last_contact=heard_at,
            records=memory.records if memory else None,
            pushes=True,
        )

    def _own(self, terminal: TerminalConfig) -> TerminalFacts:
        facts = TerminalFacts(terminal.id, terminal.office, terminal.timezone)
        seen = self._journal.terminal(terminal.id)
        status = None if seen is None else seen.status
        if status is not None:
            facts = replace(
                facts,
                last_contact=status.last_contact,
                records=status.records,
                capacity=status.capacity,
                clock_offset_s=status.clock_offset_s,
            )
        elif self._spool is not None and (memory := self._spool.state(terminal.id)) is not None:
            facts = replace(facts, last_contact=memory.last_read_at)
        if seen is not None:
            facts = replace(facts, up=seen.away_since is None, away_since=seen.away_since)
        return facts

    def _uploads(self, terminal: TerminalConfig, facts: TerminalFacts) -> TerminalFacts:
        if self._spool is None or not terminal.push:
            return facts
        unread = self._spool.unread_uploads(terminal.id)
        lately = is_told(unread, self._now())
        return replace(facts, unread=unread.kind if lately else "", unread_refused=lately and unread.refused)

    def _proven(self, facts: TerminalFacts) -> TerminalFacts:
        proof = self._seen.proofs.get(facts.id)
        if proof is None:
            return facts
        until = proof.holes[0][0] if proof.holes else proof.until
        return replace(facts, complete_until=until, holes=len(proof.holes))

    def _spool_facts(self) -> SpoolFacts | None:
        if self._spool is None:
            return None
        counts = self._spool.counts()
        path = self._spool.path
        size = sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
        return SpoolFacts(counts.waiting, counts.rejected, counts.oldest_added_at, size)


def limits_of(config: Config) -> Limits:
    """Given a configuration, return what it says of limits."""
    health = config.agent.health
    return Limits(
        tolerance_s=config.agent.clock.tolerance_s,
        away_after=health.away_after,
        duty_days=frozenset(map(WEEKDAYS.index, health.duty_days)),
        duty_hours=health.duty_hours,
        backup_after=health.backup_after,
    )


def _known_to(engine: Engine) -> Iterator[TerminalFacts]:
    """The terminals in use that collectors told central of."""
    with reading(engine) as conn:
        zones = terminal_zones(conn)
    for row in terminal_list.terminal_rows(engine):
        if row["office"] is not None and row["state"] != "disabled":
            yield TerminalFacts(
                id=row["id"],
                office=row["office"],
                zone=ZoneInfo(zones.get(row["id"], "UTC")),
                away_since=row["last_contact"],
                last_contact=row["last_contact"],
                records=row["records"],
                capacity=row["capacity"],
                clock_offset_s=row["clock_offset_s"],
                pushes=row["address"] == "",  # what was read tells where
            )


def _scoring(engine: Engine) -> ScoringFacts:
    found = ping.progress(engine)
    return ScoringFacts(found.computed_at, found.people, found.pending, found.feed_waiting)


def _allowed(look: Callable[[], T]) -> T | None:
    """What a look brought, None if the rights of this host's login end before it."""
    try:
        return look()
    except Refused:
        return None


def _host(config: Config, synchronised: bool, vouches: bool) -> HostFacts:
    disk = os.statvfs(nearest(config.agent.state_dir))
    free, files = disk.f_bavail * disk.f_frsize, disk.f_favail if disk.f_files else None
    return HostFacts(synchronised, vouches, free, files, _backup_at(config))


def _backup_at(config: Config) -> datetime | None:
    try:
        return backup.newest(config)
    except OSError:
        return None
