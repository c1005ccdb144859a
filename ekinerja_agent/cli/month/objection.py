"""`objection`: a finding that an employee or unit disputes before the close, and the decision of another person."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.closing import objections as recorded
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.cli.shell.dates import DAY, Month
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import ObjectionStatus
from ekinerja_agent.rules import Scan
from ekinerja_agent.usecases.deciding import objections

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = "number period nip date code scan status reason entered_by entered_at decision decided_by decided_at".split()


@click.group("objection")
def group() -> None:
    """A finding that is disputed before the month is closed: entered by one person, decided by another."""


@group.command("add")
@click.argument("nip")
@click.argument("day", metavar="DATE", type=DAY)
@click.argument("code")
@click.option(
    "--scan", type=click.Choice([str(scan) for scan in Scan]), help="Of which scan the finding is, if of any."
)
@click.option("--reason", required=True, help="What is wrong with it.")
@click.pass_obj
def add_command(context: Context, nip: str, day: datetime, code: str, scan: str | None, reason: str) -> None:
    """Dispute the finding CODE (as TL1 or TK) of DATE. The month is not closed before somebody decided."""
    context.require_known(nip=nip)
    number = objections.add(
        context.engine(),
        recorded.Disputed(nip, day.date(), code, scan),
        reason=reason,
        account=context.actor(),
        now=context.now(),
    )
    tell(
        Message(
            "objection {number} waits. Another person decides it with `ekinerja-agent objection decide {number} "
            "accept|reject --reason …`.",
            number=number,
        )
    )


@group.command("decide")
@click.argument("number", metavar="N", type=ROW_NUMBER)
@click.argument("decision", type=click.Choice(["accept", "reject"]))
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.pass_obj
def decide_command(context: Context, number: int, decision: str, reason: str) -> None:
    """Accept or reject an objection. An accepted one needs the correction or document that makes it true."""
    accepted = decision == "accept"
    one = objections.decide(
        context.engine(), number, accepted=accepted, reason=reason, account=context.actor(), now=context.now()
    )
    tell(
        Message("objection {number} of {nip} is accepted.", number=number, nip=one.finding.nip)
        if accepted
        else Message("objection {number} of {nip} is rejected.", number=number, nip=one.finding.nip)
    )
    if accepted:
        context.say(
            Message("Bring the correction or document that changes the fact; until then the month is not closed.")
        )


@group.command("list")
@click.option("--month", type=Month(), help="Only this month.")
@click.option("--status", type=click.Choice(list(map(str, ObjectionStatus))), help="Only these.")
@format_option
@click.pass_obj
def list_command(context: Context, month: date | None, status: str | None, fmt: str | None) -> None:
    """What is disputed and what became of it, newest first."""
    with reading(context.engine()) as conn:
        rows = recorded.rows(conn, month=month, status=status)
    emit(rows, LIST, fmt)
