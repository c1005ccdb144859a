"""The view that leaders' reports read: each unit's published months, and for how many of them it has not grown.

A percentage is numeric without trailing zeros on PostgreSQL, and the same digits as text on SQLite: at most 4 decimals,
half up. What is counted is in decision 27.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FULL_PPM = 1_000_000

LATEST = """r.revision > 0 AND r.revision = (
    SELECT max(l.revision) FROM results l WHERE l.period = r.period AND l.nip = r.nip)"""


def upgrade() -> None:
    op.execute(f"""
        CREATE VIEW unit_scores_v1 AS
        WITH people AS (
            SELECT r.period, r.unit, r.unit_name, r.nip, r.days_present, r.unexcused_days, r.discipline_score_ppm,
                r.performance_score_ppm, {_month_before("r.period")} AS before
            FROM results r WHERE {LATEST}
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
        FROM runs""")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _whole(number: str) -> str:
    """PostgreSQL counts in bigint and sums bigint in numeric; the view shows whole numbers as one type."""
    return f"CAST({number} AS bigint)" if _is_postgresql() else number


def _month_before(period: str) -> str:
    if _is_postgresql():
        return f"to_char(to_date({period}, 'YYYY-MM') - interval '1 month', 'YYYY-MM')"
    return f"strftime('%Y-%m', {period} || '-01', '-1 month')"


def _mean(total: str, count: str) -> str:
    """Both whole and not negative: the quotient, rounded half up."""
    return f"((2 * {total} + {count}) / (2 * {count}))"


def _percent(ppm: str) -> str:
    if _is_postgresql():
        return f"trim_scale({ppm}::numeric / 10000)"
    return f"rtrim(rtrim(printf('%d.%04d', {ppm} / 10000, {ppm} % 10000), '0'), '.')"
