"""`punch doubtful`: records that contradict what was proven; two people decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.imported import doubtful_punches
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = (
    "number terminal pin clock nip entered_by status decided_by reason batch contradicts made_since made_until asked_by"
).split()


@click.group("doubtful")
def group() -> None:
    """Records that contradict what was proven: kept, and no punches until two people have decided.

    A file adds them where the log was proven whole (another person than who brought it decides), or the terminal shows
    them: earlier than a read in which they were not (read), later than its own clock (clock), or among records that
    were read before (order); then two people say the same.
    """


@group.command("list")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """What waits, and what became of the others, newest first."""
    emit(doubtful_punches.rows(context.engine()), LIST, fmt)


@group.command("approve")
@click.argument("number", type=ROW_NUMBER, metavar="N")
@click.option("--reason", help="How this is known; it is kept with the decision.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve_command(context: Context, number: int, reason: str | None, yes: bool) -> None:
    """Let a record be a punch. Not by the person who brought the file, nor by the one whose punch it is.

    Of a record that the terminal itself shows, the first person asks and the second one decides.
    """
    confirm(Message("Record {number} will be a punch from now on. Approve it?", number=number), yes=yes)
    _decide(context, number, approved=True, reason=reason)


@group.command("reject")
@click.argument("number", type=ROW_NUMBER, metavar="N")
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.pass_obj
def reject_command(context: Context, number: int, reason: str) -> None:
    """Let a record never be a punch; it is kept. Of one that the terminal itself shows, a second person confirms it."""
    if not reason.strip():
        raise WrongUsage(Message("rejecting a record needs a reason"))
    _decide(context, number, approved=False, reason=reason)


def _decide(context: Context, number: int, *, approved: bool, reason: str | None) -> None:
    pin, clock, is_done = doubtful_punches.decide(
        context.engine(), number, approved=approved, why=reason, account=context.actor(), now=context.now()
    )
    if not is_done:
        tell(
            Message(
                "Record {number} of PIN {pin} at {clock} waits: no person brought it, so another one has to say the "
                "same.",
                number=number,
                pin=pin,
                clock=clock,
            )
        )
        return
    tell(
        Message("Record {number} of PIN {pin} at {clock} is approved.", number=number, pin=pin, clock=clock)
        if approved
        else Message("Record {number} of PIN {pin} at {clock} is rejected.", number=number, pin=pin, clock=clock)
    )
