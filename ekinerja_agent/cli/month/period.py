"""`period`: publish a month for payroll and freeze it; open it again while it is not paid."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.imported import doubtful_punches
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import DAY, Month
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.scoring import percent_text
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.usecases.month import close, month_before

if TYPE_CHECKING:
    from ekinerja_agent.central.closing.objections import ReviewedDraft
    from ekinerja_agent.central.scored.results import UnitPeriod
    from ekinerja_agent.cli.shell.context import Context

STATUS = (
    "period unit people pending_days state revision published_at accepted_pending through paid_at paid_document "
    "signed_by alone"
).split()

REVIEW = (
    "period unit nip name status discipline_pct performance_pct payable_rp findings pending_days objections".split()
)


@click.group("period")
def group() -> None:
    """Publish a month for payroll and freeze it; open it again while it is not paid."""


@group.command("status")
@click.argument("month", type=Month())
@format_option
@click.pass_obj
def status_command(context: Context, month: date, fmt: str | None) -> None:
    """Show each unit: open with how many pending days, closed in which revision, reopened, or paid."""
    emit(
        map(_status, close.status(context.engine(), month)),
        STATUS,
        fmt,
    )


@group.command("review")
@click.argument("month", type=Month())
@click.option("--office", metavar="UNIT", help="Only this unit. Default: every unit that is not closed.")
@format_option
@click.pass_obj
def review_command(context: Context, month: date, office: str | None, fmt: str | None) -> None:
    """Show units the drafts of a month before it is closed; what is wrong is disputed with `objection add`."""
    context.require_known(office=office)
    for sentence in month_before.of_review(context.engine(), month, office):
        context.say(sentence)
    emit(map(_reviewed, objections.review(context.engine(), month, office)), REVIEW, fmt)


@group.command("close")
@click.argument("month", type=Month())
@click.option("--office", metavar="UNIT", help="Only this unit. Default: every unit that is open or reopened.")
@click.option(
    "--accept-pending",
    metavar="REASON",
    help="Publish although days are pending; they then count as present. Two people sign, each with a reason for ever.",
)
@click.option(
    "--through",
    type=DAY,
    metavar="DATE",
    help="Close before the month's end, as in December: days after DATE cost nobody anything now.",
)
@click.option("--yes", is_flag=True, help="Do not ask: publishing cannot be undone.")
@click.pass_obj
def close_command(
    context: Context,
    month: date,
    office: str | None,
    accept_pending: str | None,
    through: datetime | None,
    yes: bool,
) -> None:
    """Score once more and publish for payroll. Refuses (7) while a day is pending, and says which.

    With --accept-pending the first person signs (7: nothing is published yet), and another one who runs it closes the
    month.

    What days after --through bring is paid, or taken, as an adjustment of a later month once this one is paid.
    """
    engine, rules, account = context.engine(), context.rulebook(), context.actor()
    context.require_known(office=office)
    profile, now, offices = context.config().agent.profile, context.now(), [office] if office else None
    prepared = close.prepare(
        engine,
        rules,
        month,
        profile=profile,
        now=now,
        account=account,
        offices=offices,
        accept_pending=accept_pending,
        through=None if through is None else through.date(),
    )
    before = month_before.of_close(engine, month, [draft.result for draft in prepared.by_office.values()])
    doubts = doubtful_punches.told_before_close(engine, month)
    for sentence in (*doubts, *prepared.told, *prepared.accepted_days, *before):
        context.say(sentence)
    if prepared.unsigned:
        units, days = ", ".join(sorted(prepared.unsigned)), sum(map(len, prepared.unsigned.values()))
        confirm(
            Message(
                "Sign that {days} pending days of {units} count as present in {month}?",
                days=days,
                units=units,
                month=f"{month:%Y-%m}",
            ),
            yes=yes,
        )
        raise Refused(close.sign(engine, prepared, account=account, now=now))
    moved = prepared.differences_rp
    publishing: dict[str, object] = {
        "people": prepared.people,
        "offices": ", ".join(prepared.offices),
        "month": f"{month:%Y-%m}",
    }
    confirm(
        Message(
            "Publish {people} people of {offices} for {month}, with {adjustments} adjustments of paid months (Rp "
            "{sum} together)? What is published stays.",
            **publishing,
            adjustments=len(moved),
            sum=f"{sum(moved):,}",
        )
        if moved
        else Message("Publish {people} people of {offices} for {month}? What is published stays.", **publishing),
        yes=yes,
    )
    # Whoever was asked may have been away for long: the rules and the account are looked at as they are now.
    closed = close.publish(engine, prepared, rules=context.rulebook_now(), account=context.actor(), now=context.now())
    context.witness(
        "period.close",
        period=f"{month:%Y-%m}",
        revisions={unit.unit: unit.revision for unit in closed},
        payable_rp={unit.unit: unit.payable_rp for unit in closed},
    )
    for unit in closed:
        tell(
            Message(
                "{month} {unit}: {people} people published, revision {revision}.",
                month=f"{month:%Y-%m}",
                unit=unit.unit,
                people=unit.people,
                revision=unit.revision,
            )
        )
        if unit.adjusted:
            tell(
                Message(
                    "{month} {unit}: {adjusted} adjustments of paid months, Rp {adjusted_rp}.",
                    month=f"{month:%Y-%m}",
                    unit=unit.unit,
                    adjusted=unit.adjusted,
                    adjusted_rp=f"{unit.adjusted_rp:,}",
                )
            )


@group.command("reopen")
@click.argument("month", type=Month())
@click.option("--office", metavar="UNIT", help="Only this unit. Default: every unit that is closed.")
@click.option("--reason", required=True, help="Why; it is kept with the month.")
@click.option("--yes", is_flag=True, expose_value=False, help="For scripts; nothing is asked, for nothing is lost.")
@click.pass_obj
def reopen_command(context: Context, month: date, office: str | None, reason: str) -> None:
    """Open a closed month for another close. By another person than the one who closed it, and not once it is paid (7).

    Payroll reads what was published until the month is closed again; `score plan` shows what that would change.
    """
    opened = periods.reopen(
        context.engine(), month, office=office, reason=reason, account=context.actor(), now=context.now()
    )
    context.witness("period.reopen", period=f"{month:%Y-%m}", revisions={one.unit: one.revision for one in opened})
    for one in opened:
        tell(
            Message(
                "{month} {unit}: open again; revision {revision} stands until it is closed.",
                month=f"{month:%Y-%m}",
                unit=one.unit,
                revision=one.revision,
            )
        )


def _status(one: UnitPeriod) -> dict[str, object]:
    closing = one.closing
    return {
        "period": one.period,
        "unit": one.unit,
        "people": one.people,
        "pending_days": one.pending_days,
        "state": one.state,
        "revision": one.revision,
        "published_at": one.published_at,
        "accepted_pending": one.accepted_pending,
        "through": closing and closing.through,
        "paid_at": closing and closing.paid_at,
        "paid_document": closing and closing.paid_document,
        "signed_by": one.signed_by,
        "alone": closing and closing.alone,
    }


def _reviewed(draft: ReviewedDraft) -> dict[str, object]:
    return asdict(draft) | {
        "discipline_pct": percent_text(draft.discipline_score_ppm),
        "performance_pct": percent_text(draft.performance_score_ppm),
    }
