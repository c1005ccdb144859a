"""What the running service saw: terminals that answered or did not, central, and how each job ended.

Kept in memory, across a reload but not a restart; used by several threads. Judges nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.usecases.watching.health.facts import CentralFacts, JobFacts

_NO_RUN = JobFacts("", 0, None, None, None, 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One terminal: what its last good read told (None before the first), and since when it does not answer."""

    status: TerminalStatus | None = None
    away_since: datetime | None = None


class Outcome:
    """How the run of a job ends; well unless somebody says `failed`."""

    def __init__(self) -> None:
        self.ok = True
        self.lasts = False

    def failed(self, *, lasts: bool) -> None:
        """Note that the run failed; `lasts` unless the next one is likely to do better."""
        self.ok, self.lasts = False, lasts


class Journal:
    """Given a clock, a journal with nothing in it."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._terminals: dict[str, Seen] = {}
        self._central = CentralFacts()
        self._jobs: dict[str, JobFacts] = {}
        self._failing: set[tuple[str, str]] = set()
        self._ran: set[str] = set()
        self._listening: dict[str, datetime] = {}
        self.started_at = now()

    def reloaded(self, terminals: Collection[str], heard: Collection[str] = ()) -> None:
        """Note that a configuration with these terminals is in force: what failed may not even be there any more.

        `heard` are those that are only heard of; who was one of them before is waited for since then.
        """
        with self._lock:
            now = self._now()
            self._listening = {name: self._listening.get(name, now) for name in heard}
            self._terminals = {name: seen for name, seen in self._terminals.items() if name in terminals}
            self._failing.clear()
            self._ran.clear()

    def answered(self, status: TerminalStatus | None, terminal: str) -> None:
        """Note a good read, and what the terminal told of itself."""
        with self._lock:
            self._terminals[terminal] = Seen(status)

    def away(self, terminal: str) -> None:
        """Note that a terminal could not be read."""
        with self._lock:
            seen = self._terminals.get(terminal, Seen())
            if seen.away_since is None:
                self._terminals[terminal] = replace(seen, away_since=self._now())

    def forget(self, terminal: str) -> None:
        """Note that this agent does not read the terminal any more."""
        with self._lock:
            self._terminals.pop(terminal, None)

    def listening_since(self, terminal: str) -> datetime:
        """Return since when a terminal that is only heard of could have come."""
        with self._lock:
            return self._listening.get(terminal, self.started_at)

    def terminal(self, terminal: str) -> Seen | None:
        """Return what was seen of a terminal; None if it was not tried yet."""
        with self._lock:
            return self._terminals.get(terminal)

    def central(self, *, reachable: bool, delivered: bool = False) -> None:
        """Note whether the central database answered, and whether it took punches."""
        with self._lock:
            now, before = self._now(), self._central
            away_since = None if reachable else before.away_since or now
            self._central = CentralFacts(reachable, away_since, now if delivered else before.delivered_at)

    @property
    def central_facts(self) -> CentralFacts:
        with self._lock:
            return self._central

    @contextmanager
    def run(self, job: str, subject: str = "") -> Iterator[Outcome]:
        """Note one run of a job, for a terminal or for nothing in particular, and how it ended."""
        outcome = Outcome()
        began_s = time.monotonic()
        try:
            yield outcome
        except BaseException:
            outcome.failed(lasts=True)
            raise
        finally:
            self._ended(job, subject, outcome, time.monotonic() - began_s)

    def jobs(self) -> tuple[JobFacts, ...]:
        """Return every job that ran, by name."""
        with self._lock:
            return tuple(
                replace(facts, failing=sum(job == name for job, _ in self._failing) if name in self._ran else None)
                for name, facts in sorted(self._jobs.items())
            )

    def _ended(self, job: str, subject: str, outcome: Outcome, duration_s: float) -> None:
        with self._lock:
            now, before = self._now(), self._jobs.get(job, _NO_RUN)
            self._ran.add(job)
            if outcome.ok:
                self._jobs[job] = replace(before, job=job, succeeded_at=now, duration_s=duration_s)
                self._failing.discard((job, subject))
            else:
                self._jobs[job] = replace(
                    before, job=job, failed_at=now, duration_s=duration_s, failures=before.failures + 1
                )
                if outcome.lasts:
                    self._failing.add((job, subject))
