"""The database itself refuses to change or delete a fact, or a published result.

A result is sealed by its row in `results`: findings, days and pending days must be inserted before it, none after it.
On SQLite, INSERT OR REPLACE would delete without asking a trigger, so the same key cannot be inserted twice there.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CORRECT_INSTEAD = "import the corrected row, or take the whole file back with: import revoke BATCH"
ADD_INSTEAD = "what was recorded stays as it is; a correction is a new row"
PUBLISH_INSTEAD = "a later change becomes a new revision: period reopen, then period close"

FACTS = {
    # table: (its key, what to do instead)
    "punches": (("punch_id", "batch"), "raw punches stay raw; use: correction add, or punch redate"),
    "coverage": (("id",), ADD_INSTEAD),
    "quarantine": (("quarantine_id",), ADD_INSTEAD),
    "slot_owners": (("terminal", "uid", "seen_at"), ADD_INSTEAD),
    "clock_readings": (("terminal", "at"), ADD_INSTEAD),
    "terminal_facts": (("terminal", "since"), "change devices.yaml; the collector adds a dated row"),
    "import_batches": (("id",), "take a file back with: import revoke BATCH"),
    "import_revocations": (("batch",), "import the file again"),
    "units": (("id",), CORRECT_INSTEAD),
    "employees": (("id",), CORRECT_INSTEAD),
    "enrolments": (("id",), CORRECT_INSTEAD),
    "calendar": (("id",), CORRECT_INSTEAD),
    "absences": (("id",), CORRECT_INSTEAD),
    "activities": (("id",), CORRECT_INSTEAD),
    "audit": (("id",), "the log of what people did is never changed"),
    "period_events": (("id",), PUBLISH_INSTEAD),
}
PUBLISHED = {
    "results": ("period", "nip", "revision"),
    "result_findings": ("period", "nip", "revision", "position"),
    "result_days": ("period", "nip", "revision", "position"),
    "result_pending": ("period", "nip", "revision", "position"),
}
PARTS = ("result_findings", "result_days", "result_pending")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    op.execute("""
        CREATE FUNCTION ekinerja_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% refuses %: %', TG_TABLE_NAME, lower(TG_OP), TG_ARGV[0]
                USING ERRCODE = 'restrict_violation';
        END $$""")
    op.execute(f"""
        CREATE FUNCTION ekinerja_refuse_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM results r WHERE r.period = NEW.period AND r.nip = NEW.nip
                       AND r.revision = NEW.revision) THEN
                RAISE EXCEPTION '% refuses insert: the result is published; {PUBLISH_INSTEAD}', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    for table, (_, instead) in FACTS.items():
        refuse = f"EXECUTE FUNCTION ekinerja_refuse('{instead}')"
        op.execute(f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    for table in PUBLISHED:
        refuse = f"EXECUTE FUNCTION ekinerja_refuse('a published result stays; {PUBLISH_INSTEAD}')"
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW WHEN (OLD.revision > 0) {refuse}"
        )
        op.execute(
            f"CREATE TRIGGER {table}_draft BEFORE UPDATE ON {table} "
            f"FOR EACH ROW WHEN (OLD.revision = 0 AND NEW.revision > 0) {refuse}"
        )
        op.execute(f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    for table in PARTS:
        op.execute(
            f"CREATE TRIGGER {table}_sealed BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.revision > 0) "
            "EXECUTE FUNCTION ekinerja_refuse_sealed()"
        )


def _guard_sqlite() -> None:
    for table, (key, instead) in FACTS.items():
        _refuse(f"{table}_keep_update", f"BEFORE UPDATE ON {table}", f"{table} refuses update: {instead}")
        _refuse(f"{table}_keep_delete", f"BEFORE DELETE ON {table}", f"{table} refuses delete: {instead}")
        op.execute(
            f"CREATE TRIGGER {table}_keep_key BEFORE INSERT ON {table} WHEN {_exists(table, key)} "
            "BEGIN SELECT RAISE(IGNORE); END"
        )
    for table, key in PUBLISHED.items():
        for change, when in (
            ("update", "OLD.revision > 0 OR NEW.revision > 0"),
            ("delete", "OLD.revision > 0"),
            ("insert", f"NEW.revision > 0 AND {_exists(table, key)}"),
        ):
            _refuse(
                f"{table}_keep_{change}",
                f"BEFORE {change} ON {table} WHEN {when}",
                f"{table} refuses {change}: a published result stays; {PUBLISH_INSTEAD}",
            )
    for table in PARTS:
        sealed = _exists("results", PUBLISHED["results"])
        _refuse(
            f"{table}_sealed",
            f"BEFORE INSERT ON {table} WHEN NEW.revision > 0 AND {sealed}",
            f"{table} refuses insert: the result is published; {PUBLISH_INSTEAD}",
        )


def _exists(table: str, key: tuple[str, ...]) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"


def _refuse(name: str, when: str, message: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{message}'); END")
