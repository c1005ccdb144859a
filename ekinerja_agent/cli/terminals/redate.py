"""`punch redate`: a block of punches gets its true time, once another person approves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.collected import redatings
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import CLOCK
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import redate

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = "number terminal from to shift_s punches reason requested_by status".split()


class _TerminalOrWord(click.Group):
    """`punch redate TERMINAL …` asks, `punch redate approve N` decides: what is no word of ours is a terminal."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["request", *args]
        return super().parse_args(ctx, args)


@click.group("redate", cls=_TerminalOrWord)
def group() -> None:
    """TERMINAL --from CLOCK --to CLOCK --shift SECONDS --reason R: ask for the true time of a block of punches.

    The clock as recorded stays. The block counts at its true time once another person approves.
    """


@group.command("request")
@click.argument("terminal_id", metavar="TERMINAL", shell_complete=terminal_ids)
@click.option("--from", "first", type=CLOCK, required=True, help="First clock of the block, as recorded.")
@click.option("--to", "last", type=CLOCK, required=True, help="Last clock of the block, included.")
@click.option("--shift", "shift_s", type=int, required=True, help="Seconds to add to get the true local time.")
@click.option("--reason", required=True, help="How this is known; it is kept with the decision.")
@click.pass_obj
def request_command(
    context: Context, terminal_id: str, first: datetime, last: datetime, shift_s: int, reason: str
) -> None:
    """Ask for a block to be redated (the word `request` may be left out)."""
    done = redate.request(
        context.engine(),
        terminal_id,
        first,
        last,
        shift_s=shift_s,
        reason=reason,
        account=context.actor(),
        now=context.now(),
    )
    tell(
        Message(
            "Redating {number}: {punches} punches of {terminal}, {from_quarantine} of them from quarantine. Another "
            "person approves it with `ekinerja-agent punch redate approve {number}`.",
            number=done.number,
            punches=done.punches,
            terminal=terminal_id,
            from_quarantine=done.from_quarantine,
        )
    )


@group.command("approve")
@click.argument("number", type=ROW_NUMBER, metavar="N")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve_command(context: Context, number: int, yes: bool) -> None:
    """Let a block count at its true time. Not by the person who asked, nor by one whose punches they are."""
    confirm(Message("Redating {number} will count from now on. Approve it?", number=number), yes=yes)
    _decide(context, number, approved=True)


@group.command("reject")
@click.argument("number", type=ROW_NUMBER, metavar="N")
@click.pass_obj
def reject_command(context: Context, number: int) -> None:
    """Leave a block as it was recorded."""
    _decide(context, number, approved=False)


@group.command("list")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """What was asked for, and what became of it, newest first."""
    emit(redatings.rows(context.engine()), LIST, fmt)


def _decide(context: Context, number: int, *, approved: bool) -> None:
    moved = redate.decide(context.engine(), number, approved=approved, account=context.actor(), now=context.now())
    tell(
        Message("Redating {number} of {punches} punches is approved.", number=number, punches=moved)
        if approved
        else Message("Redating {number} of {punches} punches is rejected.", number=number, punches=moved)
    )
