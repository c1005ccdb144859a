"""The life of an activity: its steps, standard times, the inbox of another application; requests that silence decided.

All insert-only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
CORRECT_INSTEAD = "import the corrected row, or take the whole file back with: import revoke BATCH"
STEP_INSTEAD = "what happened to an activity stays; the next step is a new row"
OWN = "nobody approves their own activity; the superior of that day decides"
FEED_INSTEAD = "send the activity again as a new row; the newest one stands"
FEED = (
    *("activity_id", "nip", "date", "starts", "ends", "description", "type", "volume", "output", "plan"),
    *("status", "approved_minutes", "decided_by", "decided_at", "entered_at"),
)


def upgrade() -> None:
    op.add_column("activities", sa.Column("waits_from", sa.Date(), nullable=True))
    _standards()
    _steps()
    _feed()
    guard("activity_standards", ("id",), CORRECT_INSTEAD)
    guard("activity_steps", ("id",), STEP_INSTEAD)
    guard("absence_decisions", ("absence",), STEP_INSTEAD)
    guard("feed_activities", ("id",), FEED_INSTEAD)
    guard("feed_answers", ("entry",), FEED_INSTEAD)
    _refuse_own_decisions()


def _standards() -> None:
    op.create_table(
        "activity_standards",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("standard_minutes", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_activity_standards_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_standards")),
    )
    op.create_index(op.f("ix_activity_standards_batch"), "activity_standards", ["batch"], unique=False)
    op.create_index(op.f("ix_activity_standards_type"), "activity_standards", ["type"], unique=False)


def _steps() -> None:
    op.create_table(
        "activity_steps",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("activity", SERIAL, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("approved_minutes", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("first_tier", sa.Integer(), nullable=False),
        sa.Column("last_tier", sa.Integer(), nullable=False),
        sa.Column("waits_from", sa.Date(), nullable=True),
        sa.Column("silent_nip", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["activity"], ["activities.id"], name=op.f("fk_activity_steps_activity")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_activity_steps_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_steps")),
    )
    op.create_index(op.f("ix_activity_steps_activity"), "activity_steps", ["activity"], unique=False)
    op.create_table(
        "absence_decisions",
        sa.Column("absence", SERIAL, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["absence"], ["absences.id"], name=op.f("fk_absence_decisions_absence")),
        sa.PrimaryKeyConstraint("absence", name=op.f("pk_absence_decisions")),
    )


def _feed() -> None:
    op.create_table(
        "feed_activities",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in FEED),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_activities")),
    )
    op.create_table(
        "feed_answers",
        sa.Column("entry", SERIAL, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("batch", SERIAL, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["feed_activities.id"], name=op.f("fk_feed_answers_entry")),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_feed_answers_batch")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_feed_answers")),
    )


def _refuse_own_decisions() -> None:
    """Whoever may write to the database: nobody approves their own activity."""
    of_rows = "NEW.status = 'approved' AND NEW.decided_by = NEW.nip"
    of_steps = (
        "NEW.status = 'approved' AND EXISTS (SELECT 1 FROM activities a JOIN accounts c ON c.nip = a.nip "
        "WHERE a.id = NEW.activity AND c.id = NEW.account_id)"
    )
    for table, condition in (("activities", of_rows), ("activity_steps", of_steps)):
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"""
                CREATE FUNCTION {table}_refuse_own() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF {condition} THEN
                        RAISE EXCEPTION '% refuses insert: {OWN}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
                    END IF;
                    RETURN NEW;
                END $$""")
            # After the insert: with a trigger before each row COPY would insert the rows one by one.
            own = f"FOR EACH ROW WHEN (NEW.status = 'approved') EXECUTE FUNCTION {table}_refuse_own()"
            op.execute(f"CREATE TRIGGER {table}_own AFTER INSERT ON {table} {own}")
        else:
            op.execute(
                f"CREATE TRIGGER {table}_own BEFORE INSERT ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{table} refuses insert: {OWN}'); END"
            )
