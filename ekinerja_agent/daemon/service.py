"""What runs when, for the roles of this host.

Promises that no job's failure stops another job, that a signal is answered between two steps of work and never inside
one, and that a wrong configuration at reload leaves the running one in force. Does not know how anything is done.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ekinerja_agent.config import Config
from ekinerja_agent.daemon import exporters, scoring
from ekinerja_agent.daemon.centre import Centre
from ekinerja_agent.daemon.collecting import Collector
from ekinerja_agent.daemon.running import SCHEDULER, Runner
from ekinerja_agent.host import memory, systemd
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import ConfigurationError, TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.push import Receiver

log = logger()

FORWARD_EVERY_S = 5
FEED_EVERY_S = 300
FIRST_FEED_AFTER = timedelta(seconds=5)
"""What came while the service was down does not wait another five minutes."""
FIRST_POLLS_WITHIN_S = 10
"""After a start the first polls are spread over this long, so that they do not all begin in one second."""
JITTER_SHARE = 10
"""Polls are moved by up to one tenth of their interval, so that terminals drift apart."""
SPARE_WORKERS = 5
"""Threads beside the poll workers: forwarding, scoring, measuring, telling, and one to answer with."""
FIRST_CLOCK_AFTER = timedelta(hours=1)
"""Clocks are set once a day, first a while after a start: many offices switch everything on at the same time."""
PULSE_EVERY_S = 10
FIRST_WITNESS_AFTER = timedelta(minutes=1)
"""The end of the audit log is noted soon after a start too: who switches off at night never runs for a whole day."""


class Service:
    """One running agent. `load` reads the configuration; it is called again at SIGHUP."""

    def __init__(self, load: Callable[[], Config]) -> None:
        self._load = load
        self._wake = threading.Event()
        self._stopping = False
        self._reloading = False
        self._config: Config
        self._outlook = exporters.Exporters()
        self._runner = Runner(self._outlook.journal)
        self._centre = Centre(lambda: self._config.agent.central, self._outlook.journal)
        self._scheduler: BackgroundScheduler | None = None
        self._spool: Spool | None = None
        self._collector: Collector | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raise ConfigurationError if the configuration is wrong at the start."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._flag)
        memory.share_one_heap()
        config = self._load()
        self._config = config
        self._outlook.serve(config, self._outlook.listener(config), self._centre.engine)
        self._start(config)
        systemd.notify("READY=1")
        self._runner.feed_the_watchdog()
        log.info("service.ready", roles=sorted(self._config.agent.roles), terminals=len(self._config.polled))
        try:
            while not self._stopping:
                self._wake.wait()
                self._wake.clear()
                if self._reloading and not self._stopping:
                    self._reloading = False
                    self._reload()
        finally:
            systemd.notify("STOPPING=1")
            self._outlook.stop()
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
            listener = self._outlook.listener(config)
        except ConfigurationError as error:
            log.error("config.refused", problems=[str(problem) for problem in error.problems])
        except TemporarilyUnavailable as error:
            log.error("config.refused", problems=[str(error)])
        else:
            with self._runner.working("reload"):
                self._outlook.serve(config, listener, self._centre.engine)
                self._halt()
                self._start(config)
            log.info("config.reloaded", terminals=len(self._config.polled))
        systemd.notify("READY=1")

    def _start(self, config: Config) -> None:
        self._config = config
        self._runner.complain_anew()
        self._scheduler = scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(config.agent.poll.workers + SPARE_WORKERS)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        if config.fills_a_spool:
            self._spool = collect.open_spool(config.agent.spool_path)
            collect.announce(self._spool, config.terminals, now=utc_now())
            self._collector = Collector(config, self._spool, self._centre, self._runner)
            self._schedule_collecting(scheduler, self._collector)
            self._schedule_forwarding(scheduler, self._spool)
        if "score" in config.agent.roles:
            self._schedule_scoring(scheduler)
        self._schedule_witness(scheduler)
        self._outlook.take_uploads(self._receiver())
        self._schedule_outlook(scheduler)
        self._pulse()
        scheduler.add_job(self._pulse, IntervalTrigger(seconds=PULSE_EVERY_S), id="pulse")
        scheduler.start()
        if self._collector is not None:
            self._collector.start()

    def _halt(self) -> None:
        """Let running jobs end, then close what they used."""
        if self._collector is not None:
            self._collector.end()
            self._collector = None
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            self._runner.ended(SCHEDULER)
            scheduler.shutdown(wait=True)
        self._outlook.take_no_uploads()
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        self._centre.close()

    def _pulse(self) -> None:
        if self._scheduler is not None:
            self._runner.step(SCHEDULER)

    def _receiver(self) -> Receiver | None:
        """Who takes what terminals push; None if none of them pushes to this host."""
        agent, terminals = self._config.agent, self._config.pushing
        if self._spool is None or not terminals:
            return None
        return Receiver(
            self._spool,
            terminals,
            tolerance_s=agent.clock.tolerance_s,
            host_clock_trusted=self._centre.clock_is_trusted,
            most_body_bytes=agent.web.upload_kib * 1024,
            proxies=agent.web.proxies,
            listed=self._config.terminals,
        )

    def _schedule_collecting(self, scheduler: BackgroundScheduler, collector: Collector) -> None:
        terminals = self._config.polled
        for index, terminal in enumerate(terminals):
            every_s = collector.every_s(terminal)
            read = partial(collector.poll_in_turn, terminal)
            scheduler.add_job(
                partial(self._runner.run, "poll", read, terminal=terminal.id),
                IntervalTrigger(seconds=every_s, jitter=every_s / JITTER_SHARE),
                id=f"poll:{terminal.id}",
                next_run_time=utc_now() + timedelta(seconds=FIRST_POLLS_WITHIN_S * index / len(terminals)),
            )
            if self._config.agent.clock.sync:
                scheduler.add_job(
                    partial(self._runner.run, "clock", partial(collector.set_clock, terminal), terminal=terminal.id),
                    IntervalTrigger(days=1),
                    id=f"clock:{terminal.id}",
                    next_run_time=utc_now() + FIRST_CLOCK_AFTER * (1 + index / len(terminals)),
                )

    def _schedule_forwarding(self, scheduler: BackgroundScheduler, spool: Spool) -> None:
        scheduler.add_job(
            partial(
                self._runner.run, "forward", partial(self._centre.forward, spool, stop=self._shall_stop_forwarding)
            ),
            IntervalTrigger(seconds=FORWARD_EVERY_S),
            id="forward",
        )

    def _shall_stop_forwarding(self) -> bool:
        """Asked before each batch, so each batch is a step."""
        self._runner.step("forward")
        return self._stopping

    def _schedule_scoring(self, scheduler: BackgroundScheduler) -> None:
        agent = self._config.agent
        scheduler.add_job(
            partial(self._runner.run, "score", partial(scoring.score, agent, self._centre, self._runner)),
            CronTrigger(hour=agent.score.at.hour, minute=agent.score.at.minute),
            id="score",
        )
        scheduler.add_job(
            partial(self._runner.run, "feed", partial(scoring.drain_feed, agent, self._centre)),
            IntervalTrigger(seconds=FEED_EVERY_S),
            id="feed",
            next_run_time=utc_now() + FIRST_FEED_AFTER,
        )

    def _schedule_witness(self, scheduler: BackgroundScheduler) -> None:
        scheduler.add_job(
            partial(self._runner.run, "witness", partial(self._centre.note_head, self._config.agent.state_dir)),
            IntervalTrigger(days=1),
            id="witness",
            next_run_time=utc_now() + FIRST_WITNESS_AFTER,
        )

    def _schedule_outlook(self, scheduler: BackgroundScheduler) -> None:
        for job in self._outlook.jobs(
            self._config, spool=self._spool, central=self._centre.engine, vouched=lambda: self._centre.vouches
        ):
            scheduler.add_job(
                partial(self._runner.run, job.name, job.work),
                IntervalTrigger(seconds=exporters.EVERY_S),
                id=job.name,
                next_run_time=utc_now() + job.first_after,
            )
