"""After the close: offices are reopened and closed again, paid, and what comes late is an adjustment.

What payroll reads shows of each person the newest close of their office; every close is in `payroll_revisions_v1`. An
adjusted score is in neither: its difference is in `payroll_adjustments_v1` (decision 30).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
CLOSE_INSTEAD = "close the office again with: period close"
PAID_INSTEAD = "what was paid stays paid; a later change becomes an adjustment of an open period"
OBJECT_INSTEAD = "enter another objection with: objection add"
FULL_PPM = 1_000_000

OFFICE = "COALESCE(r.closed_with, r.unit)"
STANDING = f"""r.revision > 0 AND r.adjusted_in IS NULL
    AND NOT EXISTS (SELECT 1 FROM period_events e
        WHERE e.period = r.period AND e.unit = {OFFICE} AND e.revision > r.revision)
    AND NOT EXISTS (SELECT 1 FROM results l
        WHERE l.period = r.period AND l.nip = r.nip AND l.revision > r.revision AND l.adjusted_in IS NULL)"""

CLOSED_STILL = """EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND NOT EXISTS (SELECT 1 FROM period_reopenings o
        WHERE o.period = e.period AND o.unit = e.unit AND o.revision = e.revision))"""
PAID = "EXISTS (SELECT 1 FROM period_payments p WHERE p.period = NEW.period AND p.unit = NEW.unit)"
NOT_ITS_NEWEST = """NOT EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND e.revision = NEW.revision AND NOT EXISTS (SELECT 1 FROM period_events l
        WHERE l.period = e.period AND l.unit = e.unit AND l.revision > e.revision))"""
OWN_CLOSE = """EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND e.revision = NEW.revision AND e.account_id = NEW.account_id)"""
REOPENED = """EXISTS (SELECT 1 FROM period_reopenings o WHERE o.period = NEW.period AND o.unit = NEW.unit
    AND o.revision = NEW.revision)"""
OWN_OBJECTION = """EXISTS (SELECT 1 FROM objections o JOIN accounts a ON a.id = NEW.account_id
    WHERE o.id = NEW.objection AND (o.account_id = a.id OR o.nip = a.nip))"""

REFUSALS = (
    # table, name, when, why
    ("period_events", "still_closed", CLOSED_STILL, "the office is closed; another person reopens it first"),
    ("period_events", "paid", PAID, PAID_INSTEAD),
    ("period_reopenings", "paid", PAID, PAID_INSTEAD),
    ("period_reopenings", "not_closed", NOT_ITS_NEWEST, "the office was not closed in this revision"),
    ("period_reopenings", "own", OWN_CLOSE, "nobody reopens what they closed; another person does"),
    ("period_payments", "not_closed", NOT_ITS_NEWEST, "the office was not closed in this revision"),
    ("period_payments", "reopened", REOPENED, f"the office is reopened; {CLOSE_INSTEAD}"),
    ("objection_decisions", "own", OWN_OBJECTION, "nobody decides on what they entered or on themselves"),
)


def upgrade() -> None:
    op.add_column("results", sa.Column("closed_with", sa.Text(), nullable=True))
    op.add_column("results", sa.Column("adjusted_in", sa.Text(), nullable=True))
    _create_tables()
    for table, name, when, why in REFUSALS:
        _refuse(table, name, when, why)
    _view("payroll_scores_v1", _scores(STANDING))
    _view("payroll_revisions_v1", _scores("r.revision > 0 AND r.adjusted_in IS NULL"))
    _view("payroll_findings_v1", _findings())
    _view("payroll_adjustments_v1", _adjustments())
    _view("unit_scores_v1", _unit_scores())


def _create_tables() -> None:
    op.create_table(
        "period_reopenings",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_period_reopenings_account_id")),
        sa.PrimaryKeyConstraint("period", "unit", "revision", name=op.f("pk_period_reopenings")),
    )
    guard("period_reopenings", ("period", "unit", "revision"), CLOSE_INSTEAD)
    op.create_table(
        "period_payments",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_period_payments_account_id")),
        sa.PrimaryKeyConstraint("period", "unit", name=op.f("pk_period_payments")),
    )
    guard("period_payments", ("period", "unit"), PAID_INSTEAD)
    op.create_table(
        "adjustments",
        sa.Column("for_period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("from_revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("to_revision", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("difference_rp", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.CheckConstraint("to_revision = from_revision + 1", name=op.f("ck_adjustments_next")),
        sa.CheckConstraint("for_period < period", name=op.f("ck_adjustments_later")),
        sa.CheckConstraint("difference_rp <> 0", name=op.f("ck_adjustments_moves")),
        sa.PrimaryKeyConstraint("for_period", "nip", "from_revision", name=op.f("pk_adjustments")),
    )
    op.create_index(op.f("ix_adjustments_period"), "adjustments", ["period"], unique=False)
    guard("adjustments", ("for_period", "nip", "from_revision"), "a further change is a further adjustment")
    op.create_table(
        "objections",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_objections_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_period"), "objections", ["period"], unique=False)
    guard("objections", ("id",), OBJECT_INSTEAD)
    op.create_table(
        "objection_decisions",
        sa.Column("objection", SERIAL, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["objection"], ["objections.id"], name=op.f("fk_objection_decisions_objection")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_objection_decisions_account_id")),
        sa.PrimaryKeyConstraint("objection", name=op.f("pk_objection_decisions")),
    )
    guard("objection_decisions", ("objection",), OBJECT_INSTEAD)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refuse(table: str, name: str, when: str, why: str) -> None:
    trigger = f"{table}_{name}"
    if not _is_postgresql():
        # A row that is there already is ignored by the guard of its key, whichever trigger speaks first.
        known = (
            " AND NOT EXISTS (SELECT 1 FROM period_events k WHERE k.id = NEW.id)" if table == "period_events" else ""
        )
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} WHEN {when}{known} "
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
    op.execute(f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()")


def _view(name: str, query: str) -> None:
    """PostgreSQL replaces a view and keeps who may read it; SQLite cannot."""
    if _is_postgresql():
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
        return
    op.execute(f"DROP VIEW IF EXISTS {name}")
    op.execute(f"CREATE VIEW {name} AS {query}")


def _scores(which: str) -> str:
    return f"""SELECT
        r.period, r.revision, r.nip, r.name, r.employment_status, r.unit AS unit_code, r.unit_name,
        r.position_class, {_percent("r.discipline_score_ppm")} AS discipline_pct,
        {_percent("r.performance_score_ppm")} AS performance_pct,
        {_percent("r.multiplier_ppm")} AS multiplier_pct,
        r.base_rp AS allowance_base_rp, r.discipline_rp, r.performance_rp, r.leave_deduction_rp,
        r.sanction_rp, r.hold_rp, r.payable_rp, r.profile, r.rules_digest,
        {_instant("r.published_at")} AS published_at,
        {_instant("p.at")} AS paid_at, p.document AS paid_document
    FROM results r LEFT JOIN period_payments p
        ON p.period = r.period AND p.unit = {OFFICE} AND p.revision = r.revision
    WHERE {which}"""


def _findings() -> str:
    return f"""SELECT
        f.period, f.revision, f.nip, f.date, f.code, f.scan, f.minutes,
        {_percent("f.deduction_ppm")} AS deduction_pct, f.base, f.deduction_rp, f.source
    FROM result_findings f
    JOIN results r ON r.period = f.period AND r.nip = f.nip AND r.revision = f.revision
    WHERE {STANDING}"""


def _adjustments() -> str:
    return f"""SELECT
        a.for_period || '/' || a.nip || '/' || a.to_revision AS adjustment_id, a.period, a.for_period, a.nip,
        a.unit AS unit_code, a.from_revision, a.to_revision, a.difference_rp, a.reason,
        {_instant("a.published_at")} AS published_at
    FROM adjustments a"""


def _unit_scores() -> str:
    """As in 0012, of the standing rows."""
    return f"""
        WITH people AS (
            SELECT r.period, r.unit, r.unit_name, r.nip, r.days_present, r.unexcused_days, r.discipline_score_ppm,
                r.performance_score_ppm, {_month_before("r.period")} AS before
            FROM results r WHERE {STANDING}
        ), months AS (
            SELECT period, unit, max(unit_name) AS unit_name, {_whole("count(*)")} AS employees,
                {_whole("sum(days_present)")} AS present, {_whole("sum(days_present + unexcused_days)")} AS expected,
                {_whole("sum(discipline_score_ppm)")} AS discipline,
                {_whole("sum(performance_score_ppm)")} AS performance
            FROM people GROUP BY period, unit
        ), compared AS (
            SELECT now.period, now.unit,
                CASE WHEN sum(now.performance_score_ppm) > sum(then_.performance_score_ppm)
                    OR sum(now.performance_score_ppm) >= {FULL_PPM} * count(*) THEN 0 ELSE 1 END AS stalled
            FROM people now
            JOIN people then_ ON then_.period = now.before AND then_.nip = now.nip AND then_.unit = now.unit
            GROUP BY now.period, now.unit
        ), judged AS (
            SELECT months.*, COALESCE(compared.stalled, 0) AS stalled
            FROM months LEFT JOIN compared ON compared.period = months.period AND compared.unit = months.unit
        ), runs AS (
            SELECT judged.*, sum(1 - stalled) OVER (PARTITION BY unit ORDER BY period) AS run FROM judged
        )
        SELECT period, unit AS unit_code, unit_name, employees,
            CASE WHEN expected > 0 THEN {_percent(_mean(f"{FULL_PPM} * present", "expected"))} END AS attendance_pct,
            {_percent(_mean("discipline", "employees"))} AS discipline_pct,
            {_percent(_mean("performance", "employees"))} AS performance_pct,
            {_whole("sum(stalled) OVER (PARTITION BY unit, run ORDER BY period)")} AS trend_months_without_growth
        FROM runs"""


def _whole(number: str) -> str:
    return f"CAST({number} AS bigint)" if _is_postgresql() else number


def _month_before(period: str) -> str:
    if _is_postgresql():
        return f"to_char(to_date({period}, 'YYYY-MM') - interval '1 month', 'YYYY-MM')"
    return f"strftime('%Y-%m', {period} || '-01', '-1 month')"


def _mean(total: str, count: str) -> str:
    return f"((2 * {total} + {count}) / (2 * {count}))"


def _percent(ppm: str) -> str:
    if _is_postgresql():
        return f"trim_scale({ppm}::numeric / 10000)"
    return f"rtrim(rtrim(printf('%d.%04d', {ppm} / 10000, {ppm} % 10000), '0'), '.')"


def _instant(column: str) -> str:
    return column if _is_postgresql() else f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {column})"
