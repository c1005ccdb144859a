"""Scores a month: facts in, drafts out, office by office. Never touches what is published.

Does not know how a point is made (that is `scoring/`) nor how frames become rows (that is `central/`).
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central import facts
from ekinerja_agent.central.scored import rescoring, results
from ekinerja_agent.central.scored.scorecards import scorecards_of
from ekinerja_agent.nouns.month_days import month_after
from ekinerja_agent.nouns.scorecard import ScoreStatus
from ekinerja_agent.scoring import score_month

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.scoring.frames.schemas import MonthFacts, MonthResult

EASTERNMOST = timedelta(hours=9)
"""WIT, where a new month begins first."""
WESTERNMOST = timedelta(hours=7)
"""WIB, where a day ends last."""


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What one run computed: people with a draft, and how many of them have a pending day."""

    people: int
    pending: int


def run(
    engine: Engine,
    rules: RuleBook,
    month: date,
    *,
    profile: str,
    now: datetime,
    offices: Sequence[str] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
) -> ScoreSummary:
    """Given a month (its first day), compute and store the drafts of these offices (None: all).

    `profile` serves units that name none. With `workers` above 1 so many offices are scored at once: by `executor`,
    which may be any of concurrent.futures or a cluster's, else by that many processes. Raise NoRule if no rule covers a
    day.
    """
    people = pending = 0
    seen = results.seen_stale(engine, month)
    shards = facts.offices_of(engine, month) if offices is None else list(offices)
    inputs = (facts.month_facts(engine, month, profile=profile, now=now, offices=[office]) for office in shards)
    for office, result in zip(shards, _scored(inputs, rules, workers, executor), strict=True):
        results.save_draft(
            engine, month, result, office=office, rules_digest=rules.digest, now=now, alone=offices is not None
        )
        people += result.people.height
        pending += result.people.filter(result.people["status"] == ScoreStatus.PENDING).height
    if offices is None:
        results.end_run(engine, month, seen)
    return ScoreSummary(people, pending)


def refresh(
    engine: Engine,
    rules: RuleBook,
    month: date,
    *,
    profile: str,
    now: datetime,
    workers: int = 1,
) -> ScoreSummary:
    """Given a month (its first day), compute anew only the drafts that no longer fit; return how many.

    A person's whole month is computed. Where a change may concern everybody, there is no draft yet, or about as many
    are touched as not, the whole month is; where a mass anomaly may be, the whole office. A draft of the running month
    holds for the day on which it was made. Another `profile` is not noticed: run the month then.
    """
    found = rescoring.people(
        engine,
        month,
        rules_digest=rules.digest,
        now=now,
        least_people=lambda named: _least_of_an_anomaly(rules, {profile, *named}),
    )
    if found is None:
        return run(engine, rules, month, profile=profile, now=now, workers=workers)
    made = []
    for office in found.crowded:
        inputs = facts.month_facts(engine, month, profile=profile, now=now, offices=[office])
        result = score_month(inputs, rules)
        results.save_draft(engine, month, result, office=office, rules_digest=rules.digest, now=now, alone=True)
        made.append(result.people)
    if found.alone:
        inputs = facts.month_facts(engine, month, profile=profile, now=now, nips=found.alone)
        result = score_month(inputs, rules)
        results.save_drafts_of(engine, month, found.alone, result, rules_digest=rules.digest, now=now, seen=found.seen)
        made.append(result.people)
    else:
        results.clear_stale(engine, found.seen)
    pending = ((people["status"] == ScoreStatus.PENDING).sum() for people in made)
    return ScoreSummary(sum(people.height for people in made), sum(map(int, pending)))


def replay(
    engine: Engine, rules: RuleBook, month: date, *, profile: str, now: datetime, offices: Sequence[str] | None = None
) -> Iterator[Scorecard]:
    """Given a month and an instant, yield the scorecards that scoring at that instant gives; nothing is stored.

    Today's facts are used: a scan whose window had not closed at `now` is not judged.
    """
    for office in facts.offices_of(engine, month) if offices is None else offices:
        result = score_month(facts.month_facts(engine, month, profile=profile, now=now, offices=[office]), rules)
        yield from scorecards_of(month, result, rules_digest=rules.digest, computed_at=now)


def months_due(engine: Engine, now: datetime) -> Iterator[date]:
    """Given the instant, yield the months (first days) to score tonight, oldest first.

    These are the running month, the one before it, and every month of which something changed since it was scored.
    Asks again after each: to score a month may touch later ones.
    """
    running = (now + EASTERNMOST).date().replace(day=1)
    before = month_after(running, -1)
    done = date.min
    while waiting := [month for month in {running, before, *results.stale_months(engine)} if month > done]:
        done = min(waiting)
        yield done


def _least_of_an_anomaly(rules: RuleBook, profiles: Iterable[str]) -> int | None:
    """The fewest people that one of these profiles takes for a mass anomaly; None: none looks for any."""
    known = (rules.profiles[name] for name in profiles if name in rules.profiles)
    values = (entry.value for profile in known for entry in profile.mass_anomaly)
    return min((value.least_people for value in values if value is not None), default=None)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that begin within the block never see Ctrl-C: it ends this one, which ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _scored(
    inputs: Iterable[MonthFacts], rules: RuleBook, workers: int, executor: Executor | None
) -> Iterator[MonthResult]:
    """Yield the result of each office in order; never more offices in memory than are being worked on."""
    if workers <= 1:
        yield from (score_month(office, rules) for office in inputs)
        return
    with ExitStack() as stack:
        if executor is None:
            # Spawned, never forked: Polars' threads do not survive a fork.
            spawned = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
            executor = stack.enter_context(spawned)
        under_way: deque[Future[MonthResult]] = deque()
        for office in inputs:
            with _interrupts_held():
                under_way.append(executor.submit(score_month, office, rules))
            if len(under_way) > workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
