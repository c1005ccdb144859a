"""What was measured at one moment. No fact names a person. None means not known, never zero."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """One enabled terminal. `up` tells whether the last try to read it went well, None if this agent does not read it
    or did not yet; `away_since` is since when it does not answer, of another agent's terminal the last contact.
    `complete_until` is the end of what is proven to be in central, before the first hole of the last 31 days; `holes`
    counts those. `pushes` tells that it is not read at all: `up` is then whether it was heard of lately, `away_since`
    since when not. `unread` is what it lately uploaded that nobody could read, "" if nothing, `unread_refused` whether
    that was more than is kept.
    """

    id: str
    office: str
    zone: ZoneInfo
    up: bool | None = None
    away_since: datetime | None = None
    last_contact: datetime | None = None
    records: int | None = None
    capacity: int | None = None
    clock_offset_s: int | None = None
    complete_until: datetime | None = None
    holes: int | None = None
    pushes: bool = False
    unread: str | None = None
    unread_refused: bool = False


@dataclass(frozen=True, slots=True)
class SpoolFacts:
    """The queue of this host."""

    waiting: int
    rejected: int
    oldest_added_at: datetime | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CentralFacts:
    """The central database as seen from here."""

    reachable: bool | None = None
    away_since: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One kind of work since the service started. `failing` counts those of its subjects (terminals, or the one it is
    for) whose last run failed; None if it did not run since the configuration was read.
    """

    job: str
    failures: int
    failing: int | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class HostFacts:
    """This host. `clock_vouches` is its own synchronisation or central's agreement; `backup_at` when its newest backup
    was made, None if never.
    """

    clock_synchronised: bool
    clock_vouches: bool
    free_bytes: int
    free_files: int | None
    backup_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScoringFacts:
    """Drafts and the inbox of another application: newest computation, people it scored, how many of them wait for a
    fact, entries without an answer.
    """

    computed_at: datetime | None
    people: int
    pending: int
    feed_waiting: int


@dataclass(frozen=True, slots=True)
class NewsFacts:
    """What became of notifications since the service started, and what waits."""

    sent: int
    failed: int
    dropped: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a fact is a condition. Duty is when offices are open, in the zone of the terminal; Monday is 0 among
    `duty_days`.
    """

    tolerance_s: int = 120
    away_after: timedelta = timedelta(minutes=30)
    duty_days: frozenset[int] = frozenset(range(5))
    duty_hours: tuple[time, time] = (time(7), time(14))
    backup_after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that was measured at the instant `at`."""

    at: datetime
    version: str
    started_at: datetime
    host: HostFacts
    limits: Limits = field(default_factory=Limits)
    terminals: tuple[TerminalFacts, ...] = ()
    spool: SpoolFacts | None = None
    central: CentralFacts = field(default_factory=CentralFacts)
    jobs: tuple[JobFacts, ...] = ()
    scoring: ScoringFacts | None = None
    news: NewsFacts | None = None
