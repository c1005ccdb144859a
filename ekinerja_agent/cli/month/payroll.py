"""`payroll`: hand over what is published as a file, and record that it was paid."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.closing import periods
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import Month
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.month import pay

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context


@click.group("payroll")
def group() -> None:
    """Hand over what is published as a file, and record that it was paid. Programs read the views payroll_*_v1."""


@group.command("export")
@click.option("--month", type=Month(), required=True, help="The month to export.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write (.csv or .xlsx); an older one is replaced.",
)
@click.pass_obj
def export_command(context: Context, month: date, office: str | None, out: Path) -> None:
    """Write the rows of payroll_scores_v1, under the same names. The audit log keeps their number and the digest."""
    context.require_known(office=office)
    exported = pay.export(context.engine(), month, out, office=office, account=context.actor(), now=context.now())
    tell(
        Message(
            "{out}: {month}, {rows} rows, {digest}",
            out=out,
            month=f"{month:%Y-%m}",
            rows=exported.rows,
            digest=exported.digest,
        )
    )
    if exported.reopened:
        context.say(
            Message(
                "{reopened}: reopened, so these rows may change; export again after the close.",
                reopened=", ".join(exported.reopened),
            )
        )


@group.command("mark-paid")
@click.option("--month", type=Month(), required=True, help="The month that was paid.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: every unit that is closed.")
@click.option("--document", required=True, help="The number of the payment order (SP2D).")
@click.option("--yes", is_flag=True, help="Do not ask: what is paid is never reopened.")
@click.pass_obj
def mark_paid_command(context: Context, month: date, office: str | None, document: str, yes: bool) -> None:
    """Record that a closed month was paid. It is never reopened then (7); what comes late is paid as an adjustment."""
    context.require_known(office=office)
    period = f"{month:%Y-%m}"
    confirm(
        Message(
            "Was {office} paid for {month} by {document}? This is final.",
            office=office,
            month=period,
            document=document,
        )
        if office
        else Message(
            "Was every closed unit paid for {month} by {document}? This is final.", month=period, document=document
        ),
        yes=yes,
    )
    paid = periods.mark_paid(
        context.engine(), month, office=office, document=document, account=context.actor(), now=context.now()
    )
    for one in paid:
        tell(
            Message(
                "{month} {unit}: revision {revision} is paid by {document}.",
                month=f"{month:%Y-%m}",
                unit=one.unit,
                revision=one.revision,
                document=document,
            )
        )
