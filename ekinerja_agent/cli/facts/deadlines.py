"""Silence, as commands use it: done at the instant that a person names, else at the one that this host believes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.host import clock
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.deciding import deadlines

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.usecases.deciding.deadlines import DeadlineRun


def settle(context: Context, now: datetime | None, by: str) -> DeadlineRun:
    """Given what `--now` says and the account that runs it, do what the rules say of all that nobody decided in time.

    Raise NeedsAttention if nothing is said and other clocks contradict this host's.
    """
    engine, rules, profile = context.engine(), context.rulebook(), context.config().agent.profile
    if now is not None:
        return deadlines.run(engine, rules, profile=profile, now=now, by=by)
    synchronised = clock.is_synchronised()
    return deadlines.run_today(engine, rules, profile=profile, now=context.now(), synchronised=synchronised, by=by)


def settled_text(settled: DeadlineRun) -> Message:
    """Given what one run did, return it in words."""
    return Message(
        "Nobody decided in time: {escalated} activities go to the next superior too, {approved} are approved and "
        "{rejected} rejected by rule, {requests_rejected} requests are rejected by rule.",
        escalated=settled.escalated,
        approved=settled.approved,
        rejected=settled.rejected,
        requests_rejected=settled.requests_rejected,
    )
