"""`audit`: who did what, and proof that the record is unbroken."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.access import audit, published
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.dates import DAY, refuse_reversed
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell, wrong_value
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import CheckFailed, NeedsAttention
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.usecases.witnessing import compare, witnesses

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "id at actor action subject details digest uid login_uid".split()


class _End(click.ParamType[audit.End]):
    """Text in which `ROWS:DIGEST` stands, as `audit head` prints it: a line of a log or of a mail will do."""

    name = "TEXT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> audit.End:
        if isinstance(value, audit.End):
            return value
        try:
            return audit.End.read(str(value))
        except ValueError:
            raise wrong_value(
                Message("{value} has no end of a log; write ROWS:DIGEST as `audit head` printed it", value=repr(value)),
                param,
                ctx,
            ) from None


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
    emit(map(_shown, found), COLUMNS, fmt)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The digest of each person of a close is for `audit verify`; a line of a table does not hold it."""
    people = row["details"].get("people") if row["action"] == published.ACTION else None
    if people is None:
        return row
    count = sum(len(of_revision) for of_period in people.values() for of_revision in of_period.values())
    return row | {"details": row["details"] | {"people": count}}


@group.command("head")
@click.pass_obj
def head_command(context: Context) -> None:
    """Print the end of the log, to be noted where who owns the database cannot reach it; `verify --head` compares."""
    tell(Message("{end}", end=audit.head(context.engine())))


@group.command("verify")
@click.option(
    "--head",
    "--noted",
    "heads",
    type=_End(),
    multiple=True,
    help="An end that was noted earlier, or text that holds it; may be repeated.",
)
@click.pass_context
def verify_command(click_context: click.Context, heads: tuple[audit.End, ...]) -> None:
    """Recompute the chain of digests and what closes published, and compare with every witness that can be reached.

    1 and what differs if somebody changed the log or what is published, if this is an older copy, or if there is no
    witness who could tell. Witnesses are --head, the file audit-witness in state_dir, the queue of this host and the
    journal of the service.
    """
    context: Context = click_context.obj
    engine = context.engine()
    seen = [compare.Seen("--head", head) for head in heads] + witnesses.of_host(context.config())
    found = compare.compare(engine, seen)
    for told in audit.set_back(engine):
        context.say(told)
    for one in found.witnesses:
        tell(Message("witness {witness}: {end}", witness=one.witness, end=one.end))
    for sentence in found.told:
        tell(sentence)
    if found.wrong:
        raise CheckFailed(joined("\n", found.wrong))
    tell(Message("The audit log is unbroken: {rows} rows, end {end}", rows=found.end.rows, end=found.end))


@group.command("settle")
@click.option("--reason", required=True, help="Why an older copy stands here; it is kept in the log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def settle_command(context: Context, reason: str, yes: bool) -> None:
    """Write down that an older copy of the database stands here on purpose, as after a restore of PostgreSQL.

    `audit verify` tells of it from then on. Payments that a witness saw are not noted by this: see `payroll mark-paid`.
    """
    engine, account = context.engine(), context.actor()
    require(account, Deed.CHANGE_ACCOUNTS)
    lost = compare.lost(engine, witnesses.of_host(context.config()))
    if not lost.ends:
        raise NeedsAttention(Message("every end that a witness of this host noted is in the log: nothing is lost"))
    for sentence in lost.payments:
        context.say(sentence)
    confirm(
        Message(
            "The log had {noted} and has {rows} rows now. Does this copy stand here on purpose?",
            noted=lost.newest,
            rows=audit.head(engine).rows,
        ),
        yes=yes,
    )
    compare.settle(engine, lost, reason=reason, account=context.actor(), now=context.now())
    witnesses.note_anew(context.config(), engine, compare.SETTLED, now=context.now())
    tell(Message("Written down; `ekinerja-agent audit verify` tells of it."))
