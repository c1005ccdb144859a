"""`notify`: who is told when something breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.usecases.watching.health.outbox import send_trials

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "target kind to result".split()


@click.group("notify")
def group() -> None:
    """Who is told when something breaks, and when it is well again."""


@group.command("test")
@format_option
@click.pass_context
def test_command(ctx: click.Context, fmt: str | None) -> None:
    """Send a trial message to every target of agent.yaml now; 1 if one did not take it."""
    context: Context = ctx.obj
    config = context.config()
    if not config.agent.notify.targets:
        raise WrongUsage(
            Message("{path} names nobody to tell; add notify.targets (docs/monitoring.md shows how)", path=config.path)
        )
    tried = send_trials(config.agent.notify, context.now())
    emit(
        (
            {
                "target": number,
                "kind": target.kind,
                "to": target.to,
                "result": Message("sent") if error is None else as_message(error),
            }
            for number, (target, error) in enumerate(tried, 1)
        ),
        COLUMNS,
        fmt,
    )
    if any(error is not None for _, error in tried):
        ctx.exit(1)
