"""Plans, their money, and indicators, in the frames that are scored.

Only approved reports, of months in the calendar year of the plan's due date. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from sqlalchemy import Connection, and_, or_, select

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.facts.columns import read_frame
from ekinerja_agent.central.facts.personal import APPROVED, Wanted
from ekinerja_agent.central.tables.imported import indicators, plan_progress, plans
from ekinerja_agent.scoring.frames import BUDGETS, INDICATORS, PLAN_REPORTS, Schema

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


def read_plans(
    conn: Connection, wanted: Wanted, nips: pl.Series, units: Sequence[str], month: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given the people wanted, their units and a month (its first day), return PLAN_REPORTS and BUDGETS of both."""
    # On the key only: a plan may have gone from one person or unit to another.
    p, g = plans.c, plan_progress.c
    ever_theirs = select(p.code).where(or_(p.unit.in_(units), wanted(p.nip)))
    of_year = g.month.between(f"{month:%Y}-01", f"{month:%Y-%m}")
    row = current(plan_progress, of_year, g.plan.in_(ever_theirs)).subquery().c
    query = select(*(row[name] for name in _REPORT)).where(row.status == APPROVED)
    reports = read_frame(conn, query, _REPORT)
    plan = current(plans, p.code.in_(ever_theirs)).subquery().c
    columns = (plan.code.label("plan"), plan.nip, plan.unit, plan.due_date, plan.budget_rp)
    told = read_frame(conn, select(*columns), _PLAN).filter(pl.col("due_date").dt.year() == month.year)
    reports = reports.join(told, on="plan", how="inner").sort("plan", "month")
    own = reports.filter(pl.col("month") == f"{month:%Y-%m}", pl.col("nip").is_in(nips.implode()))
    money = (
        reports.unique("plan", keep="last", maintain_order=True)
        .filter(pl.col("budget_rp") > 0, pl.col("realised_rp").is_not_null(), pl.col("unit").is_in(units))
        .group_by("unit")
        .agg(pl.col("budget_rp", "realised_rp").sum())
        .sort("unit")
    )
    return own.sort("nip", "plan").select(*PLAN_REPORTS), money.select(*BUDGETS)


def read_indicators(conn: Connection, wanted: Wanted, units: Sequence[str], month: date) -> pl.DataFrame:
    """Given the people wanted, their units and a month, return INDICATORS of both.

    Points of the month stand for those of its year.
    """
    i = indicators.c
    of_them = or_(i.unit.in_(units), and_(i.nip.is_not(None), wanted(i.nip)))
    row = current(indicators, i.period.in_([f"{month:%Y-%m}", f"{month:%Y}"]), of_them).subquery().c
    shape: Schema = {**INDICATORS, "period": pl.String}
    told = read_frame(conn, select(*(row[name] for name in shape)), shape)
    by_subject = ["nip", "unit", "code"]
    ordered = told.sort(*by_subject, "period", nulls_last=True)
    return ordered.unique(by_subject, keep="last", maintain_order=True).select(*INDICATORS)
