"""`terminal`: list terminals and read them now."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.failures import end_with
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.cli.terminals import adding, care, discover, people, push
from ekinerja_agent.cli.terminals.choice import chosen
from ekinerja_agent.host import clock
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.usecases.care import terminals
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.collecting.places import require_pollable

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.spool import Spool
    from ekinerja_agent.usecases.collecting.collect import PollResult

LIST = (
    "id office address mode serial firmware records capacity users clock_offset_s last_contact complete_until state "
    "proven_since proven_until older_holes"
).split()
POLL = "id read new duplicate quarantined bytes mode".split()


@click.group("terminal")
def group() -> None:
    """List terminals, read, verify and clear them, set their clocks, keep and move their people."""


@group.command("list")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """Every terminal of devices.yaml and of the central database, and until when its log is complete in central."""
    rows = terminals.overview(context.config(), context.engine(), now=context.now())
    emit(rows, LIST, fmt)


@group.command("poll")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=terminal_ids)
@click.option("--full", is_flag=True, help="Read the whole log, not only what is new.")
@format_option
@click.pass_obj
def poll_command(context: Context, ids: Sequence[str], full: bool, fmt: str | None) -> None:
    """Read terminals now (default: every enabled one), keep what came on disk, and forward it to central."""
    config = context.config()
    wanted = chosen(config, ids)
    for terminal in wanted:
        require_pollable(terminal)
    failures: list[EkinerjaError] = []
    results: list[PollResult] = []
    with collect.open_spool(config.agent.spool_path) as spool:
        with ThreadPoolExecutor(min(config.agent.poll.workers, len(wanted))) as workers:
            for outcome in workers.map(lambda terminal: _poll(config, spool, terminal, full=full), wanted):
                if isinstance(outcome, EkinerjaError):
                    failures.append(outcome)
                else:
                    results.append(outcome)
        for result in results:
            for doubt in result.doubts:
                context.say(joined(": ", (result.terminal, doubt)))
        emit(map(_row, results), POLL, fmt)
        try:
            moved = forward(spool, context.engine(), now=context.now)
        except EkinerjaError as error:
            failures.append(error)
        else:
            if moved.rejected:
                context.say(
                    Message(
                        "Central refused {rejected} punches; see `ekinerja-agent spool status`", rejected=moved.rejected
                    )
                )
    end_with(failures, context)


@group.command("accept")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@click.option("--login", metavar="LOGIN", help="Only let the database login of an office deliver it from now on.")
@click.pass_obj
def accept_command(context: Context, terminal_id: str, login: str | None) -> None:
    """Read a terminal that was replaced (its pinned serial is forgotten), or take one over from another agent."""
    if login is not None:
        account, now = context.actor(), context.now()
        before = terminals.give_login(context.engine(), terminal_id, login, account=account, now=now)
        tell(
            Message(
                "{terminal}: the database login {login} delivers it from now on (before: {before}).",
                terminal=terminal_id,
                login=login,
                before=before or "-",
            )
        )
        return
    config = context.config()
    terminal = config.terminal(terminal_id)
    account = context.actor()
    with collect.open_spool(config.agent.spool_path) as spool:
        done = terminals.accept(
            spool,
            context.engine(),
            terminal,
            account=account,
            now=context.now(),
            state_dir=config.agent.state_dir,
            listed=config.terminals,
        )
        agent = spool.agent
    if done.taken_from is not None:
        tell(
            Message(
                "{terminal}: taken over from the agent {owner}; this agent ({agent}) reads it from now on.",
                terminal=terminal_id,
                owner=done.taken_from,
                agent=agent,
            )
        )
        return
    if done.forgotten_source is not None:
        tell(
            Message(
                "{terminal}: its serial is bound to the other address it came from, no longer to {source}.",
                terminal=terminal_id,
                source=done.forgotten_source,
            )
        )
        return
    old = done.forgotten_serial
    tell(
        Message(
            "{terminal}: serial {serial} is forgotten; the next poll pins the one it finds.",
            terminal=terminal_id,
            serial=old or Message("none"),
        )
    )


for _command in (*adding.COMMANDS, *care.COMMANDS, *discover.COMMANDS, *people.COMMANDS, *push.COMMANDS):
    group.add_command(_command)


def _poll(config: Config, spool: Spool, terminal: TerminalConfig, *, full: bool) -> PollResult | EkinerjaError:
    """Poll one of many: its failure is told at the end and stops no other."""
    try:
        return collect.poll(
            terminal,
            spool,
            state_dir=config.agent.state_dir,
            tolerance_s=config.agent.clock.tolerance_s,
            reply_timeout_s=config.agent.poll.timeout_s,
            host_clock_trusted=clock.is_synchronised(),
            full=full or None,
            tail_read=config.agent.poll.tail_read,
            listed=config.terminals,
        )
    except EkinerjaError as error:
        return error


def _row(result: PollResult) -> dict[str, Any]:
    return asdict(result) | {"id": result.terminal, "bytes": result.received_bytes}
