"""Changes of power wait for another operator; each password that somebody else gave is told to its owner; failed logins
are counted by device, and by address and account, so that nobody locks another person out.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0025"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "power_requests",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("asked_as", sa.Text(), nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("alone_from", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_power_requests_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_power_requests")),
    )
    op.create_table(
        "power_decisions",
        sa.Column("request", SERIAL, nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["request"], ["power_requests.id"], name=op.f("fk_power_decisions_request")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_power_decisions_account_id")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_power_decisions")),
    )
    op.create_table(
        "password_gifts",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("given_by", SERIAL, nullable=False),
        sa.Column("asked_by", SERIAL, nullable=True),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_password_gifts_account_id")),
        sa.ForeignKeyConstraint(["given_by"], ["accounts.id"], name=op.f("fk_password_gifts_given_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name=op.f("fk_password_gifts_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_gifts")),
    )
    op.create_index(op.f("ix_password_gifts_account_id"), "password_gifts", ["account_id"])
    op.add_column("login_failures", sa.Column("account", sa.Text(), nullable=True))
    op.create_index(op.f("ix_login_failures_account"), "login_failures", ["account"])
