"""What leaders see of units in a month or year: plans, need of staff, SAKIP, each by the rules of the unit's profile.

The numbers are those of the views; limits, norms, weights and grades, which no view knows, come from the rules of the
month's or year's first day. Stores nothing and knows no page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from ekinerja_agent.central import leading
from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.measures.plans import Absorption, Pace, Plan, PlanState, Timing, absorption, state_of
from ekinerja_agent.measures.sakip import Evaluation, Share, evaluate, share_at_target
from ekinerja_agent.measures.workload import Balance, JobNeed, Logged, Task, balance, logged_medians, needs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.rules import Profile, RuleBook

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan at the end of a month; `state` None: nothing was reported yet."""

    plan: Plan
    unit_name: str
    state: PlanState | None


@dataclass(frozen=True, slots=True)
class UnitPlans:
    """A unit's plans of the year at the end of a month. `paces` and `timings` count reported plans.

    `physical_ppm` is the mean of what reported plans have realised besides money, rounded half up; None without any.
    """

    unit: str
    unit_name: str
    plans: int
    unreported: int
    paces: Mapping[Pace, int]
    timings: Mapping[Timing, int]
    apart: int
    physical_ppm: int | None
    money: Absorption


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of a unit: need against staff, and the median of logged minutes per present day (None: nobody logged).

    `logged_people` is of how many people the median is.
    """

    need: JobNeed
    unit_name: str
    logged_minutes: int | None
    logged_people: int


@dataclass(frozen=True, slots=True)
class WorkloadReport:
    """Every job of every unit, and their sums; `fewest_people` below which public cells are left out."""

    jobs: tuple[JobRow, ...]
    total: Balance
    fewest_people: int


@dataclass(frozen=True, slots=True)
class SakipRow:
    """A unit's year: hundredths of points by aspect, and what they come to."""

    unit: str
    unit_name: str
    scores_e2: Mapping[str, int]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class SakipReport:
    """Every unit with SAKIP points, and the share that has the target of the regency's own profile."""

    units: tuple[SakipRow, ...]
    target: str
    target_share_ppm: int
    share: Share


def plan_rows(engine: Engine, rules: RuleBook, month: date, *, profile: str) -> tuple[PlanRow, ...]:
    """Given a month (its first day), return the plans of its year by unit and code.

    `profile` serves units that name none. Raise NoRule if no rule covers the day.
    """
    house = _House(engine, rules, month, profile)
    plans, reports = leading.plans_of(engine, month)
    rows = [
        PlanRow(
            plan,
            house.name(plan.unit),
            state_of(plan, reports.get(plan.code, ()), month, house.profile(plan.unit).plans.on(month).value),
        )
        for plan in plans
    ]
    return tuple(sorted(rows, key=lambda row: (row.plan.unit, row.plan.code)))


def unit_plans(rows: Iterable[PlanRow]) -> tuple[UnitPlans, ...]:
    """Given plans, return what each unit's come to, by unit."""
    return tuple(_unit_plans(unit, own) for unit, own in sorted(_grouped(rows, lambda row: row.plan.unit).items()))


def workload(engine: Engine, rules: RuleBook, month: date, *, profile: str) -> WorkloadReport:
    """Given a month (its first day), return need and staff as they are told now, with what was logged in the month."""
    house = _House(engine, rules, month, profile)
    tasks, staff = leading.workload_of(engine)
    by_unit: dict[str, list[Task]] = _grouped(tasks, lambda task: task.unit)
    logged = _grouped(leading.present_days(engine, month), lambda person: person.unit)
    jobs: list[JobRow] = []
    for unit in sorted({*by_unit, *(unit for unit, _ in staff)}):
        rule = house.profile(unit).workload.on(month).value
        people = [Logged(person.job, person.minutes) for person in logged.get(unit, ())]
        medians = logged_medians(people, rule)
        own_staff = {key: count for key, count in staff.items() if key[0] == unit}
        jobs += [
            JobRow(need, house.name(unit), medians.get(need.job), sum(one.job == need.job for one in people))
            for need in needs(by_unit.get(unit, ()), own_staff, rule)
        ]
    fewest_people = rules.profile(profile).workload.on(month).value.fewest_people
    return WorkloadReport(tuple(jobs), balance(job.need for job in jobs), fewest_people)


def sakip(engine: Engine, rules: RuleBook, year: int, *, profile: str) -> SakipReport:
    """Given a year, return the evaluation of every unit with SAKIP points, by the rules of its first day."""
    day = date(year, 1, 1)
    house = _House(engine, rules, date(year, 12, 31), profile)
    rows = tuple(
        SakipRow(unit, house.name(unit), scores, evaluate(scores, house.profile(unit).sakip.on(day).value))
        for unit, scores in sorted(leading.sakip_scores(engine, year).items())
    )
    own = rules.profile(profile).sakip.on(day).value
    share = share_at_target((row.evaluation for row in rows), own)
    return SakipReport(rows, own.target, own.target_share_ppm, share)


class _House:
    """The units of a day, with the profile of each."""

    def __init__(self, engine: Engine, rules: RuleBook, day: date, profile: str) -> None:
        self._units = leading.units_on(engine, day)
        self._rules = rules
        self._profile = profile

    def name(self, unit: str) -> str:
        return self._units[unit].name if unit in self._units else unit

    def profile(self, unit: str) -> Profile:
        own = self._units[unit].profile if unit in self._units else None
        return self._rules.profile(own or self._profile)


def _unit_plans(unit: str, rows: list[PlanRow]) -> UnitPlans:
    states = [row.state for row in rows if row.state is not None]
    physical = sum(state.progress.physical_ppm for state in states)
    return UnitPlans(
        unit=unit,
        unit_name=rows[0].unit_name,
        plans=len(rows),
        unreported=len(rows) - len(states),
        paces={pace: sum(state.pace is pace for state in states) for pace in Pace},
        timings={timing: sum(state.timing is timing for state in states) for timing in Timing},
        apart=sum(state.apart for state in states),
        physical_ppm=half_up(physical, len(states)) if states else None,
        money=absorption(states),
    )


def _grouped(rows: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
