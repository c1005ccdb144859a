"""`punch`: what the terminals recorded, and what nobody owns."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central import punchlist
from ekinerja_agent.cli import redate
from ekinerja_agent.cli.completion import terminal_ids
from ekinerja_agent.cli.listing import emit, format_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ekinerja_agent.cli.context import Context

COLUMNS = "terminal pin clock at offset_s verify state source nip flags punch_id".split()
UNMATCHED = "terminal pin punches first last".split()
QUARANTINE = "terminal source position reason found_at raw".split()


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--terminal", metavar="T", help="Only this terminal.", shell_complete=terminal_ids),
        click.option("--nip", help="Only this person's, by the enrolments of each day."),
        click.option("--office", metavar="UNIT", help="Only people of this unit."),
        click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Up to this day, included (clock)."),
        click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="From this day on (clock)."),
    ):
        command = option(command)
    return format_option(command)


@click.group("punch")
def group() -> None:
    """What the terminals recorded, and what nobody owns."""


group.add_command(redate.group)


@group.command("list")
@_filters
@click.pass_obj
def list_command(context: Context, /, fmt: str | None, **filters: Any) -> None:
    """List punches, oldest first."""
    _emit_punches(context, fmt, **filters)


@group.command("export")
@_filters
@click.pass_obj
def export_command(context: Context, /, fmt: str | None, **filters: Any) -> None:
    """The same rows for other programs: csv unless --format says otherwise. The export is recorded in the audit log."""
    account = context.actor()
    rows = _emit_punches(context, fmt or "csv", **filters)
    punchlist.record_export(context.engine(), account, rows, _plain(filters), context.now())


@group.command("unmatched")
@format_option
@click.pass_obj
def unmatched_command(context: Context, fmt: str | None) -> None:
    """PINs without a person, with counts. Import enrolments later: the old punches are then assigned too."""
    emit(punchlist.unmatched(context.engine()), UNMATCHED, fmt)


@group.command("quarantine")
@format_option
@click.pass_obj
def quarantine_command(context: Context, fmt: str | None) -> None:
    """Impossible dates and undecodable records, with their raw bytes."""
    emit(punchlist.quarantined(context.engine()), QUARANTINE, fmt, sentences=("reason",))


def _emit_punches(context: Context, fmt: str | None, **filters: Any) -> int:
    """Print the punches that the filters leave; return how many."""
    printed = 0

    def counted() -> Any:  # a generator of rows
        nonlocal printed
        for row in punchlist.punch_rows(context.engine(), **_days(filters)):
            printed += 1
            yield row

    emit(counted(), COLUMNS, fmt)
    return printed


def _days(filters: dict[str, Any]) -> dict[str, Any]:
    """click gives midnights; the list wants days."""
    return {name: value.date() if isinstance(value, datetime) else value for name, value in filters.items()}


def _plain(filters: dict[str, Any]) -> dict[str, str]:
    days = _days(filters)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in days.items() if value}
