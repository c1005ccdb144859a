"""Beside the actor an audit row keeps the uid of who acted, and the one with which they logged in.

Rows from before have neither, and their digests stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("uid", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("login_uid", sa.BigInteger(), nullable=True))
