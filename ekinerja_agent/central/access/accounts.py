"""People who act: accounts, the operating-system user each is bound to, and who the actor of a command is.

The actor is never an argument. Does not know what a command does; each use case names its deed, and `county/access`
says who may do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, RowMapping, exists, func, insert, or_, select, update

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.county.access import Deed, Role, anywhere, roles_of
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, either

ROLES = frozenset(map(str, Role))
ALL_FEEDS = "*"
_ACCOUNTS_LOCK = 0x61636374
"""One change of accounts at a time: the first one, a name, the last operator."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may act. `feeds` are the import kinds whose decisions in a file count; "*" stands for all."""

    id: int
    name: str
    roles: frozenset[str]
    unit: str | None
    nip: str | None
    os_user: str | None
    feeds: frozenset[str]
    created_at: datetime
    disabled_at: datetime | None

    def is_feed(self, kind: str) -> bool:
        """Given an import kind, return whether decisions in this account's files of that kind count."""
        return ALL_FEEDS in self.feeds or kind in self.feeds


class Actor(NamedTuple):
    """Who acts; `is_first` tells that the account was created just now, which the person must be told."""

    account: Account
    is_first: bool


def actor(engine: Engine, os_user: str, now: datetime) -> Actor:
    """Given the operating-system user that runs a changing command, return who acts.

    While there is no account at all, that user becomes operator and authorised feed for all kinds, which is audited.
    Raise Refused if there are accounts and none of them is bound to this user, or the bound one is disabled.
    """
    with reading(engine) as conn:
        found = _one(conn, accounts.c.os_user == os_user)
        exist = conn.scalar(select(func.count()).select_from(accounts))
    if found is None and not exist:
        return in_transaction(engine, lambda conn: _first(conn, os_user, now))
    return Actor(_allowed(found, os_user), is_first=False)


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
) -> Account:
    """Given a new account's facts and the operator who adds it, return it. Raise WrongUsage or Refused if not."""
    require(by, Deed.CHANGE_ACCOUNTS)
    chosen, kinds = frozenset(roles), frozenset(feeds)
    if not name.strip():
        raise WrongUsage(Message("an account needs a name"))
    if not chosen or chosen - ROLES:
        raise WrongUsage(
            Message(
                "roles are {roles}; found {found}",
                roles=", ".join(sorted(ROLES)),
                found=", ".join(sorted(chosen)) or Message("none"),
            )
        )

    def work(conn: Connection) -> Account:
        wait_turn(conn, _ACCOUNTS_LOCK)
        _refuse_taken(conn, name, os_user)
        details = {
            "roles": sorted(chosen),
            "feeds": sorted(kinds),
            "unit": unit,
            "nip": nip,
            "os_user": os_user,
        }
        row = audit.append(conn, by.name, "account.add", name, details, now)
        return _insert(conn, name, chosen, kinds, now, unit=unit, nip=nip, os_user=os_user, audited_by=row)

    return in_transaction(engine, work)


def disable(engine: Engine, name: str, *, by: Account, now: datetime) -> Account:
    """Given an account's name, let it act no more. Raise Refused if no operator would be left."""
    require(by, Deed.CHANGE_ACCOUNTS)

    def work(conn: Connection) -> Account:
        wait_turn(conn, _ACCOUNTS_LOCK)
        account = _named(conn, name)
        active = [a for a in _all(conn) if a.disabled_at is None and a.id != account.id]
        if not any("operator" in other.roles for other in active):
            raise Refused(
                Message(
                    "{name} is the last operator; add another one first: account add NAME --role operator", name=name
                )
            )
        row = audit.append(conn, by.name, "account.disable", name, {}, now)
        _change(conn, account, disabled_at=now, audited_by=row)
        return _named(conn, name)

    return in_transaction(engine, work)


def bind(engine: Engine, name: str, os_user: str, *, by: Account, now: datetime) -> Account:
    """Given an account's name and an operating-system user, let that user act as the account."""
    require(by, Deed.CHANGE_ACCOUNTS)

    def work(conn: Connection) -> Account:
        wait_turn(conn, _ACCOUNTS_LOCK)
        account = _named(conn, name)
        holder = _one(conn, accounts.c.os_user == os_user)
        if holder is not None and holder.id != account.id:
            raise Refused(
                Message(
                    "{os_user} already acts as {holder}; one operating-system user has one account",
                    os_user=os_user,
                    holder=holder.name,
                )
            )
        details = {"os_user": os_user, "before": account.os_user}
        row = audit.append(conn, by.name, "account.bind", name, details, now)
        _change(conn, account, os_user=os_user, audited_by=row)
        return _named(conn, name)

    return in_transaction(engine, work)


def list_accounts(engine: Engine) -> list[Account]:
    """Given the database, return all accounts by name, the disabled ones too."""
    with reading(engine) as conn:
        return _all(conn)


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
    return _allowed(_named(conn, name), name)


def account_of(row: RowMapping | Mapping[str, Any]) -> Account:
    """Given a row of the table, return the account."""
    values = dict(row)
    values["roles"] = frozenset(filter(None, row["roles"].split(",")))
    values["feeds"] = frozenset(filter(None, row["feeds"].split(",")))
    return Account(**{each.name: values[each.name] for each in fields(Account)})


def _first(conn: Connection, os_user: str, now: datetime) -> Actor:
    wait_turn(conn, _ACCOUNTS_LOCK)
    if conn.scalar(select(func.count()).select_from(accounts)):  # another first user was faster
        return Actor(_allowed(_one(conn, accounts.c.os_user == os_user), os_user), is_first=False)
    details = {"roles": ["operator"], "feeds": [ALL_FEEDS], "os_user": os_user}
    row = audit.append(conn, audit.SYSTEM, "account.first", os_user, details, now)
    account = _insert(
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


def _refuse_taken(conn: Connection, name: str, os_user: str | None) -> None:
    if _one(conn, accounts.c.name == name) is not None:
        raise Refused(Message("there is already an account {name}; names are for ever, choose another", name=name))
    if os_user is not None and (holder := _one(conn, accounts.c.os_user == os_user)) is not None:
        raise Refused(
            Message(
                "{os_user} already acts as {holder}; one operating-system user has one account",
                os_user=os_user,
                holder=holder.name,
            )
        )


def _insert(
    conn: Connection,
    name: str,
    roles: frozenset[str],
    feeds: frozenset[str],
    now: datetime,
    *,
    unit: str | None,
    nip: str | None,
    os_user: str | None,
    audited_by: str,
) -> Account:
    conn.execute(
        insert(accounts).values(
            name=name,
            roles=",".join(sorted(roles)),
            unit=unit,
            nip=nip,
            os_user=os_user,
            feeds=",".join(sorted(feeds)),
            created_at=now,
            audited_by=audited_by,
        )
    )
    return _named(conn, name)


def _change(conn: Connection, account: Account, **values: Any) -> None:
    """`audited_by`, which the database looks at, is the digest of the audit row that tells of the change."""
    conn.execute(update(accounts).where(accounts.c.id == account.id).values(**values))


def _named(conn: Connection, name: str) -> Account:
    account = _one(conn, accounts.c.name == name)
    if account is None:
        raise WrongUsage(Message("there is no account {name}; account list shows them", name=name))
    return account


def _one(conn: Connection, condition: Any) -> Account | None:
    row = conn.execute(select(accounts).where(condition)).mappings().one_or_none()
    return None if row is None else account_of(row)


def _all(conn: Connection) -> list[Account]:
    return [account_of(row) for row in conn.execute(select(accounts).order_by(accounts.c.name)).mappings()]
