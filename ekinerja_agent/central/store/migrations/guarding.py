"""Triggers by which the database itself keeps the rows of a table as they are.

As migration 0002 guards the facts that it knew; later migrations guard theirs with this. Never changed: a migration
that was run must mean the same for ever.
"""

from __future__ import annotations

from alembic import op


def guard(table: str, key: tuple[str, ...], instead: str) -> None:
    """Given a table, its key and what to do instead, let the database refuse UPDATE, DELETE and TRUNCATE.

    On SQLite, INSERT OR REPLACE would delete without asking a trigger, so a row with a known key is ignored there.
    """
    if op.get_bind().dialect.name == "postgresql":
        refuse = f"EXECUTE FUNCTION ekinerja_refuse('{instead}')"
        op.execute(f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
        return
    for change in ("update", "delete"):
        refuse = f"SELECT RAISE(ABORT, '{table} refuses {change}: {instead}')"
        op.execute(f"CREATE TRIGGER {table}_keep_{change} BEFORE {change} ON {table} BEGIN {refuse}; END")
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    op.execute(
        f"CREATE TRIGGER {table}_keep_key BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(IGNORE); END"
    )
