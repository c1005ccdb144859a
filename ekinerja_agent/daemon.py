"""The long-running service: what runs when, for the roles of this host.

Promises that no job's failure stops another job, that a signal is answered between two steps of work and never inside
one, and that a wrong configuration at reload leaves the running one in force. Does not know how a terminal is read, a
batch delivered or a month scored; those are use cases.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ekinerja_agent import hostclock, systemd
from ekinerja_agent.central.engine import connect, require_current
from ekinerja_agent.config import Config, TerminalConfig
from ekinerja_agent.errors import ConfigurationError, EkinerjaError
from ekinerja_agent.model import utc_now
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases import collect
from ekinerja_agent.usecases.forward import forward

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = structlog.get_logger()

FORWARD_EVERY_S = 5
FIRST_POLLS_WITHIN_S = 10
"""After a start the first polls are spread over this long, so that they do not all begin in one second."""
JITTER_SHARE = 10
"""Polls are moved by up to one tenth of their interval, so that terminals drift apart."""
SPARE_WORKERS = 3
"""Threads beside the poll workers: forwarding, scoring, and one to answer with."""


class Service:
    """One running agent. `load` reads the configuration; it is called again at SIGHUP."""

    def __init__(self, load: Callable[[], Config]) -> None:
        self._load = load
        self._wake = threading.Event()
        self._stopping = False
        self._reloading = False
        self._config: Config
        self._scheduler: BackgroundScheduler | None = None
        self._spool: Spool | None = None
        self._engine: Engine | None = None
        self._engine_lock = threading.Lock()
        self._away: dict[str, str] = {}
        self._central_away = False

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raise ConfigurationError if the configuration is wrong at the start."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._flag)
        self._start(self._load())
        systemd.notify("READY=1")
        log.info("service.ready", roles=sorted(self._config.agent.roles), terminals=len(self._polled()))
        try:
            while not self._stopping:
                self._wake.wait()
                self._wake.clear()
                if self._reloading and not self._stopping:
                    self._reloading = False
                    self._reload()
        finally:
            systemd.notify("STOPPING=1")
            self._halt()
            log.info("service.stopped")

    def _flag(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self._reloading = True
        else:
            self._stopping = True
        self._wake.set()

    def _reload(self) -> None:
        systemd.notify("RELOADING=1")
        try:
            config = self._load()
        except ConfigurationError as error:
            log.error("config.refused", problems=[str(problem) for problem in error.problems])
        else:
            self._halt()
            self._start(config)
            log.info("config.reloaded", terminals=len(self._polled()))
        systemd.notify("READY=1")

    def _polled(self) -> tuple[TerminalConfig, ...]:
        if "collect" not in self._config.agent.roles:
            return ()
        return tuple(t for t in self._config.terminals if t.enabled and t.transport != "none")

    def _start(self, config: Config) -> None:
        self._config = config
        workers = config.agent.poll.workers + SPARE_WORKERS
        self._scheduler = scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        if "collect" in config.agent.roles:
            self._spool = collect.open_spool(config.agent.spool_path)
            collect.announce(self._spool, config.terminals, now=utc_now())
            self._schedule_polls(scheduler)
            scheduler.add_job(
                partial(self._guarded, "forward", self._forward),
                IntervalTrigger(seconds=FORWARD_EVERY_S),
                id="forward",
            )
        if "score" in config.agent.roles:
            at = config.agent.score.at
            scheduler.add_job(
                partial(self._guarded, "score", self._score), CronTrigger(hour=at.hour, minute=at.minute), id="score"
            )
        scheduler.start()

    def _schedule_polls(self, scheduler: BackgroundScheduler) -> None:
        terminals = self._polled()
        for index, terminal in enumerate(terminals):
            every_s = (terminal.every or self._config.agent.poll.every).total_seconds()
            first = utc_now() + timedelta(seconds=FIRST_POLLS_WITHIN_S * index / len(terminals))
            scheduler.add_job(
                partial(self._guarded, "poll", partial(self._poll, terminal), terminal=terminal.id),
                IntervalTrigger(seconds=every_s, jitter=every_s / JITTER_SHARE),
                id=f"poll:{terminal.id}",
                next_run_time=first,
            )

    def _halt(self) -> None:
        """Let running jobs end, then close what they used."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _guarded(self, job: str, work: Callable[[], None], **fields: str) -> None:
        """Run one job; whatever it raises is logged here and nowhere else, and ends only this job."""
        try:
            work()
        except EkinerjaError as error:
            log.error(f"{job}.failed", error=str(error), retry=error.retryable, **fields)
        except Exception:
            log.exception(f"{job}.broke", **fields)

    def _central(self) -> Engine:
        with self._engine_lock:
            if self._engine is None:
                central = self._config.agent.central
                engine = connect(central.url, central.password())
                require_current(engine)
                self._engine = engine
            return self._engine

    def _poll(self, terminal: TerminalConfig) -> None:
        assert self._spool is not None  # noqa: S101  # polls are scheduled only after the spool was opened
        agent = self._config.agent
        try:
            result = collect.poll(
                terminal,
                self._spool,
                state_dir=agent.state_dir,
                tolerance_s=agent.clock.tolerance_s,
                reply_timeout_s=agent.poll.timeout_s,
                host_clock_trusted=hostclock.is_synchronised(),
            )
        except EkinerjaError as error:
            if self._away.get(terminal.id) != str(error):
                self._away[terminal.id] = str(error)
                log.warning("terminal.away", terminal=terminal.id, error=str(error))
            return
        if self._away.pop(terminal.id, None) is not None:
            log.info("terminal.back", terminal=terminal.id, new=result.new)
        if result.new or result.quarantined:
            log.info("terminal.read", terminal=terminal.id, new=result.new, quarantined=result.quarantined)

    def _forward(self) -> None:
        assert self._spool is not None  # noqa: S101  # as in _poll
        try:
            moved = forward(self._spool, self._central(), stop=lambda: self._stopping)
        except EkinerjaError as error:
            if not error.retryable:
                raise
            if not self._central_away:
                self._central_away = True
                log.warning("central.away", error=str(error))
            return
        if self._central_away:
            self._central_away = False
            log.info("central.back", delivered=moved.delivered)
        if moved.rejected:
            log.error("forward.rejected", punches=moved.rejected, see="ekinerja-agent spool status")

    def _score(self) -> None:
        # The scoring libraries are loaded here: an office server that only collects never holds them in memory.
        from ekinerja_agent.rulebook import load_rulebook
        from ekinerja_agent.usecases import score

        agent = self._config.agent
        rules = load_rulebook(agent.rules)
        for month in score.months_due(self._central(), utc_now()):
            summary = score.run(self._central(), rules, month, profile=agent.profile, now=utc_now())
            log.info("score.done", month=f"{month:%Y-%m}", people=summary.people, pending=summary.pending)
