"""The long-running service: what runs when, for the roles of this host.

Promises that no job's failure stops another job, that a signal is answered between two steps of work and never inside
one, that a wrong configuration at reload leaves the running one in force, and that systemd's watchdog is fed only while
all work gets on. Does not know how a terminal is read, a batch delivered or a month scored; those are use cases.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ekinerja_agent import footprint, hostclock, outlook, systemd
from ekinerja_agent.central import months
from ekinerja_agent.central.engine import connect, in_transaction, require_current
from ekinerja_agent.config import Config, TerminalConfig
from ekinerja_agent.errors import ConfigurationError, EkinerjaError, OwnedElsewhere, TemporarilyUnavailable
from ekinerja_agent.logs import logger
from ekinerja_agent.model import utc_now
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases import clocks, collect
from ekinerja_agent.usecases.forward import forward
from ekinerja_agent.usecases.progress import Progress
from ekinerja_agent.usecases.push import Receiver
from ekinerja_agent.usecases.rounds import Rounds
from ekinerja_agent.usecases.turns import TerminalBusy
from ekinerja_agent.usecases.verify import Desk
from ekinerja_agent.usecases.watch import Watch

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.rules import RuleBook

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
ASK_CENTRAL_EVERY_S = 600.0
"""How often central is asked whether it agrees with this host's clock."""
WATCH_AGAIN_S = 60.0
"""When a listener broke for a reason that nobody expected."""

PULSE_EVERY_S = 10
SCHEDULER = "scheduler"
MAY_TAKE_S = {
    SCHEDULER: 900.0,  # a worker that is free: all may be busy for a while after a start with a thousand terminals
    "poll": 1_800.0,  # and as long as its whole log may take
    "watch": 21_600.0,  # between two looks at whether it shall go on; a read and the longest pause lie between
    "forward": 900.0,  # one batch
    "clock": 1_800.0,
    "feed": 14_400.0,
    "score": 43_200.0,
    "silence": 3_600.0,
    "months": 3_600.0,
    "measure": 900.0,
    "textfile": 900.0,
    "notify": 3_600.0,  # each target has a time limit of its own
    "reload": 23_000.0,  # running jobs end first
}
"""How long each kind of work may go without a step. All of it has deadlines of its own that are shorter: what is
overdue is stuck in a way that nobody foresaw, and only a new process helps.
"""
FED_OFTENER = 4
"""The watchdog is fed so many times within the time it waits."""


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
        self._rounds: Rounds
        self._doubts: dict[str, tuple[str, ...]] = {}
        self._elsewhere: set[str] = set()
        self._central_away = False
        self._central_vouches = False
        self._ask_central_at = 0.0
        self._outlook = outlook.Outlook()
        self._journal = self._outlook.journal
        self._complaints: dict[tuple[str, str], str] = {}
        self._watchers: list[threading.Thread] = []
        self._watches_over = threading.Event()
        self._progress = Progress()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raise ConfigurationError if the configuration is wrong at the start."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._flag)
        footprint.share_one_heap()
        config = self._load()
        self._config = config
        self._outlook.serve(config, self._outlook.listener(config), self._central)
        self._start(config)
        systemd.notify("READY=1")
        self._feed_the_watchdog()
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
            with self._progress.working("reload", MAY_TAKE_S["reload"]):
                self._outlook.serve(config, listener, self._central)
                self._halt()
                self._start(config)
            log.info("config.reloaded", terminals=len(self._config.polled))
        systemd.notify("READY=1")

    def _start(self, config: Config) -> None:
        self._config = config
        self._complaints.clear()
        self._rounds = Rounds(config.agent.poll.workers)
        workers = config.agent.poll.workers + SPARE_WORKERS
        self._scheduler = scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        if config.fills_a_spool:
            self._spool = collect.open_spool(config.agent.spool_path)
            collect.announce(self._spool, config.terminals, now=utc_now())
            self._schedule_polls(scheduler)
            if config.agent.clock.sync:
                self._schedule_clocks(scheduler)
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
            scheduler.add_job(
                partial(self._guarded, "feed", self._drain_feed),
                IntervalTrigger(seconds=FEED_EVERY_S),
                id="feed",
                next_run_time=utc_now() + FIRST_FEED_AFTER,
            )
        self._outlook.take_uploads(self._receiver())
        self._schedule_outlook(scheduler)
        self._pulse()
        scheduler.add_job(self._pulse, IntervalTrigger(seconds=PULSE_EVERY_S), id="pulse")
        scheduler.start()
        self._watch_live_terminals()

    def _pulse(self) -> None:
        if self._scheduler is not None:
            self._progress.began(SCHEDULER, MAY_TAKE_S[SCHEDULER])

    def _feed_the_watchdog(self) -> None:
        """Tell systemd, as often as it asks for it, that all work gets on; say nothing while some of it does not."""
        wanted_s = systemd.watchdog_s()
        if wanted_s is None:
            return

        def feed() -> None:
            said: list[str] = []
            while True:
                stuck = self._progress.overdue()
                if not stuck:
                    with suppress(OSError):  # systemd itself may be starting anew
                        systemd.notify("WATCHDOG=1")
                elif stuck != said:
                    log.error("service.stuck", work=stuck)
                said = stuck
                time.sleep(wanted_s / FED_OFTENER)

        threading.Thread(target=feed, name="watchdog", daemon=True).start()

    def _receiver(self) -> Receiver | None:
        """Who takes what terminals push; None if none of them pushes to this host."""
        agent, terminals = self._config.agent, self._config.pushing
        if self._spool is None or not terminals:
            return None
        return Receiver(
            self._spool,
            terminals,
            tolerance_s=agent.clock.tolerance_s,
            host_clock_trusted=self._clock_is_trusted,
            most_body_bytes=agent.web.upload_kib * 1024,
            proxies=agent.web.proxies,
        )

    def _watch_live_terminals(self) -> None:
        """Listen to terminals in live mode, each in a thread of its own: a listener waits nearly always."""
        self._watches_over.clear()
        for terminal in self._config.polled:
            if terminal.mode == "live":
                watcher = threading.Thread(target=self._watch, args=(terminal,), name=f"watch:{terminal.id}")
                self._watchers.append(watcher)
                watcher.start()

    def _schedule_polls(self, scheduler: BackgroundScheduler) -> None:
        terminals = self._config.polled
        for index, terminal in enumerate(terminals):
            every_s = self._every_s(terminal)
            first = utc_now() + timedelta(seconds=FIRST_POLLS_WITHIN_S * index / len(terminals))
            scheduler.add_job(
                partial(self._guarded, "poll", partial(self._poll_in_turn, terminal), terminal=terminal.id),
                IntervalTrigger(seconds=every_s, jitter=every_s / JITTER_SHARE),
                id=f"poll:{terminal.id}",
                next_run_time=first,
            )

    def _schedule_clocks(self, scheduler: BackgroundScheduler) -> None:
        terminals = self._config.polled
        for index, terminal in enumerate(terminals):
            scheduler.add_job(
                partial(self._guarded, "clock", partial(self._set_clock, terminal), terminal=terminal.id),
                IntervalTrigger(days=1),
                id=f"clock:{terminal.id}",
                next_run_time=utc_now() + FIRST_CLOCK_AFTER * (1 + index / len(terminals)),
            )

    def _schedule_outlook(self, scheduler: BackgroundScheduler) -> None:
        for job in self._outlook.jobs(
            self._config, spool=self._spool, central=self._central, vouched=lambda: self._central_vouches
        ):
            scheduler.add_job(
                partial(self._guarded, job.name, job.work),
                IntervalTrigger(seconds=outlook.EVERY_S),
                id=job.name,
                next_run_time=utc_now() + job.first_after,
            )

    def _halt(self) -> None:
        """Let running jobs end, then close what they used."""
        self._watches_over.set()
        while self._watchers:
            self._watchers.pop().join()
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            self._progress.ended(SCHEDULER)
            scheduler.shutdown(wait=True)
        self._outlook.take_no_uploads()
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _guarded(self, job: str, work: Callable[[], object], **fields: str) -> None:
        """Run one job; what it raises ends only this job, and is logged here alone, once until it changes.

        A listener runs on while all is well, so it never tells that it is well again; polls go on beside it anyway.
        """
        subject = fields.get("terminal", "")
        ends = job != "watch"
        with self._journal.run(job, subject) as outcome:
            try:
                with self._progress.working(_named(job, *fields.values()), MAY_TAKE_S[job]):
                    work()
            except EkinerjaError as error:
                outcome.failed(lasts=ends and not (subject and error.retryable))
                if self._is_news(job, subject, str(error)):
                    log.error(f"{job}.failed", error=str(error), retry=error.retryable, **fields)
            except Exception as error:
                outcome.failed(lasts=ends)
                if self._is_news(job, subject, repr(error)):
                    log.exception(f"{job}.broke", **fields)
            else:
                self._complaints.pop((job, subject), None)

    def _is_news(self, job: str, subject: str, complaint: str) -> bool:
        before = self._complaints.get((job, subject))
        self._complaints[job, subject] = complaint
        return before != complaint

    def _central(self) -> Engine:
        with self._engine_lock:
            if self._engine is None:
                central = self._config.agent.central
                engine = connect(central.address, central.password())
                require_current(engine)
                self._engine = engine
            return self._engine

    def _watch(self, terminal: TerminalConfig) -> None:
        agent = self._config.agent

        def listen() -> None:
            place = collect.place_of(terminal, agent.poll.timeout_s)
            read = partial(self._poll, terminal, full=False)

            def mine() -> bool:
                self._progress.began(_named("watch", terminal.id), MAY_TAKE_S["watch"])
                return self._is_mine(terminal)

            Watch(place, state_dir=agent.state_dir, read=read, over=self._watches_over, mine=mine).run()

        while not self._watches_over.is_set():
            self._guarded("watch", listen, terminal=terminal.id)
            self._watches_over.wait(WATCH_AGAIN_S)

    def _is_mine(self, terminal: TerminalConfig) -> bool:
        assert self._spool is not None  # noqa: S101  # as in _poll
        return terminal.id not in self._spool.owned_elsewhere()

    def _every_s(self, terminal: TerminalConfig) -> float:
        return (terminal.every or self._config.agent.poll.every).total_seconds()

    def _poll_in_turn(self, terminal: TerminalConfig) -> None:
        """Read a terminal if it is not resting; what may take long only where there is room, else at a later turn."""
        assert self._spool is not None  # noqa: S101  # as in _poll
        if self._rounds.rests(terminal.id):
            return
        away, tail_read = self._rounds.is_away(terminal.id), self._config.agent.poll.tail_read
        memory = self._spool.state(terminal.id)
        self._progress.began(_named("poll", terminal.id), MAY_TAKE_S["poll"] + collect.longest_read_s(memory))
        effort = collect.next_read(memory, terminal, utc_now(), tail_read=tail_read)
        with self._rounds.room(slow=away or effort != "quick") as has_room:
            if has_room:
                self._poll(terminal)
            elif effort == "due" and not away:
                self._poll(terminal, full=False)

    def _poll(self, terminal: TerminalConfig, *, full: bool | None = None) -> bool:
        """Read a terminal, `full` as `collect.poll` takes it; tell whether that went well."""
        assert self._spool is not None  # noqa: S101  # polls are scheduled only after the spool was opened
        agent = self._config.agent
        try:
            result = collect.poll(
                terminal,
                self._spool,
                state_dir=agent.state_dir,
                tolerance_s=agent.clock.tolerance_s,
                reply_timeout_s=agent.poll.timeout_s,
                host_clock_trusted=self._clock_is_trusted(),
                full=full,
                tail_read=agent.poll.tail_read,
            )
        except TerminalBusy:
            return False  # somebody else of this host reads it: it is not away
        except OwnedElsewhere as error:
            self._journal.forget(terminal.id)
            if terminal.id not in self._elsewhere:
                self._elsewhere.add(terminal.id)
                log.warning("terminal.elsewhere", terminal=terminal.id, error=str(error))
            return False
        except EkinerjaError as error:
            # A full disk of ours is no reason to let the terminal rest.
            ours = type(error) is TemporarilyUnavailable
            rest_s = 0.0 if ours else self._every_s(terminal)
            if not ours:
                self._journal.away(terminal.id)
            if self._rounds.failed(terminal.id, type(error).__name__, rest_s):
                log.warning("terminal.away", terminal=terminal.id, error=str(error))
            return False
        self._journal.answered(result.status, terminal.id)
        if terminal.id in self._elsewhere:
            self._elsewhere.discard(terminal.id)
            log.info("terminal.taken_over", terminal=terminal.id)
        away_s = self._rounds.answered(terminal.id)
        if away_s is not None:
            log.info("terminal.back", terminal=terminal.id, away_s=round(away_s), new=result.new)
        if self._doubts.get(terminal.id, ()) != result.doubts:
            self._doubts[terminal.id] = result.doubts
            log.warning("terminal.doubtful", terminal=terminal.id, doubts=list(result.doubts) or ["none any more"])
        if result.new or result.quarantined:
            log.info("terminal.read", terminal=terminal.id, new=result.new, quarantined=result.quarantined)
        return True

    def _clock_is_trusted(self) -> bool:
        """Whether this host's clock can vouch for a terminal's: by the kernel's word, else by central's agreement."""
        return hostclock.is_synchronised() or self._central_vouches

    def _set_clock(self, terminal: TerminalConfig) -> None:
        assert self._spool is not None  # noqa: S101  # as in _poll
        if not self._is_mine(terminal):
            return
        desk = Desk.of(self._config, self._spool, self._central(), host_clock_trusted=self._clock_is_trusted())
        checked = clocks.set_if_off(terminal, desk)
        if checked.offset_after_s is not None:
            log.info("terminal.clock_set", terminal=terminal.id, before_s=checked.offset_s)

    def _ask_central_for_the_time(self) -> None:
        if time.monotonic() >= self._ask_central_at:
            self._ask_central_at = time.monotonic() + ASK_CENTRAL_EVERY_S
            self._central_vouches = clocks.host_vouches(self._central(), utc_now(), synchronised=False)

    def _forward(self) -> None:
        assert self._spool is not None  # noqa: S101  # as in _poll
        try:
            moved = forward(self._spool, self._central(), stop=self._shall_stop_forwarding)
            self._ask_central_for_the_time()
        except EkinerjaError as error:
            if not error.retryable:
                raise
            self._central_vouches = False
            self._journal.central(reachable=False)
            if not self._central_away:
                self._central_away = True
                log.warning("central.away", error=str(error))
            return
        if moved.delivered:
            self._journal.central(reachable=True, delivered=True)
        if self._central_away:
            self._central_away = False
            log.info("central.back", delivered=moved.delivered)
        if moved.rejected:
            log.error("forward.rejected", punches=moved.rejected, see="ekinerja-agent spool status")

    def _shall_stop_forwarding(self) -> bool:
        """Asked before each batch, so each batch is a step."""
        self._progress.began("forward", MAY_TAKE_S["forward"])
        return self._stopping

    def _drain_feed(self) -> None:
        from ekinerja_agent.rulebook import load_rulebook
        from ekinerja_agent.usecases import feed

        agent = self._config.agent
        done = feed.drain(self._central(), load_rulebook(agent.rules), profile=agent.profile, now=utc_now())
        if done.stored or done.rejected or done.refused:
            log.info("feed.done", stored=done.stored, rejected=done.rejected, refused=done.refused)

    def _score(self) -> None:
        # The scoring libraries are loaded here: an office server that only collects never holds them in memory.
        from ekinerja_agent.rulebook import load_rulebook
        from ekinerja_agent.usecases import score

        agent = self._config.agent
        rules = load_rulebook(agent.rules)
        self._guarded("months", self._make_months)
        self._guarded("silence", partial(self._settle_silence, rules))
        for month in score.months_due(self._central(), utc_now()):
            summary = score.refresh(self._central(), rules, month, profile=agent.profile, now=utc_now())
            log.info("score.done", month=f"{month:%Y-%m}", people=summary.people, pending=summary.pending)

    def _make_months(self) -> None:
        made = in_transaction(self._central(), lambda conn: months.make_ahead(conn, utc_now().date()))
        if made:
            log.info("months.made", months=made)

    def _settle_silence(self, rules: RuleBook) -> None:
        from ekinerja_agent.usecases import silence

        settled = silence.run_today(
            self._central(),
            rules,
            profile=self._config.agent.profile,
            now=utc_now(),
            synchronised=hostclock.is_synchronised(),
        )
        if settled.total:
            log.info("silence.done", **asdict(settled))


def _named(job: str, *subjects: str) -> str:
    return " ".join((job, *subjects))
