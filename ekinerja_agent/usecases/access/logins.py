"""Lets people in: first passwords by an operator, logins within limits, and passwords of their own.

Promises the same answer, after the same work, for an unknown account, a disabled one and a wrong password. Does not
know cookies or pages.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import logins
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.access.logins import Limit
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets import passwords

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account

PER_ACCOUNT = 8
PER_ADDRESS = 60
"""A whole office may stand behind one address."""


def give_password(engine: Engine, name: str, *, by: Account, now: datetime, password: str | None = None) -> str:
    """Given an account and the operator who gives it a password (None: a new one), keep and return it.

    It is changed at the first login. Raise Refused if the account may not, WrongUsage if the password cannot be one.
    """
    require(by, Deed.CHANGE_ACCOUNTS)
    chosen = passwords.one_time() if password is None else password
    logins.set_password(engine, name, passwords.hashed(chosen), must_change=True, by=by, now=now)
    return chosen


def log_in(engine: Engine, name: str, password: str, *, address: str, now: datetime) -> str | None:
    """Given what somebody typed and where they are, return a new session's token; None if that is not right.

    Also None while the account or the address has too many failures behind it, whatever was typed.
    """
    limits = (Limit(logins.of_account(name), PER_ACCOUNT), Limit(f"address {address}", PER_ADDRESS))
    if not logins.is_open(engine, limits, now):
        return None
    if not passwords.matches(password, logins.kept_hash(engine, name)):
        logins.failed(engine, limits, address=address, now=now)
        return None
    token = secrets.token_urlsafe(32)
    try:
        logins.begin(engine, name, token, address=address, now=now)
    except Refused:
        return None
    return token


def change_password(engine: Engine, account: Account, old: str, new: str, *, token: str, now: datetime) -> None:
    """Given the password until now and a new one, change it; other sessions end. Raise Refused or WrongUsage if not."""
    limits = (Limit(logins.of_account(account.name), PER_ACCOUNT),)
    if not logins.is_open(engine, limits, now):
        raise Refused(Message("too many attempts; wait a quarter of an hour"))
    if not passwords.matches(old, logins.kept_hash(engine, account.name)):
        logins.failed(engine, limits, address="change", now=now)
        raise Refused(Message("the password until now is not right"))
    if new == old or account.name.lower() in new.lower() or (account.nip or "\0") in new:
        raise WrongUsage(Message("the new password must be another one, without the account's name or NIP"))
    logins.set_password(engine, account.name, passwords.hashed(new), must_change=False, by=account, now=now, keep=token)
