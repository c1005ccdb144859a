"""`score`: compute a month, show it, explain each point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.access.audit import SYSTEM
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.cli.facts import deadlines
from ekinerja_agent.cli.month import score_rows
from ekinerja_agent.cli.shell.dates import Month, PastInstant
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import OwnPath
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import NeedsAttention, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.scoring import percent_text
from ekinerja_agent.usecases.month import score
from ekinerja_agent.usecases.month.explain import explain
from ekinerja_agent.usecases.month.plan import Against, Change, plan

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.nouns.scorecard import Scorecard

PLAN = (
    "month nip name unit standing standing_rp planned_rp difference_rp standing_discipline_pct planned_discipline_pct "
    "standing_performance_pct planned_performance_pct pending_days changes"
).split()

_NOW = click.option(
    "--now", type=PastInstant(), help="Judge as of this instant, as 2026-10-01T08:00:00+08:00. Default: now."
)
_DIRECTORY = OwnPath(exists=True, file_okay=False, path_type=Path)


@click.group("score")
def group() -> None:
    """Compute a month, show it, explain each point."""


@group.command("run")
@click.option("--month", type=Month(), required=True, help="The month to compute.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to use.")
@click.option(
    "--cluster", "address", metavar="ADDRESS", help="Refused: hosts that prove nothing to each other score no money."
)
@click.option("--changed", is_flag=True, help="Only the people whose draft no longer fits what is known.")
@_NOW
@click.pass_obj
def run_command(
    context: Context,
    month: date,
    office: str | None,
    workers: int,
    address: str | None,
    changed: bool,
    now: datetime | None,
) -> None:
    """Compute the draft scores of a month. Published scores are never touched.

    First silence does what the rules say of activities and requests that nobody decided (see `activity silence`).
    """
    if address is not None:
        raise Refused(
            Message(
                "--cluster {address}: scores go to no other host. Whoever reaches a Dask scheduler runs code on it, on "
                "its workers and here, and answers what it likes; leave --cluster out and use --workers on this host",
                address=address,
            )
        )
    context.require_known(office=office)
    _settle_silence(context, now)
    if changed:
        _refresh(context, month, office, workers, now or context.now())
        return
    summary = score.run(
        context.engine(),
        context.rulebook(),
        month,
        profile=context.config().agent.profile,
        now=now or context.now(),
        offices=[office] if office else None,
        workers=workers,
    )
    _tell(month, summary)


def _settle_silence(context: Context, now: datetime | None) -> None:
    try:
        settled = deadlines.settle(context, now, SYSTEM)
    except NeedsAttention as error:
        context.say(error.message)  # the scores count all the same: what waits is pending in them
    else:
        if settled.total:
            context.say(deadlines.settled_text(settled))


def _refresh(context: Context, month: date, office: str | None, workers: int, now: datetime) -> None:
    if office is not None:
        raise WrongUsage(Message("--changed looks at everybody whose draft no longer fits; leave --office out"))
    summary = score.refresh(
        context.engine(),
        context.rulebook(),
        month,
        profile=context.config().agent.profile,
        now=now,
        workers=workers,
    )
    _tell(month, summary)


def _tell(month: date, summary: score.ScoreSummary) -> None:
    tell(
        Message(
            "{month}: {people} people scored, {pending} of them with pending days.",
            month=f"{month:%Y-%m}",
            people=summary.people,
            pending=summary.pending,
        )
    )
    if summary.pending:
        tell(Message("Pending days deduct nothing. `ekinerja-agent score show --days` and `period status` say why."))


@group.command("show")
@click.option("--month", type=Month(), required=True, help="The month to show.")
@click.option("--nip", help="Only this person.")
@click.option("--office", metavar="UNIT", help="Only this unit.")
@click.option("--findings", "part", flag_value="findings", help="One row per finding (table and csv).")
@click.option("--days", "part", flag_value="days", help="One row per day (table and csv).")
@click.option(
    "--now", type=PastInstant(), help="Score afresh as of this instant and store nothing, instead of what stands."
)
@format_option
@click.pass_obj
def show_command(
    context: Context,
    month: date,
    nip: str | None,
    office: str | None,
    part: str | None,
    now: datetime | None,
    fmt: str | None,
) -> None:
    """Show what was computed: published where it is published, else the draft."""
    context.require_known(office=office)
    if now is None:
        with reading(context.engine()) as conn:
            cards = results.scores(conn, month, nip=nip, office=office)
    else:
        cards = [card for card in _replayed(context, month, office, now) if nip in {None, card.nip}]
    if nip and not cards:
        raise NeedsAttention(
            Message(
                "{nip} has no score for {month}; run `ekinerja-agent score run --month {month}` first, or check the "
                "number with `ekinerja-agent score show`",
                nip=nip,
                month=f"{month:%Y-%m}",
            )
        )
    if fmt == "json":
        emit(map(score_rows.document_of, cards), score_rows.DOCUMENT, fmt)
    elif part == "findings":
        rows = chain.from_iterable(map(score_rows.finding_rows, cards))
        emit(rows, score_rows.FINDINGS, fmt)
    elif part == "days":
        emit(chain.from_iterable(map(score_rows.day_rows, cards)), score_rows.DAYS, fmt)
    else:
        emit(map(score_rows.person_row, cards), score_rows.PEOPLE, fmt)


@group.command("plan")
@click.option("--month", type=Month(), required=True, help="The month to compare.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option("--rules", "directory", type=_DIRECTORY, help="Score by the rules of this directory instead.")
@click.option(
    "--against",
    type=click.Choice(["published", "draft"]),
    default="published",
    show_default=True,
    help="With what to compare.",
)
@_NOW
@format_option
@click.pass_obj
def plan_command(
    context: Context,
    month: date,
    office: str | None,
    directory: Path | None,
    against: Against,
    now: datetime | None,
    fmt: str | None,
) -> None:
    """Show who would change, and by how much, against what is published. Nothing is stored."""
    context.require_known(office=office)
    changes = plan(
        context.engine(),
        context.rulebook() if directory is None else load_rulebook(directory),
        month,
        profile=context.config().agent.profile,
        now=now or context.now(),
        offices=[office] if office else None,
        against=against,
    )
    rows = [_change(month, change) for change in changes]
    emit(rows, PLAN, fmt)
    total_rp = sum(row["difference_rp"] for row in rows)
    context.say(
        Message("{people} people would change, by Rp {total_rp} together.", people=len(rows), total_rp=f"{total_rp:,}")
    )


@group.command("explain")
@click.argument("nip")
@click.argument("month", type=Month())
@click.pass_obj
def explain_command(context: Context, nip: str, month: date) -> None:
    """Lead every point and rupiah of a person back to rule, document, punch and raw bytes."""
    for line in explain(context.engine(), nip, month):
        tell(line)


def _change(month: date, change: Change) -> dict[str, Any]:
    shares = {
        "standing_discipline_pct": change.standing_discipline_ppm,
        "planned_discipline_pct": change.planned_discipline_ppm,
        "standing_performance_pct": change.standing_performance_ppm,
        "planned_performance_pct": change.planned_performance_ppm,
    }
    percentages = {name: None if ppm is None else percent_text(ppm) for name, ppm in shares.items()}
    return asdict(change) | percentages | {"month": f"{month:%Y-%m}"}


def _replayed(context: Context, month: date, office: str | None, now: datetime) -> Iterator[Scorecard]:
    return score.replay(
        context.engine(),
        context.rulebook(),
        month,
        profile=context.config().agent.profile,
        now=now,
        offices=[office] if office else None,
    )
