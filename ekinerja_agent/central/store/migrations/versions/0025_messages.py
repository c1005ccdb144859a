"""Beside a sentence that the program keeps, the message that it is the text of: its template and values, as JSON.

The sentence stays as it is, in English, for who reads with SQL. Pages and tables show the message in the reader's
language; rows from before have none and are shown as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SENTENCES = (
    ("activities", "reason"),
    ("activity_steps", "reason"),
    ("absence_decisions", "reason"),
    ("corrections", "reason"),
    ("quarantine", "reason"),
    ("terminal_status", "state"),
    ("result_pending", "reason"),
)


def upgrade() -> None:
    for table, name in SENTENCES:
        op.add_column(table, sa.Column(f"{name}_message", sa.Text(), nullable=True))
