"""`terminal push-request`, `terminal push-requests`: the little that a person can ask of a terminal that pushes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.collecting import collect, push_requests

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = "number terminal kind asked_by asked_at sent_at answered_at returned".split()


@click.command("push-request")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@click.argument("kind", type=click.Choice(["reupload", "info"]))
@click.pass_obj
def request_command(context: Context, terminal_id: str, kind: str) -> None:
    """Ask a terminal that pushes to send its whole log again (reupload), or to tell about itself (info).

    It is told when it next comes for commands, every few seconds if it is well. What it sends again counts once.
    """
    config = context.config()
    terminal = config.terminal(terminal_id)
    account = context.actor()
    require(account, Deed.TEND_TERMINALS)
    with collect.open_spool(config.agent.spool_path) as spool:
        number = push_requests.ask(
            spool,
            context.engine(),
            terminal,
            "reupload" if kind == "reupload" else "info",
            account=account,
            now=context.now(),
        )
    tell(
        Message(
            "{terminal}: request {number} waits for the terminal; see `terminal push-requests`.",
            terminal=terminal_id,
            number=number,
        )
    )


@click.command("push-requests")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """What terminals that push were asked for, and what they answered (0: done)."""
    with collect.open_spool(context.config().agent.spool_path) as spool:
        asked = spool.push_requests()
    emit(map(asdict, asked), LIST, fmt)


COMMANDS = (request_command, list_command)
