"""How one job of the service runs: guarded, written down, and watched.

Promises that what a job raises ends only this job and is told once until it changes, and that systemd's watchdog is fed
only while all work gets on. Does not know what the jobs are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from ekinerja_agent.daemon.progress import Progress
from ekinerja_agent.host import systemd
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError

if TYPE_CHECKING:
    from ekinerja_agent.usecases.watching.health.journal import Journal

log = logger()

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
    "witness": 900.0,
    "measure": 900.0,
    "textfile": 900.0,
    "notify": 900.0,  # half a minute, however slow those are who are told
    "reload": 23_000.0,  # running jobs end first
}
"""How long each kind of work may go without a step. All of it has deadlines of its own that are shorter: what is
overdue is stuck in a way that nobody foresaw, and only a new process helps.
"""
FED_OFTENER = 4
"""The watchdog is fed so many times within the time it waits."""


class Runner:
    """One for the life of the service; `journal` keeps how each job ended."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._progress = Progress()
        self._complaints: dict[tuple[str, str], str] = {}

    def run(self, job: str, work: Callable[[], object], **fields: str) -> None:
        """Given a kind of work and the work, do it; what it raises is logged here alone, once until it changes.

        A listener runs on while all is well, so it never tells that it is well again; polls go on beside it anyway.
        """
        subject = fields.get("terminal", "")
        ends = job != "watch"
        with self.journal.run(job, subject) as outcome:
            try:
                with self.working(job, *fields.values()):
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

    def working(self, job: str, *subjects: str) -> AbstractContextManager[object]:
        """Return a context in which this work is expected to get on."""
        return self._progress.working(_named(job, *subjects), MAY_TAKE_S[job])

    def step(self, job: str, *subjects: str, more_s: float = 0.0) -> None:
        """Note that this work, begun or not, gets on; its next step may take `more_s` longer than usual."""
        self._progress.began(_named(job, *subjects), MAY_TAKE_S[job] + more_s)

    def ended(self, job: str) -> None:
        """Expect no further step of this work."""
        self._progress.ended(job)

    def complain_anew(self) -> None:
        """Tell again what goes wrong from now on: the configuration is another."""
        self._complaints.clear()

    def feed_the_watchdog(self) -> None:
        """Tell systemd, as often as it asks for it, that all work gets on; say nothing while some of it does not."""
        wanted_s = systemd.watchdog_s()
        if wanted_s is None:
            return

        pause_s = wanted_s / FED_OFTENER

        def feed() -> None:
            said: list[str] = []
            while True:
                stuck = self._progress.overdue()
                if not stuck:
                    with suppress(OSError):  # systemd itself may be starting anew, or stand still: look on meanwhile
                        systemd.notify("WATCHDOG=1", patience_s=pause_s)
                elif stuck != said:
                    log.error("service.stuck", work=stuck)
                said = stuck
                time.sleep(pause_s)

        threading.Thread(target=feed, name="watchdog", daemon=True).start()

    def _is_news(self, job: str, subject: str, complaint: str) -> bool:
        before = self._complaints.get((job, subject))
        self._complaints[job, subject] = complaint
        return before != complaint


def _named(job: str, *subjects: str) -> str:
    return " ".join((job, *subjects))
