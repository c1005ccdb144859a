"""A plan at the end of a month: pace, time, money, and what it costs by a rule that says so."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.measures.plans import (
    Pace,
    Plan,
    PlanState,
    Progress,
    Timing,
    costs_of,
    pace_of,
    state_of,
)
from ekinerja_agent.rules import WHOLE_PPM, PlanEffect, PlanRule

RULE = PlanRule(0, 100_000, 100_000, None)
EFFECT = PlanEffect(critical_ppm=30_000, late_ppm=20_000, most_ppm=50_000)
SEPTEMBER = date(2026, 9, 1)
shares = st.integers(0, WHOLE_PPM)


def plan(code: str = "P1", due: date = date(2026, 9, 15), budget_rp: int | None = 1_000_000) -> Plan:
    return Plan(code, "DINKES", "ani", "Posyandu", due, "12 kali", budget_rp)


def report(month: int, physical: int, planned: int = 0, realised_rp: int | None = None, code: str = "P1") -> Progress:
    return Progress(code, date(2026, month, 1), planned * 10_000, physical * 10_000, realised_rp)


def state(of: Plan, *reports: Progress, month: date = SEPTEMBER, rule: PlanRule = RULE) -> PlanState:
    found = state_of(of, reports, month, rule)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("physical", "planned", "pace"),
    [
        (500_000, 500_000, Pace.ON_TRACK),
        (1_000_000, 0, Pace.ON_TRACK),
        (499_999, 500_000, Pace.ATTENTION),
        (400_000, 500_000, Pace.ATTENTION),
        (399_999, 500_000, Pace.CRITICAL),
        (0, 1_000_000, Pace.CRITICAL),
    ],
)
def test_the_limits_of_pace_belong_to_the_kinder_one(physical: int, planned: int, pace: Pace) -> None:
    assert pace_of(physical - planned, RULE) is pace


@given(shares, shares, shares, shares)
def test_more_done_is_never_a_worse_pace(physical: int, more: int, planned: int, behind: int) -> None:
    order = (Pace.CRITICAL, Pace.ATTENTION, Pace.ON_TRACK)
    rule = PlanRule(min(behind, 50_000), behind + 50_000, 0, None)
    less, better = sorted((physical, more))
    assert order.index(pace_of(less - planned, rule)) <= order.index(pace_of(better - planned, rule))


@pytest.mark.parametrize(
    ("reports", "timing"),
    [
        ([report(8, 99)], Timing.LATE),  # September is over and nobody said that it is done
        ([report(9, 99)], Timing.LATE),
        ([report(9, 100)], Timing.DONE),  # the month of the due date is on time
        ([report(7, 100), report(9, 100)], Timing.DONE),
        ([report(7, 100), report(9, 90)], Timing.LATE),  # a report was put right
    ],
)
def test_a_plan_that_is_due_in_the_month(reports: list[Progress], timing: Timing) -> None:
    assert state(plan(), *reports).timing is timing


def test_a_plan_before_and_after_its_month() -> None:
    assert state(plan(due=date(2026, 10, 1)), report(9, 0)).timing is Timing.OPEN
    assert state(plan(due=date(2026, 8, 31)), report(8, 90), report(9, 100)).timing is Timing.DONE_LATE
    assert state(plan(due=date(2026, 8, 31)), report(8, 100), report(9, 100)).timing is Timing.DONE


def test_only_reports_up_to_the_month_count_and_the_newest_tells() -> None:
    reports = (report(7, 30), report(10, 100), report(8, 50))
    assert state(plan(), *reports).progress.month == date(2026, 8, 1)
    assert state_of(plan(), reports, date(2026, 6, 1), RULE) is None


@pytest.mark.parametrize(
    ("realised_rp", "gap_ppm", "apart"),
    [(400_000, 100_000, False), (399_999, 100_001, True), (600_000, -100_000, False), (600_001, -100_001, True)],
)
def test_money_that_does_not_follow_work_is_flagged_beyond_the_tolerance(
    realised_rp: int, gap_ppm: int, apart: bool
) -> None:
    found = state(plan(), report(9, 50, realised_rp=realised_rp))
    assert (found.gap_ppm, found.apart) == (gap_ppm, apart)


@pytest.mark.parametrize(("budget_rp", "realised_rp"), [(None, 5), (0, 5), (1_000_000, None)])
def test_without_money_there_is_no_gap(budget_rp: int | None, realised_rp: int | None) -> None:
    found = state(plan(budget_rp=budget_rp), report(9, 50, realised_rp=realised_rp))
    assert (found.financial_ppm, found.gap_ppm, found.apart) == (None, None, False)


def test_a_financial_share_is_rounded_half_up_to_a_ppm() -> None:
    assert state(plan(budget_rp=2_000_000), report(9, 0, realised_rp=1)).financial_ppm == 1
    assert state(plan(budget_rp=2_000_001), report(9, 0, realised_rp=1)).financial_ppm == 0


def test_a_plan_costs_the_dearer_of_critical_and_late_once() -> None:
    both = state(plan(), report(9, 0, planned=100))
    late = state(plan("P2"), report(9, 99, planned=99, code="P2"))
    fine = state(plan("P3"), report(9, 100, planned=100, code="P3"))
    assert costs_of([late, fine, both], SEPTEMBER, EFFECT) == [("P1", 30_000), ("P2", 20_000)]
    assert costs_of([late, fine, both], SEPTEMBER, None) == []


def test_under_the_most_later_plans_keep_what_is_left() -> None:
    states = [state(plan(code), report(9, 0, planned=100, code=code)) for code in ("C", "A", "B")]
    assert costs_of(states, SEPTEMBER, EFFECT) == [("A", 30_000), ("B", 20_000), ("C", 0)]


def test_a_month_without_a_report_costs_nothing() -> None:
    assert costs_of([state(plan(), report(8, 0, planned=100))], SEPTEMBER, EFFECT) == []


@given(st.lists(st.tuples(shares, shares), max_size=8), shares, shares, shares)
def test_plans_never_cost_more_than_the_most(told: list[tuple[int, int]], critical: int, late: int, most: int) -> None:
    states = [
        state(plan(f"P{n}"), Progress(f"P{n}", SEPTEMBER, planned, physical, None))
        for n, (planned, physical) in enumerate(told)
    ]
    assert sum(cost for _, cost in costs_of(states, SEPTEMBER, PlanEffect(critical, late, most))) <= most
