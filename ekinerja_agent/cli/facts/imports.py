"""`import`: files of people into central, one command per kind, and what came in before.

Prints one row of counts; what was rejected, quarantined or doubtful goes to standard error with its row.
Does not judge anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.imported import pay_moves, waiting_batches
from ekinerja_agent.central.imported.batches import list_batches
from ekinerja_agent.central.kinds import QUARANTINE
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.files import named
from ekinerja_agent.nouns.errors import NeedsAttention, WrongUsage
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.usecases.importing import held_batches
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts, revoke_batch
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.punch_imports import KnownTerminals, PunchesImported, import_punches
from ekinerja_agent.usecases.importing.reading.judging import Kind
from ekinerja_agent.usecases.importing.reading.shapes import parse_minute
from ekinerja_agent.usecases.month.money_sheet import MoneySheet, money_sheet

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.cli.shell.context import Context

FACT_COLUMNS = (
    "batch",
    "kind",
    "file",
    "rows",
    "stored",
    "new_versions",
    "unchanged",
    "rejected",
    "warnings",
)
PUNCH_COLUMNS = (
    "batch",
    "kind",
    "file",
    "punches",
    "stored",
    "unchanged",
    "quarantined",
    "covered",
    "uncovered",
)
LIST_COLUMNS = (
    "batch",
    "kind",
    "file",
    "rows",
    "rejected",
    "digest",
    "imported_by",
    "imported_at",
    "revoked_by",
    "revoked_at",
    "reason",
    "asked_by",
    "status",
    "decided_by",
    "decided_at",
)
WAITING_COLUMNS = ("batch", "kind", "file", "rows", "imported_by", "imported_at")
SHEET_COLUMNS = ("month", "unit", "nip", "name", "before_rp", "after_rp", "difference_rp", "changes")

_FILE = click.argument("path", metavar="FILE", type=NamedFile(exists=True))
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
_COMPLETE_UNTIL = click.option(
    "--complete-until",
    metavar='"YYYY-MM-DD HH:MM"',
    help="The log of every terminal in the file is complete up to this local time.",
)


@click.group(name="import")
def group() -> None:
    """Bring in files (csv or xlsx) of one kind each, list what came in, take a batch back."""


def _facts_command(kind: Kind) -> click.Command:
    @click.command(
        name=kind.name, help=Message("{about} Columns: {columns}.", about=kind.about, columns=kind.columns_text)
    )
    @_FILE
    @_DRY_RUN
    @format_option
    @click.pass_obj
    def command(context: Context, *, path: Path, dry_run: bool, fmt: str | None) -> None:
        file = _read(path)
        result = import_facts(
            context.engine(),
            context.actor(),
            kind.name,
            file,
            now=context.now(),
            rules=context.rulebook() if kind.names_rules else None,
            profile=context.config().agent.profile,
            dry_run=dry_run,
        )
        _tell_facts(result, fmt)

    return command


for _kind in KINDS.values():
    group.add_command(_facts_command(_kind))


def _read(path: Path) -> ImportFile:
    try:
        return ImportFile(path.name, named.read(path))
    except OSError as error:
        raise WrongUsage(Message("{path} cannot be read: {reason}", path=path, reason=error.strerror)) from error


def _tell_facts(result: Imported, fmt: str | None) -> None:
    for doubt in result.warnings:
        tell(Message("warning: {doubt}", doubt=doubt), err=True)
    for rejection in result.rejected:
        tell(Message("rejected: {rejection}", rejection=rejection), err=True)
    counted = result.batch is not None
    row = {
        "batch": result.batch,
        "kind": result.kind,
        "file": result.file,
        "rows": result.rows,
        "stored": result.stored if counted else None,
        "new_versions": result.new_versions if counted else None,
        "unchanged": result.unchanged if counted else None,
        "rejected": len(result.rejected),
        "warnings": len(result.warnings),
    }
    _emit_one(row, FACT_COLUMNS, fmt, dry_run=not counted)
    if result.waits:
        tell(
            Message(
                "Batch {batch} moves what somebody is paid and counts for nothing yet: another person looks at it with "
                "`ekinerja-agent import waiting {batch}` and decides with `import approve {batch}` or `import reject "
                "{batch}`.",
                batch=result.batch,
            ),
            err=True,
        )


@group.command(name="punches")
@_FILE
@_DRY_RUN
@_COMPLETE_UNTIL
@format_option
@click.pass_obj
def punches(context: Context, *, path: Path, dry_run: bool, complete_until: str | None, fmt: str | None) -> None:
    """Punches as rows. Columns: terminal, pin, clock, [state], [verify]."""
    _import_punches(context, "punches", path, None, complete_until, dry_run=dry_run, fmt=fmt)


@group.command(name="attlog")
@_FILE
@click.option(
    "--terminal",
    metavar="ID",
    help="The terminal that wrote the file, unless its name has the serial.",
    shell_complete=terminal_ids,
)
@_DRY_RUN
@_COMPLETE_UNTIL
@format_option
@click.pass_obj
def attlog(
    context: Context,
    *,
    path: Path,
    terminal: str | None,
    dry_run: bool,
    complete_until: str | None,
    fmt: str | None,
) -> None:
    """A terminal's own file from its USB port (SERIAL_attlog.dat)."""
    _import_punches(context, "attlog", path, terminal, complete_until, dry_run=dry_run, fmt=fmt)


def _import_punches(
    context: Context,
    kind: str,
    path: Path,
    terminal: str | None,
    complete_until: str | None,
    *,
    dry_run: bool,
    fmt: str | None,
) -> None:
    until = None if complete_until is None else _minute(complete_until)
    file = _read(path)
    terminals = context.config().terminals
    result = import_punches(
        context.engine(),
        context.actor(),
        kind,
        file,
        now=context.now(),
        known=KnownTerminals(
            zones={one.id: one.timezone.key for one in terminals},
            serials={one.serial: one.id for one in terminals if one.serial is not None},
        ),
        terminal=terminal,
        complete_until=until,
        dry_run=dry_run,
    )
    _tell_punches(result, fmt)


def _minute(text: str) -> datetime:
    try:
        return parse_minute(text)
    except ValueError as error:
        raise WrongUsage(
            Message("--complete-until {text}; allowed: YYYY-MM-DD HH:MM, local time", text=repr(text))
        ) from error


def _tell_punches(result: PunchesImported, fmt: str | None) -> None:
    for record in result.quarantined:
        tell(
            Message(
                "quarantined: {file}:{position}: {reason}",
                file=result.file,
                position=record.position,
                reason=record.reason,
            ),
            err=True,
        )
    counted = result.batch is not None
    row = {
        "batch": result.batch,
        "kind": result.kind,
        "file": result.file,
        "punches": result.punches,
        "stored": result.stored if counted else None,
        "unchanged": result.unchanged if counted else None,
        "quarantined": len(result.quarantined),
        "covered": sorted({one.terminal for one in result.covered}),
        "uncovered": sorted(result.uncovered),
    }
    _emit_one(row, PUNCH_COLUMNS, fmt, dry_run=not counted)
    if result.doubtful:
        tell(
            Message(
                "{count} records are none that their terminal had when its log was read whole: they are kept, and no "
                "punches until another person decides (`ekinerja-agent punch doubtful list`)",
                count=result.doubtful,
            ),
            err=True,
        )
    if result.uncovered:
        reasons = joined("\n", (joined(": ", (name, reason)) for name, reason in sorted(result.uncovered.items())))
        raise NeedsAttention(
            Message("these logs are not recorded as complete; the punches are stored\n{reasons}", reasons=reasons)
        )


def _emit_one(row: dict[str, Any], columns: Sequence[str], fmt: str | None, *, dry_run: bool) -> None:
    emit([row], columns, fmt)
    if dry_run:
        tell(Message("This was a dry run: nothing is stored."), err=True)


@group.command(name="list")
@format_option
@click.pass_obj
def list_(context: Context, fmt: str | None) -> None:
    """What came in, when and by whom, and what was taken back."""

    emit(list_batches(context.engine()), LIST_COLUMNS, fmt)


@group.command(name="revoke")
@click.argument("batch", type=ROW_NUMBER)
@click.option("--reason", required=True, help="Why; it stays readable for ever.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def revoke(context: Context, batch: int, reason: str, yes: bool) -> None:
    """Take a batch back: what stood before stands again. Nothing is deleted.

    Where another person may do it too, two of them run it: the first one asks (7), the second one takes it back.
    """

    context.actor()
    confirm(Message("Batch {batch} will count no more. Take it back?", batch=batch), yes=yes)
    revoke_batch(context.engine(), context.actor(), batch, reason, now=context.now())
    tell(Message("Batch {batch} is taken back; what stood before stands again.", batch=batch))


@group.command(name="waiting")
@click.argument("batch", type=ROW_NUMBER, required=False)
@format_option
@click.pass_obj
def waiting(context: Context, batch: int | None, fmt: str | None) -> None:
    """Batches that move what somebody is paid and wait for another person; of one BATCH whose money by how much.

    A unit that was never closed pays nobody by this program yet: what is imported about its people counts at once.
    """
    engine = context.engine()
    if batch is None:
        emit(map(asdict, waiting_batches.of_database(engine)), WAITING_COLUMNS, fmt)
        return
    _show_sheet(_sheet(context, engine, batch), fmt)


@group.command(name="approve")
@click.argument("batch", type=ROW_NUMBER)
@click.option("--reason", help="Why; it is kept with the decision.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def approve(context: Context, batch: int, reason: str | None, yes: bool, fmt: str | None) -> None:
    """Let a batch count that moves what somebody is paid, after a look at whose. Not by the person who imported it."""
    engine, account = context.engine(), context.actor()
    sheet = _sheet(context, engine, batch)
    _show_sheet(sheet, fmt)
    confirm(Message("Batch {batch} will count from now on. Approve it?", batch=batch), yes=yes)
    held_batches.approve(
        engine,
        account,
        batch,
        rules=context.rulebook(),
        profile=context.config().agent.profile,
        sheet=sheet.for_audit(),
        reason=reason,
        now=context.now(),
    )
    tell(Message("Batch {batch} is approved.", batch=batch), err=True)


@group.command(name="reject")
@click.argument("batch", type=ROW_NUMBER)
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.pass_obj
def reject(context: Context, batch: int, reason: str) -> None:
    """Let a batch never count. Its rows are kept; whoever imported it may take it back in this way too."""
    held_batches.reject(context.engine(), context.actor(), batch, reason=reason, now=context.now())
    tell(Message("Batch {batch} is rejected; nothing of it counts.", batch=batch))


def _sheet(context: Context, engine: Engine, batch: int) -> MoneySheet:
    return money_sheet(engine, context.rulebook(), batch, profile=context.config().agent.profile, now=context.now())


def _show_sheet(sheet: MoneySheet, fmt: str | None) -> None:
    for line in _told_changes(sheet):
        tell(line, err=True)
    rows = [asdict(one) | {"month": f"{one.month:%Y-%m}", "difference_rp": one.difference_rp} for one in sheet.moved]
    emit(rows, SHEET_COLUMNS, fmt)
    tell(
        Message(
            "{kind} {file}, imported by {account}: {people} people, Rp {rise} more and Rp {fall} less, Rp {sum} "
            "together, in {months}.",
            kind=sheet.held.kind,
            file=sheet.held.file,
            account=sheet.held.imported_by,
            people=sheet.people,
            rise=f"{sheet.rise_rp:,}",
            fall=f"{sheet.fall_rp:,}",
            sum=f"{sheet.rise_rp - sheet.fall_rp:,}",
            months=", ".join(f"{month:%Y-%m}" for month in sheet.months) or Message("no month that has begun"),
        ),
        err=True,
    )


def _told_changes(sheet: MoneySheet) -> list[Message]:
    """Given a sheet, return a sentence for each row of its batch that is shown one by one, and one for all others."""
    if sheet.held.kind == QUARANTINE:
        return _told_records(sheet)
    told = pay_moves.audit_details(sheet.held.kind, sheet.changes)["changes"]
    lines = [
        Message("{of}: {old} > {new}", of=_pairs(one["of"]), old=_pairs(one["old"]), new=_pairs(one["new"]))
        for one in told
    ]
    if len(told) < len(sheet.changes):
        lines.append(Message("and {count} rows more", count=len(sheet.changes) - len(told)))
    return lines


def _told_records(sheet: MoneySheet) -> list[Message]:
    """The records of a decision on the quarantine; what a release moves is known once they are punches."""
    shown = [change.row for change in sheet.changes[: pay_moves.SHOWN]]
    lines = [
        Message(
            "number {number}: {terminal}, event {code}, PIN {pin} ({nip}) at {clock}",
            number=row["row"],
            terminal=row["terminal"],
            code=row["code"] or "-",
            pin=row["pin"] or "-",
            nip=row["nip"] or "-",
            clock=row["clock"] or "-",
        )
        for row in shown
    ]
    if len(shown) < len(sheet.changes):
        lines.append(Message("and {count} rows more", count=len(sheet.changes) - len(shown)))
    if sheet.is_release:
        lines.append(
            Message("These records would be punches, and all that come with that event; no sum is known before.")
        )
    return lines


def _pairs(values: dict[str, Any] | None) -> str:
    return (
        "-"
        if values is None
        else " ".join(f"{name}={'-' if value is None else value}" for name, value in values.items())
    )
