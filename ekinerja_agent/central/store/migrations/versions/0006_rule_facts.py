"""Rosters, corrections, events, what makes and what takes an allowance, all insert-only. Findings get a
reference.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
CORRECT_INSTEAD = "import the corrected row, or take the whole file back with: import revoke BATCH"
DECIDE_INSTEAD = "enter another correction with: correction add"
DECISION = ("document?", "requested_by?", "requested_at?", "status", "decided_by?", "decided_at?")
TYPES = {
    "date": sa.Date,
    "valid_from": sa.Date,
    "valid_to": sa.Date,
    "time": sa.Time,
    "opens": sa.Time,
    "closes": sa.Time,
    "due": sa.Time,
    "amount_rp": sa.BigInteger,
    "basic_rp": sa.BigInteger,
    "allowance_rp": sa.BigInteger,
    "share_ppm": sa.BigInteger,
    "pct_bp": sa.Integer,
    "new_idea": sa.Boolean,
}
TAKEN = ("amount_rp?", "share_ppm?", "document", "valid_from", "valid_to?")
FACTS = {
    # table: (the column that is looked up, its columns; "?" may be null)
    "rosters": ("nip", ("nip", "date", "shifts")),
    "corrections": ("nip", ("nip", "date", "scan", "action", "time?", *DECISION, "reason?")),
    "events": (
        "code",
        ("code", "kind", "unit", "date", "opens?", "closes?", "due?", "terminal?", "audience?"),
    ),
    "event_attendance": ("event", ("event", "nip", "date", "status", "document?")),
    "allowances": ("nip", ("nip", "criterion", "amount_rp?", "basic_rp?", "pct_bp?", "valid_from?", "valid_to?")),
    "holds": ("nip", ("nip", "kind", *TAKEN)),
    "sanctions": ("nip", ("nip", "decree", *TAKEN)),
    "assignments": ("nip", ("nip", "unit", "kind", "document", "valid_from", "valid_to?", "allowance_rp?")),
    "ratings": (
        "nip",
        (
            *("nip", "period", "result?", "behaviour?", "predicate", "scheme", "mode", "new_idea"),
            *("valid_from", "valid_to?", *DECISION),
        ),
    ),
}


def upgrade() -> None:
    for table, (looked_up_by, columns) in FACTS.items():
        op.create_table(
            table,
            sa.Column("id", SERIAL, autoincrement=True, nullable=False),
            sa.Column("batch", SERIAL, nullable=False),
            sa.Column("row", sa.Integer(), nullable=False),
            *map(_column, columns),
            sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f(f"fk_{table}_batch")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_batch"), table, ["batch"], unique=False)
        op.create_index(op.f(f"ix_{table}_{looked_up_by}"), table, [looked_up_by], unique=False)
        guard(table, ("id",), CORRECT_INSTEAD)
    op.create_table(
        "correction_decisions",
        sa.Column("correction", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["correction"], ["corrections.id"], name=op.f("fk_correction_decisions_correction")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_correction_decisions_account_id")),
        sa.PrimaryKeyConstraint("correction", name=op.f("pk_correction_decisions")),
    )
    guard("correction_decisions", ("correction",), DECIDE_INSTEAD)
    op.add_column("result_findings", sa.Column("reference", sa.Text(), nullable=True))


def _column(name: str) -> sa.Column[object]:
    plain = name.removesuffix("?")
    return sa.Column(plain, TYPES.get(plain, sa.Text)(), nullable=name.endswith("?"))
