"""`punch`: what the terminals recorded, and what nobody owns."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.counted_output import CountedOutput
from ekinerja_agent.cli.shell.dates import DAY, refuse_reversed
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.terminals import doubtful, quarantine, redate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "terminal pin clock at offset_s verify state source nip flags punch_id".split()
UNMATCHED = "terminal pin punches first last".split()


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--terminal", metavar="T", help="Only this terminal.", shell_complete=terminal_ids),
        click.option("--nip", help="Only this person's, by the enrolments of each day."),
        click.option("--office", metavar="UNIT", help="Only people of this unit."),
        click.option("--to", "last", type=DAY, help="Up to this day, included (clock)."),
        click.option("--from", "first", type=DAY, help="From this day on (clock)."),
    ):
        command = option(command)
    return format_option(command)


@click.group("punch")
def group() -> None:
    """What the terminals recorded, and what nobody owns."""


group.add_command(doubtful.group)
group.add_command(quarantine.quarantine_command)
group.add_command(redate.group)


@group.command("list")
@_filters
@click.pass_obj
def list_command(context: Context, /, fmt: str | None, **filters: Any) -> None:
    """List punches, oldest first."""
    emit(_punches(context, filters), COLUMNS, fmt)


@group.command("export")
@_filters
@click.pass_obj
def export_command(context: Context, /, fmt: str | None, **filters: Any) -> None:
    """The same rows for other programs: csv unless --format says otherwise. The export is recorded in the audit log."""
    account = context.actor()
    taken = CountedOutput(sys.stdout)
    try:
        emit(taken.counted(_punches(context, filters)), COLUMNS, fmt or "csv", out=cast(TextIO, taken))
    finally:
        # What a reader took before they closed the pipe has left the database too.
        if taken.begun:
            punch_list.record_export(
                context.engine(),
                account,
                rows=taken.rows,
                digest=taken.digest,
                filters=_plain(filters),
                now=context.now(),
            )


@group.command("unmatched")
@format_option
@click.pass_obj
def unmatched_command(context: Context, fmt: str | None) -> None:
    """PINs without a person, with counts. Import enrolments later: the old punches are then assigned too."""
    emit(punch_list.unmatched(context.engine()), UNMATCHED, fmt)


def _punches(context: Context, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The punches that the filters leave, once it is clear that these can be meant."""
    context.require_known(office=filters["office"], nip=filters["nip"], terminal=filters["terminal"])
    refuse_reversed(filters["first"], filters["last"])
    return punch_list.punch_rows(context.engine(), **_days(filters))


def _days(filters: dict[str, Any]) -> dict[str, Any]:
    """click gives midnights; the list wants days."""
    return {name: value.date() if isinstance(value, datetime) else value for name, value in filters.items()}


def _plain(filters: dict[str, Any]) -> dict[str, str]:
    days = _days(filters)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in days.items() if value}
