"""What plans and indicators take from the performance part of a month, read a second time. Does not know minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from ekinerja_agent.rules import WHOLE_PPM, PlanEffect, PlanRule
from tests.proof.oracle.duties import Person
from tests.proof.oracle.judge import Found
from tests.proof.oracle.rows import Month, PlanReport


def weighed(ratio: Fraction, person: Person) -> Fraction:
    """Given what work comes to, return its share of the score where indicators stand beside it, else itself."""
    chosen = person.profile.indicators.on(person.pay_day).value
    if chosen is None:
        return ratio
    return 1 - Fraction(_half_up((1 - ratio) * chosen.work_ppm), WHOLE_PPM)


def month_findings(person: Person, month: Month) -> list[Found]:
    """Given a person, return the findings of the month as a whole: plans by their code, then indicators."""
    if not person.duties:
        return []
    rule = person.profile.plans.on(person.pay_day).value
    found = _of_plans(month.plan_reports.get(person.nip, ()), rule, month.month)
    return found + _of_indicators(person, month)


def _of_plans(reports: Sequence[PlanReport], rule: PlanRule, month: date) -> list[Found]:
    if rule.effect is None:
        return []
    found = []
    spent = 0
    for report in sorted(reports, key=lambda report: report.plan):
        price = _price(report, rule, rule.effect, month)
        if price == 0:
            continue
        taken = min(price, rule.effect.most_ppm - spent)
        spent += taken
        found.append(Found("RPOK", None, None, taken, "performance", f"plan/{report.plan}"))
    return found


def _price(report: PlanReport, rule: PlanRule, effect: PlanEffect, month: date) -> int:
    """A plan that is unfinished in the month of its due date or after it is late; the dearer of two prices counts."""
    prices = [0]
    if report.planned_ppm - report.physical_ppm > rule.attention_behind_ppm:
        prices.append(effect.critical_ppm)
    due = report.due_date
    if report.physical_ppm < WHOLE_PPM and (due.year, due.month) <= (month.year, month.month):
        prices.append(effect.late_ppm)
    return max(prices)


def _of_indicators(person: Person, month: Month) -> list[Found]:
    chosen = person.profile.indicators.on(person.pay_day).value
    found = []
    for part in chosen.parts if chosen else ():
        own = person.nip if part.of == "person" else person.pays.unit
        if part.code == "budget_absorption":
            known = [Fraction(row.realised_rp, row.budget_rp) for row in month.budgets if row.unit == own]
        else:
            rows = [row for row in month.indicators if row.code == part.code]
            mine = [row for row in rows if (row.nip if part.of == "person" else row.unit) == own]
            known = [Fraction(row.points_e2, row.max_points_e2) for row in mine]
        reached = min(Fraction(1), known[0]) if known else Fraction(1)
        lacking = _half_up((1 - reached) * part.weight_ppm)
        if lacking:
            found.append(Found("IKU", None, None, lacking, "performance", f"indicator/{part.code}"))
    return found


def _half_up(exact: Fraction) -> int:
    return int((exact + Fraction(1, 2)) // 1)
