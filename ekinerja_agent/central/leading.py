"""What stands about plans, workload, SAKIP and the registers, as the rows that measures take.

Of each fact the newest row that was not taken back, of decisions only approvals. The views named *_v1 hold the same.
Judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.tables import (
    activities,
    employees,
    evaluation_meetings,
    event_attendance,
    innovations,
    plan_progress,
    plans,
    result_days,
    results,
    sakip,
    staff,
    units,
    workload_tasks,
)
from ekinerja_agent.measures.plans import Plan, Progress
from ekinerja_agent.measures.workload import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine, RowMapping, Table

APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is on a day; `profile` None: that of agent.yaml."""

    code: str
    name: str
    profile: str | None


@dataclass(frozen=True, slots=True)
class Innovation:
    """An innovative programme of a unit; `ended` None: it goes on."""

    code: str
    unit: str
    name: str
    started: date
    ended: date | None
    document: str | None


@dataclass(frozen=True, slots=True)
class UniformMarks:
    """Of those present at an event, how many wore uniform and how many did not; of the rest nobody looked."""

    event: str
    date: date
    present: int
    in_uniform: int
    without_uniform: int


@dataclass(frozen=True, slots=True)
class PresentDays:
    """A person of a job and the approved minutes of each day of a month on which they were present."""

    nip: str
    unit: str
    job: str
    minutes: tuple[int, ...]


def units_on(engine: Engine, day: date) -> dict[str, Unit]:
    """Given a day, return the units of that day by code; one that is gone stands with its last name."""
    with reading(engine) as conn:
        rows = sorted(_rows(conn, units), key=lambda row: row["valid_from"] or date.min)
    begun = [row for row in rows if (row["valid_from"] or date.min) <= day]
    return {row["code"]: Unit(row["code"], row["name"], row["profile"]) for row in begun}


def plans_of(engine: Engine, month: date) -> tuple[list[Plan], dict[str, list[Progress]]]:
    """Given a month (its first day), return the plans of its year by code, and their approved reports up to it."""
    with reading(engine) as conn:
        told = [_plan(row) for row in _rows(conn, plans) if row["due_date"].year == month.year]
        g = plan_progress.c
        of_year = g.month.between(f"{month:%Y}-01", f"{month:%Y-%m}")
        found = [row for row in conn.execute(current(plan_progress, of_year)).mappings() if row["status"] == APPROVED]
    reports: dict[str, list[Progress]] = defaultdict(list)
    for row in found:
        reports[row["plan"]].append(_progress(row))
    return sorted(told, key=lambda plan: plan.code), reports


def workload_of(engine: Engine) -> tuple[list[Task], dict[tuple[str, str], int]]:
    """Given the database, return every task, and the staff of each unit and job."""
    columns = ("unit", "job", "task", "volume_e2", "per", "standard_e2")
    with reading(engine) as conn:
        tasks = [Task(*(row[name] for name in columns)) for row in _rows(conn, workload_tasks)]
        people = {(row["unit"], row["job"]): row["people"] for row in _rows(conn, staff)}
    return tasks, people


def sakip_scores(engine: Engine, year: int) -> dict[str, dict[str, int]]:
    """Given a year, return by unit and aspect the hundredths of points."""
    scores: dict[str, dict[str, int]] = defaultdict(dict)
    with reading(engine) as conn:
        for row in _rows(conn, sakip):
            if row["year"] == str(year):
                scores[row["unit"]][row["aspect"]] = row["score_e2"]
    return dict(scores)


def meetings_held(engine: Engine, first: date, last: date) -> dict[str, int]:
    """Given the first and the last day, return by unit how many evaluation meetings it held, if any."""
    held: dict[str, int] = defaultdict(int)
    with reading(engine) as conn:
        near = current(evaluation_meetings, evaluation_meetings.c.date.between(first, last))
        for row in conn.execute(near).mappings():
            held[row["unit"]] += 1
    return dict(held)


def innovations_of(engine: Engine) -> list[Innovation]:
    """Given the database, return every innovative programme, by unit and code."""
    columns = ("code", "unit", "name", "started", "ended", "document")
    with reading(engine) as conn:
        found = [Innovation(*(row[name] for name in columns)) for row in _rows(conn, innovations)]
    return sorted(found, key=lambda one: (one.unit, one.code))


def uniform_marks(engine: Engine, first: date, last: date) -> list[UniformMarks]:
    """Given the first and the last day, return the marks of each event that somebody attended, by date and event."""
    marks: dict[tuple[date, str], list[bool | None]] = defaultdict(list)
    with reading(engine) as conn:
        for row in _rows(conn, event_attendance):
            if row["status"] == "present" and first <= row["date"] <= last:
                marks[row["date"], row["event"]].append(row["uniform"])
    return [
        UniformMarks(event, day, len(worn), worn.count(True), worn.count(False))
        for (day, event), worn in sorted(marks.items())
    ]


def present_days(engine: Engine, month: date) -> list[PresentDays]:
    """Given a month (its first day), return for everybody with a job the approved minutes of each present day.

    Presence is that of the newest result, published or draft; unit and job those of the spell on the last day that was
    scored. By nip.
    """
    period = f"{month:%Y-%m}"
    d, r = result_days.c, results.c
    newest = select(r.nip, func.max(r.revision).label("revision")).where(r.period == period).group_by(r.nip).subquery()
    present = (
        select(d.nip, d.date)
        .join(newest, (newest.c.nip == d.nip) & (newest.c.revision == d.revision))
        .where(d.period == period, d.state == "present")
        .distinct()
        .order_by(d.nip, d.date)
    )
    a = activities.c
    with reading(engine) as conn:
        days: dict[str, list[date]] = defaultdict(list)
        for nip, day in conn.execute(present):
            days[nip].append(day)
        minutes: dict[tuple[str, date], int] = defaultdict(int)
        ever_there = a.activity_id.in_(select(a.activity_id).where(a.date.between(month, _last_day(month))))
        for row in conn.execute(current(activities, ever_there)).mappings():
            if row["status"] == APPROVED:
                minutes[row["nip"], row["date"]] += row["approved_minutes"] or 0
        spells = sorted(_rows(conn, employees), key=lambda row: row["valid_from"] or date.min)
    begun = (row for row in spells if row["nip"] in days and (row["valid_from"] or date.min) <= days[row["nip"]][-1])
    last_spell = {row["nip"]: row for row in begun}
    return [
        PresentDays(nip, spell["unit"], spell["position"], tuple(minutes[nip, day] for day in days[nip]))
        for nip, spell in sorted(last_spell.items())
        if spell["position"] is not None
    ]


def _rows(conn: Connection, table: Table) -> Sequence[RowMapping]:
    return conn.execute(current(table)).mappings().all()


def _plan(row: RowMapping) -> Plan:
    return Plan(
        code=row["code"],
        unit=row["unit"],
        nip=row["nip"],
        name=row["name"],
        due=row["due_date"],
        target_output=row["target_output"],
        budget_rp=row["budget_rp"],
    )


def _progress(row: RowMapping) -> Progress:
    month: Any = row["month"]
    return Progress(
        plan=row["plan"],
        month=date.fromisoformat(f"{month}-01"),
        planned_ppm=row["planned_ppm"],
        physical_ppm=row["physical_ppm"],
        realised_rp=row["realised_rp"],
        document=row["document"],
    )


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
