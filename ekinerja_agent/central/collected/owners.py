"""Which agent reads which terminal: the first that delivered what it read there, until a person gives it to another.

Promises one owner at a time, also when two agents ask at once, and an audit row for each change. Refuses no punch: what
anybody has read is taken whoever owns the terminal. Does not know how an agent stops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected import terminal_logins
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.central.store.tables.recorded import terminal_owners


def owners(engine: Engine, terminals: Iterable[str]) -> dict[str, str]:
    """Given terminals, return the agent that owns each; those that nobody owns are left out."""
    with reading(engine) as conn:
        return _owners(conn, terminals)


def claim(engine: Engine, agent: str, terminals: Collection[str], now: datetime) -> dict[str, str]:
    """Given an agent and the terminals that it has read, make it the owner of those without one; return who owns each.
    Those of another database login are left out.

    Raise TemporarilyUnavailable if central does not answer.
    """
    known = owners(engine, terminals)
    free = sorted(set(terminals) - known.keys())
    if not free:
        return known

    def work(conn: Connection) -> dict[str, str]:
        others = terminal_logins.of_others(conn, free)
        _give(conn, [terminal for terminal in free if terminal not in others], agent, now)
        return _owners(conn, terminals)

    return in_transaction(engine, work)


def take_over(engine: Engine, agent: str, terminal: str, *, account: Account, now: datetime) -> str | None:
    """Given an agent and a terminal, make it the owner, on the record; return who was it before, None if nobody."""

    def work(conn: Connection) -> str | None:
        before = _owners(conn, [terminal]).get(terminal)
        row = audit.append(conn, account.name, "terminal.take_over", terminal, {"from": before, "to": agent}, now)
        _give(conn, [terminal], agent, now)
        t = terminal_owners.c
        conn.execute(
            update(terminal_owners)
            .where(t.terminal == terminal, t.agent != agent)
            .values(agent=agent, since=now, audited_by=row)
        )
        return before

    return in_transaction(engine, work)


def _give(conn: Connection, terminals: Collection[str], agent: str, now: datetime) -> None:
    """Make an agent the owner of those of the terminals that have none."""
    if not terminals:
        return
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    rows = [{"terminal": terminal, "agent": agent, "since": now} for terminal in terminals]
    conn.execute(insert(terminal_owners).on_conflict_do_nothing(), rows)


def _owners(conn: Connection, terminals: Iterable[str]) -> dict[str, str]:
    t = terminal_owners.c
    rows = conn.execute(select(t.terminal, t.agent).where(t.terminal.in_(list(terminals))))
    return {row.terminal: row.agent for row in rows}
