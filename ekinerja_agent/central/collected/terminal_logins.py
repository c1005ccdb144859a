"""Whose word counts for a terminal: the database login of its office, on PostgreSQL (decision 59).

The database itself holds a login to its terminals; here it is asked beforehand, so that what is of others is set apart
with its reason and the rest travels on. A file of SQLite has no logins: there nothing is of others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.schema.office_logins import SHARED
from ekinerja_agent.central.store.tables.recorded import terminal_logins
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message


def of_others(conn: Connection, terminals: Collection[str]) -> dict[str, Message]:
    """Given a writing connection and terminals, return by terminal why what this login says of it is not taken.

    A terminal that nobody had is this login's from now on.
    """
    if conn.dialect.name != "postgresql" or not terminals:
        return {}
    query = text("SELECT session_user, ekinerja_terminals_of_others(cast(:terminals AS text[]))")
    login, others = conn.execute(query, {"terminals": sorted(terminals)}).one()
    if not others:
        return {}
    owners = logins_of(conn, others)
    return {terminal: _why(terminal, login, owners.get(terminal)) for terminal in others}


def held_login(conn: Connection) -> str | None:
    """Return the login of this connection if it is held to terminals of its own, None if it may speak of all."""
    return conn.scalar(text("SELECT ekinerja_held_login()")) if conn.dialect.name == "postgresql" else None


def logins_of(conn: Connection, terminals: Iterable[str]) -> dict[str, str]:
    """Return the login whose word counts for each of the terminals; those that no login has are left out."""
    t = terminal_logins.c
    rows = conn.execute(select(t.terminal, t.login).where(t.terminal.in_(list(terminals))).order_by(t.turn))
    return {row.terminal: row.login for row in rows}


def give(conn: Connection, terminal: str, login: str, *, account: Account, now: datetime) -> str | None:
    """Given a writing connection, let the word of a login count for a terminal from now on, on the record; return whose
    counted before. Raise WrongUsage if the database has no such login of an office.
    """
    _require_login(conn, login)
    before = logins_of(conn, [terminal]).get(terminal)
    row = audit.append(
        conn, account.name, "terminal.take_over", terminal, {"from_login": before, "to_login": login}, now
    )
    t = terminal_logins.c
    turn = conn.scalar(select(func.coalesce(func.max(t.turn), 0) + 1).where(t.terminal == terminal))
    values = {"terminal": terminal, "turn": turn, "login": login, "since": now, "audited_by": row}
    conn.execute(insert(terminal_logins), values)
    return before


def _require_login(conn: Connection, login: str) -> None:
    if conn.dialect.name != "postgresql":
        raise WrongUsage(Message("a database file has no logins: whoever may write the file speaks of every terminal"))
    query = text(
        f"SELECT rolname FROM pg_roles WHERE rolcanlogin AND pg_has_role(oid, to_regrole('{SHARED}'), 'MEMBER') "
        "AND NOT rolsuper ORDER BY 1"
    )
    known = list(conn.scalars(query))
    if login not in known:
        raise WrongUsage(
            Message(
                "no office delivers under the database login {login}; those that do: {known}",
                login=login,
                known=", ".join(known) or "-",
            )
        )


def _why(terminal: str, login: str, owner: str | None) -> Message:
    if owner is None:
        return Message(
            "{terminal} serves a unit that is not one of the database login {login}; an administrator of the database "
            "gives it with: ekinerja-agent db roles --office {login}=UNIT",
            terminal=terminal,
            login=login,
        )
    return Message(
        "{terminal} is a terminal of the database login {owner}, and this host delivers as {login}; if it shall, an "
        "operator runs: ekinerja-agent terminal accept {terminal} --login {login}",
        terminal=terminal,
        owner=owner,
        login=login,
    )
