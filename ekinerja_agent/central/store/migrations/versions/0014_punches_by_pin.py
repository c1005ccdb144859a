"""PostgreSQL finds one person's punches by PIN; SQLite finds them by the primary key, whose text begins with it."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(op.f("ix_punches_pin_clock"), "punches", ["pin", "clock"])
