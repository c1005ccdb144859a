"""Two people for what one could do alone: pending days that count as present, and a batch that is taken back.

Where a second account could act, the database itself refuses the close or the revocation of somebody whom nobody else
joined (decision 31). Absences and outages that wait are decided like corrections: not by who brought them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
SIGN_INSTEAD = "who signed has signed; other pending days are signed for anew with: period close --accept-pending"
DECIDE_INSTEAD = "a decision is made once; bring the row again, changed, and another decision can be made"

ANOTHER = (
    "EXISTS (SELECT 1 FROM accounts a WHERE a.id <> NEW.account_id AND a.os_user IS NOT NULL "
    "AND (a.roles LIKE '%operator%'{or_payroll}))"
)
SIGNED = """EXISTS (SELECT 1 FROM pending_signatures s WHERE s.period = NEW.period AND s.unit = NEW.unit
    AND s.account_id <> NEW.account_id AND s.after_revision = COALESCE((SELECT max(e.revision) FROM period_events e
        WHERE e.period = NEW.period AND e.unit = NEW.unit AND e.revision < NEW.revision), 0))"""
ASKED = "EXISTS (SELECT 1 FROM revocation_requests q WHERE q.batch = NEW.batch AND q.account_id <> NEW.account_id)"
CLOSES_ALONE = f"""NEW.accepted_pending IS NOT NULL AND {ANOTHER.format(or_payroll=" OR a.roles LIKE '%payroll%'")}
    AND NOT {SIGNED}"""
REVOKES_ALONE = f"{ANOTHER.format(or_payroll='')} AND NOT {ASKED}"
OWN_ABSENCE = """NEW.status = 'approved' AND EXISTS (SELECT 1 FROM absences f JOIN import_batches b ON b.id = f.batch
    JOIN accounts a ON a.id = NEW.account_id
    WHERE f.id = NEW.absence AND (b.account_id = a.id OR a.nip = f.nip))"""
OWN_OUTAGE = """NEW.status = 'approved' AND EXISTS (SELECT 1 FROM outages f JOIN import_batches b ON b.id = f.batch
    WHERE f.id = NEW.outage AND b.account_id = NEW.account_id)"""

REFUSALS = (
    # table, its key, name, when, why
    ("period_events", "id", "two", CLOSES_ALONE, "one person alone lets no pending day count; another one signs too"),
    ("import_revocations", "batch", "two", REVOKES_ALONE, "one person alone takes no batch back; another one asks too"),
    ("absence_decisions", "absence", "own", OWN_ABSENCE, "nobody approves what they entered, nor their own absence"),
    ("outage_decisions", "outage", "own", OWN_OUTAGE, "nobody approves what they entered"),
)


def upgrade() -> None:
    _signatures()
    _revocation_requests()
    _outage_decisions()
    _absence_decisions()
    for table, key, name, when, why in REFUSALS:
        _refuse(table, key, name, when, why)


def _signatures() -> None:
    op.create_table(
        "pending_signatures",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("after_revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_pending_signatures_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_signatures")),
    )
    op.create_index(op.f("ix_pending_signatures_period"), "pending_signatures", ["period"], unique=False)
    guard("pending_signatures", ("id",), SIGN_INSTEAD)
    op.create_table(
        "signed_days",
        sa.Column("signature", SERIAL, nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["signature"], ["pending_signatures.id"], name=op.f("fk_signed_days_signature")),
        sa.PrimaryKeyConstraint("signature", "nip", "date", name=op.f("pk_signed_days")),
    )
    guard("signed_days", ("signature", "nip", "date"), SIGN_INSTEAD)


def _revocation_requests() -> None:
    op.create_table(
        "revocation_requests",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_revocation_requests_batch")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_revocation_requests_account_id")),
        sa.PrimaryKeyConstraint("batch", "account_id", name=op.f("pk_revocation_requests")),
    )
    guard("revocation_requests", ("batch", "account_id"), "bring the file again with: import KIND FILE")


def _outage_decisions() -> None:
    op.create_table(
        "outage_decisions",
        sa.Column("outage", SERIAL, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["outage"], ["outages.id"], name=op.f("fk_outage_decisions_outage")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_outage_decisions_account_id")),
        sa.PrimaryKeyConstraint("outage", name=op.f("pk_outage_decisions")),
    )
    guard("outage_decisions", ("outage",), DECIDE_INSTEAD)


def _absence_decisions() -> None:
    """Who decided (null: the rule of silence), and no reason where it was approved. SQLite needs the table anew."""
    by = "fk_absence_decisions_account_id"
    if _is_postgresql():
        op.alter_column("absence_decisions", "reason", nullable=True)
        op.add_column("absence_decisions", sa.Column("account_id", SERIAL, nullable=True))
        op.create_foreign_key(by, "absence_decisions", "accounts", ["account_id"], ["id"])
        return
    op.rename_table("absence_decisions", "absence_decisions_0020")
    op.create_table(
        "absence_decisions",
        sa.Column("absence", SERIAL, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["absence"], ["absences.id"], name=op.f("fk_absence_decisions_absence")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(by)),
        sa.PrimaryKeyConstraint("absence", name=op.f("pk_absence_decisions")),
    )
    op.execute(
        "INSERT INTO absence_decisions (absence, status, reason, decided_at) "
        "SELECT absence, status, reason, decided_at FROM absence_decisions_0020"
    )
    op.drop_table("absence_decisions_0020")
    guard("absence_decisions", ("absence",), "what happened to an activity stays; the next step is a new row")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(table: str, key: str, name: str, when: str, why: str) -> None:
    trigger = f"{table}_{name}"
    if not _is_postgresql():
        # A row that is there already is ignored by the guard of its key, whichever trigger speaks first.
        known = f"EXISTS (SELECT 1 FROM {table} k WHERE k.{key} = NEW.{key})"
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} WHEN {when} AND NOT {known} "
            f"BEGIN SELECT RAISE(ABORT, '{table} refuses insert: {why}'); END"
        )
        return
    op.execute(f"""
        CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {when} THEN
                RAISE EXCEPTION '% refuses insert: {why}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    # After the insert: with a trigger before each row COPY would insert the rows one by one.
    op.execute(f"CREATE TRIGGER {trigger} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()")
