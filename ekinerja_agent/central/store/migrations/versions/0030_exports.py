"""What payroll was handed, file by file and office by office; a payment names the file that was paid.

The digests of what earlier closes published go into the audit log with this upgrade (decision 55).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0030"
down_revision = "0025"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "payroll_exports",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("payable_rp", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_payroll_exports_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payroll_exports")),
    )
    op.create_index(op.f("ix_payroll_exports_period"), "payroll_exports", ["period"], unique=False)
    guard("payroll_exports", ("id",), "what payroll was handed is kept; export again with: payroll export")
    op.add_column("period_payments", sa.Column("export_digest", sa.Text(), nullable=True))
