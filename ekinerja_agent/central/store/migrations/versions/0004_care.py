"""Outages of terminals, trials of their lock, and blocks of punches that get their true time; all insert-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
CLOCK = sa.DateTime(timezone=False)
GUARDED = {
    # table: (its key, what to do instead)
    "outages": (("id",), "import the corrected row, or take the whole file back with: import revoke BATCH"),
    "disable_trials": (("id",), "try the terminal again with: terminal clear ID --prove"),
    "redatings": (("id",), "request another one with: punch redate"),
    "redated_punches": (("redating", "punch_id"), "request another one with: punch redate"),
    "redating_decisions": (("redating",), "request another one with: punch redate"),
}


def upgrade() -> None:
    op.create_table(
        "outages",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("starts", CLOCK, nullable=False),
        sa.Column("ends", CLOCK, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_outages_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index(op.f("ix_outages_batch"), "outages", ["batch"], unique=False)
    op.create_index(op.f("ix_outages_terminal"), "outages", ["terminal"], unique=False)
    op.create_table(
        "disable_trials",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("refuses", sa.Boolean(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("tried_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_disable_trials_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disable_trials")),
    )
    _redatings()
    for table, (key, instead) in GUARDED.items():
        guard(table, key, instead)


def _redatings() -> None:
    op.create_table(
        "redatings",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("first_clock", CLOCK, nullable=False),
        sa.Column("last_clock", CLOCK, nullable=False),
        sa.Column("shift_s", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_redatings_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redatings")),
    )
    op.create_table(
        "redated_punches",
        sa.Column("redating", SERIAL, nullable=False),
        sa.Column("punch_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["redating"], ["redatings.id"], name=op.f("fk_redated_punches_redating")),
        sa.PrimaryKeyConstraint("redating", "punch_id", name=op.f("pk_redated_punches")),
    )
    op.create_index(op.f("ix_redated_punches_at"), "redated_punches", ["at"], unique=False)
    op.create_table(
        "redating_decisions",
        sa.Column("redating", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["redating"], ["redatings.id"], name=op.f("fk_redating_decisions_redating")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_redating_decisions_account_id")),
        sa.PrimaryKeyConstraint("redating", name=op.f("pk_redating_decisions")),
    )
