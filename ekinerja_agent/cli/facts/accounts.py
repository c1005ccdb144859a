"""`account`: the people and programs that act, their roles, and the operating-system user each is bound to.

What gives power waits for another operator, and a command that only asked ends with 7. Does not decide who may add
whom; central refuses and tells.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.powers import Change, ChangeKind
from ekinerja_agent.central.kinds import FACT_KINDS, PUNCH_KINDS
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.cli.shell.numbers import ROW_NUMBER
from ekinerja_agent.files import named
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.nip import is_nip
from ekinerja_agent.usecases.access import logins as entering
from ekinerja_agent.usecases.access import powers

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.access.power_requests import PowerRequest
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = ("name", "roles", "unit", "nip", "os_user", "feeds", "created_at", "disabled_at")
WAITING_COLUMNS = ("number", "what", "account", "becomes", "is", "asked_by", "asked_at")
BROUGHT_COLUMNS = ("name", "nip", "waits", "password")
NOBODY = "-"
FEEDS = (*FACT_KINDS, *PUNCH_KINDS, accounts.ALL_FEEDS)
_ROLES = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(accounts.ROLES)),
    help="What the account may do; may be given several times.",
)
_FEEDS = click.option(
    "--feed",
    "feeds",
    multiple=True,
    type=click.Choice(FEEDS),
    help="Decisions in this account's files of that kind count (* = all kinds); may be given several times.",
)


@click.group(name="account")
def group() -> None:
    """People and programs that act: their roles, and the operating-system user of each."""


@group.command(name="add")
@click.argument("name")
@_ROLES
@click.option("--unit", metavar="CODE", help="The unit that a head or an employee belongs to.")
@click.option("--nip", help="The person's NIP: nobody decides on themselves.")
@click.option("--os-user", metavar="USER", help="The operating-system user that acts as this account.")
@_FEEDS
@format_option
@click.pass_obj
def add(
    context: Context,
    *,
    name: str,
    roles: tuple[str, ...],
    unit: str | None,
    nip: str | None,
    os_user: str | None,
    feeds: tuple[str, ...],
    fmt: str | None,
) -> None:
    """Add an account. Names are for ever."""
    _require_nip(nip, "--nip")
    engine = context.engine()
    by = context.actor()
    context.require_known(office=unit)
    account = accounts.add(
        engine,
        name,
        roles=roles,
        by=by,
        now=context.now(),
        unit=unit,
        nip=nip,
        os_user=os_user,
        feeds=feeds,
        tell=context.say,
    )
    _emit([account], fmt)


@group.command(name="list")
@format_option
@click.pass_obj
def list_(context: Context, *, fmt: str | None) -> None:
    """All accounts, the disabled ones too."""
    _emit(accounts.list_accounts(context.engine()), fmt)


@group.command(name="disable")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def disable(context: Context, *, name: str, yes: bool, fmt: str | None) -> None:
    """Let an account act no more. What it did stays; the name is never used again."""
    engine = context.engine()
    by = context.actor()
    confirm(Message("{name} will never act again. Disable it?", name=name), yes=yes)
    _emit([accounts.disable(engine, name, by=by, now=context.now(), tell=context.say)], fmt)


@group.command(name="bind")
@click.argument("name")
@click.argument("os_user")
@format_option
@click.pass_obj
def bind(context: Context, *, name: str, os_user: str, fmt: str | None) -> None:
    """Let an operating-system user act as an account."""
    engine = context.engine()
    by = context.actor()
    _emit([accounts.bind(engine, name, os_user, by=by, now=context.now(), tell=context.say)], fmt)


@group.command(name="set-roles")
@click.argument("name")
@_ROLES
@click.option("--unit", metavar="CODE", help="The unit from now on; without it the unit stays.")
@format_option
@click.pass_obj
def set_roles(context: Context, *, name: str, roles: tuple[str, ...], unit: str | None, fmt: str | None) -> None:
    """Give an account these roles instead of those it has."""
    context.engine()
    by = context.actor()
    context.require_known(office=unit)
    values = {"roles": frozenset(roles)} | ({} if unit is None else {"unit": unit})
    _change(context, Change(ChangeKind.SET_ROLES, name, values), by, fmt)


@group.command(name="set-nip")
@click.argument("name")
@click.argument("nip")
@format_option
@click.pass_obj
def set_nip(context: Context, *, name: str, nip: str, fmt: str | None) -> None:
    """Say whose an account is: a NIP, or - for nobody's."""
    _require_nip(None if nip == NOBODY else nip, "NIP")
    context.engine()
    change = Change(ChangeKind.SET_NIP, name, {"nip": None if nip == NOBODY else nip})
    _change(context, change, context.actor(), fmt)


@group.command(name="set-feeds")
@click.argument("name")
@_FEEDS
@format_option
@click.pass_obj
def set_feeds(context: Context, *, name: str, feeds: tuple[str, ...], fmt: str | None) -> None:
    """Let decisions in an account's files of these kinds count, and of no others; without --feed: of none."""
    context.engine()
    _change(context, Change(ChangeKind.SET_FEEDS, name, {"feeds": frozenset(feeds)}), context.actor(), fmt)


@group.command(name="unlock")
@click.argument("name")
@click.pass_obj
def unlock(context: Context, *, name: str) -> None:
    """Forget the failed logins of an account, so that nobody has to wait."""
    engine = context.engine()
    logins.unlock(engine, name, by=context.actor(), now=context.now())
    context.say(Message("{name} can log in again at once", name=name))


@group.command(name="import")
@click.argument("path", metavar="FILE", type=NamedFile(exists=True))
@click.option("--passwords", is_flag=True, help="Give each new account a password for one login, and print it.")
@format_option
@click.pass_obj
def import_(context: Context, *, path: Path, passwords: bool, fmt: str | None) -> None:
    """Add the accounts of a file (csv or xlsx). Columns: name, [roles], [unit], [nip], [os_user].

    Roles are parted by blanks; none means employee. Accounts with power wait for another operator, the others are there
    at once.
    """
    from ekinerja_agent.usecases.access.account_files import bring_accounts

    engine = context.engine()
    by = context.actor()
    try:
        content = named.read(path)
    except OSError as error:
        raise WrongUsage(Message("{path} cannot be read: {reason}", path=path, reason=error.strerror)) from error
    brought = bring_accounts(engine, path.name, content, by=by, now=context.now(), with_passwords=passwords)
    emit(map(asdict, brought), BROUGHT_COLUMNS, fmt)
    if waits := sum(one.waits is not None for one in brought):
        context.say(
            Message("{waits} of them give power and wait for another operator; see: account waiting", waits=waits)
        )


@group.command(name="waiting")
@format_option
@click.pass_obj
def waiting(context: Context, *, fmt: str | None) -> None:
    """Changes that another operator has to confirm, oldest first: what is asked for, and what the account is now."""
    emit(map(_waiting_row, accounts.waiting(context.engine())), WAITING_COLUMNS, fmt)


@group.command(name="confirm")
@click.argument("number", type=ROW_NUMBER)
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_obj
def confirm_(context: Context, *, number: int, yes: bool, fmt: str | None) -> None:
    """Make a change that another operator asked for. A password is made now and printed."""
    engine = context.engine()
    by = context.actor()
    for one in accounts.waiting(engine):
        if one.number == number and not yes:
            emit([_waiting_row(one)], WAITING_COLUMNS, None, out=sys.stderr)
    confirm(Message("Let change {number} be made?", number=number), yes=yes)
    done = powers.confirm(engine, number, by=by, now=context.now())
    for message in done.told:
        context.say(message)
    if done.password is None:
        _emit([done.account], fmt)
    else:
        click.echo(done.password)
        _say_first_password(context, done.account.name)


@group.command(name="refuse")
@click.argument("number", type=ROW_NUMBER)
@click.pass_obj
def refuse(context: Context, *, number: int) -> None:
    """Let a change that waits never be made; whoever asked for it takes it back with this, too."""
    engine = context.engine()
    one = accounts.refuse(engine, number, by=context.actor(), now=context.now())
    context.say(Message("change {number} of {name} is refused", number=number, name=one.change.name))


@group.command(name="password")
@click.argument("name")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password from standard input instead of making one."
)
@click.pass_obj
def password(context: Context, *, name: str, from_stdin: bool) -> None:
    """Give an account a first password for the board; it is changed at the first login.

    Prints a password for one login, unless standard input has one. Sessions of the account end. For an account with
    power it is made and printed when another operator confirms.
    """
    engine = context.engine()
    by = context.actor()
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else None
    made = entering.give_password(engine, name, by=by, now=context.now(), password=given)
    if given is None:
        click.echo(made)
    _say_first_password(context, name)


def _say_first_password(context: Context, name: str) -> None:
    context.say(Message("{name} changes it at the first login; hand it over in person, not by message.", name=name))


def _change(context: Context, change: Change, by: Account, fmt: str | None) -> None:
    _emit([accounts.change(context.engine(), change, by=by, now=context.now(), tell=context.say)], fmt)


def _require_nip(nip: str | None, where: str) -> None:
    if nip is not None and not is_nip(nip):
        raise WrongUsage(Message("{where} {nip}; allowed: 18 digits", where=where, nip=repr(nip)))


def _waiting_row(one: PowerRequest) -> dict[str, Any]:
    def shown(facts: Mapping[str, Any]) -> str:
        return "; ".join(
            f"{name}={' '.join(value) if isinstance(value, list) else value}"
            for name, value in facts.items()
            if value not in (None, [], False)
        )

    return {
        "number": one.number,
        "what": str(one.change.kind),
        "account": one.change.name,
        "becomes": shown(one.change.as_json()),
        "is": shown(one.before or {}),
        "asked_by": one.asker.name,
        "asked_at": one.asked_at,
    }


def _emit(found: Iterable[Account], fmt: str | None) -> None:
    emit((_row(account) for account in found), COLUMNS, fmt)


def _row(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "roles": sorted(account.roles),
        "unit": account.unit,
        "nip": account.nip,
        "os_user": account.os_user,
        "feeds": sorted(account.feeds),
        "created_at": account.created_at,
        "disabled_at": account.disabled_at,
    }
