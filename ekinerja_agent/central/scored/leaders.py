"""What leaders see, as typed by the views that hold it: units, plans, workload, SAKIP, meetings, innovations, uniforms.

Computes nothing. The keys of a row are the view's columns; a number with decimals is its shortest text on either
database, a date a date. What the numbers of `unit_scores_v1` mean is in decision 27.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text

from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import Readable, reading
from ekinerja_agent.central.store.tables.imported import employees, plans, units
from ekinerja_agent.central.versions import current, holds_on

Row = dict[str, Any]

_DATES = frozenset({"due_date", "date", "started", "ended"})


def unit_scores(source: Readable, first: date, last: date) -> list[Row]:
    """Given two months (first days, both included), return the rows of `unit_scores_v1`, by unit and month."""
    return _rows(
        source,
        "SELECT period, unit_code, unit_name, employees, attendance_pct, discipline_pct, performance_pct, "
        "trend_months_without_growth FROM unit_scores_v1 WHERE period BETWEEN :first AND :last "
        "ORDER BY unit_code, period",
        first=f"{first:%Y-%m}",
        last=f"{last:%Y-%m}",
    )


def plan_reports(source: Readable, month: date) -> list[Row]:
    """Given a month, return the newest row of `plan_status_v1` of each plan of its year up to it, by unit and plan."""
    # The view works out every report: it is asked once.
    told = "SELECT s.*, row_number() OVER (PARTITION BY s.plan ORDER BY s.month DESC) AS place FROM plan_status_v1 s"
    query = (
        f"SELECT * FROM ({told} WHERE s.month BETWEEN :first AND :last) n WHERE n.place = 1 ORDER BY unit_code, plan"
    )
    rows = _rows(source, query, first=f"{month:%Y}-01", last=f"{month:%Y-%m}")
    return [{name: value for name, value in row.items() if name != "place"} for row in rows]


def plans_of_year(source: Readable, year: int) -> list[Row]:
    """Given a year, return the plans that are due in it (plan, name, unit_code, due_date, target_output, budget_rp)."""
    row = current(plans).subquery().c
    query = select(
        row.code.label("plan"), row.name, row.unit.label("unit_code"), row.due_date, row.target_output, row.budget_rp
    ).where(row.due_date.between(date(year, 1, 1), date(year, 12, 31)))
    with reading(source) as conn:
        return [dict(found) for found in conn.execute(query.order_by(row.unit, row.code)).mappings()]


def workload(source: Readable) -> list[Row]:
    """Return the rows of `unit_workload_v1`, by unit and job."""
    return _rows(source, "SELECT * FROM unit_workload_v1 ORDER BY unit_code, job")


def sakip(source: Readable, last_year: int) -> list[Row]:
    """Given a year, return the rows of `unit_sakip_v1` up to it, by unit, year and aspect."""
    query = "SELECT * FROM unit_sakip_v1 WHERE year <= :year ORDER BY unit_code, year, aspect"
    return _rows(source, query, year=f"{last_year:04}")


def meetings(source: Readable, month: date) -> list[Row]:
    """Given a month, return the rows of `unit_meetings_v1`, by unit."""
    query = "SELECT * FROM unit_meetings_v1 WHERE month = :month ORDER BY unit_code"
    return _rows(source, query, month=f"{month:%Y-%m}")


def innovations(source: Readable, first: date, last: date) -> list[Row]:
    """Given two days, return the rows of `unit_innovations_v1` that ran on any day from one to the other, by unit."""
    query = (
        "SELECT * FROM unit_innovations_v1 WHERE started <= :last AND (ended IS NULL OR ended >= :first) "
        "ORDER BY unit_code, code"
    )
    return _rows(source, query, first=first.isoformat(), last=last.isoformat())


def uniforms(source: Readable, first: date, last: date) -> list[Row]:
    """Given two days, return the rows of `event_uniform_v1` of events from one to the other, by date and event."""
    query = "SELECT * FROM event_uniform_v1 WHERE date BETWEEN :first AND :last ORDER BY date, event"
    return _rows(source, query, first=first.isoformat(), last=last.isoformat())


def heads(source: Readable, day: date) -> dict[str, str]:
    """Given a day, return by unit code the name of the head whom the units' facts of that day name."""
    led = current(units).subquery().c
    person = current(employees).subquery().c
    with reading(source) as conn:
        leaders = select(led.code, led.head_nip).where(led.head_nip.is_not(None), *holds_on(led, day))
        by_nip: dict[str, str] = {row.code: row.head_nip for row in conn.execute(leaders)}
        spells = select(person.nip, person.name).where(person.nip.in_(sorted(set(by_nip.values()))))
        names = {row.nip: row.name for row in conn.execute(spells.order_by(person.valid_from))}
    return {unit: names[nip] for unit, nip in by_nip.items() if nip in names}


def profiles(source: Readable, day: date) -> dict[str, str]:
    """Given a day, return by unit code the profile that the units' facts of that day name, where they name one."""
    row = current(units).subquery().c
    query = select(row.code, row.profile).where(row.profile.is_not(None), *holds_on(row, day))
    with reading(source) as conn:
        return {found.code: found.profile for found in conn.execute(query)}


def positions(source: Readable, day: date, nips: Sequence[str]) -> dict[str, str]:
    """Given a day and people, return by NIP the position of the spell of duty that holds on it, where it names one."""
    found: dict[str, str] = {}
    with reading(source) as conn:
        for part in chunks(nips):
            person = current(employees, employees.c.nip.in_(part)).subquery().c
            query = select(person.nip, person.position).where(person.position.is_not(None), *holds_on(person, day))
            found |= {row.nip: row.position for row in conn.execute(query)}
    return found


def _rows(source: Readable, query: str, **asked: object) -> list[Row]:
    with reading(source) as conn:
        found = conn.execute(text(query), asked).mappings().all()
    return [{name: _plain(name, value) for name, value in row.items()} for row in found]


def _plain(name: str, value: Any) -> Any:
    """SQLite has dates as text, PostgreSQL numbers with decimals as Decimal."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return date.fromisoformat(value) if name in _DATES and isinstance(value, str) else value
