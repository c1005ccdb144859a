"""Accounts as rows: who may act, how one is found, what stands in its columns.

Does not know who acts just now, nor who may change an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, or_, select

from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.county.access import Role
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

ROLES = frozenset(map(str, Role))
ALL_FEEDS = "*"
ACCOUNTS_LOCK = 0x61636374
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

    @property
    def is_operator(self) -> bool:
        """Whether it may act as an operator today."""
        return Role.OPERATOR in self.roles and self.disabled_at is None


def account_of(row: RowMapping | Mapping[str, Any]) -> Account:
    """Given a row of the table, return the account."""
    values = dict(row)
    values["roles"] = frozenset(filter(None, row["roles"].split(",")))
    values["feeds"] = frozenset(filter(None, row["feeds"].split(",")))
    return Account(**{each.name: values[each.name] for each in fields(Account)})


def named(conn: Connection, name: str) -> Account:
    """Given an account's name, return it. Raise WrongUsage if there is none."""
    account = one(conn, accounts.c.name == name)
    if account is None:
        raise WrongUsage(Message("there is no account {name}; account list shows them", name=name))
    return account


def one(conn: Connection, condition: Any) -> Account | None:
    """Return the account of which a condition holds, None if there is none."""
    row = conn.execute(select(accounts).where(condition)).mappings().one_or_none()
    return None if row is None else account_of(row)


def all_accounts(conn: Connection) -> list[Account]:
    """Return all accounts by name, the disabled ones too."""
    return [account_of(row) for row in conn.execute(select(accounts).order_by(accounts.c.name)).mappings()]


def operators(conn: Connection) -> list[Account]:
    """Return the operators who may act today, by name."""
    a = accounts.c
    query = select(accounts).where(a.roles.contains(Role.OPERATOR), a.disabled_at.is_(None)).order_by(a.name)
    return [account_of(row) for row in conn.execute(query).mappings()]


def with_power(conn: Connection) -> list[Account]:
    """Return the accounts that can more than a plain employee's and may act today."""
    a = accounts.c
    query = select(accounts).where(or_(a.roles != Role.EMPLOYEE, a.feeds != ""), a.disabled_at.is_(None))
    return [account_of(row) for row in conn.execute(query).mappings()]


def add_row(
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
    """Given the facts of an account that is not there yet, and the digest of the audit row that tells of it, add it and
    return it.
    """
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
    return named(conn, name)
