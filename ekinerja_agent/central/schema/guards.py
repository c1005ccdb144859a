"""The triggers by which the database keeps rows as they are: which must be there, and which are lost.

The migrations make them; a test holds both to the same names. Does not know what a guard says.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.central.store.tables.access import audit_end

_KEPT: Final = {"postgresql": ("keep", "keep_all"), "sqlite": ("keep_update", "keep_delete", "keep_key")}
_FROZEN: Final = {"postgresql": ("keep", "draft", "keep_all"), "sqlite": ("keep_update", "keep_delete", "keep_insert")}
_SEALED: Final = tuple(f"{table.name}_sealed" for table in PUBLISHED if table.name != "results")
_ORDERED: Final = (
    "absence_decisions_own",
    "activities_own",
    "activity_steps_own",
    "correction_decisions_own",
    "import_revocations_two",
    "objection_decisions_own",
    "outage_decisions_own",
    "period_events_paid",
    "period_events_still_closed",
    "period_events_two",
    "period_payments_not_closed",
    "period_payments_reopened",
    "period_reopenings_not_closed",
    "period_reopenings_own",
    "period_reopenings_paid",
    "redating_decisions_own",
)
"""Who may decide, and in which order a month is closed, reopened and paid."""

_COUNTED: Final = {
    "postgresql": ("audit_counted", "audit_end_steps", "audit_end_keep"),
    "sqlite": ("audit_counted", "audit_end_keep_update", "audit_end_keep_delete", "audit_end_keep_insert"),
}
"""The end of the audit log, which the database itself counts."""


def required(dialect: str) -> set[str]:
    """Given "sqlite" or "postgresql", return the names of the guards without those of each month of punches."""
    kept = {f"{table.name}_{kind}" for table in insert_only() for kind in _KEPT[dialect]}
    frozen = {f"{table.name}_{kind}" for table in PUBLISHED for kind in _FROZEN[dialect]}
    return {*kept, *frozen, *_SEALED, *_ORDERED, *_COUNTED[dialect]}


def installed(conn: Connection) -> set[tuple[str, str]]:
    """Given a connection, return (table, name) of the triggers that are there and switched on."""
    if conn.dialect.name == "sqlite":
        query = "SELECT tbl_name AS guarded, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT c.relname AS guarded, t.tgname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
        )
    return {(row.guarded, row.name) for row in conn.exec_driver_sql(query)}


def lost(conn: Connection) -> dict[str, list[str]]:
    """Given a connection, return by table the guards that are missing or switched off."""
    there = installed(conn)
    names = {name for _, name in there}
    tables = [table.name for table in (*insert_only(), *PUBLISHED, audit_end)]
    found: dict[str, list[str]] = {}
    for guard in sorted(required(conn.dialect.name) - names):
        table = max((name for name in tables if guard.startswith(f"{name}_")), key=len)
        found.setdefault(table, []).append(guard)
    if conn.dialect.name == "postgresql":
        months = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'punches'::regclass ORDER BY 1"
        for month in conn.exec_driver_sql(months).scalars():
            for guard in ("punches_keep", f"{month}_keep_all"):
                if (month, guard) not in there:
                    found.setdefault("punches", []).append(f"{guard} on {month}")
    return found
