"""`audit`: who did what, and proof that the record is unbroken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.central import audit
from ekinerja_agent.cli.listing import emit, format_option
from ekinerja_agent.cli.speech import tell

if TYPE_CHECKING:
    from ekinerja_agent.cli.context import Context

COLUMNS = "id at actor action subject details digest".split()


@click.group("audit")
def group() -> None:
    """Who did what, and proof that the record is unbroken."""


@group.command("list")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """List every recorded change, oldest first."""
    emit(audit.rows(context.engine()), COLUMNS, fmt, free_text=("subject", "details"))


@group.command("verify")
@click.pass_obj
def verify_command(context: Context) -> None:
    """Recompute the chain of digests; 1 and the first broken row if somebody changed the record."""
    audit.verify(context.engine())
    tell("The audit log is unbroken.")
