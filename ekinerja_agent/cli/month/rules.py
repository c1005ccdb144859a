"""`rules`: what the rules say otherwise than at the last close, who accepted it, and what was ever used."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.closing import rule_sets
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.month import changed_rules

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = ("digest", "kept_at", "accepted_by", "periods")
COMPARED = ("where", "first", "old", "new")


@click.group("rules")
def group() -> None:
    """The rules by which months are closed: compare them with the last close, accept them, read old ones again."""


@group.command("compare")
@format_option
@click.pass_obj
def compare_command(context: Context, fmt: str | None) -> None:
    """Show each value that the rule files say otherwise than the rules of the newest close: old and new."""
    changed = changed_rules.compare(context.engine(), context.rulebook())
    emit(map(asdict, changed.changes), COMPARED, fmt)
    _say_since(context, changed)


@group.command("accept")
@click.argument("digest")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def accept_command(context: Context, digest: str, yes: bool, fmt: str | None) -> None:
    """Accept what the rule files say, after a look at what changed, so that another person may close months by it.

    DIGEST is that of the rules: `rules compare` and the refusal of `period close` name it.
    """
    engine, rules, account = context.engine(), context.rulebook(), context.actor()
    changed = changed_rules.compare(engine, rules)
    emit(map(asdict, changed.changes), COMPARED, fmt)
    _say_since(context, changed)
    confirm(Message("Months may be closed by these rules from now on. Accept them?"), yes=yes)
    fresh = changed_rules.accept(engine, rules, digest, account=account, now=context.now())
    tell(
        Message("{account} accepts the rules {digest}.", account=account.name, digest=digest)
        if fresh
        else Message("{account} accepted the rules {digest} before.", account=account.name, digest=digest),
        err=True,
    )


@group.command("list")
@format_option
@click.pass_obj
def list_command(context: Context, fmt: str | None) -> None:
    """All rules that were ever used or accepted, newest first: by whom, and which months were closed by them."""
    emit(rule_sets.rows(context.engine()), LIST, fmt)


@group.command("show")
@click.argument("digest")
@click.pass_obj
def show_command(context: Context, digest: str) -> None:
    """Print rules that were used, as they are kept: JSON, of which DIGEST is the digest. Its beginning is enough."""
    click.echo(rule_sets.text_of(context.engine(), digest), nl=False)


def _say_since(context: Context, changed: changed_rules.ChangedRules) -> None:
    if changed.period is None:
        context.say(Message("{digest}: no month was closed yet", digest=changed.digest))
    elif not changed.is_known:
        context.say(
            Message(
                "{digest}: of the rules of {period} no text is kept, they are from before it was; all values count as "
                "new",
                digest=changed.digest,
                period=changed.period,
            )
        )
    else:
        context.say(
            Message(
                "{digest}: {count} values changed since the close of {period}",
                digest=changed.digest,
                count=len(changed.changes),
                period=changed.period,
            )
        )
