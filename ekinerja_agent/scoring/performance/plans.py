"""What plans (RPOK) cost those who answer for them, where the profile says that they do.

Only an approved report of the month itself can cost: where nobody reported, or nobody decided, nothing is known. Does
not know rupiah.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from ekinerja_agent.measures.plans import Plan, PlanState, Progress, costs_of, state_of
from ekinerja_agent.rules import PlanRule, RuleBook
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.performance.shortfalls import Shortfall

PLAN_CODE = "RPOK"


def plan_shortfalls(roster: Roster, reports: pl.DataFrame, rules: RuleBook, month: date) -> Iterator[Shortfall]:
    """Given PLAN_REPORTS of a month (its first day), yield what plans cost, by the rule of the person's paying spell.

    In order of nip and plan. Who has no working day has no performance part to lose.
    """
    told: Mapping[str, Sequence[tuple[Plan, Progress]]] = _by_person(reports, month)
    if not told:
        return
    people = roster.people.filter(pl.col("working_days") > 0, pl.col("nip").is_in(list(told)))
    for nip, profile, pay_day in people.select("nip", "profile", "pay_day").iter_rows():
        timeline = rules.profile(profile).plans
        dated = timeline.on(pay_day)
        states = list(_states(told[nip], month, dated.value))
        for plan, cost_ppm in costs_of(states, month, dated.value.effect):
            yield Shortfall(nip, PLAN_CODE, cost_ppm, timeline.name, dated, f"plan/{plan}")


def _by_person(reports: pl.DataFrame, month: date) -> dict[str, list[tuple[Plan, Progress]]]:
    told: dict[str, list[tuple[Plan, Progress]]] = defaultdict(list)
    columns = ("plan", "nip", "due_date", "planned_ppm", "physical_ppm")
    for code, nip, due, planned_ppm, physical_ppm in reports.select(*columns).iter_rows():
        plan = Plan(code, unit="", nip=nip, name="", due=due, target_output="", budget_rp=None)
        told[nip].append((plan, Progress(code, month, planned_ppm, physical_ppm, None)))
    return told


def _states(told: Sequence[tuple[Plan, Progress]], month: date, rule: PlanRule) -> Iterator[PlanState]:
    for plan, progress in told:
        state = state_of(plan, (progress,), month, rule)
        if state is not None:
            yield state
