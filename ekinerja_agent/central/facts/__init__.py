"""All that is known of some offices for one month, read at one moment and laid out in the frames that are scored.

Of each imported fact the newest row stands that was not taken back. Judges nothing: no rule is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, select, true

from ekinerja_agent.central import purging
from ekinerja_agent.central.batches import current
from ekinerja_agent.central.decided import absence_status
from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.facts.activities import read_activities
from ekinerja_agent.central.facts.columns import expect_few, read_frame
from ekinerja_agent.central.facts.events import read_attendance, read_events
from ekinerja_agent.central.facts.outages import read_outages
from ekinerja_agent.central.facts.personal import (
    read_allowances,
    read_assignments,
    read_corrections,
    read_ratings,
    read_rosters,
    read_takings,
)
from ekinerja_agent.central.facts.plans import read_indicators, read_plans
from ekinerja_agent.central.facts.punches import read_punches
from ekinerja_agent.central.facts.terminals import duty_terminals, read_terminals
from ekinerja_agent.central.periods import superseded
from ekinerja_agent.central.tables.imported import (
    absence_decisions,
    absences,
    calendar,
    employees,
    enrolments,
    import_revocations,
    units,
)
from ekinerja_agent.central.tables.periods import period_reopenings
from ekinerja_agent.central.tables.recorded import coverage
from ekinerja_agent.central.tables.scored import result_days, results
from ekinerja_agent.scoring.frames import (
    ABSENCES,
    ACTIVITIES,
    ALLOWANCES,
    ASSIGNMENTS,
    BUDGETS,
    CALENDAR,
    COVERAGE,
    EARLIER_DAYS,
    EVENT_ATTENDANCE,
    EVENTS,
    HOLDS,
    INDICATORS,
    PLAN_REPORTS,
    RATINGS,
    SANCTIONS,
    SPELLS,
    UNITS,
    MonthFacts,
    Schema,
    empty,
)

ENROLMENTS: Schema = {
    # The enrolments that stand, lowest id first; dates included, null = open.
    "id": pl.Int64,
    "terminal": pl.String,
    "pin": pl.String,
    "nip": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
_FEW = 50
"""People whose facts are a few rows."""
_MANY = 5_000
"""Above this many names a query reads everybody, and the frame leaves out who is not wanted."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The people of the offices, and the days of the month."""

    nips: pl.Series
    everybody: bool
    first: date
    last: date

    def of(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Given a column of NIPs, return the condition that asks for these people, where that saves reading."""
        if self.everybody or len(self.nips) > _MANY:
            return true()
        return column.in_(self.nips.to_list())

    def keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Given a frame with a column nip, return the rows of these people."""
        return frame.filter(pl.col("nip").is_in(self.nips.implode()))


def month_facts(
    engine: Engine,
    month: date,
    *,
    profile: str,
    now: datetime,
    offices: Sequence[str] | None = None,
    nips: Sequence[str] | None = None,
    accept_pending: bool = False,
    through: date | None = None,
) -> MonthFacts:
    """Given a month (its first day), return the facts of the people whose first spell of it lies in `offices`.

    `offices` None means all. With `nips` only these people of them are read, without a look at anybody else's rows
    where an index leads to theirs. A person who moves within the month comes with all spells of it, in one office only.
    Punches reach from a day before the month to two days after it, so that nights are whole. `profile`, `now`,
    `accept_pending` and `through` are handed on.
    """
    first, last = month.replace(day=1), last_day(month)
    with reading(engine) as conn:
        if nips is not None and len(nips) <= _FEW:
            expect_few(conn)
        spells = _spells(conn, first, last, offices, nips)
        wanted = _Wanted(spells["nip"].unique(), offices is None and nips is None, first, last)
        all_units = _units(conn)
        enrolled = _enrolments(conn, wanted)
        terminals = read_terminals(conn)
        called = read_events(conn, all_units, first, last)
        holds, sanctions = read_takings(conn, wanted.of)
        own_units = spells["unit"].unique().sort().to_list()
        plan_reports, budgets = read_plans(conn, wanted.of, wanted.nips, own_units, first)
        needed = duty_terminals(spells, all_units, wanted.keep(enrolled), terminals, first, last)
        return MonthFacts(
            month=first,
            profile=profile,
            now=now,
            spells=spells,
            units=all_units,
            punches=wanted.keep(
                read_punches(
                    conn,
                    enrolled,
                    pins=None if wanted.everybody else wanted.keep(enrolled)["pin"].unique().to_list(),
                    spells=lambda: _spells_of_all(conn),
                    units=all_units,
                    first=first,
                    last=last,
                )
            ),
            coverage=_coverage(
                conn, first, last, pl.concat([needed["terminal"], called["terminal"].drop_nulls()]).unique()
            ),
            duty_terminals=needed,
            absences=_absences(conn, wanted),
            calendar=_calendar(conn, first, last),
            activities=wanted.keep(read_activities(conn, wanted.of, spells, first, last)),
            earlier_days=_earlier_days(conn, wanted),
            outages=read_outages(conn, wanted.keep(enrolled), spells, all_units, first, last),
            corrections=read_corrections(conn, wanted.of, first, last),
            rosters=read_rosters(conn, wanted.of, first, last),
            events=called,
            event_attendance=read_attendance(conn, wanted.of, first, last),
            allowances=read_allowances(conn, wanted.of),
            holds=holds,
            sanctions=sanctions,
            assignments=read_assignments(conn, wanted.of),
            ratings=read_ratings(conn, wanted.of),
            plan_reports=plan_reports,
            indicators=read_indicators(conn, wanted.of, own_units, first),
            budgets=budgets,
            accept_pending=accept_pending,
            through=through,
        )


def approved_activities(engine: Engine, month: date, nips: Sequence[str]) -> pl.DataFrame:
    """Given a month (its first day) and people, return the ACTIVITIES of theirs that `month_facts` would have."""
    first, last = month.replace(day=1), last_day(month)
    with reading(engine) as conn:
        spells = _spells(conn, first, last, None, nips)
        wanted = _Wanted(spells["nip"].unique(), everybody=False, first=first, last=last)
        return wanted.keep(read_activities(conn, wanted.of, spells, first, last))


def day_facts(engine: Engine, day: date, *, profile: str, now: datetime, nips: Sequence[str]) -> MonthFacts:
    """Given a day and people, return what tells who of them is there on it: the frames of `month_facts` that plans,
    punches and documents are read from, for this day alone. All others are empty.
    """
    with reading(engine) as conn:
        if len(nips) <= _FEW:
            expect_few(conn)
        spells = _spells(conn, day, day, None, nips)
        wanted = _Wanted(spells["nip"].unique(), everybody=False, first=day, last=day)
        all_units = _units(conn)
        enrolled = _enrolments(conn, wanted)
        own = wanted.keep(enrolled)
        needed = duty_terminals(spells, all_units, own, read_terminals(conn), day, day)
        punched = read_punches(
            conn,
            enrolled,
            pins=own["pin"].unique().to_list(),
            spells=lambda: _spells_of_all(conn),
            units=all_units,
            first=day,
            last=day,
        )
        return MonthFacts(
            month=day.replace(day=1),
            profile=profile,
            now=now,
            spells=spells,
            units=all_units,
            punches=wanted.keep(punched),
            coverage=_coverage(conn, day, day, needed["terminal"].unique()),
            duty_terminals=needed,
            absences=_absences(conn, wanted),
            calendar=_calendar(conn, day, day),
            activities=empty(ACTIVITIES),
            earlier_days=empty(EARLIER_DAYS),
            outages=read_outages(conn, own, spells, all_units, day, day),
            corrections=read_corrections(conn, wanted.of, day, day),
            rosters=read_rosters(conn, wanted.of, day, day),
            events=empty(EVENTS),
            event_attendance=empty(EVENT_ATTENDANCE),
            allowances=empty(ALLOWANCES),
            holds=empty(HOLDS),
            sanctions=empty(SANCTIONS),
            assignments=empty(ASSIGNMENTS),
            ratings=empty(RATINGS),
            plan_reports=empty(PLAN_REPORTS),
            indicators=empty(INDICATORS),
            budgets=empty(BUDGETS),
        )


def with_all_activities(engine: Engine, facts: MonthFacts) -> MonthFacts:
    """Given the facts of some people, return them with what these claim too: activities that nobody decided yet."""
    people, last = facts.spells["nip"].unique(), last_day(facts.month)
    wanted = _Wanted(people, everybody=False, first=facts.month, last=last)
    with reading(engine) as conn:
        claimed = read_activities(
            conn, wanted.of, facts.spells, facts.month, last, statuses=("draft", "pending", "approved", "returned")
        )
    return replace(facts, activities=wanted.keep(claimed))


def offices_of(engine: Engine, month: date) -> list[str]:
    """Given a month (its first day), return the units whose people are scored in it, sorted."""
    return sorted(set(home_units(engine, month).values()))


def home_units(engine: Engine, month: date, nips: Sequence[str] | None = None) -> dict[str, str]:
    """Given a month (its first day), return for each person on duty (of `nips`) the unit in which the month is scored.

    That is the unit of the first spell that touches the month.
    """
    with reading(engine) as conn:
        return homes_of(conn, month, nips)


def homes_of(conn: Connection, month: date, nips: Sequence[str] | None = None) -> dict[str, str]:
    """Given a connection, return what `home_units` does."""
    home = _homes(_spells(conn, month.replace(day=1), last_day(month), None, nips))
    return dict(zip(home["nip"], home["unit"], strict=True))


def last_day(month: date) -> date:
    """Given a day, return the last one of its month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _spells(
    conn: Connection, first: date, last: date, offices: Sequence[str] | None, nips: Sequence[str] | None
) -> pl.DataFrame:
    # On the key only: an older row of another unit must not rise where a newer one of the person stands.
    conditions: list[ColumnElement[bool]] = []
    if nips is not None:
        conditions.append(employees.c.nip.in_(nips))
    elif offices is not None:
        conditions.append(employees.c.nip.in_(select(employees.c.nip).where(employees.c.unit.in_(offices))))
    spells = _touching(_spells_of_all(conn, *conditions), first, last)
    if offices is None:
        return spells
    home = _homes(spells).filter(pl.col("unit").is_in(list(offices)))
    return spells.join(home.select("nip"), on="nip", how="semi", maintain_order="left")


def _spells_of_all(conn: Connection, *conditions: ColumnElement[bool]) -> pl.DataFrame:
    row = current(employees, *conditions).subquery().c
    query = select(
        row.nip,
        row.name,
        row.unit,
        row.status.label("employment_status"),
        row.attendance,
        row.schedule,
        row.position_class,
        row.allowance_rp,
        row.valid_from,
        row.valid_to,
    )
    return read_frame(conn, query, SPELLS)


def _homes(spells: pl.DataFrame) -> pl.DataFrame:
    ordered = spells.sort("nip", "valid_from", nulls_last=False)
    return ordered.unique("nip", keep="first", maintain_order=True).select("nip", "unit")


def _touching(frame: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Rows of a dated frame that hold on a day of the month, in order of person and date."""
    return frame.filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= last),
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= first),
    ).sort("nip", "valid_from", nulls_last=False)


def _units(conn: Connection) -> pl.DataFrame:
    row = current(units).subquery().c
    query = select(
        row.code.label("unit"),
        row.name.label("unit_name"),
        row.parent,
        row.timezone,
        row.head_nip,
        row.schedule,
        row.profile,
        row.valid_from,
        row.valid_to,
    )
    return read_frame(conn, query, UNITS).sort("unit", "valid_from", nulls_last=False)


def _enrolments(conn: Connection, wanted: _Wanted) -> pl.DataFrame:
    """Every enrolment of a PIN that one of these people ever had: another person's may beat theirs."""
    condition = wanted.of(enrolments.c.nip)
    query = current(enrolments, enrolments.c.pin.in_(select(enrolments.c.pin).where(condition))).subquery().c
    columns = [query[name] for name in ENROLMENTS]
    return read_frame(conn, select(*columns), ENROLMENTS).sort("id")


def _coverage(conn: Connection, first: date, last: date, terminals: pl.Series) -> pl.DataFrame:
    c = coverage.c
    since = datetime.combine(first - timedelta(days=2), time(), UTC)
    until = datetime.combine(last + timedelta(days=3), time(), UTC)
    # Where retention took the punches, a proven silence would read as absence.
    known_since = purging.known_since(conn)
    query = select(c.terminal, c.start, c.end, c.kind).where(
        c.end > (since if known_since is None else max(since, known_since)),
        c.start.is_(None) | (c.start < until),
        c.batch.not_in(select(import_revocations.c.batch)),
        c.terminal.in_(terminals.to_list()) if len(terminals) <= _MANY else true(),
    )
    stretches = read_frame(conn, query, COVERAGE)
    if known_since is not None:
        stretches = stretches.with_columns(start=pl.max_horizontal("start", pl.lit(known_since, COVERAGE["start"])))
    return _joined(stretches)


def _joined(stretches: pl.DataFrame) -> pl.DataFrame:
    """Proven stretches that touch become one: a terminal that is read every minute has a thousand of them a day."""
    by_terminal = ["terminal", "kind"]
    ordered = stretches.sort("terminal", "kind", "start", "end", nulls_last=False)
    reached = pl.col("end").cum_max().shift(1).over(by_terminal)
    apart = reached.is_null() | (pl.col("start") > reached) | (pl.col("kind") == "silent")
    return (
        ordered.with_columns(stretch=apart.cast(pl.Int64).cum_sum().over(by_terminal))
        .group_by(*by_terminal, "stretch", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .select(*COVERAGE)
    )


def _absences(conn: Connection, wanted: _Wanted) -> pl.DataFrame:
    """Documents of the month; what they say of their case reaches back to its first approved day."""
    row = current(absences, wanted.of(absences.c.nip)).subquery()
    shape = {name: kind for name, kind in ABSENCES.items() if name not in {"case_first", "case_last"}}
    columns = (absence_status(row).label(name) if name == "status" else row.c[name] for name in shape)
    query = select(*columns, row.c.case_id).select_from(
        row.outerjoin(absence_decisions, absence_decisions.c.absence == row.c.id)
    )
    told = wanted.keep(read_frame(conn, query, {**shape, "case_id": pl.String}))
    cases = (
        told.filter(pl.col("status") == "approved")
        .drop_nulls("case_id")
        .group_by("nip", "case_id")
        .agg(case_first=pl.col("first_day").min(), case_last=pl.col("last_day").max())
    )
    return (
        told.filter(
            pl.col("first_day") <= wanted.last + timedelta(days=1),
            pl.col("last_day") >= wanted.first - timedelta(days=1),
        )
        .join(cases, on=["nip", "case_id"], how="left")
        .with_columns(pl.coalesce("case_first", "first_day"), pl.coalesce("case_last", "last_day"))
        .sort("nip", "first_day", "from_time")
        .select(*ABSENCES)
    )


def _calendar(conn: Connection, first: date, last: date) -> pl.DataFrame:
    near = calendar.c.date.between(first - timedelta(days=1), last + timedelta(days=1))
    row = current(calendar, near).subquery().c
    query = select(row.date.label("day"), row.unit, row.kind, row.name, row.source)
    return read_frame(conn, query, CALENDAR).sort("day", "unit")


def _earlier_days(conn: Connection, wanted: _Wanted) -> pl.DataFrame:
    """From the published result of each earlier month of the year and of the December before, where there is one, else
    from its draft. Who is not in the newest close of an office has no days there.
    """
    d = result_days.c
    periods = [f"{wanted.first.year - 1}-12", *(f"{wanted.first:%Y}-{n:02}" for n in range(1, wanted.first.month))]
    query = select(d.nip, d.date.label("day"), d.state, d.late_minutes, d.early_minutes, d.missing_scans).where(
        # One by one, so that the key leads to a person's days past everybody else's.
        d.period.in_(periods),
        d.revision == _latest_revision(d.period, d.nip).scalar_subquery(),
        wanted.of(d.nip),
    )
    shape: Schema = {
        "nip": pl.String,
        "day": pl.Date,
        "state": pl.String,
        "late_minutes": pl.Int64,
        "early_minutes": pl.Int64,
        "missing_scans": pl.Int64,
    }
    gone = read_frame(conn, _withdrawn(periods), {"period": pl.String, "nip": pl.String})
    return (
        wanted.keep(read_frame(conn, query, shape))
        .join(gone, left_on=["nip", pl.col("day").dt.strftime("%Y-%m")], right_on=["nip", "period"], how="anti")
        .with_columns(
            unexcused=pl.col("state") == "unexcused",
            bank_minutes=pl.col("late_minutes").fill_null(0) + pl.col("early_minutes").fill_null(0),
        )
        .sort("nip", "day")
        .select(*EARLIER_DAYS)
    )


def _latest_revision(period: ColumnElement[Any], nip: ColumnElement[Any]) -> Select[Any]:
    newest = results.alias().c
    return select(func.max(newest.revision)).where(newest.period == period, newest.nip == nip)


def _withdrawn(periods: Sequence[str]) -> Select[Any]:
    """Whose newest published row of a month an office has closed without, after a reopening: few, mostly nobody."""
    r, o = results.c, period_reopenings.c
    of_office = and_(o.period == r.period, o.unit == func.coalesce(r.closed_with, r.unit), o.revision == r.revision)
    return (
        select(r.period, r.nip)
        .join(period_reopenings, of_office)
        .where(o.period.in_(periods), superseded(r), r.revision == _latest_revision(r.period, r.nip).scalar_subquery())
    )
