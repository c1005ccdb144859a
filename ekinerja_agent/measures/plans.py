"""An operational plan (RPOK) at the end of a month: pace, time, money. Source of the readings: regulations section 6.

A state comes from the newest approved report up to the month; where nothing was reported nothing is known. Does not
know whose plan it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.rules import WHOLE_PPM, PlanEffect, PlanRule


class Pace(StrEnum):
    """How far physical realisation is ahead of or behind what was planned for the month."""

    ON_TRACK = "on_track"
    ATTENTION = "attention"
    CRITICAL = "critical"


class Timing(StrEnum):
    """A plan against its due date. The month of the due date is still on time."""

    OPEN = "open"
    DONE = "done"
    DONE_LATE = "done_late"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done and by when. `budget_rp` None or 0: it has no money of its own. `nip`: who answers for it."""

    code: str
    unit: str
    nip: str | None
    name: str
    due: date
    target_output: str
    budget_rp: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """An approved report of a plan at the end of `month` (its first day); all of it counted since the plan began."""

    plan: str
    month: date
    planned_ppm: int
    physical_ppm: int
    realised_rp: int | None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan at the end of a month by its newest report.

    `deviation_ppm` is physical realisation minus plan. `financial_ppm` is realised over budget, rounded half up, and
    `gap_ppm` physical minus financial; both None where there is no money to compare. `apart` flags a gap over the
    tolerance.
    """

    plan: Plan
    progress: Progress
    deviation_ppm: int
    financial_ppm: int | None
    gap_ppm: int | None
    pace: Pace
    timing: Timing
    apart: bool


def state_of(plan: Plan, reports: Iterable[Progress], month: date, rule: PlanRule) -> PlanState | None:
    """Given a plan, its approved reports, a month (its first day) and the rule, return the state at the month's end.

    None: nothing was reported up to then.
    """
    known = sorted((report for report in reports if report.month <= month), key=lambda report: report.month)
    if not known:
        return None
    newest = known[-1]
    deviation_ppm = newest.physical_ppm - newest.planned_ppm
    financial_ppm = None
    if plan.budget_rp and newest.realised_rp is not None:
        financial_ppm = half_up(newest.realised_rp * WHOLE_PPM, plan.budget_rp)
    gap_ppm = None if financial_ppm is None else newest.physical_ppm - financial_ppm
    return PlanState(
        plan=plan,
        progress=newest,
        deviation_ppm=deviation_ppm,
        financial_ppm=financial_ppm,
        gap_ppm=gap_ppm,
        pace=pace_of(deviation_ppm, rule),
        timing=_timing(plan.due, known, month),
        apart=lies_apart(gap_ppm, rule),
    )


def pace_of(deviation_ppm: int, rule: PlanRule) -> Pace:
    """Given physical realisation minus plan, return the pace; the limits themselves still belong to the kinder one."""
    if deviation_ppm >= -rule.on_track_behind_ppm:
        return Pace.ON_TRACK
    return Pace.ATTENTION if deviation_ppm >= -rule.attention_behind_ppm else Pace.CRITICAL


def lies_apart(gap_ppm: int | None, rule: PlanRule) -> bool:
    """Given physical minus financial realisation (None: no money to compare), tell whether it is over the tolerance."""
    return gap_ppm is not None and abs(gap_ppm) > rule.gap_ppm


def costs_of(states: Iterable[PlanState], month: date, effect: PlanEffect | None) -> list[tuple[str, int]]:
    """Given the states of one person's plans, return what each costs in ppm of the performance part, by plan code.

    Only a report of the month itself can cost. A plan that is both critical and late costs the dearer of both once;
    under the month's most, plans keep their cost in order of their code and later ones get the remainder.
    """
    if effect is None:
        return []
    costs = []
    left_ppm = effect.most_ppm
    for state in sorted(states, key=lambda state: state.plan.code):
        if state.progress.month != month:
            continue
        wanted_ppm = max(
            effect.critical_ppm if state.pace is Pace.CRITICAL else 0,
            effect.late_ppm if state.timing is Timing.LATE else 0,
        )
        cost_ppm = min(wanted_ppm, left_ppm)
        left_ppm -= cost_ppm
        if wanted_ppm:
            costs.append((state.plan.code, cost_ppm))
    return costs


def _timing(due: date, known: Sequence[Progress], month: date) -> Timing:
    due_month = due.replace(day=1)
    if known[-1].physical_ppm < WHOLE_PPM:
        return Timing.LATE if due_month <= month else Timing.OPEN
    finished = min(report.month for report in known if report.physical_ppm >= WHOLE_PPM)
    return Timing.DONE if finished <= due_month else Timing.DONE_LATE
