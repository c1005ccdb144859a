"""Plans, their money, and indicators, in the frames that are scored.

Only approved reports, of months in the calendar year of the plan's due date. Judges nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, and_, or_, select

from ekinerja_agent.central.facts.scope import MONTH, UNITS, YEAR, Scope, Whose
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.imported import indicators, plan_progress, plans
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.scoring.frames.schemas import BUDGETS, INDICATORS, PLAN_REPORTS, Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

_PLAN: Schema = {
    "plan": pl.String,
    "nip": pl.String,
    "unit": pl.String,
    "due_date": pl.Date,
    "budget_rp": pl.Int64,
}
_REPORT: Schema = {
    "plan": pl.String,
    "month": pl.String,
    "planned_ppm": pl.Int64,
    "physical_ppm": pl.Int64,
    "realised_rp": pl.Int64,
}
_POINTS: Schema = {**INDICATORS, "period": pl.String}


def read_plans(conn: Connection, wanted: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given who is wanted, return PLAN_REPORTS and BUDGETS of the people and their units."""
    told = wanted.read(conn, plans, _plans, _PLAN)
    if told.is_empty():
        return empty(PLAN_REPORTS), empty(BUDGETS)
    reports = read_frame(conn, _reports(wanted.whose), _REPORT, wanted.values)
    of_year = told.lazy().filter(pl.col("due_date").dt.year() == wanted.first.year)
    reports = collect(reports.lazy().join(of_year, on="plan", how="inner").sort("plan", "month"))
    own = reports.lazy().filter(pl.col("month") == wanted.values["month"], pl.col("nip").is_in(wanted.nips.implode()))
    money = (
        reports.lazy()
        .unique("plan", keep="last", maintain_order=True)
        .filter(pl.col("budget_rp") > 0, pl.col("realised_rp").is_not_null(), pl.col("unit").is_in(wanted.units))
        .group_by("unit")
        .agg(pl.col("budget_rp", "realised_rp").sum())
        .sort("unit")
    )
    return collect(own.sort("nip", "plan").select(*PLAN_REPORTS)), collect(money.select(*BUDGETS))


@cache
def _reports(whose: Whose) -> Select[Any]:
    g = plan_progress.c
    of_year = g.month.between(YEAR + "-01", MONTH)
    row = current(plan_progress, of_year, g.plan.in_(_ever_theirs(whose))).subquery().c
    return select(*(row[name] for name in _REPORT)).where(row.status == EntryStatus.APPROVED)


@cache
def _plans(whose: Whose) -> Select[Any]:
    plan = current(plans, plans.c.code.in_(_ever_theirs(whose))).subquery().c
    return select(plan.code.label("plan"), plan.nip, plan.unit, plan.due_date, plan.budget_rp)


def _ever_theirs(whose: Whose) -> Select[Any]:
    """On the key only: a plan may have gone from one person or unit to another."""
    return select(plans.c.code).where(or_(plans.c.unit.in_(UNITS), whose(plans.c.nip)))


def read_indicators(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return INDICATORS of the people and their units.

    Points of the month stand for those of its year.
    """
    told = wanted.read(conn, indicators, _indicators, _POINTS)
    if told.is_empty():
        return empty(INDICATORS)
    by_subject = ["nip", "unit", "code"]
    ordered = told.lazy().sort(*by_subject, "period", nulls_last=True)
    return collect(ordered.unique(by_subject, keep="last", maintain_order=True).select(*INDICATORS))


@cache
def _indicators(whose: Whose) -> Select[Any]:
    i = indicators.c
    of_them = or_(i.unit.in_(UNITS), and_(i.nip.is_not(None), whose(i.nip)))
    row = current(indicators, i.period.in_([MONTH, YEAR]), of_them).subquery().c
    return select(*(row[name] for name in _POINTS))
