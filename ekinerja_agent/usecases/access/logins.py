"""Lets people in: passwords by an operator, logins within limits, and passwords of their own.

Promises the same answer, after the same work, for an unknown account, a disabled one and a wrong password; and that
nobody's wrong passwords keep another person out who comes with a device of before. Does not know cookies or pages.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.account_rows import ACCOUNTS_LOCK
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.access.logins import Limit
from ekinerja_agent.central.access.powers import Change, ChangeKind
from ekinerja_agent.central.store.engine import in_transaction, wait_turn
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets import devices, passwords

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account

PER_PAIR = 8
"""Of an account from one address, or from one device that is known."""
PER_ADDRESS = 60
"""A whole office may stand behind one address."""
PER_ACCOUNT = 200
"""From all addresses together: who guesses from many is slowed down as well."""
_OF_ONE_NETWORK = 64
"""Whoever has one address of IPv6 has all that agree in so many bits."""


class LoggedIn(NamedTuple):
    """A session's token, and what the browser keeps to be known again."""

    token: str
    device: str


def give_password(engine: Engine, name: str, *, by: Account, now: datetime, password: str | None = None) -> str:
    """Given an account and the operator who gives it a password (None: a new one), keep and return it.

    It is changed at the first login. Raise Refused if the account may not, or after it was kept for another operator to
    confirm, WrongUsage if the password cannot be one.
    """
    require(by, Deed.CHANGE_ACCOUNTS)
    chosen = passwords.one_time() if password is None else password
    hashed = passwords.hashed(chosen)

    def work(conn: Connection) -> int | None:
        wait_turn(conn, ACCOUNTS_LOCK)
        accounts.active(conn, name)
        number = accounts.asked(conn, Change(ChangeKind.PASSWORD, name), by=by, now=now)
        if number is None:
            logins.keep_password(conn, name, hashed, must_change=True, by=by, now=now)
        return number

    number = in_transaction(engine, work)
    if number is not None:
        raise Refused(accounts.waits(number))
    return chosen


def log_in(
    engine: Engine, name: str, password: str, *, address: str, now: datetime, device: str = ""
) -> LoggedIn | None:
    """Given what somebody typed, where they are and what their browser kept, let them in; None if that is not right.

    Also None while too many failures are behind it, whatever was typed. For a device from which the account was entered
    before, only its own failures count.
    """
    kept = logins.kept_hash(engine, name)
    known = devices.is_known(device, name, kept)
    limits = _of_device(device, name) if known else _of_strangers(address, name)
    if not logins.is_open(engine, limits, now):
        return None
    if not passwords.matches(password, kept):
        logins.failed(engine, limits, address=address, now=now)
        return None
    token = secrets.token_urlsafe(32)
    try:
        logins.begin(engine, name, token, address=address, now=now, limits=limits)
    except Refused:
        return None
    return LoggedIn(token, devices.known_to(device, name, kept or ""))


def change_password(
    engine: Engine, account: Account, old: str, new: str, *, token: str, now: datetime, device: str = ""
) -> str:
    """Given the password until now and a new one, change it; other sessions end. Raise Refused or WrongUsage if not.

    Return what the browser keeps to be known again.
    """
    limits = (Limit(f"change {account.name}", PER_PAIR, account.name),)
    if not logins.is_open(engine, limits, now):
        raise Refused(Message("too many attempts; wait a quarter of an hour"))
    if not passwords.matches(old, logins.kept_hash(engine, account.name)):
        logins.failed(engine, limits, address="change", now=now)
        raise Refused(Message("the password until now is not right"))
    if new == old or account.name.lower() in new.lower() or (account.nip or "\0") in new:
        raise WrongUsage(Message("the new password must be another one, without the account's name or NIP"))
    hashed = passwords.hashed(new)
    logins.set_password(engine, account.name, hashed, must_change=False, by=account, now=now, keep=token)
    return devices.known_to(device, account.name, hashed)


def _of_device(device: str, name: str) -> tuple[Limit, ...]:
    return (Limit(f"device {devices.name_of(device)} {name}", PER_PAIR, name),)


def _of_strangers(address: str, name: str) -> tuple[Limit, ...]:
    source = _network(address)
    return (
        Limit(f"pair {source} {name}", PER_PAIR, name),
        Limit(f"address {source}", PER_ADDRESS),
        Limit(f"account {name}", PER_ACCOUNT, name),
    )


def _network(address: str) -> str:
    """Where somebody is, so that who has many addresses is one."""
    try:
        one = ip_address(address)
    except ValueError:
        return address
    return address if one.version == 4 else str(int(one) >> (128 - _OF_ONE_NETWORK))
