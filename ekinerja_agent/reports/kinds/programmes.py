"""Programmes (plans, RPOK) as reports show them: done, not done, to do; how far, and with how much of the money.

Figures are those of `plan_status_v1`, weighed by the rule of the plan's unit. A plan that nobody reported on is to do
until its due month is over. Does not know whose plan it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.measures.plans import Pace, lies_apart, pace_of
from ekinerja_agent.reports.document import Cell, Column, Table
from ekinerja_agent.rules import PPM_PER_PERCENT, PlanRule

STANDINGS = {
    "done": msgid("done"),
    "done_late": msgid("done late"),
    "late": msgid("not done"),
    "open": msgid("to do"),
}
PACES = {
    Pace.ON_TRACK: msgid("on track"),
    Pace.ATTENTION: msgid("needs attention"),
    Pace.CRITICAL: msgid("critical"),
}


@dataclass(frozen=True, slots=True)
class Programme:
    """A plan at the end of a month. Percentages are exact text; None: nothing was reported, or it has no money.

    `apart`: physical and financial realisation differ by more than the rule allows.
    """

    plan: str
    name: str
    unit: str
    due: date
    target_output: str
    standing: str
    planned_pct: str | None
    physical_pct: str | None
    deviation_pct: str | None
    financial_pct: str | None
    gap_pct: str | None
    pace: Pace | None
    apart: bool


def programmes(
    plans: Iterable[Mapping[str, Any]],
    reports: Iterable[Mapping[str, Any]],
    month: date,
    rule_of: Callable[[str], PlanRule],
) -> tuple[Programme, ...]:
    """Given the plans of a year, the newest row of `plan_status_v1` of each, a month and the rule of a unit by its
    code, return the programmes.

    They come in the order of the plans. The month of the due date is over at the month's end.
    """
    told = {row["plan"]: row for row in reports}
    found = []
    for plan in plans:
        report = told.get(plan["plan"])
        standing = "open" if report is None else report["timing"]
        if standing == "open" and plan["due_date"].replace(day=1) <= month:
            standing = "late"
        numbers = ("planned_pct", "physical_pct", "deviation_pct", "financial_pct", "gap_pct")
        rule = rule_of(plan["unit_code"])
        told_pct = {name: None if report is None else report[name] for name in numbers}
        deviation_ppm, gap_ppm = _ppm(told_pct["deviation_pct"]), _ppm(told_pct["gap_pct"])
        found.append(
            Programme(
                plan["plan"],
                plan["name"],
                plan["unit_code"],
                plan["due_date"],
                plan["target_output"],
                standing,
                **told_pct,
                pace=None if deviation_ppm is None else pace_of(deviation_ppm, rule),
                apart=lies_apart(gap_ppm, rule),
            )
        )
    return tuple(found)


def _ppm(percent: str | None) -> int | None:
    return None if percent is None else int(Decimal(percent) * PPM_PER_PERCENT)


def counted(found: Sequence[Programme]) -> tuple[int, int, int]:
    """Given programmes, return how many are done (late ones too), not done and to do."""
    standings = [one.standing for one in found]
    done = sum(standing in {"done", "done_late"} for standing in standings)
    return done, standings.count("late"), standings.count("open")


def table(found: Sequence[Programme], written: Formats) -> Table:
    """Given programmes and a language, return their table."""
    gettext = written.words.gettext
    rows: list[tuple[Cell, ...]] = [
        (
            one.plan,
            one.name,
            one.unit,
            one.target_output,
            one.due,
            gettext(STANDINGS[one.standing]),
            one.planned_pct,
            one.physical_pct,
            one.deviation_pct,
            None if one.pace is None else gettext(PACES[one.pace]),
            one.financial_pct,
            one.gap_pct,
            gettext("work and money too far apart") if one.apart else None,
        )
        for one in found
    ]
    return Table(
        "programmes",
        gettext("Programmes"),
        (
            Column("plan", gettext("Plan"), unbroken=True),
            Column("name", gettext("Name"), beneath=True),
            Column("unit", gettext("Office")),
            Column("target_output", gettext("Target output")),
            Column("due_date", gettext("Due"), "date"),
            Column("standing", gettext("State")),
            Column("planned_pct", gettext("Planned"), "percent"),
            Column("physical_pct", gettext("Physical"), "percent"),
            Column("deviation_points", gettext("Ahead or behind (points)"), "points"),
            Column("pace", gettext("Pace")),
            Column("financial_pct", gettext("Financial"), "percent"),
            Column("gap_points", gettext("Physical minus financial (points)"), "points"),
            Column("apart", gettext("Work and money"), beneath=True),
        ),
        tuple(rows),
        wide=True,
    )
