"""Every function of the database reads our tables, whatever tables the login that calls it has made for its session.

PostgreSQL looks for a table among those of the session first, and a trigger that reads `import_batches` or adds to
`audit_end` would take what is called so there, in one case with the rights of the owner. The path of a function ends
with them from now on. Nobody needs such tables, so they are forbidden where the owner of the tables may do that;
elsewhere `ekinerja-agent db roles` does it.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "absence_decisions_own()",
    "activities_refuse_own()",
    "activity_steps_refuse_own()",
    "correction_decisions_refuse_own()",
    "ekinerja_audit_counted()",
    "ekinerja_audit_end_steps()",
    "ekinerja_punch_month(date)",
    "ekinerja_purge_punches(date, bigint)",
    "ekinerja_refuse()",
    "ekinerja_refuse_punches()",
    "ekinerja_refuse_sealed()",
    "import_revocations_two()",
    "objection_decisions_own()",
    "outage_decisions_own()",
    "period_events_paid()",
    "period_events_still_closed()",
    "period_events_two()",
    "period_payments_not_closed()",
    "period_payments_reopened()",
    "period_reopenings_not_closed()",
    "period_reopenings_own()",
    "period_reopenings_paid()",
    "redating_decisions_refuse_own()",
)
MADE_THEM = ("ekinerja_collect", "ekinerja_score")
"""Roles that `db roles` gave temporary tables, of which this program makes none any more."""


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name != "postgresql":
        return  # a trigger of SQLite reads the file that it stands in
    schema = conn.exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = 'audit'::regclass"
    ).scalar_one()
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {schema}.{function} SET search_path = {schema}, pg_temp")
    database, may = conn.exec_driver_sql(
        "SELECT quote_ident(datname), pg_has_role(current_user, datdba, 'USAGE') FROM pg_database "
        "WHERE datname = current_database()"
    ).one()
    if may:
        roles = conn.exec_driver_sql(f"SELECT rolname FROM pg_roles WHERE rolname IN {MADE_THEM}").scalars()
        op.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM {', '.join(('PUBLIC', *roles))}")
