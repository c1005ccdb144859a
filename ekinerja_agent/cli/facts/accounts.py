"""`account`: the people and programs that act, their roles, and the operating-system user each is bound to.

Does not decide who may add whom; central refuses and tells.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.kinds import FACT_KINDS, PUNCH_KINDS
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.nip import is_nip
from ekinerja_agent.usecases.access import logins

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = ("name", "roles", "unit", "nip", "os_user", "feeds", "created_at", "disabled_at")
FEEDS = (*FACT_KINDS, *PUNCH_KINDS, accounts.ALL_FEEDS)


@click.group(name="account")
def group() -> None:
    """People and programs that act: their roles, and the operating-system user of each."""


@group.command(name="add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(accounts.ROLES)),
    help="What the account may do; may be given several times.",
)
@click.option("--unit", metavar="CODE", help="The unit that a head or an employee belongs to.")
@click.option("--nip", help="The person's NIP: nobody decides on themselves.")
@click.option("--os-user", metavar="USER", help="The operating-system user that acts as this account.")
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    type=click.Choice(FEEDS),
    help="Decisions in this account's files of that kind count (* = all kinds); may be given several times.",
)
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
    if nip is not None and not is_nip(nip):
        raise WrongUsage(Message("--nip {nip}; allowed: 18 digits", nip=repr(nip)))
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
    _emit([accounts.disable(engine, name, by=by, now=context.now())], fmt)


@group.command(name="bind")
@click.argument("name")
@click.argument("os_user")
@format_option
@click.pass_obj
def bind(context: Context, *, name: str, os_user: str, fmt: str | None) -> None:
    """Let an operating-system user act as an account."""
    engine = context.engine()
    _emit([accounts.bind(engine, name, os_user, by=context.actor(), now=context.now())], fmt)


@group.command(name="password")
@click.argument("name")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password from standard input instead of making one."
)
@click.pass_obj
def password(context: Context, *, name: str, from_stdin: bool) -> None:
    """Give an account a first password for the board; it is changed at the first login.

    Prints a password for one login, unless standard input has one. Sessions of the account end.
    """
    engine = context.engine()
    by = context.actor()
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else None
    made = logins.give_password(engine, name, by=by, now=context.now(), password=given)
    if given is None:
        click.echo(made)
    context.say(Message("{name} changes it at the first login; hand it over in person, not by message.", name=name))


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
