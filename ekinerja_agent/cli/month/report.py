"""`report`: pages, workbooks and csv files that an office opens, prints and files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ekinerja_agent.cli.shell.dates import DAY, Month, PastInstant
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.cli.shell.translate import tell, wrong_value
from ekinerja_agent.locale.language import choose
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.reporting import report

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
Command = TypeVar("Command", bound=Callable[..., Any])


class Percent(click.ParamType[str]):
    """A percentage from 0 to 100 with at most 4 decimals, kept as its exact text."""

    name = "PCT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).removesuffix("%")
        if not _PERCENT.fullmatch(text) or Decimal(text) > 100:
            raise wrong_value(
                Message("{value} is not a percentage from 0 to 100 with at most 4 decimals", value=repr(value)),
                param,
                ctx,
            )
        return text


@click.group("report")
def group() -> None:
    """Pages, workbooks and csv files of a month, in the language of --lang.

    They name persons: keep them as such. With --public they name none, show published numbers alone and tell nothing
    about fewer than five people. Each export is recorded in the audit log.
    """


def _ordered(command: Command) -> Command:
    """Given a command's function, return it with the options that every report has."""
    for option in (
        click.option("--now", type=PastInstant(), help="Make the report as if it were this instant (for replays)."),
        click.option(
            "--out",
            type=NamedFile(),
            required=True,
            help="The file to write (.html, .xlsx or .csv); an older one is replaced.",
        ),
        click.option("--public", is_flag=True, help="Without persons, of all offices, published numbers alone."),
        click.option("--office", metavar="UNIT", help="Only this unit. Default: all."),
        click.option("--month", type=Month(), required=True, help="The month to report."),
    ):
        command = option(command)
    return command


def _order(
    context: Context, month: date, office: str | None, out: Path, now: datetime | None, *, public: bool
) -> report.Order:
    context.require_known(office=office)
    return report.Order(
        month=month,
        out=out,
        account=context.actor(),
        lang=choose(context.lang, os.environ),
        now=now or context.now(),
        public=public,
        office=office,
    )


def _tell(order: report.Order, reported: report.Reported) -> None:
    tell(
        Message(
            "{out}: {month}, {people} people, {digest}",
            out=order.out,
            month=f"{order.month:%Y-%m}",
            people=reported.people,
            digest=reported.digest,
        )
    )


@group.command("monthly")
@_ordered
@click.pass_obj
def monthly_command(context: Context, /, **asked: Any) -> None:
    """Scores, findings and pending days of a month. Shows what is published where it is published, else the draft."""
    order = _order(context, **asked)
    _tell(order, report.monthly(context.engine(), order))


@group.command("daily")
@click.option("--date", "day", type=DAY, help="One day, with people and their scans.")
@_ordered
@click.pass_obj
def daily_command(context: Context, /, day: datetime | None, **asked: Any) -> None:
    """Who was present, late, absent, excused and pending on each day, by office."""
    order = _order(context, **asked)
    _tell(order, report.daily(context.engine(), order, day and day.date()))


@group.command("unit")
@_ordered
@click.pass_obj
def unit_command(context: Context, /, **asked: Any) -> None:
    """Mean scores of each unit month by month, and for how many months it has not grown (unit_scores_v1)."""
    order = _order(context, **asked)
    _tell(order, report.unit(context.engine(), order))


@group.command("events")
@click.option("--target", "target_pct", type=Percent(), help="The share aimed for, as 98 or 97.5. Default: none.")
@_ordered
@click.pass_obj
def events_command(context: Context, /, target_pct: str | None, **asked: Any) -> None:
    """What share of those called came to each apel, ceremony and sport. Excused and exempt people stand apart."""
    order = _order(context, **asked)
    profile = context.config().agent.profile
    reported = report.events(context.engine(), order, context.rulebook(), profile=profile, target_pct=target_pct)
    _tell(order, reported)


@group.command("evaluation")
@_ordered
@click.pass_obj
def evaluation_command(context: Context, /, **asked: Any) -> None:
    """Who is at the maximum and who falls short, who entered no activity, and how programmes stand."""
    order = _order(context, **asked)
    profile = context.config().agent.profile
    _tell(order, report.evaluation(context.engine(), order, context.rulebook(), profile=profile))


@group.command("workload")
@_ordered
@click.pass_obj
def workload_command(context: Context, /, **asked: Any) -> None:
    """People that each unit and job needs and has; shortages and surpluses apart (unit_workload_v1)."""
    order = _order(context, **asked)
    profile = context.config().agent.profile
    _tell(order, report.workload(context.engine(), order, context.rulebook(), profile=profile))


@group.command("sakip")
@_ordered
@click.pass_obj
def sakip_command(context: Context, /, **asked: Any) -> None:
    """Accountability of each unit: six aspects, grade, distance to the target, outputs and money (unit_sakip_v1)."""
    order = _order(context, **asked)
    profile = context.config().agent.profile
    _tell(order, report.sakip(context.engine(), order, context.rulebook(), profile=profile))
