"""Measured facts as metrics: names, units, help. Pure.

Promises that labels name terminals, offices, jobs and conditions, never a person, and that what is not known has no
sample. A new metric: a line in `METRICS`, a row in docs/monitoring.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ekinerja_agent.usecases.watching.health.conditions import is_away_in_duty, judge
from ekinerja_agent.usecases.watching.health.facts import (
    HostFacts,
    JobFacts,
    NewsFacts,
    ScoringFacts,
    Snapshot,
    SpoolFacts,
    TerminalFacts,
)
from ekinerja_agent.usecases.watching.health.text import Family, render

Number = float | int | bool | None
Samples = Iterator[tuple[Mapping[str, str], Number]]


@dataclass(frozen=True, slots=True)
class Metric:
    """`read` gives values by labels; None is not known."""

    name: str
    help: str
    read: Callable[[Snapshot], Samples]
    kind: Literal["gauge", "counter"] = "gauge"


def metrics_text(snapshot: Snapshot) -> str:
    """Given facts, return them as Prometheus reads them."""
    return render(map(_family(snapshot), METRICS))


def _family(snapshot: Snapshot) -> Callable[[Metric], Family]:
    def of(metric: Metric) -> Family:
        samples = ((labels, number) for labels, number in metric.read(snapshot) if number is not None)
        return Family(metric.name, metric.kind, metric.help, tuple((labels, float(n)) for labels, n in samples))

    return of


def _one(read: Callable[[Snapshot], Number]) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Samples:
        yield {}, read(snapshot)

    return samples


def _terminal(read: Callable[[TerminalFacts], Number]) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Samples:
        for each in snapshot.terminals:
            yield {"terminal": each.id, "office": each.office}, read(each)

    return samples


def _job(read: Callable[[JobFacts], Number]) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Samples:
        for each in snapshot.jobs:
            yield {"job_name": each.job}, read(each)

    return samples


def _spool(read: Callable[[SpoolFacts], Number]) -> Callable[[Snapshot], Samples]:
    return _one(lambda snapshot: None if snapshot.spool is None else read(snapshot.spool))


def _scoring(read: Callable[[ScoringFacts], Number]) -> Callable[[Snapshot], Samples]:
    return _one(lambda snapshot: None if snapshot.scoring is None else read(snapshot.scoring))


def _news(read: Callable[[NewsFacts], Number]) -> Callable[[Snapshot], Samples]:
    return _one(lambda snapshot: None if snapshot.news is None else read(snapshot.news))


def _host(read: Callable[[HostFacts], Number]) -> Callable[[Snapshot], Samples]:
    return _one(lambda snapshot: read(snapshot.host))


def _instant(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _info(snapshot: Snapshot) -> Samples:
    yield {"version": snapshot.version}, 1


def _away_in_duty(*, pushes: bool) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Samples:
        for each in snapshot.terminals:
            if each.pushes is pushes and (each.up is not None or each.away_since is not None):
                labels = {"terminal": each.id, "office": each.office}
                yield labels, is_away_in_duty(each, snapshot.at, snapshot.limits)

    return samples


def _log_share(terminal: TerminalFacts) -> Number:
    return terminal.records / terminal.capacity if terminal.records is not None and terminal.capacity else None


def _oldest_age_s(snapshot: Snapshot) -> Number:
    if snapshot.spool is None:
        return None
    oldest = snapshot.spool.oldest_added_at
    return 0 if oldest is None else max(0.0, (snapshot.at - oldest).total_seconds())


def _conditions(snapshot: Snapshot) -> Samples:
    found: dict[str, int] = {}
    for key, verdict in judge(snapshot).items():
        found[key.code] = found.get(key.code, 0) + (verdict is not None)
    for code, count in sorted(found.items()):
        yield {"condition": code}, count


METRICS: tuple[Metric, ...] = (
    Metric("ekinerja_agent_info", "The version that runs; always 1.", _info),
    Metric(
        "ekinerja_agent_start_timestamp_seconds",
        "When the service started, Unix time.",
        _one(lambda s: _instant(s.started_at)),
    ),
    Metric(
        "ekinerja_measured_timestamp_seconds",
        "When everything here was measured, Unix time. Old: the service is stuck or down.",
        _one(lambda s: _instant(s.at)),
    ),
    Metric("ekinerja_conditions", "How many conditions of each kind stand now; 0: judged and well.", _conditions),
    Metric(
        "ekinerja_terminal_up",
        "1 if the last try to read the terminal went well (one that only pushes: it was heard of lately), 0 if not; "
        "absent: not read by this agent, or not yet.",
        _terminal(lambda t: t.up),
    ),
    Metric(
        "ekinerja_terminal_away_in_duty",
        "1 if the terminal did not answer for health.away_after within duty hours and does not yet.",
        _away_in_duty(pushes=False),
    ),
    Metric(
        "ekinerja_terminal_silent_in_duty",
        "1 if a terminal that only pushes was not heard of for health.away_after within duty hours and is not yet.",
        _away_in_duty(pushes=True),
    ),
    Metric(
        "ekinerja_terminal_last_contact_timestamp_seconds",
        "When the last good read of the terminal began, or one that only pushes was last heard of, Unix time.",
        _terminal(lambda t: _instant(t.last_contact)),
    ),
    Metric("ekinerja_terminal_records", "Records in the terminal's log.", _terminal(lambda t: t.records)),
    Metric("ekinerja_terminal_log_ratio", "How full the terminal's log is, 0 to 1.", _terminal(_log_share)),
    Metric(
        "ekinerja_terminal_clock_offset_seconds",
        "The terminal's clock minus this host's, as last measured.",
        _terminal(lambda t: t.clock_offset_s),
    ),
    Metric(
        "ekinerja_terminal_complete_until_timestamp_seconds",
        "Until when all records are proven to be in central, before the first hole of the last 31 days, Unix time.",
        _terminal(lambda t: _instant(t.complete_until)),
    ),
    Metric(
        "ekinerja_terminal_coverage_holes",
        "Stretches of the last 31 days in which the terminal is not proven to be complete.",
        _terminal(lambda t: t.holes),
    ),
    Metric("ekinerja_spool_waiting_punches", "Punches that wait for central.", _spool(lambda s: s.waiting)),
    Metric("ekinerja_spool_rejected_punches", "Punches that central refused.", _spool(lambda s: s.rejected)),
    Metric(
        "ekinerja_spool_oldest_age_seconds", "For how long the oldest punch waits; 0: none does.", _one(_oldest_age_s)
    ),
    Metric("ekinerja_spool_size_bytes", "Size of the spool on disk.", _spool(lambda s: s.size_bytes)),
    Metric(
        "ekinerja_central_up",
        "1 if the central database answered when last asked, 0 if not.",
        _one(lambda s: s.central.reachable),
    ),
    Metric(
        "ekinerja_central_last_delivery_timestamp_seconds",
        "When central last took punches from this agent, Unix time; absent: not since the start.",
        _one(lambda s: _instant(s.central.delivered_at)),
    ),
    Metric(
        "ekinerja_job_failures_total",
        "Runs of a job that failed since the start.",
        _job(lambda j: j.failures),
        kind="counter",
    ),
    Metric(
        "ekinerja_job_failing",
        "For how many of its subjects (terminals, or the one it is for) the last run of a job failed.",
        _job(lambda j: j.failing),
    ),
    Metric(
        "ekinerja_job_last_success_timestamp_seconds",
        "When a job last ended well, Unix time; absent: not since the start.",
        _job(lambda j: _instant(j.succeeded_at)),
    ),
    Metric(
        "ekinerja_job_last_failure_timestamp_seconds",
        "When a job last failed, Unix time; absent: not since the start.",
        _job(lambda j: _instant(j.failed_at)),
    ),
    Metric("ekinerja_job_last_duration_seconds", "How long the last run of a job took.", _job(lambda j: j.duration_s)),
    Metric(
        "ekinerja_host_clock_synchronised",
        "1 if a time service keeps this host's clock, as the kernel says.",
        _host(lambda h: h.clock_synchronised),
    ),
    Metric(
        "ekinerja_host_clock_vouches",
        "1 if offsets measured by this host count: its clock is kept, or central agrees with it.",
        _host(lambda h: h.clock_vouches),
    ),
    Metric("ekinerja_host_disk_free_bytes", "Room on the disk of state_dir.", _host(lambda h: h.free_bytes)),
    Metric("ekinerja_host_disk_free_files", "Files that can still be made there.", _host(lambda h: h.free_files)),
    Metric(
        "ekinerja_backup_last_timestamp_seconds",
        "When the newest backup of this host was made, Unix time; absent: never.",
        _host(lambda h: _instant(h.backup_at)),
    ),
    Metric(
        "ekinerja_score_last_run_timestamp_seconds",
        "When a draft was last computed, Unix time.",
        _scoring(lambda s: _instant(s.computed_at)),
    ),
    Metric("ekinerja_score_people", "People of the newest month that has drafts.", _scoring(lambda s: s.people)),
    Metric(
        "ekinerja_score_pending_people",
        "Those of them who wait for a fact, so that the month cannot be closed.",
        _scoring(lambda s: s.pending),
    ),
    Metric(
        "ekinerja_feed_waiting_entries",
        "Activities of another application without an answer.",
        _scoring(lambda s: s.feed_waiting),
    ),
    Metric(
        "ekinerja_notifications_sent_total",
        "Messages delivered since the start.",
        _news(lambda n: n.sent),
        kind="counter",
    ),
    Metric(
        "ekinerja_notifications_failed_total",
        "Tries to deliver a message that failed since the start.",
        _news(lambda n: n.failed),
        kind="counter",
    ),
    Metric(
        "ekinerja_notifications_dropped_total",
        "Messages given up since the start: the queue was full, or they could not be delivered for days.",
        _news(lambda n: n.dropped),
        kind="counter",
    ),
    Metric("ekinerja_notifications_waiting", "Messages that wait for delivery.", _news(lambda n: n.waiting)),
)
