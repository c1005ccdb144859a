"""Confirms what another operator asked for, and does it in the same transaction. Does not know the command line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.account_changes import carry_out
from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.access.powers import ChangeKind
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets import passwords

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class Confirmed(NamedTuple):
    """What was done: the account as it is now, a password if one was asked for, and what is to be told."""

    account: Account
    password: str | None
    told: tuple[Message, ...]


def confirm(engine: Engine, number: int, *, by: Account, now: datetime) -> Confirmed:
    """Given the number of a change that another operator asked for, make it.

    A password is made now, so that none waits in the database. Raise WrongUsage or Refused if the account may not, if
    it is decided already, or if it is not any more what was asked for.
    """
    require(by, Deed.CHANGE_ACCOUNTS)
    password = passwords.one_time()
    hashed = passwords.hashed(password)

    def work(conn: Connection) -> Confirmed:
        wanted = accounts.confirmed(conn, number, by=by, now=now)
        if wanted.change.kind is ChangeKind.PASSWORD:
            name = wanted.change.name
            account = logins.keep_password(conn, name, hashed, must_change=True, by=by, now=now, asked=wanted)
            return Confirmed(account, password, ())
        asked = {"request": number, "asked_by": wanted.asker.name}
        done = carry_out(conn, wanted.change, by=by, now=now, asked=asked)
        return Confirmed(done.account, None, done.told)

    return in_transaction(engine, work)
