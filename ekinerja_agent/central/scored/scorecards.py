"""The score of a person and month, read: the one place where stored rows, or a result's, become a `Scorecard`.

Published where published, else the draft. Computes nothing and writes no text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, func, not_, select

from ekinerja_agent.central.closing.periods import superseded
from ekinerja_agent.central.store.engine import Readable, reading
from ekinerja_agent.central.store.tables.columns import message_column
from ekinerja_agent.central.store.tables.scored import result_days, result_findings, result_pending, results
from ekinerja_agent.nouns.duty import DayState, Scan
from ekinerja_agent.nouns.messages import as_message, unpack
from ekinerja_agent.nouns.scorecard import (
    Allowance,
    Base,
    Discipline,
    Finding,
    MadeScan,
    PendingDay,
    Performance,
    Scorecard,
    ScoredDay,
    ScoreStatus,
    Unexcused,
)
from ekinerja_agent.scoring.frames.schemas import MonthResult

Row = RowMapping | Mapping[str, Any]
"""A row of the database, or of a result that is not stored."""


def scores(conn: Connection, month: date, *, nip: str | None = None, office: str | None = None) -> list[Scorecard]:
    """Given a month (its first day) and whom to show, return the scorecards by unit and NIP."""
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
    return [_scorecard(row, findings[row["nip"]], days[row["nip"]], pending[row["nip"]]) for row in people]


def zone_of(source: Readable, month: date, offices: Collection[str] | None = None) -> str | None:
    """Given a month (its first day) and offices (None: all), return the zone of the first duty day in the first of
    them; None where nobody has one.
    """
    period, d = f"{month:%Y-%m}", result_days.c
    with reading(source) as conn:
        units = conn.scalars(select(results.c.unit).where(results.c.period == period).distinct())
        for unit in sorted(unit for unit in units if offices is None or unit in offices):
            days = select(d.timezone).where(d.period == period, *_of_office(result_days, period, unit))
            zone: str | None = conn.scalar(days.order_by(d.nip, d.position).limit(1))
            if zone is not None:
                return zone
    return None


def scorecards_of(month: date, result: MonthResult, *, rules_digest: str, computed_at: datetime) -> list[Scorecard]:
    """Given a result that is not stored, return its scorecards by unit and NIP, as `scores` would after storing it."""
    parts: list[dict[str, list[dict[str, Any]]]] = []
    for frame in (result.findings, result.days, result.pending):
        of_person: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in frame.iter_rows(named=True):
            of_person[row["nip"]].append(row)
        parts.append(of_person)
    for waiting in (one for days in parts[2].values() for one in days):
        message = waiting["message"]
        waiting[message_column("reason")] = None if message is None else unpack(message)
    added = {"period": f"{month:%Y-%m}", "rules_digest": rules_digest, "computed_at": computed_at}
    people = result.people.sort("unit", "nip").iter_rows(named=True)
    return [_scorecard(person | added, *(part[person["nip"]] for part in parts)) for person in people]


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


def finding_of(row: Row) -> Finding:
    """Given a row of findings, return the finding."""
    punch_ids, scan = row["punch_ids"], row["scan"]
    if isinstance(punch_ids, str):  # stored, separated by newlines
        punch_ids = punch_ids.split("\n") if punch_ids else ()
    return Finding(
        day=row["date"],
        code=row["code"],
        scan=None if scan is None else Scan(scan),
        minutes=row["minutes"],
        deduction_ppm=row["deduction_ppm"],
        base=Base(row["base"]),
        deduction_rp=row["deduction_rp"],
        rule=row["rule"],
        source=row["source"],
        place=row["place"],
        reference=row["reference"],
        punch_ids=tuple(punch_ids),
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


def _scorecard(row: Row, findings: Sequence[Row], days: Sequence[Row], pending: Sequence[Row]) -> Scorecard:
    return Scorecard(
        month=date.fromisoformat(f"{row['period']}-01"),
        nip=row["nip"],
        name=row["name"],
        unit=row["unit"],
        unit_name=row["unit_name"],
        position_class=row["position_class"],
        profile=row["profile"],
        rules_digest=row["rules_digest"],
        status=ScoreStatus(row["status"]),
        employment_status=row["employment_status"],
        computed_at=row["computed_at"],
        working_days=row["working_days"],
        days_present=row["days_present"],
        days_excused=row["days_excused"],
        discipline=Discipline(
            row["discipline_score_ppm"], row["discipline_deduction_ppm"], tuple(map(finding_of, findings))
        ),
        performance=Performance(
            score_ppm=row["performance_score_ppm"],
            deduction_ppm=row["performance_deduction_ppm"],
            rating=row["rating"],
            approved_minutes=row["approved_minutes"],
            credited_minutes=row["credited_minutes"],
            target_minutes=row["target_minutes"],
        ),
        allowance=_allowance(row),
        unexcused=_unexcused(row),
        days=tuple(map(_day, days)),
        pending=tuple(
            PendingDay(day["date"], day[message_column("reason")] or as_message(day["reason"])) for day in pending
        ),
    )


def _allowance(row: Row) -> Allowance:
    return Allowance(
        base_rp=row["base_rp"],
        discipline_rp=row["discipline_rp"],
        performance_rp=row["performance_rp"],
        multiplier_ppm=row["multiplier_ppm"],
        whole_deduction_rp=row["whole_deduction_rp"],
        leave_deduction_rp=row["leave_deduction_rp"],
        sanction_rp=row["sanction_rp"],
        hold_rp=row["hold_rp"],
        payable_rp=row["payable_rp"],
    )


def _unexcused(row: Row) -> Unexcused:
    return Unexcused(
        days=row["unexcused_days"],
        bank_minutes_year=row["bank_minutes_year"],
        converted_days=row["converted_days"],
        days_this_year=row["days_this_year"],
        longest_run=row["longest_run"],
        run_reached_on=row["run_reached_on"],
        threshold=row["threshold"],
    )


def _day(row: Row) -> ScoredDay:
    return ScoredDay(
        day=row["date"],
        unit=row["unit"],
        schedule=row["schedule"],
        timezone=row["timezone"],
        state=DayState(row["state"]),
        required_minutes=row["required_minutes"],
        worked_minutes=row["worked_minutes"],
        late_minutes=row["late_minutes"],
        early_minutes=row["early_minutes"],
        missing_scans=row["missing_scans"],
        arrive=_scan(row, Scan.ARRIVE),
        break_out=_scan(row, Scan.BREAK_OUT),
        break_in=_scan(row, Scan.BREAK_IN),
        leave=_scan(row, Scan.LEAVE),
    )


def _scan(row: Row, scan: Scan) -> MadeScan | None:
    at = row[f"{scan}_at"]
    return None if at is None else MadeScan(at, row[f"{scan}_punch"])
