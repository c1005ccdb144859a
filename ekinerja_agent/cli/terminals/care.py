"""`terminal verify`, `terminal clear`, `terminal clock`: what an officer does before a log fills up or a clock lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.failures import end_with
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.cli.terminals.choice import chosen, desk_of, each_of
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import clear, clocks
from ekinerja_agent.usecases.care.verify import verify

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

VERIFY = "id on_terminal in_central missing".split()
CLOCK = "id clock_offset_s offset_after_s".split()
CLEAR = "id records backup".split()

_IDS = click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=terminal_ids)


@click.command("verify")
@_IDS
@format_option
@click.pass_context
def verify_command(click_context: click.Context, ids: Sequence[str], fmt: str | None) -> None:
    """Read the whole log and ask central for every record of it. Ends with 1 if any is missing."""
    context: Context = click_context.obj
    with desk_of(context) as desk:
        results, failures = each_of(chosen(context.config(), ids), lambda terminal: verify(terminal, desk))
    emit(
        (
            {
                "id": result.terminal,
                "on_terminal": result.on_terminal,
                "in_central": result.in_central,
                "missing": len(result.missing),
            }
            for result in results
        ),
        VERIFY,
        fmt,
    )
    for result in results:
        for name in result.missing[:10]:
            context.say(Message("not in central: {name}", name=name))
        if result.purged:
            context.say(
                Message(
                    "{terminal}: {purged} records were in central until retention took them.",
                    terminal=result.terminal,
                    purged=len(result.purged),
                )
            )
    end_with(failures, context)
    if any(result.missing for result in results):
        click_context.exit(1)


@click.command("clear")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@click.option("--prove", is_flag=True, help="Find out with a finger whether it refuses punches while it is locked.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def clear_command(context: Context, terminal_id: str, prove: bool, yes: bool, fmt: str | None) -> None:
    """Clear a terminal's log, if every record is in central and no punch can come in between; else refuse (7)."""
    terminal = context.config().terminal(terminal_id)
    account = context.actor()
    if prove:
        confirm(
            Message(
                "{terminal} will be locked for a minute. Is somebody at the terminal, with a finger it knows?",
                terminal=terminal_id,
            ),
            yes=yes,
        )
        with desk_of(context) as desk:
            refuses = clear.prove(terminal, desk, account=account, say=context.say)
        tell(
            Message(
                "{terminal} refuses punches while it is locked: `terminal clear` may clear it.", terminal=terminal_id
            )
            if refuses
            else Message(
                "{terminal} records punches while it is locked: `terminal clear` will not clear it.",
                terminal=terminal_id,
            )
        )
        return
    confirm(
        Message(
            "The log of {terminal} will be cleared; nobody can scan there meanwhile. Clear it?", terminal=terminal_id
        ),
        yes=yes,
    )
    with desk_of(context) as desk:
        done = clear.clear(terminal, desk, account=account)
    emit([{"id": done.terminal, "records": done.records, "backup": done.backup and str(done.backup)}], CLEAR, fmt)


@click.command("clock")
@_IDS
@click.option("--set", "set_", is_flag=True, help="Set the clocks to this host's; both offsets are kept.")
@format_option
@click.pass_obj
def clock_command(context: Context, ids: Sequence[str], set_: bool, fmt: str | None) -> None:
    """Measure terminals' clocks against this host's, and set them where asked to."""
    terminals = chosen(context.config(), ids)
    with desk_of(context) as desk:
        if set_:
            account = context.actor()
            require(account, Deed.TEND_TERMINALS)
            results, failures = each_of(
                terminals, lambda terminal: clocks.set_clock(terminal, desk, actor=account.name)
            )
        else:
            results, failures = each_of(terminals, lambda terminal: clocks.measure(terminal, desk))
    emit(
        (
            {"id": result.terminal, "clock_offset_s": result.offset_s, "offset_after_s": result.offset_after_s}
            for result in results
        ),
        CLOCK,
        fmt,
    )
    end_with(failures, context)


COMMANDS = (verify_command, clear_command, clock_command)
