"""What payroll reads, read as payroll does: through the view whose name and columns do not change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine, RowMapping, text

from ekinerja_agent.central.store.engine import reading

Value = str | int | None

COLUMNS = (
    "period revision nip name employment_status unit_code unit_name position_class discipline_pct performance_pct "
    "multiplier_pct allowance_base_rp discipline_rp performance_rp leave_deduction_rp sanction_rp hold_rp payable_rp "
    "profile rules_digest published_at paid_at paid_document"
).split()


def scores(engine: Engine, month: date, office: str | None = None) -> list[dict[str, Value]]:
    """Given a month (its first day) and an office (None: all), return the rows of `payroll_scores_v1` by unit and NIP.

    Instants and percentages are text, alike from both databases.
    """
    query = f"SELECT {', '.join(COLUMNS)} FROM payroll_scores_v1 WHERE period = :period"  # our own names
    if office is not None:
        query += " AND unit_code = :office"
    with reading(engine) as conn:
        found: Sequence[RowMapping] = (
            conn.execute(text(f"{query} ORDER BY unit_code, nip"), {"period": f"{month:%Y-%m}", "office": office})
            .mappings()
            .all()
        )
    return [{name: _plain(row[name]) for name in COLUMNS} for row in found]


def _plain(value: object) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if value is None or isinstance(value, int) else str(value)
