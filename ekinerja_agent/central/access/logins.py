"""Passwords, sessions and failed logins of the accounts that use the board.

Promises that a copy of the database lets nobody in: passwords are hashes, of a session's token only the digest is kept.
Does not know how a password is hashed, nor what an account may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from ekinerja_agent.central.access import accounts as people
from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts, login_failures, password_gifts, passwords, sessions

if TYPE_CHECKING:
    from ekinerja_agent.central.access.power_requests import PowerRequest

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written down at most this often: reading a page is no write."""
FAILURES_COUNT_FOR = timedelta(minutes=15)
MOST_SUBJECTS = 20_000
"""More failures than these are not kept: the table is no larger than that, whoever types what."""
_MOST_GIFTS = 5
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
    """How many failures a subject (an account's name, an address, a device, two of them) may have within
    `FAILURES_COUNT_FOR`; `account` is the name that was typed, None where the subject is not about one.
    """

    subject: str
    failures: int
    account: str | None = None

    @property
    def key(self) -> str:
        """The subject as it is kept: neither names that were mistyped nor addresses can be read from it."""
        return _digest(self.subject)


class Gift(NamedTuple):
    """A password that somebody else gave; `asked_by`: another operator had asked for it."""

    given_at: datetime
    given_by: str
    asked_by: str | None


def set_password(
    engine: Engine, name: str, hashed: str, *, must_change: bool, by: Account, now: datetime, keep: str | None = None
) -> Account:
    """Given an account's name and the hash of its new password, keep it and end its sessions but that of token `keep`.

    Raise WrongUsage if there is no such account, Refused if the account is disabled.
    """

    def work(conn: Connection) -> Account:
        return keep_password(conn, name, hashed, must_change=must_change, by=by, now=now, keep=keep)

    return in_transaction(engine, work)


def keep_password(
    conn: Connection,
    name: str,
    hashed: str,
    *,
    must_change: bool,
    by: Account,
    now: datetime,
    keep: str | None = None,
    asked: PowerRequest | None = None,
) -> Account:
    """As `set_password`, in the caller's transaction. `asked`: another operator asked for it, and `by` confirmed that.

    Whose password it is will be told who gave it, unless it is their own.
    """
    account = people.active(conn, name)
    details: dict[str, Any] = {"must_change": must_change}
    if asked is not None:
        details |= {"request": asked.number, "asked_by": asked.asker.name}
    row = audit.append(conn, by.name, "account.password", name, details, now)
    values = {"hash": hashed, "must_change": must_change, "set_at": now, "audited_by": row}
    if conn.execute(update(passwords).where(passwords.c.account_id == account.id).values(**values)).rowcount == 0:
        conn.execute(insert(passwords).values(account_id=account.id, **values))
    ended = delete(sessions).where(sessions.c.account_id == account.id)
    conn.execute(ended if keep is None else ended.where(sessions.c.token_digest != _digest(keep)))
    forgive(conn, name)
    if must_change:
        asked_by = None if asked is None else asked.asker.id
        gift = {"account_id": account.id, "given_by": by.id, "asked_by": asked_by, "given_at": now}
        conn.execute(insert(password_gifts).values(**gift))
    return account


def gifts(conn: Connection, account: Account, since: datetime) -> list[Gift]:
    """Given an account, return who gave it a password since an instant, newest first, a few."""
    g, giver, asker = password_gifts.c, accounts.alias(), accounts.alias()
    query = (
        select(g.given_at, giver.c.name.label("given_by"), asker.c.name.label("asked_by"))
        .join(giver, giver.c.id == g.given_by)
        .outerjoin(asker, asker.c.id == g.asked_by)
        .where(g.account_id == account.id, g.given_at > since)
        .order_by(g.id.desc())
        .limit(_MOST_GIFTS)
    )
    return [Gift(*row) for row in conn.execute(query)]


def kept_hash(engine: Engine, name: str) -> str | None:
    """Given what somebody typed as a name, return the hash of that account's password; None if it cannot log in."""
    query = (
        select(passwords.c.hash)
        .join(accounts, accounts.c.id == passwords.c.account_id)
        .where(accounts.c.name == name, accounts.c.disabled_at.is_(None))
    )
    with reading(engine) as conn:
        found: str | None = conn.scalar(query)
    return found or None  # one that ended is none


def is_open(engine: Engine, limits: Iterable[Limit], now: datetime) -> bool:
    """Given limits, return whether none of them is reached."""
    f = login_failures.c
    allowed = {limit.key: limit.failures for limit in limits}
    query = select(f.subject, f.failures).where(f.subject.in_(allowed), f.last_at > now - FAILURES_COUNT_FOR)
    with reading(engine) as conn:
        return all(row.failures < allowed[row.subject] for row in conn.execute(query))


def failed(engine: Engine, limits: Iterable[Limit], *, address: str, now: datetime) -> None:
    """Given what a login failed for, count it. Reaching a limit is an audit row; what is long ago is forgotten.

    Of more than `MOST_SUBJECTS` those with the fewest failures are forgotten first: who types many names forgets
    nobody's.
    """
    f = login_failures.c
    asked = list(limits)

    def work(conn: Connection) -> None:
        wait_turn(conn, _LOCK)
        conn.execute(delete(login_failures).where(f.last_at <= now - FAILURES_COUNT_FOR))
        reached = []
        for limit in asked:
            same = f.subject == limit.key
            again = update(login_failures).where(same).values(failures=f.failures + 1, last_at=now)
            if conn.execute(again).rowcount == 0:
                account = None if limit.account is None else _digest(limit.account)
                values = {"subject": limit.key, "account": account, "failures": 1, "last_at": now}
                conn.execute(insert(login_failures).values(**values))
            if conn.scalar(select(f.failures).where(same)) == limit.failures:
                reached.append(limit)
        _forget_too_many(conn)
        for limit in reached:
            details = {"address": address, "failures": limit.failures}
            audit.append(conn, audit.SYSTEM, "login.blocked", limit.subject.split()[0], details, now)

    in_transaction(engine, work)


def begin(engine: Engine, name: str, token: str, *, address: str, now: datetime, limits: Iterable[Limit] = ()) -> None:
    """Given an account that proved itself and a new token, begin a session. Raise Refused if it was disabled.

    Of the `limits` that it passed, those of the account from where it came begin anew.
    """
    own = [limit.key for limit in limits if limit.account == name]

    def work(conn: Connection) -> None:
        account = people.active(conn, name)
        s = sessions.c
        conn.execute(delete(sessions).where((s.begun_at <= now - LONGEST) | (s.seen_at <= now - IDLE)))
        conn.execute(delete(login_failures).where(login_failures.c.subject.in_(own)))
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


def unlock(engine: Engine, name: str, *, by: Account, now: datetime) -> int:
    """Given an account's name, forget its failed logins wherever they came from; return of how many places."""

    def work(conn: Connection) -> int:
        people.active(conn, name)
        found = forgive(conn, name)
        audit.append(conn, by.name, "account.unlock", name, {"places": found}, now)
        return found

    return in_transaction(engine, work)


def forgive(conn: Connection, name: str) -> int:
    """Given an account's name, forget its failed logins; return of how many places."""
    return conn.execute(delete(login_failures).where(login_failures.c.account == _digest(name))).rowcount


def _forget_too_many(conn: Connection) -> None:
    f = login_failures.c
    more = (conn.scalar(select(func.count()).select_from(login_failures)) or 0) - MOST_SUBJECTS
    if more > 0:
        fewest = list(conn.scalars(select(f.subject).order_by(f.failures, f.last_at).limit(more)))
        conn.execute(delete(login_failures).where(f.subject.in_(fewest)))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()
