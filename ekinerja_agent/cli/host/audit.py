"""`audit`: who did what, and proof that the record is unbroken."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.access import audit
from ekinerja_agent.cli.shell.dates import DAY, refuse_reversed
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell, wrong_value
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "id at actor action subject details digest".split()


class _End(click.ParamType[audit.End]):
    """`ROWS:DIGEST`, as `audit verify` prints it."""

    name = "ROWS:DIGEST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> audit.End:
        if isinstance(value, audit.End):
            return value
        read = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", str(value))
        if read is None:
            raise wrong_value(
                Message(
                    "{value} is not the end of a log; write ROWS:DIGEST as `audit verify` printed it", value=repr(value)
                ),
                param,
                ctx,
            )
        return audit.End(int(read[1]), read[2])


@click.group("audit")
def group() -> None:
    """Who did what, and proof that the record is unbroken."""


@group.command("list")
@click.option("--actor", metavar="NAME", help="Only what this account did; `system` is the service itself.")
@click.option("--action", help="Only this action, as period.close, or a whole group, as period.")
@click.option("--subject", help="Only what was done to this: a month, a terminal, `batch 7`, `correction/3`.")
@click.option("--from", "first", type=DAY, help="From this day on (UTC).")
@click.option("--to", "last", type=DAY, help="Up to this day, included (UTC).")
@format_option
@click.pass_obj
def list_command(
    context: Context,
    *,
    actor: str | None,
    action: str | None,
    subject: str | None,
    first: datetime | None,
    last: datetime | None,
    fmt: str | None,
) -> None:
    """List every recorded change, oldest first."""
    refuse_reversed(first, last)
    found = audit.rows(
        context.engine(),
        actor=actor,
        action=action,
        subject=subject,
        first=first and first.date(),
        last=last and last.date(),
    )
    emit(found, COLUMNS, fmt)


@group.command("verify")
@click.option("--noted", type=_End(), help="The end that an earlier verify printed: nothing before it may differ.")
@click.pass_obj
def verify_command(context: Context, noted: audit.End | None) -> None:
    """Recompute the chain of digests and the count; 1 and the first broken row if somebody changed the record.

    Who owns the database can write everything anew. Note the end that is printed where they cannot reach it, and
    compare with --noted later.
    """
    end = audit.verify(context.engine(), noted)
    tell(Message("The audit log is unbroken: {rows} rows, end {end}", rows=end.rows, end=end))
