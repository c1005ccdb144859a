"""PostgreSQL keeps the punches of each month of the terminals' clocks in a table of its own; SQLite keeps one table.

A month that has no table, or no clock can mean, is in `punches_default`. The key needs the clock, which each punch_id
contains, so it is as unique as before.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTEAD = "raw punches stay raw; use: correction add, or punch redate"
REFUSE = "EXECUTE FUNCTION ekinerja_refuse_punches()"
TURN = 0x6D6F6E74
OLD_INDEXES = ("ix_punches_clock", "ix_punches_corrected_at", "ix_punches_pin_clock")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(REFUSE_PUNCHES)
    op.execute("ALTER TABLE punches RENAME TO punches_before")
    op.execute("ALTER TABLE punches_before DROP CONSTRAINT pk_punches")
    for index in OLD_INDEXES:
        op.execute(f"DROP INDEX {index}")
    op.execute("CREATE TABLE punches (LIKE punches_before INCLUDING DEFAULTS) PARTITION BY RANGE (clock)")
    op.execute("ALTER TABLE punches ADD CONSTRAINT pk_punches PRIMARY KEY (punch_id, batch, clock)")
    op.execute("CREATE INDEX ix_punches_clock ON punches (clock)")
    op.execute("CREATE INDEX ix_punches_corrected_at ON punches (at) WHERE corrected")
    op.execute("CREATE INDEX ix_punches_pin_clock ON punches (pin, clock)")
    op.execute("CREATE TABLE punches_default PARTITION OF punches DEFAULT")
    op.execute(f"CREATE TRIGGER punches_keep BEFORE UPDATE OR DELETE ON punches FOR EACH ROW {REFUSE}")
    for table in ("punches", "punches_default"):
        op.execute(f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {REFUSE}")
    op.execute(MAKE_A_MONTH)
    op.execute("REVOKE ALL ON FUNCTION ekinerja_punch_month(date) FROM PUBLIC")
    op.execute(
        "SELECT ekinerja_punch_month(month) FROM "
        "(SELECT DISTINCT date_trunc('month', clock)::date AS month FROM punches_before) AS held ORDER BY month"
    )
    op.execute("INSERT INTO punches SELECT * FROM punches_before")
    op.execute("DROP TABLE punches_before")


REFUSE_PUNCHES = f"""
    CREATE FUNCTION ekinerja_refuse_punches() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'punches refuses %: {INSTEAD}', lower(TG_OP) USING ERRCODE = 'restrict_violation';
    END $$"""
"""Named as people know the table, whichever month refuses."""

MAKE_A_MONTH = f"""
    CREATE FUNCTION ekinerja_punch_month(wanted date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
    DECLARE
        first date := date_trunc('month', wanted);
        next date := first + interval '1 month';
        part text := 'punches_' || to_char(first, 'YYYY_MM');
    BEGIN
        IF first NOT BETWEEN now() - interval '10 years' AND now() + interval '1 year' OR to_regclass(part) IS NOT NULL
        THEN
            RETURN false;
        END IF;
        PERFORM pg_advisory_xact_lock({TURN});
        IF to_regclass(part) IS NOT NULL
                OR EXISTS (SELECT 1 FROM punches_default p WHERE p.clock >= first AND p.clock < next) THEN
            RETURN false;
        END IF;
        EXECUTE format('CREATE TABLE %I (LIKE punches INCLUDING ALL)', part);
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT {REFUSE}',
            part || '_keep_all', part);
        -- Attached, not made as a part: who reads or writes other months goes on.
        EXECUTE format('ALTER TABLE punches ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
        RETURN true;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;  -- the punches go to punches_default and nothing is lost
    END $$"""
"""Its owner makes the table, whoever adds punches: a collector may not create any."""
