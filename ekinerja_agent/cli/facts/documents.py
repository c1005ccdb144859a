"""`absence` and `outage`: documents that came without a decision that counts; another person approves or rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.imported import waiting
from ekinerja_agent.central.imported.waiting import ABSENCE, OUTAGE, Noun
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import RowNumber
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DOCUMENT_STATUSES
from ekinerja_agent.usecases.deciding import documents

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

_WITH_ARTICLE = {ABSENCE.name: Message("an absence"), OUTAGE.name: Message("an outage")}
_DECIDED = "document requested_by entered_by status decided_by reason batch".split()


def columns(noun: Noun) -> list[str]:
    """Given a noun, return the columns of its listing."""
    return ["number", noun.subject, "from", "to", *noun.shown, *_DECIDED]


@click.group("absence")
def absence() -> None:
    """Leave, official travel and other documents that wait: brought by one, decided by another."""


@click.group("outage")
def outage() -> None:
    """Reported outages of terminals that wait: brought by one, decided by another."""


@absence.command("list")
@click.option("--nip", help="Only this person.")
@click.option("--status", type=click.Choice(list(map(str, DOCUMENT_STATUSES))), help="Only these.")
@format_option
@click.pass_obj
def absence_list(context: Context, nip: str | None, status: str | None, fmt: str | None) -> None:
    """What was imported, and what became of it, newest first."""
    context.require_known(nip=nip)
    found = waiting.rows(context.engine(), ABSENCE, subject=nip, status=status)
    emit(found, columns(ABSENCE), fmt)


@outage.command("list")
@click.option("--terminal", metavar="ID", help="Only this terminal.", shell_complete=terminal_ids)
@click.option("--status", type=click.Choice(list(map(str, DOCUMENT_STATUSES))), help="Only these.")
@format_option
@click.pass_obj
def outage_list(context: Context, terminal: str | None, status: str | None, fmt: str | None) -> None:
    """What was imported, and what became of it, newest first."""
    found = waiting.rows(context.engine(), OUTAGE, subject=terminal, status=status)
    emit(found, columns(OUTAGE), fmt)


def _approve_command(noun: Noun) -> click.Command:
    @click.command("approve")
    @click.argument("number", type=RowNumber(noun.name, _WITH_ARTICLE[noun.name]))
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.pass_obj
    def command(context: Context, number: int, yes: bool) -> None:
        """Let it count. Not by the person who brought it, nor by the one it is about."""
        confirm(Message("{reference} will count from now on. Approve it?", reference=noun.reference(number)), yes=yes)
        about = documents.approve(context.engine(), noun, number, account=context.actor(), now=context.now())
        tell(Message("{reference} of {about} is approved.", reference=noun.reference(number), about=about))

    return command


def _reject_command(noun: Noun) -> click.Command:
    @click.command("reject")
    @click.argument("number", type=RowNumber(noun.name, _WITH_ARTICLE[noun.name]))
    @click.option("--reason", required=True, help="Why; it is kept with the decision.")
    @click.pass_obj
    def command(context: Context, number: int, reason: str) -> None:
        """Let it never count."""
        about = documents.reject(
            context.engine(), noun, number, reason=reason, account=context.actor(), now=context.now()
        )
        tell(Message("{reference} of {about} is rejected.", reference=noun.reference(number), about=about))

    return command


for _group, _noun in ((absence, ABSENCE), (outage, OUTAGE)):
    _group.add_command(_approve_command(_noun))
    _group.add_command(_reject_command(_noun))
