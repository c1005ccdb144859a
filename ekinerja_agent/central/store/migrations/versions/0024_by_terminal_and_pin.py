"""Punches, enrolments and owners of slots are found by PIN and terminal: each terminal may number its PINs from 1.

On SQLite an index of the punches whose clock was far off is made by the words in which they are asked for: by other
words it was never used, and every punch there ever was was looked at.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    far_off: dict[str, Any] = {"postgresql_where": sa.text("corrected"), "sqlite_where": sa.text("corrected = 1")}
    if postgresql:
        op.drop_index(op.f("ix_punches_pin_clock"), "punches")
        op.create_index(op.f("ix_punches_pin_terminal_clock"), "punches", ["pin", "terminal", "clock"])
    else:
        op.drop_index("ix_punches_corrected_at", "punches")
        op.create_index("ix_punches_corrected_at", "punches", ["at"], **far_off)
    op.create_index("ix_punches_corrected_pin_terminal_at", "punches", ["pin", "terminal", "at"], **far_off)
    op.drop_index(op.f("ix_enrolments_pin"), "enrolments")
    for table in ("enrolments", "slot_owners"):
        op.create_index(op.f(f"ix_{table}_pin_terminal"), table, ["pin", "terminal"])
