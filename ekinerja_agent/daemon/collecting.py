"""The jobs of a host that reads terminals: polls in turn, knocks at those that are away, live listeners, clocks.

Promises that a terminal's going, coming and doubts are told once, and that one that another agent owns is left alone.
Does not know how a terminal is read, nor when its turn is.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError, OwnedElsewhere, TemporarilyUnavailable, TerminalUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.care import clocks
from ekinerja_agent.usecases.care.verify import Desk
from ekinerja_agent.usecases.collecting import collect, places
from ekinerja_agent.usecases.collecting.polling_schedule import KNOCK_S, PollingSchedule
from ekinerja_agent.usecases.collecting.terminal_lock import TerminalBusy
from ekinerja_agent.usecases.collecting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.daemon.centre import Centre
    from ekinerja_agent.daemon.running import Runner
    from ekinerja_agent.spool import Spool, TerminalMemory

log = logger()

WATCH_AGAIN_S = 60.0
"""When a listener broke for a reason that nobody expected."""
LOOK_WHO_IS_DUE_S = 0.1
"""How long one who could knock at a terminal that is away stands idle at most."""


class Collector:
    """One for each configuration that comes into force; several threads read at a time."""

    def __init__(self, config: Config, spool: Spool, centre: Centre, runner: Runner) -> None:
        self._config = config
        self._spool = spool
        self._centre = centre
        self._runner = runner
        self._journal = runner.journal
        self._rounds = PollingSchedule(config.agent.poll.workers)
        self._doubts: dict[str, tuple[str, ...]] = {}
        self._elsewhere: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    def every_s(self, terminal: TerminalConfig) -> float:
        """Return after how many seconds a terminal's turn comes again."""
        return (terminal.every or self._config.agent.poll.every).total_seconds()

    def poll_in_turn(self, terminal: TerminalConfig) -> None:
        """Read a terminal if it is not resting; what may take long only where there is room, else at a later turn."""
        if self._rounds.rests(terminal.id):
            return
        away, tail_read = self._rounds.is_away(terminal.id), self._config.agent.poll.tail_read
        memory = self._remembered(terminal)
        effort = collect.next_read(memory, terminal, utc_now(), tail_read=tail_read)
        with self._rounds.room(slow=away or effort != "quick") as has_room:
            if has_room:
                self._poll(terminal, first_answer_s=self._rounds.begin(terminal.id))
            elif effort == "due" and not away:
                self._poll(terminal, full=False)
            else:
                self._rounds.had_no_room(terminal.id)

    def set_clock(self, terminal: TerminalConfig) -> None:
        """Set a terminal's clock if it is off."""
        if not self._is_mine(terminal):
            return
        trusted = self._centre.clock_is_trusted()
        desk = Desk.of(self._config, self._spool, self._centre.engine(), host_clock_trusted=trusted)
        checked = clocks.set_if_off(terminal, desk)
        if checked.offset_after_s is not None:
            log.info("terminal.clock_set", terminal=terminal.id, before_s=checked.offset_s)

    def start(self) -> None:
        """Knock at terminals that are away, and listen to those in live mode, each in a thread of its own: a listener
        waits nearly always.
        """
        self._begin("knock", self._knock)
        for terminal in self._config.polled:
            if terminal.mode == "live":
                self._begin(f"watch:{terminal.id}", partial(self._watch, terminal))

    def end(self) -> None:
        """Return once nobody knocks or listens any more."""
        self._over.set()
        while self._threads:
            self._threads.pop().join()

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name)
        self._threads.append(thread)
        thread.start()

    def _watch(self, terminal: TerminalConfig) -> None:
        agent = self._config.agent

        def listen() -> None:
            place = places.place_of(terminal, agent.poll.timeout_s)
            read = partial(self._poll, terminal, full=False)

            def mine() -> bool:
                self._runner.step("watch", terminal.id)
                return self._is_mine(terminal)

            Watch(place, state_dir=agent.state_dir, read=read, over=self._over, mine=mine).run()

        while not self._over.is_set():
            self._runner.run("watch", listen, terminal=terminal.id)
            self._over.wait(WATCH_AGAIN_S)

    def _knock(self) -> None:
        """Until the end, try terminals that are away, each for a moment only, beside those whose turn it is."""
        terminals = {terminal.id: terminal for terminal in self._config.polled}
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(self._rounds.knockers, "knock") as pool:
            while not self._over.wait(LOOK_WHO_IS_DUE_S):
                under_way = {each for each in under_way if not each.done()}
                for due in self._rounds.knocks(self._rounds.knockers - len(under_way)):
                    knock = partial(self._knock_at, terminals[due])
                    under_way.add(pool.submit(self._runner.run, "poll", knock, terminal=due))

    def _knock_at(self, terminal: TerminalConfig) -> None:
        self._remembered(terminal)
        self._poll(terminal, first_answer_s=KNOCK_S)

    def _remembered(self, terminal: TerminalConfig) -> TerminalMemory | None:
        """What is known of a terminal whose read begins, which may take as long as that says."""
        memory = self._spool.state(terminal.id)
        self._runner.step("poll", terminal.id, more_s=collect.longest_read_s(memory))
        return memory

    def _is_mine(self, terminal: TerminalConfig) -> bool:
        return terminal.id not in self._spool.owned_elsewhere()

    def _poll(self, terminal: TerminalConfig, *, full: bool | None = None, first_answer_s: float | None = None) -> bool:
        """Read a terminal, as `collect.poll` does it; tell whether that went well."""
        agent = self._config.agent
        try:
            result = collect.poll(
                terminal,
                self._spool,
                state_dir=agent.state_dir,
                tolerance_s=agent.clock.tolerance_s,
                reply_timeout_s=agent.poll.timeout_s,
                host_clock_trusted=self._centre.clock_is_trusted(),
                full=full,
                tail_read=agent.poll.tail_read,
                first_answer_s=first_answer_s,
                listed=self._config.terminals,
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
            self._went_away(terminal, error)
            return False
        self._told(terminal, result)
        return True

    def _went_away(self, terminal: TerminalConfig, error: EkinerjaError) -> None:
        # A full disk of ours is no reason to let the terminal rest.
        ours = type(error) is TemporarilyUnavailable
        reached = not isinstance(error, TerminalUnavailable)
        rest_s = 0.0 if ours else self.every_s(terminal)
        if not ours:
            self._journal.away(terminal.id)
        kind = type(error) if reached else TerminalUnavailable  # that it broke off and is gone now is no other news
        if self._rounds.failed(terminal.id, kind.__name__, rest_s, reached=reached):
            log.warning("terminal.away", terminal=terminal.id, error=str(error))

    def _told(self, terminal: TerminalConfig, result: collect.PollResult) -> None:
        """Note what a read that went well brought."""
        self._journal.answered(result.status, terminal.id)
        if terminal.id in self._elsewhere:
            self._elsewhere.discard(terminal.id)
            log.info("terminal.taken_over", terminal=terminal.id)
        away_s = self._rounds.answered(terminal.id)
        if away_s is not None:
            log.info("terminal.back", terminal=terminal.id, away_s=round(away_s), new=result.new)
        if self._doubts.get(terminal.id, ()) != result.doubts:
            self._doubts[terminal.id] = result.doubts
            log.warning(
                "terminal.doubtful", terminal=terminal.id, doubts=[*map(str, result.doubts)] or ["none any more"]
            )
        if result.new or result.quarantined:
            log.info("terminal.read", terminal=terminal.id, new=result.new, quarantined=result.quarantined)
