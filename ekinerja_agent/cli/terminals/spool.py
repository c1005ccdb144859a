"""`spool`: what still waits for the central database on this host."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.collecting.collect import open_spool
from ekinerja_agent.usecases.collecting.forward import forward

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "state punches oldest reason".split()
MOST_REJECTED = 100_000


@click.group("spool")
def group() -> None:
    """What still waits for the central database on this host."""


@group.command("status")
@format_option
@click.pass_obj
def status_command(context: Context, fmt: str | None) -> None:
    """Count what waits and what central refused, by reason."""
    with open_spool(context.config().agent.spool_path) as spool:
        counts = spool.counts()
        reasons = Counter(each.reason for each in spool.rejected(MOST_REJECTED))
    rows: list[dict[str, Any]] = [
        {"state": "waiting", "punches": counts.waiting, "oldest": counts.oldest_added_at, "reason": None}
    ]
    rows += [
        {"state": "rejected", "punches": punches, "oldest": None, "reason": reason}
        for reason, punches in reasons.most_common()
    ]
    emit(rows, COLUMNS, fmt)


@group.command("retry")
@click.pass_obj
def retry_command(context: Context) -> None:
    """Offer what central refused once more, after its reason was mended."""
    with open_spool(context.config().agent.spool_path) as spool:
        again = spool.retry()
        moved = forward(spool, context.engine(), now=context.now)
    tell(
        Message(
            "{count} offered again: {delivered} delivered, {rejected} refused.",
            count=again,
            delivered=moved.delivered,
            rejected=moved.rejected,
        )
    )
