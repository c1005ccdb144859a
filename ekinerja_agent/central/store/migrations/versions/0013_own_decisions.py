"""The database itself refuses that somebody approves a correction or a redating of their own, whoever writes to it."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OF_CORRECTIONS = (
    "EXISTS (SELECT 1 FROM corrections c JOIN import_batches b ON b.id = c.batch JOIN accounts a ON a.id = "
    "NEW.account_id WHERE c.id = NEW.correction AND (b.account_id = a.id OR a.nip = c.nip))"
)
_OF_REDATINGS = "EXISTS (SELECT 1 FROM redatings r WHERE r.id = NEW.redating AND r.account_id = NEW.account_id)"
_REFUSED = "nobody approves what they entered, nor a correction of their own scans"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table, own in (("correction_decisions", _OF_CORRECTIONS), ("redating_decisions", _OF_REDATINGS)):
        if not postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_own BEFORE INSERT ON {table} WHEN NEW.approved AND {own} "
                f"BEGIN SELECT RAISE(ABORT, '{table} refuses insert: {_REFUSED}'); END"
            )
            continue
        op.execute(f"""
            CREATE FUNCTION {table}_refuse_own() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {own} THEN
                    RAISE EXCEPTION '% refuses insert: {_REFUSED}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$""")
        op.execute(
            f"CREATE TRIGGER {table}_own AFTER INSERT ON {table} FOR EACH ROW WHEN (NEW.approved) "
            f"EXECUTE FUNCTION {table}_refuse_own()"
        )
