"""What is wrong now: the one judgement of measured facts. Pure.

Promises that what is not known is judged neither way: a service that just started does not say that all is well again.
Does not know who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple

from ekinerja_agent.config import Severity
from ekinerja_agent.terminals.reading import FILLING_PCT
from ekinerja_agent.usecases.watching.health.facts import Limits, Snapshot, TerminalFacts

CENTRAL_PATIENCE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=15)
"""Of a punch in the spool; the service forwards every five seconds."""
LEAST_FREE_BYTES = 512 << 20
"""Years of punches of one office; a service that logs into a full disk does not end well either."""
LEAST_FREE_FILES = 1_000
STALE_AFTER = timedelta(minutes=5)
"""Facts older than this tell that measuring itself is stuck."""
OF_ONE_TERMINAL = frozenset({"poll", "clock"})
"""Jobs that each terminal has for itself: what fails there takes nothing from the others."""
_LONGEST_LOOK_BACK = timedelta(days=15)


class Key(NamedTuple):
    """Which condition, and of what: a terminal, a job, or "" for this host as a whole."""

    code: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong. `facts` are the numbers of its sentence in `words`; `office` is that of a terminal."""

    key: Key
    severity: Severity
    office: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)


Verdict = Condition | None
"""None: this is well."""
Verdicts = dict[Key, Verdict]
"""What could be judged. A key that is absent could not."""
Judged = Iterator[tuple[Key, Verdict]]


def judge(snapshot: Snapshot) -> Verdicts:
    """Given facts, return a verdict on everything that they tell of."""
    return dict(pair for each in JUDGES for pair in each(snapshot))


def conditions_of(verdicts: Verdicts) -> list[Condition]:
    """Given verdicts, return the conditions among them, the gravest first."""
    order = ("critical", "warning", "info")
    found = [each for each in verdicts.values() if each is not None]
    return sorted(found, key=lambda each: (order.index(each.severity), each.key))


def is_well(conditions: list[Condition]) -> bool:
    """Whether nothing critical stands: what decides between 200 and 503."""
    return all(each.severity != "critical" for each in conditions)


def _verdict(
    key: Key, wrong: bool, severity: Severity, office: str = "", **facts: str | int
) -> tuple[Key, Condition | None]:
    return key, Condition(key, severity, office, facts) if wrong else None


def _central(snapshot: Snapshot) -> Judged:
    central = snapshot.central
    if central.reachable:
        yield Key("central_away"), None
    elif central.away_since is not None and snapshot.at - central.away_since >= CENTRAL_PATIENCE:
        yield _verdict(Key("central_away"), True, "critical", minutes=_minutes(snapshot.at - central.away_since))


def _spool(snapshot: Snapshot) -> Judged:
    spool = snapshot.spool
    if spool is None:
        return
    waited = timedelta(0) if spool.oldest_added_at is None else snapshot.at - spool.oldest_added_at
    old = waited > LONGEST_WAIT
    yield _verdict(Key("spool_old"), old, "critical", punches=spool.waiting, minutes=_minutes(waited))
    yield _verdict(Key("spool_rejected"), spool.rejected > 0, "warning", punches=spool.rejected)


def _disk(snapshot: Snapshot) -> Judged:
    free, files = snapshot.host.free_bytes, snapshot.host.free_files
    low = free < LEAST_FREE_BYTES or (files is not None and files < LEAST_FREE_FILES)
    yield _verdict(Key("disk_low"), low, "critical", mebibytes=free >> 20)


def _backup(snapshot: Snapshot) -> Judged:
    """Where none was ever made, the service waits for the first one as long as for the next one."""
    made = snapshot.host.backup_at
    age = snapshot.at - (made or snapshot.started_at)
    old = age > snapshot.limits.backup_after
    if made is not None or old:
        yield _verdict(Key("backup_old"), old, "warning", hours=_minutes(age) // 60)


def _host_clock(snapshot: Snapshot) -> Judged:
    yield _verdict(Key("clock_doubtful"), not snapshot.host.clock_vouches, "warning")


def _jobs(snapshot: Snapshot) -> Judged:
    for job in snapshot.jobs:
        if job.failing is not None:
            severity: Severity = "warning" if job.job in OF_ONE_TERMINAL else "critical"
            yield _verdict(Key("job_failing", job.job), job.failing > 0, severity, times=job.failures)


def _terminals(snapshot: Snapshot) -> Judged:
    for terminal in snapshot.terminals:
        for each in _TERMINAL_JUDGES:
            yield from each(terminal, snapshot)


def _away(terminal: TerminalFacts, snapshot: Snapshot) -> Judged:
    key, since = Key("terminal_silent" if terminal.pushes else "terminal_away", terminal.id), terminal.away_since
    heard = terminal.up is None and since is not None and snapshot.at - since < snapshot.limits.away_after
    if terminal.up or heard:
        yield key, None
    elif is_away_in_duty(terminal, snapshot.at, snapshot.limits):
        yield _verdict(key, True, "warning", terminal.office, since=_local(terminal.away_since, terminal))


def _log(terminal: TerminalFacts, _snapshot: Snapshot) -> Judged:
    if terminal.records is not None and terminal.capacity:
        filled_pct = terminal.records * 100 // terminal.capacity
        yield _verdict(
            Key("log_nearly_full", terminal.id),
            filled_pct >= FILLING_PCT,
            "warning",
            terminal.office,
            percent=filled_pct,
        )


def _clock(terminal: TerminalFacts, snapshot: Snapshot) -> Judged:
    if terminal.clock_offset_s is not None and snapshot.host.clock_vouches:
        off = abs(terminal.clock_offset_s) > snapshot.limits.tolerance_s
        yield _verdict(
            Key("terminal_clock", terminal.id), off, "warning", terminal.office, seconds=terminal.clock_offset_s
        )


def _holes(terminal: TerminalFacts, _snapshot: Snapshot) -> Judged:
    if terminal.holes is not None:
        yield _verdict(
            Key("coverage_hole", terminal.id), terminal.holes > 0, "info", terminal.office, holes=terminal.holes
        )


def _unread(terminal: TerminalFacts, _snapshot: Snapshot) -> Judged:
    if terminal.unread is not None:
        facts = {"upload": terminal.unread}
        yield _verdict(Key("uploads_unread", terminal.id), bool(terminal.unread), "warning", terminal.office, **facts)
        yield _verdict(
            Key("uploads_refused", terminal.id), terminal.unread_refused, "warning", terminal.office, **facts
        )


def is_away_in_duty(terminal: TerminalFacts, at: datetime, limits: Limits) -> bool:
    """Whether a terminal did not answer (or send) for `away_after` in the duty hours of one day, and does not yet."""
    since = terminal.away_since
    if terminal.up or since is None:
        return False
    since = max(since, at - _LONGEST_LOOK_BACK)
    day = since.astimezone(terminal.zone).date() - timedelta(days=1)
    last = at.astimezone(terminal.zone).date()
    opens, closes = limits.duty_hours
    overnight = timedelta(days=int(closes <= opens))
    while day <= last:
        if day.weekday() in limits.duty_days:
            opened = datetime.combine(day, opens, terminal.zone)
            closed = datetime.combine(day + overnight, closes, terminal.zone)
            if min(at, closed) - max(since, opened) >= limits.away_after:
                return True
        day += timedelta(days=1)
    return False


def in_stretch(local: time, stretch: tuple[time, time]) -> bool:
    """Whether a time of day lies in a half-open stretch; an end at or before the start lies on the next day."""
    opens, closes = stretch
    return opens <= local < closes if opens < closes else local >= opens or local < closes


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def _local(at: datetime | None, terminal: TerminalFacts) -> str:
    return "" if at is None else at.astimezone(terminal.zone).strftime("%Y-%m-%d %H:%M")


_TERMINAL_JUDGES: tuple[Callable[[TerminalFacts, Snapshot], Judged], ...] = (_away, _log, _clock, _holes, _unread)
JUDGES: tuple[Callable[[Snapshot], Judged], ...] = (
    *(_central, _spool, _disk, _backup, _jobs, _host_clock),
    _terminals,
)
