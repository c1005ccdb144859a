"""Drafts by other rules, and old ones, are found without reading all drafts of their month."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["period", "rules_digest", "computed_at", "revision"]
    op.create_index(op.f("ix_results_period_rules_digest_computed_at_revision"), "results", columns)
