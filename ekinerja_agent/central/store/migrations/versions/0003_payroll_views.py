"""The views that payroll reads: the latest published revision of each period and person.

A percentage is numeric without trailing zeros on PostgreSQL, and the same digits as text on SQLite.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LATEST = """r.revision > 0 AND r.revision = (
    SELECT max(l.revision) FROM results l WHERE l.period = r.period AND l.nip = r.nip)"""


def upgrade() -> None:
    op.execute(f"""
        CREATE VIEW payroll_scores_v1 AS SELECT
            r.period, r.revision, r.nip, r.name, r.employment_status, r.unit AS unit_code, r.unit_name,
            r.position_class, {_percent("r.discipline_score_ppm")} AS discipline_pct,
            {_percent("r.performance_score_ppm")} AS performance_pct,
            {_percent("r.multiplier_ppm")} AS multiplier_pct,
            r.base_rp AS allowance_base_rp, r.discipline_rp, r.performance_rp, r.leave_deduction_rp,
            r.sanction_rp, r.hold_rp, r.payable_rp, r.profile, r.rules_digest,
            {_instant("r.published_at")} AS published_at,
            {_nothing("timestamp with time zone")} AS paid_at, {_nothing("text")} AS paid_document
        FROM results r WHERE {LATEST}""")
    op.execute(f"""
        CREATE VIEW payroll_findings_v1 AS SELECT
            f.period, f.revision, f.nip, f.date, f.code, f.scan, f.minutes,
            {_percent("f.deduction_ppm")} AS deduction_pct, f.base, f.deduction_rp, f.source
        FROM result_findings f
        JOIN results r ON r.period = f.period AND r.nip = f.nip AND r.revision = f.revision
        WHERE {LATEST}""")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _percent(ppm: str) -> str:
    if _is_postgresql():
        return f"trim_scale({ppm}::numeric / 10000)"
    return f"rtrim(rtrim(printf('%d.%04d', {ppm} / 10000, {ppm} % 10000), '0'), '.')"


def _instant(column: str) -> str:
    return column if _is_postgresql() else f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {column})"


def _nothing(kind: str) -> str:
    return f"CAST(NULL AS {kind})" if _is_postgresql() else "NULL"
