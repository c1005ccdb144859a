"""The jobs of a host that scores: activities that another application feeds in, and what is done at night.

The scoring libraries are loaded here when used: an office server that only collects never holds them in memory.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from ekinerja_agent.central.store import partitions
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.host import clock
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.instants import utc_now

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.config import AgentConfig
    from ekinerja_agent.daemon.centre import Centre
    from ekinerja_agent.daemon.running import Runner
    from ekinerja_agent.rules import RuleBook

log = logger()


def drain_feed(agent: AgentConfig, centre: Centre) -> None:
    """Store the activities that wait in the feed, and answer there."""
    from ekinerja_agent.rulebook import load_rulebook
    from ekinerja_agent.usecases.importing import feed

    done = feed.drain(centre.engine(), load_rulebook(agent.rules), profile=agent.profile, now=utc_now())
    if done.stored or done.rejected or done.refused:
        log.info("feed.done", stored=done.stored, rejected=done.rejected, refused=done.refused)


def score(agent: AgentConfig, centre: Centre, runner: Runner) -> None:
    """Make the months to come, let silence decide what it may, and score what no longer fits."""
    from ekinerja_agent.rulebook import load_rulebook
    from ekinerja_agent.usecases.month import score as scoring

    rules = load_rulebook(agent.rules)
    runner.run("months", lambda: _make_months(centre.engine()))
    runner.run("silence", partial(_settle_silence, agent, centre, rules))
    for month in scoring.months_due(centre.engine(), utc_now()):
        summary = scoring.refresh(centre.engine(), rules, month, profile=agent.profile, now=utc_now())
        log.info("score.done", month=f"{month:%Y-%m}", people=summary.people, pending=summary.pending)


def _make_months(engine: Engine) -> None:
    made = in_transaction(engine, lambda conn: partitions.make_ahead(conn, utc_now().date()))
    if made:
        log.info("months.made", months=made)


def _settle_silence(agent: AgentConfig, centre: Centre, rules: RuleBook) -> None:
    from ekinerja_agent.usecases.deciding import deadlines

    settled = deadlines.run_today(
        centre.engine(), rules, profile=agent.profile, now=utc_now(), synchronised=clock.is_synchronised()
    )
    if settled.total:
        log.info("silence.done", **asdict(settled))
