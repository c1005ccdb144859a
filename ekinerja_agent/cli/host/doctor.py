"""`doctor`: what is wrong with this host, and what to do about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor import Host, State, examine

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "check subject state finding what_to_do".split()


@click.command("doctor")
@format_option
@click.pass_context
def command(ctx: click.Context, fmt: str | None) -> None:
    """Look at everything that breaks, change nothing, and say what to do; 1 if something is wrong.

    Looks at the configuration, permissions, disk, central database, clock and spool of this host, at every terminal,
    the proof that their logs are complete, PINs without a person, and rules that are missing, end or have no decree.
    """
    context: Context = ctx.obj
    with Host(context.config_path, context.now) as host:
        outcomes = list(examine(host))
    emit(map(asdict, outcomes), COLUMNS, fmt)
    counts = Counter(each.state for each in outcomes)
    context.say(
        Message(
            "{fine} checks are fine, {findings} findings, {skipped} skipped.",
            fine=counts[State.OK],
            findings=counts[State.WRONG],
            skipped=counts[State.SKIPPED],
        )
    )
    if counts[State.WRONG]:
        ctx.exit(1)
