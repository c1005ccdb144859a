"""`payroll`: hand over what is published as a file, and record that it was paid."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.closing import payments
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import Month
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.month import pay
from ekinerja_agent.usecases.witnessing import notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ekinerja_agent.central.closing.payments import ToPay
    from ekinerja_agent.cli.shell.context import Context


@click.group("payroll")
def group() -> None:
    """Hand over what is published as a file, and record that it was paid. Programs read the views payroll_*_v1."""


@group.command("export")
@click.option("--month", type=Month(), required=True, help="The month to export.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option(
    "--out",
    type=NamedFile(),
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
            "{out}: {month}, {rows} rows, Rp {total}, {digest}",
            out=out,
            month=f"{month:%Y-%m}",
            rows=exported.rows,
            total=f"{exported.payable_rp:,}",
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
@click.option("--revision", type=click.IntRange(min=1), help="The revision that was paid; 7 if another one stands.")
@click.option(
    "--total", type=click.IntRange(min=0), metavar="RP", help="The sum that was paid; 7 if another one stands."
)
@click.option("--export", metavar="FILE|SHA256", help="What payroll was handed; 7 if it is not of what stands.")
@click.option("--again", metavar="REASON", help="Why it is paid although the witness of this host saw a payment.")
@click.option("--yes", is_flag=True, help="Do not ask: what is paid is never reopened.")
@click.pass_obj
def mark_paid_command(
    context: Context,
    month: date,
    office: str | None,
    document: str,
    revision: int | None,
    total: int | None,
    export: str | None,
    again: str | None,
    yes: bool,
) -> None:
    """Record that a closed month was paid. It is never reopened then (7); what comes late is paid as an adjustment.

    What is noted is what payroll was handed: 7 if nobody exported the revision that stands.
    """
    context.require_known(office=office)
    engine, period = context.engine(), f"{month:%Y-%m}"
    named = pay.Named(document, revision, total, export)
    found = pay.to_pay(engine, month, office, named, account=context.actor())
    if again is None:
        noted = notes.read(context.config().agent.state_dir)
        pay.refuse_second_payment(engine, month, found, noted, document=document)
    _show(context, period, found)
    if yes and named.nothing and pay.is_ambiguous(found):
        raise Refused(
            Message(
                "payroll was handed more than one revision for {month}; say which was paid: --revision N, --total RP "
                "or --export FILE",
                month=period,
            )
        )
    confirm(
        Message(
            "Was Rp {total} paid to {people} people of {units} for {month} by {document}? This is final.",
            total=f"{sum(one.payable_rp for one in found):,}",
            people=sum(one.people for one in found),
            units=", ".join(one.unit for one in found),
            month=period,
            document=document,
        ),
        yes=yes,
    )
    payments.mark_paid(engine, month, found, document=document, account=context.actor(), now=context.now(), again=again)
    context.witness(
        notes.PAID,
        period=period,
        revisions={one.unit: one.revision for one in found},
        payable_rp={one.unit: one.payable_rp for one in found},
        document=document,
    )
    for one in found:
        tell(
            Message(
                "{month} {unit}: revision {revision} is paid by {document}.",
                month=period,
                unit=one.unit,
                revision=one.revision,
                document=document,
            )
        )


def _show(context: Context, period: str, found: Sequence[ToPay]) -> None:
    for one in found:
        told: dict[str, object] = {
            "month": period,
            "unit": one.unit,
            "revision": one.revision,
            "people": one.people,
            "total": f"{one.payable_rp:,}",
        }
        newest = one.export
        context.say(
            Message("{month} {unit}: revision {revision}, {people} people, Rp {total}, exported by nobody", **told)
            if newest is None
            else Message(
                "{month} {unit}: revision {revision}, {people} people, Rp {total}, exported by {by} on {day} as {file} "
                "({digest})",
                **told,
                by=newest.by,
                day=f"{newest.at:%Y-%m-%d}",
                file=newest.file,
                digest=newest.digest,
            )
        )
