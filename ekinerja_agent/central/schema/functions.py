"""The functions of a PostgreSQL database: which of them read tables that a login can put in the place of ours.

Does not know what a function does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ekinerja_agent.central.store.tables.columns import metadata


class Function(NamedTuple):
    """A function with its arguments as SQL names it, and the path by which it must look for tables."""

    name: str
    path: str


_OURS: Final = """
    AND (p.oid IN (SELECT t.tgfoid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = n.oid AND (c.relname IN ({tables})
            OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('punches'))))
    OR (p.pronamespace = n.oid AND (p.prosecdef OR p.proname LIKE 'ekinerja\\_%%')))"""
"""What fires with a row of ours, acts with the rights of its owner, or is called by our name."""


def deceivable(conn: Connection) -> Iterator[Function]:
    """Given a connection, yield our functions that do not look for tables in our schema first and in the session last.

    What is neither SQL nor PL/pgSQL looks for none.
    """
    if conn.dialect.name != "postgresql":
        return
    tables = ", ".join(f"'{name}'" for name in sorted(metadata.tables))
    query = f"""
        SELECT p.oid::regprocedure::text, quote_ident(n.nspname) || ', pg_temp' AS path
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang,
            (SELECT s.oid, s.nspname FROM pg_class a JOIN pg_namespace s ON s.oid = a.relnamespace
                WHERE a.oid = to_regclass('audit')) n
        WHERE l.lanname NOT IN ('c', 'internal') {_OURS.format(tables=tables)}
            AND NOT coalesce(p.proconfig, '{{}}') && ARRAY[
                'search_path=' || quote_ident(n.nspname) || ', pg_temp',
                'search_path=pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp']
        ORDER BY 1"""
    yield from (Function(name, path) for name, path in conn.exec_driver_sql(query))
