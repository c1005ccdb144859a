"""What pages show of units and people, a page at a time.

Promises that the cost of a page follows what stands on it: people are found by office, never by reading a month.
Computes no score. Published where published, else the draft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Text, case, func, literal, or_, select

from ekinerja_agent.central.scored.scorecards import newest_revision
from ekinerja_agent.central.store.tables.scored import result_days, result_findings, result_pending, results
from ekinerja_agent.nouns.duty import ShownState
from ekinerja_agent.nouns.month_days import month_after
from ekinerja_agent.nouns.scorecard import ScoreStatus

PAGE = 50
MONTHS_SHOWN = 24
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which rows of a list: `text` in name or NIP, of `state` (None: all), on page `page` (from 1)."""

    text: str = ""
    state: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The rows of one page, how many there are on all pages, and how many of each state there are without filters."""

    rows: Sequence[T]
    found: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PersonDay:
    """What became of one person's duty on a day. Minutes and scans are those of `ScoredDay`."""

    nip: str
    name: str
    state: ShownState
    schedule: str
    timezone: str
    arrive_at: datetime | None
    leave_at: datetime | None
    late_minutes: int | None
    early_minutes: int | None
    missing_scans: int


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """One person's score of a month, as much of it as a list shows."""

    nip: str
    name: str
    state: ScoreStatus
    discipline_score_ppm: int
    performance_score_ppm: int
    payable_rp: int
    days_present: int
    days_excused: int
    working_days: int
    findings: int
    pending_days: int


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """A unit in a month (its first day): how many people, and the means of their scores, half up."""

    month: date
    people: int
    discipline_score_ppm: int
    performance_score_ppm: int


def unit_of(conn: Connection, nip: str, month: date) -> str | None:
    """Given a person and a month (its first day), return the unit of their score; None if there is none."""
    unit: str | None = conn.scalar(select(results.c.unit).where(*_month(month), results.c.nip == nip))
    return unit


def months_of(conn: Connection, nip: str) -> list[str]:
    """Given a person, return those of the newest two years' months that have a score, newest first."""
    newest = conn.scalar(select(func.max(results.c.period)))
    query = select(results.c.period).where(results.c.nip == nip, results.c.period.in_(_months_back(newest)))
    return list(conn.scalars(query.distinct().order_by(results.c.period.desc())))


def newest_month(conn: Connection) -> str | None:
    """Given the database, return the newest month that has scores."""
    period: str | None = conn.scalar(select(func.max(results.c.period)))
    return period


def published_months(conn: Connection) -> list[str]:
    """Given the database, return those of the newest two years' months in which every score is published, newest
    first.
    """
    r = results.c
    months = _months_back(conn.scalar(select(func.max(r.period))))
    standing = select(r.period, func.count(), func.sum(case((r.status == ScoreStatus.PUBLISHED, 1), else_=0))).where(
        r.period.in_(months), r.revision == newest_revision(results)
    )
    found = conn.execute(standing.group_by(r.period).order_by(r.period.desc()))
    return [period for period, people, published in found if people == published]


def unit_day(conn: Connection, unit: str, day: date, wanted: PageQuery) -> Listed[PersonDay]:
    """Given a unit and a day, return its people with what became of the day, by name."""
    d = result_days.c
    same = (results.c.period == d.period) & (results.c.nip == d.nip) & (results.c.revision == d.revision)
    mine = results.alias().c
    of_unit = select(mine.nip).where(mine.period == f"{day:%Y-%m}", mine.unit == unit)
    state = case((func.coalesce(d.late_minutes, 0) > 0, literal(ShownState.LATE, Text)), else_=d.state)
    query = (
        select(
            *(results.c.nip, results.c.name, state.label("state"), d.schedule, d.timezone, d.arrive_at, d.leave_at),
            *(d.late_minutes, d.early_minutes, d.missing_scans),
        )
        .join_from(results, result_days, same)
        .where(*_month(day), results.c.unit == unit, d.date == day)
        .where(d.nip.in_(of_unit))  # else SQLite reads the days of everybody in the month
    )

    def read(row: RowMapping) -> PersonDay:
        return PersonDay(**{**row, "state": ShownState(row["state"])})

    return _listed(conn, query, state, wanted, read)


def unit_month(conn: Connection, unit: str, month: date, wanted: PageQuery) -> Listed[PersonMonth]:
    """Given a unit and a month (its first day), return its people with their scores, by name."""
    r = results.c

    def counted(part: Any) -> ColumnElement[int]:
        mine = (part.c.period == r.period, part.c.nip == r.nip, part.c.revision == r.revision)
        return select(func.count()).where(*mine).correlate(results).scalar_subquery()

    query = select(
        *(r.nip, r.name, r.status.label("state"), r.discipline_score_ppm, r.performance_score_ppm, r.payable_rp),
        *(r.days_present, r.days_excused, r.working_days),
        counted(result_findings).label("findings"),
        counted(result_pending).label("pending_days"),
    ).where(*_month(month), r.unit == unit)

    def read(row: RowMapping) -> PersonMonth:
        return PersonMonth(**{**row, "state": ScoreStatus(row["state"])})

    return _listed(conn, query, r.status, wanted, read)


def unit_trend(conn: Connection, unit: str, first: date, last: date) -> list[TrendMonth]:
    """Given a unit and two months (first days, both included), return its months that have scores, oldest first."""
    r = results.c
    months = _months_back(f"{last:%Y-%m}")
    query = (
        select(
            r.period,
            func.count().label("people"),
            func.sum(r.discipline_score_ppm).label("discipline"),
            func.sum(r.performance_score_ppm).label("performance"),
        )
        .where(r.period.in_([month for month in months if month >= f"{first:%Y-%m}"]), r.unit == unit)
        .where(r.revision == newest_revision(results))
        .group_by(r.period)
        .order_by(r.period)
    )
    return [
        TrendMonth(
            month=date.fromisoformat(f"{row.period}-01"),
            people=row.people,
            discipline_score_ppm=_mean(row.discipline, row.people),
            performance_score_ppm=_mean(row.performance, row.people),
        )
        for row in conn.execute(query)
    ]


def _listed(
    conn: Connection,
    query: Select[Any],
    state: ColumnElement[str],
    wanted: PageQuery,
    read: Callable[[RowMapping], T],
) -> Listed[T]:
    r = results.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.text:
        conditions.append(
            or_(r.name.icontains(wanted.text, autoescape=True), r.nip.startswith(wanted.text, autoescape=True))
        )
    if wanted.state is not None:
        conditions.append(state == wanted.state)
    chosen = query.where(*conditions)
    page = chosen.order_by(r.name, r.nip).limit(PAGE).offset((wanted.page - 1) * PAGE)
    every = query.with_only_columns(state.label("state")).subquery()
    found = conn.scalar(select(func.count()).select_from(chosen.with_only_columns(r.nip).subquery()))
    states = conn.execute(select(every.c.state, func.count().label("people")).group_by(every.c.state))
    return Listed(
        [read(row) for row in conn.execute(page).mappings()],
        int(found or 0),
        {row.state: row.people for row in states},
    )


def _mean(total: Any, people: int) -> int:
    """Half up. PostgreSQL gives the sum of whole numbers as a decimal."""
    return (2 * int(total) + people) // (2 * people)


def _months_back(newest: str | None) -> list[str]:
    if newest is None:
        return []
    last = date.fromisoformat(f"{newest}-01")
    return [f"{month_after(last, -earlier):%Y-%m}" for earlier in reversed(range(MONTHS_SHOWN))]


def _month(day: date) -> tuple[ColumnElement[bool], ...]:
    return results.c.period == f"{day:%Y-%m}", results.c.revision == newest_revision(results)
