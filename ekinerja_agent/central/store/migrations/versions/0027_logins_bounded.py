"""What the database itself asks of a close, of an account, of who delivers and of who waits (decision 52)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("period_events", "pending_signatures"):
        op.add_column(table, sa.Column("audit_rows", sa.BigInteger(), nullable=True))
    op.create_table(
        "turns",
        sa.Column("turn", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("share", sa.Integer(), primary_key=True, autoincrement=False),
    )
    for table in ("accounts", "passwords", "terminal_owners"):
        op.add_column(table, sa.Column("audited_by", sa.Text(), nullable=True))
