"""What leaders see of each unit: the rows of the view `unit_scores_v1`, which holds published months alone.

Computes nothing; what the numbers mean is in decision 26.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, or_, select, text

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.tables import employees, units

_PERCENT = ("attendance_pct", "discipline_pct", "performance_pct")
_ROWS = text(
    "SELECT period, unit_code, unit_name, employees, attendance_pct, discipline_pct, performance_pct, "
    "trend_months_without_growth FROM unit_scores_v1 WHERE period BETWEEN :first AND :last ORDER BY unit_code, period"
)


def unit_scores(engine: Engine, first: date, last: date) -> list[dict[str, Any]]:
    """Given two months (first days, both included), return the view's rows of them, by unit and month.

    The keys are the view's columns; a percentage is its shortest text on either database, None where it has none.
    """
    with reading(engine) as conn:
        rows = conn.execute(_ROWS, {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}"}).mappings().all()
    return [dict(row) | {name: _shortest(row[name]) for name in _PERCENT} for row in rows]


def _shortest(pct: Decimal | str | None) -> str | None:
    return pct if pct is None or isinstance(pct, str) else f"{pct:f}"


def heads(engine: Engine, day: date) -> dict[str, str]:
    """Given a day, return by unit code the name of the head whom the units' facts of that day name."""
    led = current(units).subquery().c
    person = current(employees).subquery().c
    with reading(engine) as conn:
        leaders = select(led.code, led.head_nip).where(
            led.head_nip.is_not(None),
            or_(led.valid_from.is_(None), led.valid_from <= day),
            or_(led.valid_to.is_(None), led.valid_to >= day),
        )
        by_nip: dict[str, str] = {row.code: row.head_nip for row in conn.execute(leaders)}
        spells = select(person.nip, person.name).where(person.nip.in_(sorted(set(by_nip.values()))))
        names = {row.nip: row.name for row in conn.execute(spells.order_by(person.valid_from))}
    return {unit: names[nip] for unit, nip in by_nip.items() if nip in names}
