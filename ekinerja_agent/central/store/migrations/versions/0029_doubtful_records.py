"""Records that terminals themselves show, and that contradict what was proven (decision 60).

They lie beside those of files, brought by no account; why each is doubtful is told, and between which clocks it was
made. Of one that no person brought two people say the same: the first one is kept. SQLite needs the tables anew.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
KEPT = (
    "id, punch_id, batch, terminal, pin, clock, occurrence, at, offset_s, verify, state, work_code, source, raw, "
    "corrected, received_at, account_id"
)
DECIDED = "doubt, approved, reason, account_id, decided_at"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("doubtful_punches", "account_id", nullable=True)
        for column in _added():
            op.add_column("doubtful_punches", column)
    else:
        _anew()
    op.create_table(
        "doubt_requests",
        sa.Column("doubt", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["doubt"], ["doubtful_punches.id"], name=op.f("fk_doubt_requests_doubt")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_doubt_requests_account_id")),
        sa.PrimaryKeyConstraint("doubt", "account_id", "approved", name=op.f("pk_doubt_requests")),
    )
    guard(
        "doubt_requests",
        ("doubt", "account_id", "approved"),
        "who asked has asked; somebody else decides with: punch doubtful approve, or punch doubtful reject",
    )


def _added() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("contradicts", sa.Text(), server_default="file", nullable=False),
        sa.Column("made_since", sa.DateTime(), nullable=True),
        sa.Column("made_until", sa.DateTime(), nullable=True),
    )


def _anew() -> None:
    for table in ("doubt_decisions", "doubtful_punches"):
        op.rename_table(table, f"{table}_0027")
    op.create_table(
        "doubtful_punches",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("punch_id", sa.Text(), nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("clock", sa.DateTime(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=True),
        sa.Column("offset_s", sa.BigInteger(), nullable=True),
        sa.Column("verify", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("work_code", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("account_id", SERIAL, nullable=True),
        *_added(),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_doubtful_punches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubtful_punches")),
        sa.UniqueConstraint("punch_id", "batch", name=op.f("uq_doubtful_punches_punch_id_batch")),
    )
    op.create_table(
        "doubt_decisions",
        sa.Column("doubt", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["doubt"], ["doubtful_punches.id"], name=op.f("fk_doubt_decisions_doubt")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_doubt_decisions_account_id")),
        sa.PrimaryKeyConstraint("doubt", name=op.f("pk_doubt_decisions")),
    )
    op.execute(f"INSERT INTO doubtful_punches ({KEPT}) SELECT {KEPT} FROM doubtful_punches_0027")
    op.execute(f"INSERT INTO doubt_decisions ({DECIDED}) SELECT {DECIDED} FROM doubt_decisions_0027")
    for table in ("doubt_decisions", "doubtful_punches"):
        op.drop_table(f"{table}_0027")
    guard("doubtful_punches", ("id",), "decide with: punch doubtful approve, or punch doubtful reject")
    guard("doubt_decisions", ("doubt",), "a decision is made once; bring the record again with: import punches FILE")
