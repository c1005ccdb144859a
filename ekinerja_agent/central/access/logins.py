"""Passwords, sessions and failed logins of the accounts that use the board.

Promises that a copy of the database lets nobody in: passwords are hashes, of a session's token only the digest is kept.
Does not know how a password is hashed, nor what an account may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, delete, insert, select, update

from ekinerja_agent.central.access import accounts as people
from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts, login_failures, passwords, sessions

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written down at most this often: reading a page is no write."""
FAILURES_COUNT_FOR = timedelta(minutes=15)
_LOCK = 0x6C6F6769


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in. `must_change`: the password was given by another person; `is_noted`: that the session
    is used was written down within `SEEN_EVERY`.
    """

    account: Account
    must_change: bool
    is_noted: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures a subject (an account's name, an address) may have within `FAILURES_COUNT_FOR`."""

    subject: str
    failures: int

    @property
    def key(self) -> str:
        """The subject as it is kept: neither names that were mistyped nor addresses can be read from it."""
        return _digest(self.subject)


def set_password(
    engine: Engine, name: str, hashed: str, *, must_change: bool, by: Account, now: datetime, keep: str | None = None
) -> Account:
    """Given an account's name and the hash of its new password, keep it and end its sessions but that of token `keep`.

    Raise WrongUsage if there is no such account, Refused if the account is disabled.
    """

    def work(conn: Connection) -> Account:
        account = people.active(conn, name)
        row = audit.append(conn, by.name, "account.password", name, {"must_change": must_change}, now)
        values = {"hash": hashed, "must_change": must_change, "set_at": now, "audited_by": row}
        if conn.execute(update(passwords).where(passwords.c.account_id == account.id).values(**values)).rowcount == 0:
            conn.execute(insert(passwords).values(account_id=account.id, **values))
        ended = delete(sessions).where(sessions.c.account_id == account.id)
        conn.execute(ended if keep is None else ended.where(sessions.c.token_digest != _digest(keep)))
        _forgive(conn, name)
        return account

    return in_transaction(engine, work)


def kept_hash(engine: Engine, name: str) -> str | None:
    """Given what somebody typed as a name, return the hash of that account's password; None if it cannot log in."""
    query = (
        select(passwords.c.hash)
        .join(accounts, accounts.c.id == passwords.c.account_id)
        .where(accounts.c.name == name, accounts.c.disabled_at.is_(None))
    )
    with reading(engine) as conn:
        found: str | None = conn.scalar(query)
    return found


def is_open(engine: Engine, limits: Iterable[Limit], now: datetime) -> bool:
    """Given limits, return whether none of them is reached."""
    f = login_failures.c
    allowed = {limit.key: limit.failures for limit in limits}
    query = select(f.subject, f.failures).where(f.subject.in_(allowed), f.last_at > now - FAILURES_COUNT_FOR)
    with reading(engine) as conn:
        return all(row.failures < allowed[row.subject] for row in conn.execute(query))


def failed(engine: Engine, limits: Iterable[Limit], *, address: str, now: datetime) -> None:
    """Given what a login failed for, count it. Reaching a limit is an audit row; what is long ago is forgotten."""
    f = login_failures.c
    asked = list(limits)

    def work(conn: Connection) -> None:
        wait_turn(conn, _LOCK)
        conn.execute(delete(login_failures).where(f.last_at <= now - FAILURES_COUNT_FOR))
        reached = []
        for limit in asked:
            same = f.subject == limit.key
            if (
                conn.execute(update(login_failures).where(same).values(failures=f.failures + 1, last_at=now)).rowcount
                == 0
            ):
                conn.execute(insert(login_failures).values(subject=limit.key, failures=1, last_at=now))
            if conn.scalar(select(f.failures).where(same)) == limit.failures:
                reached.append(limit)
        for limit in reached:
            details = {"address": address, "failures": limit.failures}
            audit.append(conn, audit.SYSTEM, "login.blocked", limit.subject.split()[0], details, now)

    in_transaction(engine, work)


def begin(engine: Engine, name: str, token: str, *, address: str, now: datetime) -> None:
    """Given an account that proved itself and a new token, begin a session. Raise Refused if it was disabled."""

    def work(conn: Connection) -> None:
        account = people.active(conn, name)
        s = sessions.c
        conn.execute(delete(sessions).where((s.begun_at <= now - LONGEST) | (s.seen_at <= now - IDLE)))
        _forgive(conn, name)
        conn.execute(
            insert(sessions).values(token_digest=_digest(token), account_id=account.id, begun_at=now, seen_at=now)
        )
        audit.append(conn, account.name, "login", account.name, {"address": address}, now)

    in_transaction(engine, work)


def find(conn: Connection, token: str, now: datetime) -> Session | None:
    """Given a token, return its session; None if it is unknown, expired, or its account disabled."""
    s = sessions.c
    same = s.token_digest == _digest(token)
    query = (
        select(accounts, passwords.c.must_change, s.seen_at)
        .select_from(sessions)
        .join(accounts, accounts.c.id == s.account_id)
        .join(passwords, passwords.c.account_id == accounts.c.id)
        .where(same, s.begun_at > now - LONGEST, s.seen_at > now - IDLE, accounts.c.disabled_at.is_(None))
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        return None
    known = {column.name: row[column.name] for column in accounts.c}
    return Session(people.account_of(known), bool(row["must_change"]), now - row["seen_at"] <= SEEN_EVERY)


def note_use(conn: Connection, token: str, now: datetime) -> None:
    """Given a token, write down that its session is used."""
    conn.execute(update(sessions).where(sessions.c.token_digest == _digest(token)).values(seen_at=now))


def end(engine: Engine, token: str, *, account: Account, now: datetime) -> None:
    """Given a token, end its session."""

    def work(conn: Connection) -> None:
        conn.execute(delete(sessions).where(sessions.c.token_digest == _digest(token)))
        audit.append(conn, account.name, "logout", account.name, {}, now)

    in_transaction(engine, work)


def of_account(name: str) -> str:
    """Given an account's name, or what somebody typed as one, return the subject of its failures."""
    return f"account {name}"


def _forgive(conn: Connection, name: str) -> None:
    conn.execute(delete(login_failures).where(login_failures.c.subject == _digest(of_account(name))))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()
