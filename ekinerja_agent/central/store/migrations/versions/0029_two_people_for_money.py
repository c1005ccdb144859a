"""Two people for what moves money: batches that wait, and rules that changed.

A batch in `held_batches` counts for nothing until somebody else approved it. Of every set of rules by which a month is
closed the text is kept, with who accepted it. A close notes whether anybody else could have signed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0029"
down_revision = "0025"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _batches()
    _rule_sets()
    op.add_column("period_events", sa.Column("alone", sa.Boolean(), nullable=True))


def _batches() -> None:
    op.create_table(
        "held_batches",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_held_batches_batch")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_held_batches")),
    )
    guard("held_batches", ("batch",), "what waits for another person is decided with: import approve, or import reject")
    op.create_table(
        "batch_decisions",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["held_batches.batch"], name=op.f("fk_batch_decisions_batch")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batch_decisions_account_id")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_batch_decisions")),
    )
    guard("batch_decisions", ("batch",), "a decision is made once; bring the file again with: import KIND FILE")


def _rule_sets() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_sets")),
    )
    guard("rule_sets", ("digest",), "rules that were used stay; change the rule files, and accept what they say")
    op.create_table(
        "rule_acceptances",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["rule_sets.digest"], name=op.f("fk_rule_acceptances_digest")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rule_acceptances_account_id")),
        sa.PrimaryKeyConstraint("digest", "account_id", name=op.f("pk_rule_acceptances")),
    )
    guard("rule_acceptances", ("digest", "account_id"), "who accepted has accepted; other rules are accepted anew")
