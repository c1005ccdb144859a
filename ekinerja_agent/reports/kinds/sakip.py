"""The accountability report (SAKIP): each unit's six aspects, points, grade and distance to the target.

Aspect scores are those of `unit_sakip_v1`, weighed by the rules (measures/sakip.py); outputs and money stand beside
them. It speaks of units, never of persons. Source: regulations sections 0 (Magetan) and 6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.measures.sakip import Evaluation, evaluate, share_at_target
from ekinerja_agent.reports import charts
from ekinerja_agent.reports.document import Cell, Column, Document, Edition, Figure, Notice, Picture, Section, Table
from ekinerja_agent.reports.figures import two_decimals
from ekinerja_agent.reports.kinds.programmes import Programme
from ekinerja_agent.reports.kinds.programmes import table as programme_table
from ekinerja_agent.rules import WHOLE_PPM, Sakip
from ekinerja_agent.scoring.frames.exact import percent_text

ASPECTS = {
    "rencana_strategis": msgid("Strategic plan"),
    "perjanjian_kinerja": msgid("Performance agreement"),
    "pengukuran_kinerja": msgid("Measurement"),
    "pengelolaan_data": msgid("Data management"),
    "pelaporan_kinerja": msgid("Reporting"),
    "reviu_evaluasi": msgid("Review and evaluation"),
}


@dataclass(frozen=True, slots=True)
class UnitYear:
    """A unit's evaluation of a year: `scores` by aspect as exact text."""

    unit: str
    name: str | None
    year: int
    scores: Mapping[str, str]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Budget:
    """The money of a unit's plans, as `unit_budget_v1` has it; `absorption_pct` is exact text."""

    unit_code: str
    unit_name: str | None
    plans: int
    budget_rp: int
    realised_rp: int
    absorption_pct: str | None


@dataclass(frozen=True, slots=True)
class SakipReport:
    """`units` are those of `year`, the newest year that is told; `before` their points a year earlier, by unit."""

    edition: Edition
    rule: Sakip
    year: int | None
    units: Sequence[UnitYear]
    before: Mapping[str, Fraction]
    budgets: Sequence[Budget]
    programmes: Sequence[Programme]


def budgets_of(reports: Iterable[Mapping[str, Any]]) -> tuple[Budget, ...]:
    """Given the newest row of `plan_status_v1` of each plan, by unit, return the money of each unit's plans that have
    some and told what was spent.
    """
    found = []
    for unit, rows in groupby(reports, lambda row: row["unit_code"]):
        told = [row for row in rows if row["budget_rp"] and row["realised_rp"] is not None]
        if told:
            budget_rp, realised_rp = (sum(row[name] for row in told) for name in ("budget_rp", "realised_rp"))
            absorbed_pct = percent_text(half_up(realised_rp * WHOLE_PPM, budget_rp))
            found.append(Budget(unit, told[0]["unit_name"], len(told), budget_rp, realised_rp, absorbed_pct))
    return tuple(found)


def years_of(rows: Iterable[Mapping[str, Any]], rule: Sakip) -> tuple[UnitYear, ...]:
    """Given rows of `unit_sakip_v1` and the rule, return the units of each year, by year and unit."""
    scores: dict[tuple[int, str], dict[str, str]] = defaultdict(dict)
    names: dict[str, str | None] = {}
    for row in rows:
        scores[int(row["year"]), row["unit_code"]][row["aspect"]] = row["score"]
        names[row["unit_code"]] = row["unit_name"]
    return tuple(
        UnitYear(
            unit,
            names[unit],
            year,
            told,
            evaluate({aspect: int(Decimal(score) * 100) for aspect, score in told.items()}, rule),
        )
        for (year, unit), told in sorted(scores.items())
    )


def lay_out(report: SakipReport, written: Formats) -> Document:
    """Given the report and a language, return its document."""
    gettext = written.words.gettext
    period = gettext("No year is told") if report.year is None else str(report.year)
    sections = [_units(report, written)] if report.units else []
    if report.budgets or report.programmes:
        sections.append(_outputs(report, written))
    if not report.units:
        sections.insert(0, Section("units", gettext("Units"), tables=(_table(report, written),)))
    return Document(
        title=gettext("Accountability (SAKIP)"),
        period=period,
        facts=(
            (gettext("Outputs and money up to"), written.month(report.edition.month)),
            (gettext("Report made"), written.instant(report.edition.made_at)),
        ),
        sections=tuple(sections),
        main="units",
        notices=() if report.units else (Notice(gettext("No aspect of any unit is told."), ""),),
        figures=_figures(report, written) if report.units else (),
        internal=not report.edition.public,
        personal=False,
    )


def _figures(report: SakipReport, written: Formats) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    share = share_at_target([one.evaluation for one in report.units], report.rule)
    aimed_for = (Figure(gettext("Share aimed for"), percent_text(report.rule.target_share_ppm), "percent"),)
    return (
        Figure(gettext("Target grade"), report.rule.target, "text"),
        Figure(gettext("Units at the target"), share.reached),
        Figure(gettext("Share at the target"), None if share.ppm is None else percent_text(share.ppm), "percent"),
        *(aimed_for if report.rule.target_share_ppm else ()),
        Figure(gettext("Units with missing aspects"), share.ungraded),
    )


def _points(points: Fraction | None) -> str | None:
    """Points of 100 as text: at most 4 decimals, half up."""
    return None if points is None else percent_text((points * 10_000 + Fraction(1, 2)).__floor__())


def _units(report: SakipReport, written: Formats) -> Section:
    gettext = written.words.gettext
    graded = [one for one in report.units if one.evaluation.points is not None]
    graded.sort(key=lambda one: one.evaluation.points or 0)
    shown = graded[: charts.MOST_ROWS]
    chart = charts.Chart(
        "points",
        gettext("Points by unit"),
        gettext("One bar for each unit, the fewest points first."),
        [f"{one.unit} ({one.evaluation.grade})" for one in shown],
        [float(one.evaluation.points or 0) for one in shown],
        lambda points: written.decimal(two_decimals(Fraction(f"{points:g}"))),
    )
    return Section(
        "units",
        gettext("Units"),
        (
            gettext(
                "Points are the aspects, each by its weight; who stands exactly on a limit has the lower grade. The "
                "distance is what lies between a unit and the target grade. A unit with a missing aspect has no points "
                "yet."
            ),
        ),
        (Picture(chart, "rows"),) if shown else (),
        (_table(report, written), _weights(report, written)),
        titled=True,
    )


def _table(report: SakipReport, written: Formats) -> Table:
    gettext = written.words.gettext
    aspects = list(report.rule.weights_ppm)
    rows: list[tuple[Cell, ...]] = []
    for one in report.units:
        before = report.before.get(one.unit)
        points = one.evaluation.points
        change = None if before is None or points is None else _signed(points - before)
        rows.append(
            (
                one.unit,
                one.name,
                *(one.scores.get(aspect) for aspect in aspects),
                _points(points),
                change,
                one.evaluation.grade,
                _points(one.evaluation.distance),
            )
        )
    return Table(
        "units",
        gettext("Units"),
        (
            Column("unit", gettext("Unit")),
            Column("unit_name", gettext("Name"), beneath=True),
            *(Column(aspect, _aspect(aspect, written), "number") for aspect in aspects),
            Column("points", gettext("Points"), "number"),
            Column("change_points", gettext("Change in a year"), "points"),
            Column("grade", gettext("Grade")),
            Column("distance_points", gettext("Distance to the target"), "number"),
        ),
        tuple(rows),
        wide=True,
    )


def _signed(difference: Fraction) -> str:
    return f"{'-' if difference < 0 else ''}{_points(abs(difference))}"


def _aspect(aspect: str, written: Formats) -> str:
    return written.words.gettext(ASPECTS[aspect]) if aspect in ASPECTS else aspect


def _weights(report: SakipReport, written: Formats) -> Table:
    gettext = written.words.gettext
    return Table(
        "weights",
        gettext("Weights of the aspects"),
        (Column("aspect", gettext("Aspect")), Column("weight_pct", gettext("Weight"), "percent")),
        tuple((_aspect(aspect, written), percent_text(ppm)) for aspect, ppm in report.rule.weights_ppm.items()),
    )


def _outputs(report: SakipReport, written: Formats) -> Section:
    gettext = written.words.gettext
    money = Table(
        "budgets",
        gettext("Money of the plans"),
        (
            Column("unit", gettext("Unit")),
            Column("unit_name", gettext("Name"), beneath=True),
            Column("plans", gettext("Plans"), "whole"),
            Column("budget_rp", gettext("Budget (Rp)"), "rupiah"),
            Column("realised_rp", gettext("Realised (Rp)"), "rupiah"),
            Column("absorption_pct", gettext("Absorbed"), "percent"),
        ),
        tuple(
            (one.unit_code, one.unit_name, one.plans, one.budget_rp, one.realised_rp, one.absorption_pct)
            for one in report.budgets
        ),
    )
    return Section(
        "outputs",
        gettext("Outputs and money"),
        tables=(*((money,) if report.budgets else ()), programme_table(report.programmes, written)),
        titled=True,
    )
