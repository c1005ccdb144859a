"""How many scans of a day are missing: a regency may count them among the minutes of the year."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("result_days", sa.Column("missing_scans", sa.Integer(), server_default="0", nullable=False))
