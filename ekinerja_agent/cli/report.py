"""`report`: pages that an office opens, prints and files."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.months import Instant, Month
from ekinerja_agent.language import choose
from ekinerja_agent.usecases import report

if TYPE_CHECKING:
    from ekinerja_agent.cli.context import Context


@click.group("report")
def group() -> None:
    """Pages that an office opens, prints and files. They name persons: keep them as such."""


@group.command("monthly")
@click.option("--month", type=Month(), required=True, help="The month to report.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write (.html); an older one is replaced.",
)
@click.option("--now", type=Instant(), help="Make the page as if it were this instant (for replays).")
@click.pass_obj
def monthly_command(context: Context, month: date, office: str | None, out: Path, now: datetime | None) -> None:
    """Scores, findings and pending days of a month on one page with charts, in the language of --lang.

    Shows what is published where it is published, else the draft. The export is recorded in the audit log.
    """
    reported = report.monthly(
        context.engine(),
        month,
        out=out,
        account=context.actor(),
        lang=choose(context.lang, os.environ),
        office=office,
        now=now or context.now(),
    )
    click.echo(f"{out}: {month:%Y-%m}, {reported.people} people, {reported.digest}")
