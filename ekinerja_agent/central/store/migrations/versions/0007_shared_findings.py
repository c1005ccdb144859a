"""How near an office's drafts are to a mass anomaly, so that one person can be scored without looking at the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_findings",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("affected", sa.BigInteger(), nullable=False),
        sa.Column("share_ppm", sa.BigInteger(), nullable=False),
        sa.Column("least_people", sa.BigInteger(), nullable=False),
        sa.Column("scored_since", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "period", "office", "unit", "date", "scan", "terminal", name=op.f("pk_shared_findings")
        ),
    )
