"""The score of a person and month as a document, in the shape that the contract gives to `score show --format json`.

Published where published, else the draft. Percentages become their shortest text here, instants local times. Computes
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Table, func, not_, select

from ekinerja_agent.central.closing.periods import superseded
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.scored import result_days, result_findings, result_pending, results
from ekinerja_agent.scoring.frames.exact import percent_text
from ekinerja_agent.scoring.frames.schemas import MonthResult

_ALWAYS_SHOWN = ("arrive", "leave")
_SCANS = ("arrive", "break_out", "break_in", "leave")

Document = dict[str, Any]
Row = RowMapping | Mapping[str, Any]
"""A row of the database, or of a result that is not stored."""


def scores(conn: Connection, month: date, *, nip: str | None = None, office: str | None = None) -> list[Document]:
    """Given a month (its first day) and whom to show, return the documents by unit and NIP.

    Beside the contract's keys a document has `unit_name`, `timezone` (of its first duty day, None without one) and
    `computed_at` (the instant), a finding has `place`, the FILE:LINE of its rule, and `reference` (the event or
    document that it comes from), and a day has `state`. A day's scans are arrive and leave, and those of the break
    where one was made or found missing.
    """
    period = f"{month:%Y-%m}"
    wanted = [results.c.period == period, results.c.revision == newest_revision(results)]
    if nip is not None:
        wanted.append(results.c.nip == nip)
    if office is not None:
        wanted.append(results.c.unit == office)
    people = conn.execute(select(results).where(*wanted).order_by(results.c.unit, results.c.nip)).mappings().all()
    findings, days, pending = (
        _parts(conn, table, [*wanted, *_of_office(table, period, office)])
        for table in (result_findings, result_days, result_pending)
    )
    return [_document(row, findings[row["nip"]], days[row["nip"]], pending[row["nip"]]) for row in people]


def zone_of(engine: Engine, month: date, offices: Collection[str] | None = None) -> str | None:
    """Given a month (its first day) and offices (None: all), return the zone of the first duty day in the first of
    them; None where nobody has one.
    """
    period, d = f"{month:%Y-%m}", result_days.c
    with reading(engine) as conn:
        units = conn.scalars(select(results.c.unit).where(results.c.period == period).distinct())
        for unit in sorted(unit for unit in units if offices is None or unit in offices):
            days = select(d.timezone).where(d.period == period, *_of_office(result_days, period, unit))
            zone: str | None = conn.scalar(days.order_by(d.nip, d.position).limit(1))
            if zone is not None:
                return zone
    return None


def documents_of(month: date, result: MonthResult, *, rules_digest: str, computed_at: datetime) -> list[Document]:
    """Given a result that is not stored, return its documents by unit and NIP, as `scores` would after storing it."""
    parts: list[dict[str, list[dict[str, Any]]]] = []
    for frame in (result.findings, result.days, result.pending):
        of_person: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in frame.iter_rows(named=True):
            of_person[row["nip"]].append(row)
        parts.append(of_person)
    for finding in (one for findings in parts[0].values() for one in findings):
        finding["punch_ids"] = "\n".join(finding["punch_ids"])
    added = {"period": f"{month:%Y-%m}", "rules_digest": rules_digest, "computed_at": computed_at}
    people = result.people.sort("unit", "nip").iter_rows(named=True)
    return [_document(person | added, *(part[person["nip"]] for part in parts)) for person in people]


def newest_revision(table: Table) -> Any:
    """Given results or a part of them, return the revision that stands for the row's period and person.

    A published row stands until its office is closed again; who is not in the newer close has none there.
    """
    newest = results.alias()
    return (
        select(func.max(newest.c.revision))
        .where(newest.c.period == table.c.period, newest.c.nip == table.c.nip, not_(superseded(newest.c)))
        .scalar_subquery()
    )


def _of_office(table: Table, period: str, office: str | None) -> tuple[ColumnElement[bool], ...]:
    """The rows of an office's people in a part of results: else SQLite reads those of everybody in the month."""
    if office is None:
        return ()
    mine = results.alias().c
    return (table.c.nip.in_(select(mine.nip).where(mine.period == period, mine.unit == office)),)


def _parts(conn: Connection, table: Table, wanted: Iterable[ColumnElement[bool]]) -> dict[str, list[RowMapping]]:
    """By NIP: the rows of a part, in order."""
    same = (
        (results.c.period == table.c.period) & (results.c.nip == table.c.nip) & (results.c.revision == table.c.revision)
    )
    query = select(table).join(results, same).where(*wanted).order_by(table.c.nip, table.c.position)
    rows: dict[str, list[RowMapping]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        rows[row["nip"]].append(row)
    return rows


def _document(row: Row, findings: Sequence[Row], days: Sequence[Row], pending: Sequence[Row]) -> Document:
    found = {(finding["date"], finding["scan"]) for finding in findings}
    return {
        "month": row["period"],
        "nip": row["nip"],
        "name": row["name"],
        "unit": row["unit"],
        "unit_name": row["unit_name"],
        "timezone": days[0]["timezone"] if days else None,
        "computed_at": row["computed_at"],
        "profile": row["profile"],
        "rules": row["rules_digest"],
        "status": row["status"],
        "employment_status": row["employment_status"],
        "working_days": row["working_days"],
        "days_present": row["days_present"],
        "days_excused": row["days_excused"],
        "discipline": {
            "score_pct": percent_text(row["discipline_score_ppm"]),
            "deduction_pct": percent_text(row["discipline_deduction_ppm"]),
            "findings": [_finding(finding) for finding in findings],
        },
        "performance": {
            "score_pct": percent_text(row["performance_score_ppm"]),
            "deduction_pct": percent_text(row["performance_deduction_ppm"]),
            "rating": row["rating"],
            "approved_minutes": row["approved_minutes"],
            "credited_minutes": row["credited_minutes"],
            "target_minutes": row["target_minutes"],
        },
        "allowance": _allowance(row),
        "unexcused": _unexcused(row),
        "days": [_day(day, found) for day in days],
        "pending": [{"date": day["date"].isoformat(), "reason": day["reason"]} for day in pending],
    }


def _finding(row: Row) -> Document:
    return {
        "date": row["date"].isoformat(),
        "code": row["code"],
        "scan": row["scan"],
        "minutes": row["minutes"],
        "deduction_pct": percent_text(row["deduction_ppm"]),
        "base": row["base"],
        "deduction_rp": row["deduction_rp"],
        "rule": row["rule"],
        "source": row["source"],
        "place": row["place"],
        "reference": row["reference"],
        "punch_ids": row["punch_ids"].split("\n") if row["punch_ids"] else [],
    }


def _allowance(row: Row) -> Document:
    return {
        "base_rp": row["base_rp"],
        "discipline_rp": row["discipline_rp"],
        "performance_rp": row["performance_rp"],
        "multiplier_pct": percent_text(row["multiplier_ppm"]),
        "whole_deduction_rp": row["whole_deduction_rp"],
        "leave_deduction_rp": row["leave_deduction_rp"],
        "sanction_rp": row["sanction_rp"],
        "hold_rp": row["hold_rp"],
        "payable_rp": row["payable_rp"],
    }


def _unexcused(row: Row) -> Document:
    reached: date | None = row["run_reached_on"]
    return {
        "days": row["unexcused_days"],
        "bank_minutes_year": row["bank_minutes_year"],
        "converted_days": row["converted_days"],
        "days_this_year": row["days_this_year"],
        "longest_run": row["longest_run"],
        "run_reached_on": reached and reached.isoformat(),
        "threshold": row["threshold"],
    }


def _day(row: Row, found: set[tuple[date, str | None]]) -> Document:
    zone = ZoneInfo(row["timezone"])
    scans = {
        scan: _local(row[f"{scan}_at"], zone)
        for scan in _SCANS
        if scan in _ALWAYS_SHOWN or row[f"{scan}_at"] is not None or (row["date"], scan) in found
    }
    return {
        "date": row["date"].isoformat(),
        "schedule": row["schedule"],
        "state": row["state"],
        "required_minutes": row["required_minutes"],
        "worked_minutes": row["worked_minutes"],
        "late_minutes": row["late_minutes"],
        "early_minutes": row["early_minutes"],
        "scans": scans,
    }


def _local(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).strftime("%H:%M:%S")
