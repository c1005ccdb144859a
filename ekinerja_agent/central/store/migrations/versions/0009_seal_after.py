"""PostgreSQL asks after a part of a result was inserted whether the result is published, not before.

With a trigger before each row COPY would insert the rows one by one.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PARTS = ("result_findings", "result_days", "result_pending")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in PARTS:
        op.execute(f"DROP TRIGGER {table}_sealed ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_sealed AFTER INSERT ON {table} FOR EACH ROW WHEN (NEW.revision > 0) "
            "EXECUTE FUNCTION ekinerja_refuse_sealed()"
        )
