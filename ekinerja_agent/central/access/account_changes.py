"""Changes accounts: whether a change may be, and then its row, what follows from it and its audit row.

Promises that there is always an operator, that a name and an operating-system user are taken once, that from the
second operator on no account is operator and feed, and that who gains power does not keep a password of before. Does
not know whether somebody else has to confirm it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.account_rows import ROLES, Account, add_row, named, one, operators
from ekinerja_agent.central.access.powers import Change, ChangeKind, Powers
from ekinerja_agent.central.store.tables.access import accounts, passwords, sessions
from ekinerja_agent.county.access import Role
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message

ENDED = ""
"""The hash of a password that ended: nothing is right."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a change came to: the account as it is now, and what whoever made it is told."""

    account: Account
    told: tuple[Message, ...] = ()


def account_before(conn: Connection, change: Change) -> Account | None:
    """Given a change, return the account as it is, None where it is not there yet. Raise WrongUsage or Refused if the
    change cannot be.
    """
    values = change.values
    if "roles" in values and (not values["roles"] or values["roles"] - ROLES):
        raise WrongUsage(
            Message(
                "roles are {roles}; found {found}",
                roles=", ".join(sorted(ROLES)),
                found=", ".join(sorted(values["roles"])) or Message("none"),
            )
        )
    if change.kind is ChangeKind.ADD:
        if not change.name.strip():
            raise WrongUsage(Message("an account needs a name"))
        if one(conn, accounts.c.name == change.name) is not None:
            raise Refused(
                Message("there is already an account {name}; names are for ever, choose another", name=change.name)
            )
        before = None
    else:
        before = named(conn, change.name)
    _refuse_taken_user(conn, change)
    _refuse_last_operator(conn, change, before)
    _refuse_operator_and_feed(conn, change, before)
    return before


def carry_out(
    conn: Connection,
    change: Change,
    *,
    by: Account,
    now: datetime,
    asked: Mapping[str, Any],
    powers: Powers | None = None,
) -> Done:
    """Given a change that may be made now, make it; raise as `account_before`. `asked` tells who asked, if another;
    `powers` are those before it, if they are known.
    """
    before = account_before(conn, change)
    powers = powers or Powers(conn, now.date())
    had_power = before is None or powers.has(before)
    told = []
    details = _details(change, before) | dict(asked)
    row = audit.append(conn, by.name, f"account.{change.kind}", change.name, details, now)
    account = _written(conn, change, now, audited_by=row)
    if not had_power and powers.has(account) and _end_password(conn, account, now):
        told.append(
            Message(
                "{name} gained power, so its password of before ended; give another one: account password {name}",
                name=account.name,
            )
        )
    told += end_feeds_of_operators(conn, now)
    return Done(named(conn, change.name), tuple(told))


def end_feeds_of_operators(conn: Connection, now: datetime) -> list[Message]:
    """Where there is more than one operator, let none of them be a feed too; return what is to be told."""
    standing = operators(conn)
    told = []
    for account in standing if len(standing) > 1 else ():
        if account.feeds:
            details = {"feeds": [], "before": sorted(account.feeds), "operators": [other.name for other in standing]}
            row = audit.append(conn, audit.SYSTEM, "account.feeds-end", account.name, details, now)
            conn.execute(update(accounts).where(accounts.c.id == account.id).values(feeds="", audited_by=row))
            told.append(
                Message(
                    "There is a second operator, so {name} is no feed any more: what its files say is decided enters "
                    "as pending from now on (recorded in the audit log)",
                    name=account.name,
                )
            )
    return told


def _written(conn: Connection, change: Change, now: datetime, *, audited_by: str) -> Account:
    values = dict(change.values)
    if change.kind is ChangeKind.ADD:
        return add_row(
            conn, change.name, values.pop("roles"), values.pop("feeds"), now, audited_by=audited_by, **values
        )
    if change.kind is ChangeKind.DISABLE:
        values = {"disabled_at": now}
    for column in ("roles", "feeds"):
        if column in values:
            values[column] = ",".join(sorted(values[column]))
    if values:
        conn.execute(update(accounts).where(accounts.c.name == change.name).values(audited_by=audited_by, **values))
    return named(conn, change.name)


def _end_password(conn: Connection, account: Account, now: datetime) -> bool:
    """Whoever knew the password of a plain employee does not know that of somebody with power."""
    conn.execute(delete(sessions).where(sessions.c.account_id == account.id))
    own = passwords.c.account_id == account.id
    if conn.scalar(select(passwords.c.account_id).where(own)) is None:
        return False
    row = audit.append(conn, audit.SYSTEM, "account.password", account.name, {"ended": True}, now)
    conn.execute(update(passwords).where(own).values(hash=ENDED, must_change=True, audited_by=row))
    return True


def _details(change: Change, before: Account | None) -> dict[str, Any]:
    details = change.as_json()
    if before is not None and change.values:
        was = {column: getattr(before, column) for column in change.values}
        before_json = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in was.items()}
        details["before"] = before_json if change.kind is not ChangeKind.BIND else before.os_user
    return details


def _refuse_taken_user(conn: Connection, change: Change) -> None:
    os_user = change.values.get("os_user")
    holder = None if os_user is None else one(conn, accounts.c.os_user == os_user)
    if holder is not None and holder.name != change.name:
        raise Refused(
            Message(
                "{os_user} already acts as {holder}; one operating-system user has one account",
                os_user=os_user,
                holder=holder.name,
            )
        )


def _refuse_last_operator(conn: Connection, change: Change, before: Account | None) -> None:
    ends = change.kind is ChangeKind.DISABLE or Role.OPERATOR not in change.values.get("roles", {Role.OPERATOR})
    if before is None or not before.is_operator or not ends:
        return
    if all(other.id == before.id for other in operators(conn)):
        raise Refused(
            Message(
                "{name} is the last operator; add another one first: account add NAME --role operator", name=before.name
            )
        )


def _refuse_operator_and_feed(conn: Connection, change: Change, before: Account | None) -> None:
    if change.kind not in {ChangeKind.ADD, ChangeKind.SET_FEEDS} or not change.values["feeds"]:
        return
    roles = change.values["roles"] if before is None else before.roles
    if Role.OPERATOR in roles and any(other.name != change.name for other in operators(conn)):
        raise Refused(
            Message(
                "{name} would be operator and feed; once there are two operators no account is both: give the feed an "
                "account of its own",
                name=change.name,
            )
        )
