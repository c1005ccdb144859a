"""What waits for a person has a number, whose it may be, and what became of it (decision 61).

Each row of the quarantine gets its number. Whose record an older row is stands in its bytes alone: `punch quarantine
--retry` reads them again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
UNSETTLE = "take it back with: import revoke BATCH"


def upgrade() -> None:
    _set_apart()
    op.create_table(
        "apart_settled",
        sa.Column("apart", SERIAL, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome in ('dismissed', 'read')", name=op.f("ck_apart_settled_outcome")),
        sa.ForeignKeyConstraint(["apart"], ["set_apart.id"], name=op.f("fk_apart_settled_apart")),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_apart_settled_batch")),
        sa.PrimaryKeyConstraint("apart", "batch", name=op.f("pk_apart_settled")),
    )
    guard("apart_settled", ("apart", "batch"), UNSETTLE)
    op.create_table(
        "apart_releases",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_apart_releases_batch")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_apart_releases")),
    )
    op.create_index(op.f("ix_apart_releases_terminal_code"), "apart_releases", ["terminal", "code"])
    guard("apart_releases", ("batch",), UNSETTLE)


def _set_apart() -> None:
    op.create_table(
        "set_apart",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("quarantine_id", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("punch_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("pin", sa.Text(), nullable=True),
        sa.Column("clock", sa.DateTime(), nullable=True),
        sa.Column("occurrence", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=True),
        sa.Column("offset_s", sa.BigInteger(), nullable=True),
        sa.Column("verify", sa.Integer(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=True),
        sa.Column("work_code", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("corrected", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["quarantine_id"], ["quarantine.quarantine_id"], name=op.f("fk_set_apart_quarantine_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_apart")),
        sa.UniqueConstraint("quarantine_id", "punch_id", name=op.f("uq_set_apart_quarantine_id_punch_id")),
    )
    op.create_index(op.f("ix_set_apart_terminal_code"), "set_apart", ["terminal", "code"])
    op.create_index(op.f("ix_set_apart_pin"), "set_apart", ["pin"])
    op.execute(
        "INSERT INTO set_apart (quarantine_id, terminal, punch_id) "
        "SELECT quarantine_id, terminal, '' FROM quarantine ORDER BY found_at, quarantine_id"
    )
    guard("set_apart", ("id",), "what was recorded stays as it is; a correction is a new row")
