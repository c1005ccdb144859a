"""What Alembic finds when it compares tables with the program, kept for every database whose catalogue reads the same.

To reflect a hundred tables takes half the time of whatever looks at a whole database, and most tests change none of
them. Whoever does has another catalogue, which is compared. Does not know what is found.
"""

from __future__ import annotations

from hashlib import sha256

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from ekinerja_agent.central.schema import checks

_CATALOGUES = {
    "sqlite": ("select type, name, tbl_name, sql from sqlite_master order by 1, 2, 3",),
    "postgresql": tuple(
        f"select '{name}', md5(string_agg(one::text, ' ' order by one::text)) from pg_catalog.{name} one"
        for name in ("pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_index", "pg_inherits", "pg_type")
    ),
}
"""Every word that there is about tables; where PostgreSQL rewrites one by itself, they are compared once more."""


class ComparedOnce:
    """From `share` on, `differences` asks Alembic once for each catalogue."""

    def __init__(self) -> None:
        self._found: dict[str, object] = {}

    def share(self) -> None:
        """Put this in the place of Alembic's function in the module that asks it."""
        vars(checks)["compare_metadata"] = self._compare

    def _compare(self, context: MigrationContext, metadata: MetaData) -> object:
        assert context.connection is not None
        key = _catalogue(context.connection)
        if key not in self._found:
            self._found[key] = compare_metadata(context, metadata)
        return self._found[key]


def _catalogue(conn: Connection) -> str:
    told = [tuple(row) for query in _CATALOGUES[conn.dialect.name] for row in conn.exec_driver_sql(query)]
    return sha256(repr((conn.dialect.name, told)).encode()).hexdigest()
