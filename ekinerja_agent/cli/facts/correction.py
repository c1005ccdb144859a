"""`correction`: a forgotten or impossible scan, with its document; counts once another person approved it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.imported import corrections
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import DAY, TIME_OF_DAY
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import RowNumber
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DOCUMENT_STATUSES
from ekinerja_agent.rules import Scan
from ekinerja_agent.usecases.deciding import correct

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = ("number nip date scan action time document requested_by entered_by status decided_by reason batch").split()


@click.group("correction")
def group() -> None:
    """A scan that was forgotten, or that is not the person's: entered by one, approved by another."""


@group.command("add")
@click.argument("nip")
@click.argument("day", metavar="DATE", type=DAY)
@click.argument("scan", type=click.Choice([str(scan) for scan in Scan]))
@click.option("--time", "at", type=TIME_OF_DAY, help="When the person truly was there, local time.")
@click.option("--void", is_flag=True, help="Take away whatever serves the scan, instead of adding one.")
@click.option("--document", required=True, help="The letter or form that proves it.")
@click.pass_obj
def add_command(
    context: Context, nip: str, day: datetime, scan: str, at: datetime | None, void: bool, document: str
) -> None:
    """Enter a correction for the duty that starts on DATE."""
    number = correct.add(
        context.engine(),
        correct.Scanned(nip, _day(day), Scan(scan), _time(at, void=void)),
        document=document,
        account=context.actor(),
        now=context.now(),
    )
    tell(
        Message(
            "{reference} waits. Another person decides it with `ekinerja-agent correction approve {number}` or "
            "`correction reject {number}`.",
            reference=corrections.reference(number),
            number=number,
        )
    )


@group.command("approve")
@click.argument("number", type=RowNumber("correction", Message("a correction")))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def approve_command(context: Context, number: int, yes: bool) -> None:
    """Let a correction count. Not by the person who entered it, nor by the one it is about."""
    confirm(
        Message("{reference} will count from now on. Approve it?", reference=corrections.reference(number)), yes=yes
    )
    one = correct.approve(
        context.engine(),
        number,
        rules=context.rulebook(),
        profile=context.config().agent.profile,
        account=context.actor(),
        now=context.now(),
    )
    tell(Message("{reference} of {nip} on {day} is approved.", reference=one.reference, nip=one.nip, day=one.day))


@group.command("reject")
@click.argument("number", type=RowNumber("correction", Message("a correction")))
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.pass_obj
def reject_command(context: Context, number: int, reason: str) -> None:
    """Let a correction never count."""
    one = correct.reject(context.engine(), number, reason=reason, account=context.actor(), now=context.now())
    tell(Message("{reference} of {nip} on {day} is rejected.", reference=one.reference, nip=one.nip, day=one.day))


@group.command("list")
@click.option("--nip", help="Only this person.")
@click.option("--status", type=click.Choice(list(map(str, DOCUMENT_STATUSES))), help="Only these.")
@format_option
@click.pass_obj
def list_command(context: Context, nip: str | None, status: str | None, fmt: str | None) -> None:
    """What was entered, by commands and by files, and what became of it, newest first."""
    context.require_known(nip=nip)
    rows = corrections.rows(context.engine(), nip=nip, status=status)
    emit(rows, LIST, fmt)


def _day(given: datetime) -> date:
    return given.date()


def _time(given: datetime | None, *, void: bool) -> time | None:
    if void == (given is not None):
        raise WrongUsage(Message("say --time HH:MM to add a scan, or --void to take one away, and not both"))
    return None if given is None else given.time()
