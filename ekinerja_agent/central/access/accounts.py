"""People who act: accounts, the operating-system user each is bound to, and who the actor of a command is.

Promises that what gives power is confirmed by another operator once there are two. The actor is never an argument. Does
not know what a command does; each use case names its deed, and `county/access` says who may do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, exists, func, or_, select

from ekinerja_agent.central.access import audit, power_requests
from ekinerja_agent.central.access.account_changes import Done, account_before, carry_out, end_feeds_of_operators
from ekinerja_agent.central.access.account_rows import (
    ACCOUNTS_LOCK,
    ALL_FEEDS,
    ROLES,
    Account,
    account_of,
    add_row,
    all_accounts,
    named,
    one,
    operators,
)
from ekinerja_agent.central.access.power_requests import PowerRequest
from ekinerja_agent.central.access.powers import Change, ChangeKind, Powers, another_operator
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.county.access import Deed, anywhere, roles_of
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message, either

__all__ = ["ALL_FEEDS", "ROLES", "Account", "account_of"]

Tell = Callable[[Message], None]
"""What is told beside the result."""


def _nobody(_message: Message) -> None:
    pass


class Actor(NamedTuple):
    """Who acts; `is_first` tells that the account was created just now, which the person must be told."""

    account: Account
    is_first: bool


def actor(engine: Engine, os_user: str, now: datetime, tell: Tell = _nobody) -> Actor:
    """Given the operating-system user that runs a changing command, return who acts.

    While there is no account at all, that user becomes operator and authorised feed for all kinds, which is audited.
    An operator beside whom there is another one is no feed any more, since whenever that came to be.
    Raise Refused if there are accounts and none of them is bound to this user, or the bound one is disabled.
    """
    with reading(engine) as conn:
        found = one(conn, accounts.c.os_user == os_user)
        exist = conn.scalar(select(func.count()).select_from(accounts))
        others = found is not None and any(other.id != found.id for other in operators(conn))
    if found is None and not exist:
        return in_transaction(engine, lambda conn: _first(conn, os_user, now))
    account = _allowed(found, os_user)
    if account.is_operator and account.feeds and others:
        for message in in_transaction(engine, lambda conn: _feeds_end(conn, now)):
            tell(message)
        with reading(engine) as conn:
            account = named(conn, account.name)
    return Actor(account, is_first=False)


def require(account: Account, deed: Deed) -> None:
    """Given the actor and what they are about to do, raise Refused if no role of the account opens it anywhere."""
    if not anywhere(account, deed):
        raise Refused(
            Message(
                "account {account} is {roles}; this needs the role {needed}: ask an operator, or log in as one",
                account=account.name,
                roles=", ".join(sorted(account.roles)) or Message("without a role"),
                needed=either(roles_of(deed)),
            )
        )


def add(
    engine: Engine,
    name: str,
    *,
    roles: Iterable[str],
    by: Account,
    now: datetime,
    unit: str | None = None,
    nip: str | None = None,
    os_user: str | None = None,
    feeds: Iterable[str] = (),
    tell: Tell = _nobody,
) -> Account:
    """Given a new account's facts and the operator who adds it, return it. Raise WrongUsage or Refused if not."""
    values = {"roles": frozenset(roles), "feeds": frozenset(feeds), "unit": unit, "nip": nip, "os_user": os_user}
    return change(engine, Change(ChangeKind.ADD, name, values), by=by, now=now, tell=tell)


def disable(engine: Engine, name: str, *, by: Account, now: datetime, tell: Tell = _nobody) -> Account:
    """Given an account's name, let it act no more. Raise Refused if no operator would be left."""
    return change(engine, Change(ChangeKind.DISABLE, name), by=by, now=now, tell=tell)


def bind(engine: Engine, name: str, os_user: str, *, by: Account, now: datetime, tell: Tell = _nobody) -> Account:
    """Given an account's name and an operating-system user, let that user act as the account."""
    return change(engine, Change(ChangeKind.BIND, name, {"os_user": os_user}), by=by, now=now, tell=tell)


def change(engine: Engine, wanted: Change, *, by: Account, now: datetime, tell: Tell = _nobody) -> Account:
    """Given a change of accounts and the operator who wants it, make it; return the account.

    Raise WrongUsage or Refused if it cannot be, and Refused after it was kept for another operator to confirm.
    """

    def work(conn: Connection) -> Done | int:
        wait_turn(conn, ACCOUNTS_LOCK)
        if (number := asked(conn, wanted, by=by, now=now)) is not None:
            return number
        return carry_out(conn, wanted, by=by, now=now, asked={})

    require(by, Deed.CHANGE_ACCOUNTS)
    done = in_transaction(engine, work)
    if isinstance(done, int):
        raise Refused(waits(done))
    for message in done.told:
        tell(message)
    return done.account


def asked(conn: Connection, wanted: Change, *, by: Account, now: datetime, powers: Powers | None = None) -> int | None:
    """Given a change, keep it for another operator if one has to confirm it, and return its number; else None.

    Raise WrongUsage or Refused if it cannot be. The caller holds the turn of accounts, and may know who has power.
    """
    by = require_operator(conn, by)
    before = account_before(conn, wanted)
    if not another_operator(conn, by) or not (powers or Powers(conn, now.date())).gives(wanted, before):
        return None
    return power_requests.ask(conn, wanted, before, by=by, now=now)


def waits(number: int) -> Message:
    """Given the number of a change that waits, return what whoever asked for it is told."""
    return Message(
        "this gives power, so it waits as change {number} and nothing has changed yet: another operator looks at it "
        "with `ekinerja-agent account waiting` and runs `ekinerja-agent account confirm {number}`",
        number=number,
    )


def waiting(engine: Engine) -> list[PowerRequest]:
    """Return the changes that wait for an operator, oldest first."""
    with reading(engine) as conn:
        return power_requests.waiting(conn)


def confirmed(conn: Connection, number: int, *, by: Account, now: datetime) -> PowerRequest:
    """Given the number of a change, confirm it in the caller's transaction and return it; what it is about is not done
    yet. Raise WrongUsage or Refused if the account may not, or if it is not any more what was asked for.
    """
    wait_turn(conn, ACCOUNTS_LOCK)
    by = require_operator(conn, by)
    wanted = power_requests.find(conn, number)
    _refuse_own(wanted, by, now)
    if not wanted.asker.is_operator:
        raise Refused(
            Message(
                "{asker} asked for change {number} and is no operator any more; refuse it, and ask for it anew",
                asker=wanted.asker.name,
                number=number,
            )
        )
    before = account_before(conn, wanted.change)
    if before is not None and power_requests.facts_of(before) != wanted.before:
        raise Refused(
            Message(
                "account {name} is not as it was when change {number} was asked for; refuse it, and ask for it anew",
                name=before.name,
                number=number,
            )
        )
    power_requests.decide(conn, wanted, confirmed=True, by=by, now=now)
    return wanted


def refuse(engine: Engine, number: int, *, by: Account, now: datetime) -> PowerRequest:
    """Given the number of a change that waits, let it never be made. Who asked for it may, too."""
    require(by, Deed.CHANGE_ACCOUNTS)

    def work(conn: Connection) -> PowerRequest:
        wait_turn(conn, ACCOUNTS_LOCK)
        operator = require_operator(conn, by)
        wanted = power_requests.find(conn, number)
        power_requests.decide(conn, wanted, confirmed=False, by=operator, now=now)
        details = {"request": number, "asked_by": wanted.asker.name}
        audit.append(conn, by.name, "account.refuse", wanted.change.name, details, now)
        return wanted

    return in_transaction(engine, work)


def require_operator(conn: Connection, account: Account) -> Account:
    """Return the account as it is now; raise Refused if it is disabled or no operator any more."""
    today = active(conn, account.name)
    require(today, Deed.CHANGE_ACCOUNTS)
    return today


def list_accounts(engine: Engine) -> list[Account]:
    """Given the database, return all accounts by name, the disabled ones too."""
    with reading(engine) as conn:
        return all_accounts(conn)


def another_may(conn: Connection, account: Account, deed: Deed) -> bool:
    """Given an account and a deed, tell whether another account whose role opens it is bound to an operating-system
    user.

    A disabled one counts: who disables the others does not act alone by that.
    """
    a = accounts.c
    one_of = or_(*(a.roles.contains(role.value) for role in roles_of(deed)))
    return bool(conn.scalar(select(exists().where(a.id != account.id, a.os_user.is_not(None), one_of))))


def active(conn: Connection, name: str) -> Account:
    """Given an account's name, return it. Raise WrongUsage if there is none, Refused if it is disabled."""
    return _allowed(named(conn, name), name)


def _feeds_end(conn: Connection, now: datetime) -> list[Message]:
    wait_turn(conn, ACCOUNTS_LOCK)
    return end_feeds_of_operators(conn, now)


def _first(conn: Connection, os_user: str, now: datetime) -> Actor:
    wait_turn(conn, ACCOUNTS_LOCK)
    if conn.scalar(select(func.count()).select_from(accounts)):  # another first user was faster
        return Actor(_allowed(one(conn, accounts.c.os_user == os_user), os_user), is_first=False)
    details = {"roles": ["operator"], "feeds": [ALL_FEEDS], "os_user": os_user}
    row = audit.append(conn, audit.SYSTEM, "account.first", os_user, details, now)
    account = add_row(
        conn,
        os_user,
        frozenset({"operator"}),
        frozenset({ALL_FEEDS}),
        now,
        unit=None,
        nip=None,
        os_user=os_user,
        audited_by=row,
    )
    return Actor(account, is_first=True)


def _allowed(found: Account | None, os_user: str) -> Account:
    if found is None:
        raise Refused(
            Message(
                "the operating-system user {os_user} has no account; an operator can bind one: account bind NAME "
                "{os_user}",
                os_user=os_user,
            )
        )
    if found.disabled_at is not None:
        raise Refused(
            Message(
                "account {name} was disabled on {day}; ask an operator for another",
                name=found.name,
                day=f"{found.disabled_at:%Y-%m-%d}",
            )
        )
    return found


def _refuse_own(wanted: PowerRequest, by: Account, now: datetime) -> None:
    """Nobody confirms what they asked for, nor what is about themselves; two accounts of one person are one."""
    number = wanted.number
    nips = {wanted.change.values.get("nip"), (wanted.before or {}).get("nip")} - {None}
    if wanted.change.name == by.name or by.nip in nips:
        raise Refused(
            Message("change {number} is about {account}; another operator confirms it", number=number, account=by.name)
        )
    if wanted.asker.id == by.id and wanted.alone_from is not None:
        if now >= wanted.alone_from:
            return
        raise Refused(
            Message(
                "{account} asked for change {number}; another operator confirms it, or, if nobody refuses it, "
                "{account} from {day} on",
                account=by.name,
                number=number,
                day=f"{wanted.alone_from:%Y-%m-%d}",
            )
        )
    one_person = by.nip is not None and wanted.asker.nip == by.nip
    one_user = by.os_user is not None and wanted.asked_as == by.os_user
    if wanted.asker.id == by.id or one_user or one_person:
        raise Refused(
            Message("{account} asked for change {number}; another operator confirms it", account=by.name, number=number)
        )
