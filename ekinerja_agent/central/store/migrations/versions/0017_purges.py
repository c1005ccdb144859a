"""What retention takes away, with a receipt. Punches are never deleted otherwise, and a receipt stays for ever.

On PostgreSQL one function deletes, and looks itself whether it may: it keeps the last 24 months, and what a month that
is not paid needs. On SQLite the program lifts the guard within its transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("before", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first_clock", sa.DateTime(), nullable=False),
        sa.Column("last_clock", sa.DateTime(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_purges_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
    )
    guard("purges", ("id",), "what went is gone, and its receipt stays")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(PURGE)
        op.execute("REVOKE ALL ON FUNCTION ekinerja_purge_punches(date, bigint) FROM PUBLIC")


GOES = """p.clock < {cut} AND p.received_at < {cut}::timestamp AT TIME ZONE 'UTC'
    AND (NOT p.corrected OR p.at < {cut}::timestamp AT TIME ZONE 'UTC')
    AND NOT EXISTS (SELECT 1 FROM redated_punches r
        WHERE r.punch_id = p.punch_id AND r.at >= {cut}::timestamp AT TIME ZONE 'UTC')"""
"""A clock that was reset puts a punch of today before the day: what came later stays, so does what has another time."""

PURGE = f"""
    CREATE FUNCTION ekinerja_purge_punches(cut date, expected bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
        part regclass;
        going bigint;
        held bigint;
        gone bigint := 0;
    BEGIN
        IF cut <> date_trunc('month', cut) OR cut > date_trunc('month', now()) - interval '24 months' THEN
            RAISE EXCEPTION 'punches refuses delete: whole months go, and the last 24 stay'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT 1 FROM results r WHERE r.period <= to_char(cut, 'YYYY-MM') AND NOT EXISTS (
                SELECT 1 FROM period_payments p
                WHERE p.period = COALESCE(r.adjusted_in, r.period) AND p.unit = COALESCE(r.closed_with, r.unit))) THEN
            RAISE EXCEPTION 'punches refuses delete: a month up to % is not paid in every office', cut
                USING ERRCODE = 'restrict_violation';
        END IF;
        LOCK TABLE punches IN SHARE ROW EXCLUSIVE MODE;
        FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'punches'::regclass LOOP
            EXECUTE format('SELECT count(*) FILTER (WHERE {GOES.format(cut="$1").replace("'", "''")}), count(*)
                FROM %s p', part) INTO going, held USING cut;
            IF going = 0 THEN
                CONTINUE;
            ELSIF going = held AND part <> 'punches_default'::regclass THEN
                EXECUTE format('DROP TABLE %s', part);
            ELSE
                EXECUTE format('ALTER TABLE %s DISABLE TRIGGER punches_keep', part);
                EXECUTE format('DELETE FROM %s p WHERE {GOES.format(cut="$1").replace("'", "''")}', part) USING cut;
                EXECUTE format('ALTER TABLE %s ENABLE TRIGGER punches_keep', part);
            END IF;
            gone := gone + going;
        END LOOP;
        IF gone <> expected THEN
            RAISE EXCEPTION 'other punches than those that were listed would go (% instead of %)', gone, expected
                USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN gone;
    END $$"""
