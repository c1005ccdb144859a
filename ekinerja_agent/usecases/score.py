"""Scores a month: facts in, drafts out, office by office. Never touches what is published.

Does not know how a point is made (that is `scoring/`) nor how frames become rows (that is `central/`).
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central import facts, results
from ekinerja_agent.scoring import score_month

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.scoring.frames import MonthFacts, MonthResult

EASTERNMOST = timedelta(hours=9)
"""WIT, where a new month begins first."""


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
) -> ScoreSummary:
    """Given a month (its first day), compute and store the drafts of these offices (None: all).

    `profile` serves units that name none. With `workers` above 1 offices are scored in that many processes.
    Raise NoRule if no rule covers a day.
    """
    people = pending = 0
    seen = results.seen_stale(engine, month)
    shards = facts.offices_of(engine, month) if offices is None else list(offices)
    inputs = (facts.month_facts(engine, month, profile=profile, now=now, offices=[office]) for office in shards)
    for office, result in zip(shards, _scored(inputs, rules, workers), strict=True):
        results.save_draft(engine, month, result, office=office, rules_digest=rules.digest, now=now)
        people += result.people.height
        pending += result.people.filter(result.people["status"] == "pending").height
    if offices is None:
        results.clear_stale(engine, seen)
    return ScoreSummary(people, pending)


def months_due(engine: Engine, now: datetime) -> list[date]:
    """Given the instant, return the months (first days) to score tonight, oldest first.

    These are the running month, the one before it, and every month of which something changed since it was scored.
    """
    running = (now + EASTERNMOST).date().replace(day=1)
    before = (running - timedelta(days=1)).replace(day=1)
    return sorted({running, before, *results.stale_months(engine)})


def _scored(inputs: Iterable[MonthFacts], rules: RuleBook, workers: int) -> Iterator[MonthResult]:
    """Yield the result of each office in order; never more offices in memory than are being worked on."""
    if workers <= 1:
        yield from (score_month(office, rules) for office in inputs)
        return
    # Spawned, never forked: Polars' threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as executor:
        under_way: deque[Future[MonthResult]] = deque()
        for office in inputs:
            under_way.append(executor.submit(score_month, office, rules))
            if len(under_way) > workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
