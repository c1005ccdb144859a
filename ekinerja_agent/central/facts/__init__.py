"""All that is known of some offices for one month, read at one moment and laid out in the frames that are scored.

Of each imported fact the newest row stands that was not taken back. Judges nothing: no rule is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from ekinerja_agent.central.closing.periods import superseded
from ekinerja_agent.central.collected import retention
from ekinerja_agent.central.collected.set_apart import unnamed_moments
from ekinerja_agent.central.collected.unowned_slots import unowned_moments
from ekinerja_agent.central.facts.activities import read_activities
from ekinerja_agent.central.facts.candidates import asked_by
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
from ekinerja_agent.central.facts.scope import AFTER, BEFORE, MANY, Scope, Whose, everybody, scope_of
from ekinerja_agent.central.facts.terminals import duty_terminals, read_terminals
from ekinerja_agent.central.facts.unowned import without_moments
from ekinerja_agent.central.imported.decisions import absence_status
from ekinerja_agent.central.store.engine import Readable, reading
from ekinerja_agent.central.store.frames import expecting_few, read_frame
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    absences,
    calendar,
    employees,
    enrolments,
    units,
)
from ekinerja_agent.central.store.tables.periods import period_reopenings
from ekinerja_agent.central.store.tables.recorded import coverage, set_apart
from ekinerja_agent.central.store.tables.scored import result_days, results
from ekinerja_agent.central.versions import current, not_taken_back
from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.scoring.frames.schemas import (
    ABSENCES,
    CALENDAR,
    COVERAGE,
    EARLIER_DAYS,
    EVENTS,
    SPELLS,
    UNITS,
    MonthFacts,
    Schema,
    empty,
)
from ekinerja_agent.scoring.frames.steps import collect

ENROLMENTS: Schema = {
    # The enrolments that stand, lowest id first; dates included, null = open.
    "id": pl.Int64,
    "terminal": pl.String,
    "pin": pl.String,
    "nip": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
_DOCUMENTS: Schema = {
    **{name: kind for name, kind in ABSENCES.items() if name not in {"case_first", "case_last"}},
    "case_id": pl.String,
}
_JUDGED: Schema = {
    "nip": pl.String,
    "day": pl.Date,
    "state": pl.String,
    "late_minutes": pl.Int64,
    "early_minutes": pl.Int64,
    "missing_scans": pl.Int64,
}
_FEW = 50
"""People whose facts are a few rows."""
_PERIODS: BindParameter[Any] = bindparam("periods")


def month_facts(
    source: Readable,
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
    with reading(source) as conn, expecting_few(conn, when=_are_few(nips)):
        spells = _spells(conn, first, last, offices, nips)
        wanted = scope_of(conn, spells, first, last, everyone=offices is None and nips is None)
        there = _there(conn, spells, wanted, called=True, profile=profile, now=now)
        holds, sanctions = read_takings(conn, wanted)
        plan_reports, budgets = read_plans(conn, wanted)
        return replace(
            there,
            activities=wanted.keep(read_activities(conn, wanted, spells)),
            earlier_days=_earlier_days(conn, wanted),
            event_attendance=read_attendance(conn, wanted),
            allowances=read_allowances(conn, wanted),
            holds=holds,
            sanctions=sanctions,
            assignments=read_assignments(conn, wanted),
            ratings=read_ratings(conn, wanted),
            plan_reports=plan_reports,
            indicators=read_indicators(conn, wanted),
            budgets=budgets,
            accept_pending=accept_pending,
            through=through,
        )


def approved_activities(source: Readable, month: date, nips: Sequence[str]) -> pl.DataFrame:
    """Given a month (its first day) and people, return the ACTIVITIES of theirs that `month_facts` would have."""
    first, last = month.replace(day=1), last_day(month)
    with reading(source) as conn:
        spells = _spells(conn, first, last, None, nips)
        wanted = scope_of(conn, spells, first, last, everyone=False)
        return wanted.keep(read_activities(conn, wanted, spells))


def day_facts(source: Readable, day: date, *, profile: str, now: datetime, nips: Sequence[str]) -> MonthFacts:
    """Given a day and people, return what tells who of them is there on it: the frames of `month_facts` that plans,
    punches and documents are read from, for this day alone. All others are empty.
    """
    with reading(source) as conn, expecting_few(conn, when=_are_few(nips)):
        spells = _spells(conn, day, day, None, nips)
        wanted = scope_of(conn, spells, day, day, everyone=False)
        return _there(conn, spells, wanted, called=False, profile=profile, now=now)


def with_all_activities(engine: Engine, facts: MonthFacts) -> MonthFacts:
    """Given the facts of some people, return them with what these claim too: activities that nobody decided yet."""
    with reading(engine) as conn:
        wanted = scope_of(conn, facts.spells, facts.month, last_day(facts.month), everyone=False)
        claimed = read_activities(
            conn,
            wanted,
            facts.spells,
            (EntryStatus.DRAFT, EntryStatus.PENDING, EntryStatus.APPROVED, EntryStatus.RETURNED),
        )
    return replace(facts, activities=wanted.keep(claimed))


def offices_of(source: Readable, month: date) -> list[str]:
    """Given a month (its first day), return the units whose people are scored in it, sorted."""
    return sorted(set(home_units(source, month).values()))


def home_units(source: Readable, month: date, nips: Sequence[str] | None = None) -> dict[str, str]:
    """Given a month (its first day), return for each person on duty (of `nips`) the unit in which the month is scored.

    That is the unit of the first spell that touches the month.
    """
    with reading(source) as conn:
        return homes_of(conn, month, nips)


def homes_of(conn: Connection, month: date, nips: Sequence[str] | None = None) -> dict[str, str]:
    """Given a connection, return what `home_units` does."""
    with expecting_few(conn, when=_are_few(nips)):
        home = _homes(_touching(_told(conn, None, nips), month.replace(day=1), last_day(month)))
    return dict(collect(home).iter_rows())


def _are_few(nips: Sequence[str] | None) -> bool:
    return nips is not None and len(nips) <= _FEW


def _there(
    conn: Connection, spells: pl.DataFrame, wanted: Scope, *, called: bool, profile: str, now: datetime
) -> MonthFacts:
    """What tells who of the wanted people is there on the wanted days; with the events to which they are `called`."""
    all_units = _units(conn)
    enrolled = _enrolments(conn, wanted)
    own = wanted.keep(enrolled)
    needed = duty_terminals(spells, all_units, own, read_terminals(conn), wanted.first, wanted.last)
    events = read_events(conn, all_units, wanted) if called else empty(EVENTS)
    recorded = read_punches(
        conn,
        enrolled,
        asked=asked_by(enrolled, wanted),
        spells=lambda: _read_spells(conn, _of_anybody()),
        units=all_units,
        wanted=wanted,
    )
    return MonthFacts(
        month=wanted.first.replace(day=1),
        profile=profile,
        now=now,
        spells=spells,
        units=all_units,
        punches=wanted.keep(recorded),
        coverage=_coverage(conn, wanted, pl.concat([needed["terminal"], events["terminal"].drop_nulls()]).unique()),
        duty_terminals=needed,
        absences=_absences(conn, wanted),
        calendar=_calendar(conn, wanted),
        outages=read_outages(conn, own, spells, all_units, wanted),
        corrections=read_corrections(conn, wanted),
        rosters=read_rosters(conn, wanted),
        events=events,
    )


def _spells(
    conn: Connection, first: date, last: date, offices: Sequence[str] | None, nips: Sequence[str] | None
) -> pl.DataFrame:
    spells = collect(_touching(_told(conn, offices, nips), first, last))
    if offices is None:
        return spells
    home = _homes(spells.lazy()).filter(pl.col("unit").is_in(list(offices)))
    return collect(spells.lazy().join(home.select("nip"), on="nip", how="semi", maintain_order="left"))


def _told(conn: Connection, offices: Sequence[str] | None, nips: Sequence[str] | None) -> pl.DataFrame:
    """Every spell that stands of these people, else of whoever ever served in these offices, else of anybody."""
    if nips is not None:
        return _read_spells(conn, _of_people(), nips=nips)
    if offices is not None:
        return _read_spells(conn, _of_offices(), offices=offices)
    return _read_spells(conn, _of_anybody())


def _read_spells(conn: Connection, query: Select[Any], **values: Sequence[str]) -> pl.DataFrame:
    return read_frame(conn, query, SPELLS, values)


@cache
def _of_people() -> Select[Any]:
    return _standing_spells(employees.c.nip.in_(bindparam("nips")))


@cache
def _of_offices() -> Select[Any]:
    # On the key only: an older row of another unit must not rise where a newer one of the person stands.
    there = select(employees.c.nip).where(employees.c.unit.in_(bindparam("offices")))
    return _standing_spells(employees.c.nip.in_(there))


@cache
def _of_anybody() -> Select[Any]:
    return _standing_spells()


def _standing_spells(*conditions: ColumnElement[bool]) -> Select[Any]:
    row = current(employees, *conditions).subquery().c
    return select(
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


def _homes(spells: pl.LazyFrame) -> pl.LazyFrame:
    """Of spells in order of person and date, the unit of each person's first: nip, unit."""
    return spells.unique("nip", keep="first", maintain_order=True).select("nip", "unit")


def _touching(frame: pl.DataFrame, first: date, last: date) -> pl.LazyFrame:
    """Rows of a dated frame that hold on a day of the month, in order of person and date."""
    touching = frame.lazy().filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= last),
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= first),
    )
    return touching.sort("nip", "valid_from", nulls_last=False)


def _units(conn: Connection) -> pl.DataFrame:
    return read_frame(conn, _all_units(), UNITS).sort("unit", "valid_from", nulls_last=False)


@cache
def _all_units() -> Select[Any]:
    row = current(units).subquery().c
    return select(
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


def _enrolments(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Theirs, and each that may beat one of theirs: of the same PIN on the same terminal, and, for a PIN of theirs on
    every terminal, of that PIN anywhere.
    """
    return read_frame(conn, _enrolled(wanted.whose), ENROLMENTS, wanted.values).sort("id")


@cache
def _enrolled(whose: Whose) -> Select[Any]:
    e = enrolments.c
    row = current(enrolments, *(() if whose is everybody else (e.id.in_(_rivals(whose)),))).subquery().c
    return select(*(row[name] for name in ENROLMENTS))


def _rivals(whose: Whose) -> CompoundSelect[Any]:
    """By parts of the key alone, so that with a row all versions of it are found."""
    e, own = enrolments.c, enrolments.alias("own")
    same_pin = select(e.id).join(own, e.pin == own.c.pin).where(whose(own.c.nip))
    return union_all(
        same_pin.where(e.terminal == own.c.terminal),
        same_pin.where(own.c.terminal == EVERY_TERMINAL),
    )


def _coverage(conn: Connection, wanted: Scope, terminals: pl.Series) -> pl.DataFrame:
    since = datetime.combine(wanted.first - timedelta(days=2), time(), UTC)
    until = datetime.combine(wanted.last + timedelta(days=3), time(), UTC)
    # Where retention took the punches, a proven silence would read as absence.
    known_since = retention.known_since(conn)
    values: dict[str, Any] = {"since": since if known_since is None else max(since, known_since), "until": until}
    named = len(terminals) <= MANY
    if named:
        values["terminals"] = terminals.to_list()
    stretches = read_frame(conn, _stretches(named=named), COVERAGE, values)
    if known_since is not None:
        stretches = stretches.with_columns(start=pl.max_horizontal("start", pl.lit(known_since, COVERAGE["start"])))
    proven = _joined(stretches)
    asked = (conn, terminals.to_list(), *_clocks(since, until))
    for found in (unowned_moments(*asked), unnamed_moments(*asked) if wanted.has(set_apart) else {}):
        for terminal, moments in found.items():
            proven = without_moments(proven, terminal, moments)
    return proven


def _clocks(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """What any terminal on earth may show between two instants."""
    return since.replace(tzinfo=None) - timedelta(days=1), until.replace(tzinfo=None) + timedelta(days=1)


@cache
def _stretches(*, named: bool) -> Select[Any]:
    c = coverage.c
    return select(c.terminal, c.start, c.end, c.kind).where(
        c.end > bindparam("since"),
        c.start.is_(None) | (c.start < bindparam("until")),
        not_taken_back(c.batch),
        c.terminal.in_(bindparam("terminals")) if named else true(),
    )


def _joined(stretches: pl.DataFrame) -> pl.DataFrame:
    """Proven stretches that touch become one: a terminal that is read every minute has a thousand of them a day."""
    by_terminal = ["terminal", "kind"]
    ordered = stretches.lazy().sort("terminal", "kind", "start", "end", nulls_last=False)
    reached = pl.col("end").cum_max().shift(1).over(by_terminal)
    apart = reached.is_null() | (pl.col("start") > reached) | (pl.col("kind") == "silent")
    return collect(
        ordered.with_columns(stretch=apart.cast(pl.Int64).cum_sum().over(by_terminal))
        .group_by(*by_terminal, "stretch", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .select(*COVERAGE)
    )


def _absences(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Documents of the month; what they say of their case reaches back to its first approved day."""
    told = wanted.keep(wanted.read(conn, absences, _documents, _DOCUMENTS))
    if told.is_empty():
        return empty(ABSENCES)
    cases = (
        told.lazy()
        .filter(pl.col("status") == EntryStatus.APPROVED)
        .drop_nulls("case_id")
        .group_by("nip", "case_id")
        .agg(case_first=pl.col("first_day").min(), case_last=pl.col("last_day").max())
    )
    return collect(
        told.lazy()
        .filter(
            pl.col("first_day") <= wanted.last + timedelta(days=1),
            pl.col("last_day") >= wanted.first - timedelta(days=1),
        )
        .join(cases, on=["nip", "case_id"], how="left")
        .with_columns(pl.coalesce("case_first", "first_day"), pl.coalesce("case_last", "last_day"))
        .sort("nip", "first_day", "from_time")
        .select(*ABSENCES)
    )


@cache
def _documents(whose: Whose) -> Select[Any]:
    row = current(absences, whose(absences.c.nip)).subquery()
    columns = (absence_status(row).label(name) if name == "status" else row.c[name] for name in _DOCUMENTS)
    return select(*columns).select_from(row.outerjoin(absence_decisions, absence_decisions.c.absence == row.c.id))


def _calendar(conn: Connection, wanted: Scope) -> pl.DataFrame:
    return wanted.read(conn, calendar, _near_days, CALENDAR).sort("day", "unit")


@cache
def _near_days(_whose: Whose) -> Select[Any]:
    row = current(calendar, calendar.c.date.between(BEFORE, AFTER)).subquery().c
    return select(row.date.label("day"), row.unit, row.kind, row.name, row.source)


def _earlier_days(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """From the published result of each earlier month of the year and of the December before, where there is one, else
    from its draft. Who is not in the newest close of an office has no days there.
    """
    first = wanted.first
    periods = [f"{first.year - 1}-12", *(f"{first:%Y}-{n:02}" for n in range(1, first.month))]
    values = {**wanted.values, "periods": periods}
    told = wanted.keep(read_frame(conn, _judged_days(wanted.whose), _JUDGED, values))
    if told.is_empty():
        return empty(EARLIER_DAYS)
    gone = read_frame(conn, _withdrawn(), {"period": pl.String, "nip": pl.String}, values)
    return collect(
        told.lazy()
        .join(gone.lazy(), left_on=["nip", pl.col("day").dt.strftime("%Y-%m")], right_on=["nip", "period"], how="anti")
        .with_columns(
            unexcused=pl.col("state") == DayState.UNEXCUSED,
            bank_minutes=pl.col("late_minutes").fill_null(0) + pl.col("early_minutes").fill_null(0),
        )
        .sort("nip", "day")
        .select(*EARLIER_DAYS)
    )


@cache
def _judged_days(whose: Whose) -> Select[Any]:
    d = result_days.c
    return select(d.nip, d.date.label("day"), d.state, d.late_minutes, d.early_minutes, d.missing_scans).where(
        # One by one, so that the key leads to a person's days past everybody else's.
        d.period.in_(_PERIODS),
        d.revision == _latest_revision(d.period, d.nip).scalar_subquery(),
        whose(d.nip),
    )


def _latest_revision(period: ColumnElement[Any], nip: ColumnElement[Any]) -> Select[Any]:
    newest = results.alias().c
    return select(func.max(newest.revision)).where(newest.period == period, newest.nip == nip)


@cache
def _withdrawn() -> Select[Any]:
    """Whose newest published row of a month an office has closed without, after a reopening: few, mostly nobody."""
    r, o = results.c, period_reopenings.c
    of_office = and_(o.period == r.period, o.unit == func.coalesce(r.closed_with, r.unit), o.revision == r.revision)
    return (
        select(r.period, r.nip)
        .join(period_reopenings, of_office)
        .where(o.period.in_(_PERIODS), superseded(r), r.revision == _latest_revision(r.period, r.nip).scalar_subquery())
    )
