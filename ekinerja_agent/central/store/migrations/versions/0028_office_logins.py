"""Whose word counts for a terminal: the database login of its office (decision 59).

On PostgreSQL every terminal that is known belongs to the login that all offices share today, which goes on as before.
An office that gets a login of its own takes its terminals over as it first delivers under that.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "terminal_logins",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audited_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "turn", name=op.f("pk_terminal_logins")),
    )
    op.create_table(
        "login_units",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("login", "unit", name=op.f("pk_login_units")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _shared()
    instead = "give it to another login with: terminal accept ID --login LOGIN"
    guard("terminal_logins", ("terminal", "turn"), instead)


def _shared() -> None:
    op.execute(
        """INSERT INTO terminal_logins (terminal, turn, login, since)
        SELECT k.terminal, 1, 'ekinerja_collect', now() FROM (
            SELECT terminal FROM terminal_facts UNION SELECT terminal FROM terminal_owners
            UNION SELECT terminal FROM terminal_status UNION SELECT terminal FROM coverage
            UNION SELECT terminal FROM clock_readings
        ) k WHERE EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ekinerja_collect')"""
    )
