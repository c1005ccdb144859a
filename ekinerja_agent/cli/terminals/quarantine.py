"""`punch quarantine`: what could not become a punch, and what a person does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import quarantine
from ekinerja_agent.usecases.collecting.collect import open_spool

if TYPE_CHECKING:
    from ekinerja_agent.central.imported.set_apart import Decision
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.usecases.care.quarantine import Retried

LIST = "number terminal source pin clock code reason found_at position raw".split()


@click.command("quarantine")
@click.option("--release", type=ROW_NUMBER, metavar="N", help="The event of this record is a punch at its terminal.")
@click.option("--dismiss", type=ROW_NUMBER, metavar="N", help="This record is no punch.")
@click.option("--every", is_flag=True, help="With --dismiss: nor is any that waits of its terminal and event.")
@click.option("--retry", is_flag=True, help="Read what was kept again, after an upgrade.")
@click.option("--reason", help="How this is known; it is kept with the decision.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def quarantine_command(
    context: Context,
    release: int | None,
    dismiss: int | None,
    every: bool,
    retry: bool,
    reason: str | None,
    yes: bool,
    fmt: str | None,
) -> None:
    """What could not become a punch, with its raw bytes; records of persons of whom it is not clear that they were
    there, too.

    While such a record waits, nobody whose PIN it names is absent, late or early by what it could change. --release
    makes punches of all that is kept of its terminal and event, and of all that comes. After the first close of a month
    another person approves either (`import approve`); both are taken back with `import revoke`.
    """
    if sum((release is not None, dismiss is not None, retry)) > 1:
        raise WrongUsage(Message("--release, --dismiss and --retry are three things; ask for one at a time"))
    if every and dismiss is None:
        raise WrongUsage(Message("--every goes with --dismiss"))
    if retry:
        _retry(context)
    elif release is not None:
        question = Message("Its event will be a punch at its terminal from now on, kept records too. Release it?")
        confirm(question, yes=yes)
        _tell(
            quarantine.release(
                context.engine(), release, reason=reason or "", account=context.actor(), now=context.now()
            ),
            released=True,
        )
    elif dismiss is not None:
        confirm(Message("It will never be a punch by this. Dismiss it?"), yes=yes)
        done = quarantine.dismiss(
            *(context.engine(), dismiss), every=every, reason=reason or "", account=context.actor(), now=context.now()
        )
        _tell(done, released=False)
    else:
        emit(punch_list.quarantined(context.engine()), LIST, fmt)


def _tell(done: Decision, *, released: bool) -> None:
    if done.waits:
        tell(
            Message(
                "Batch {batch} waits for another person, who sees it with `ekinerja-agent import waiting {batch}` and "
                "decides with `import approve {batch}` or `import reject {batch}`; until then {count} records wait on.",
                batch=done.batch,
                count=done.records,
            )
        )
    elif released:
        tell(
            Message(
                "Event {code} of {terminal} is a punch from now on, {count} kept records included (batch {batch}).",
                code=done.code,
                terminal=done.terminal,
                count=done.records,
                batch=done.batch,
            )
        )
    else:
        tell(Message("{count} records are dismissed (batch {batch}).", count=done.records, batch=done.batch))


def _retry(context: Context) -> None:
    config = context.config()
    if config.fills_a_spool and config.agent.spool_path.exists():
        with open_spool(config.agent.spool_path) as spool:
            _tell_retried(Message("On this host"), quarantine.retry_here(spool, config))
    if "score" in config.agent.roles:
        tolerance_s = config.agent.clock.tolerance_s
        account = context.actor()
        done = quarantine.retry(context.engine(), tolerance_s=tolerance_s, account=account, now=context.now())
        _tell_retried(Message("In central"), done)


def _tell_retried(where: Message, done: Retried) -> None:
    tell(
        Message(
            "{where}: {count} records looked at again, {read} understood, {punches} new punches.",
            where=where,
            count=done.looked_at,
            read=done.read,
            punches=done.punches,
        )
    )
