"""The end of the audit log: how many rows were written, and the digest of the last.

The chain shows a row that was changed, removed or put in before another one. Rows that were cut off at its end, or
added behind it by somebody who knows how digests are made, show by this count. The database itself counts, so that
nobody who adds a row needs a right on it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NO_DIGEST = "0" * 64
COUNT = "UPDATE audit_end SET rows = rows + 1, digest = NEW.digest"
NO_STEP = """NEW.id <> OLD.id OR NEW.rows <> OLD.rows + 1 OR NEW.digest = OLD.digest
    OR NOT EXISTS (SELECT 1 FROM audit WHERE digest = NEW.digest)"""
"""A log that was tampered with still takes rows: work goes on, and `audit verify` tells."""
INSTEAD = "the database counts the audit log itself"


def upgrade() -> None:
    op.create_table(
        "audit_end",
        sa.Column("id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_end")),
    )
    op.execute(f"""
        INSERT INTO audit_end (id, rows, digest) SELECT 1, count(*),
            COALESCE((SELECT digest FROM audit ORDER BY id DESC LIMIT 1), '{NO_DIGEST}') FROM audit""")
    if op.get_bind().dialect.name == "postgresql":
        _count_postgresql()
    else:
        _count_sqlite()


def _count_postgresql() -> None:
    op.execute(f"""
        CREATE FUNCTION ekinerja_audit_counted() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            {COUNT};
            RETURN NULL;
        END $$""")
    op.execute("REVOKE ALL ON FUNCTION ekinerja_audit_counted() FROM PUBLIC")
    op.execute(f"""
        CREATE FUNCTION ekinerja_audit_end_steps() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {NO_STEP} THEN
                RAISE EXCEPTION 'audit_end refuses update: {INSTEAD}' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute(
        "CREATE TRIGGER audit_counted AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION ekinerja_audit_counted()"
    )
    op.execute(
        "CREATE TRIGGER audit_end_steps BEFORE UPDATE ON audit_end FOR EACH ROW "
        "EXECUTE FUNCTION ekinerja_audit_end_steps()"
    )
    op.execute(
        "CREATE TRIGGER audit_end_keep BEFORE INSERT OR DELETE OR TRUNCATE ON audit_end FOR EACH STATEMENT "
        f"EXECUTE FUNCTION ekinerja_refuse('{INSTEAD}')"
    )


def _count_sqlite() -> None:
    op.execute(f"CREATE TRIGGER audit_counted AFTER INSERT ON audit BEGIN {COUNT}; END")
    for change, when in (("insert", "1"), ("delete", "1"), ("update", NO_STEP)):
        op.execute(
            f"CREATE TRIGGER audit_end_keep_{change} BEFORE {change} ON audit_end WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, 'audit_end refuses {change}: {INSTEAD}'); END"
        )
