"""What plans and indicators take from the performance part: by a rule that says so, exact, led back to its source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekinerja_agent.rules import IndicatorPart, Indicators, Performance, PlanEffect, PlanRule, Productivity, RuleBook
from ekinerja_agent.scoring import MonthResult, score_month
from tests.proof import oracle
from tests.proof.oracle.books import always, made_up_book, model
from tests.proof.oracle.building import NIP, MonthBuilder
from tests.proof.oracle.comparing import differences

LIMITS = (0, 100_000, 100_000)
SEPTEMBER = date(2026, 9, 1)
OTHER = "199001012015011002"


def book(
    effect: PlanEffect | None = None, indicators: Indicators | None = None, mode: str = "proportional"
) -> RuleBook:
    """The model with plans that cost and indicators that weigh."""
    profile = replace(
        model(),
        plans=always("plans", PlanRule(*LIMITS, effect)),
        indicators=always("indicators", indicators),
        performance=always("performance", Performance(Productivity(mode), {"kurang": 500_000}, None)),
    )
    return replace(made_up_book(), profiles={"plain": profile})


def person(*, minutes: int = 450) -> MonthBuilder:
    """Somebody who is there each working day of September 2026 and did so many minutes on each of them."""
    built = MonthBuilder(profile="plain").person()
    for day in (SEPTEMBER + timedelta(days=n) for n in range(30)):
        if day.weekday() < 5:
            built.punch(day, "07:20", "16:40").add("activities", nip=NIP, day=day, minutes=minutes)
    return built


def report(built: MonthBuilder, plan: str, planned: int, physical: int, due: date = date(2026, 12, 31)) -> MonthBuilder:
    return built.add(
        "plan_reports", plan=plan, nip=NIP, due_date=due, planned_ppm=planned * 10_000, physical_ppm=physical * 10_000
    )


def scored(built: MonthBuilder, rules: RuleBook) -> MonthResult:
    """Score it, and hold it against the plain reading."""
    facts = built.facts()
    result = score_month(facts, rules)
    assert differences(result, oracle.score(facts, rules)) == []
    return result


def pay(result: MonthResult) -> tuple[int, int, int]:
    columns = ("performance_score_ppm", "performance_rp", "payable_rp")
    return result.people.select(columns).row(0)  # type: ignore[return-value]


def findings(result: MonthResult) -> list[tuple[object, ...]]:
    return result.findings.select("date", "code", "deduction_ppm", "base", "deduction_rp", "rule", "reference").rows()


def test_a_critical_plan_and_a_late_one_cost_of_the_performance_part() -> None:
    built = report(person(), "B", 100, 99, due=date(2026, 9, 30))
    report(report(built, "A", 50, 39), "C", 50, 40)
    result = scored(built, book(PlanEffect(30_000, 20_000, 100_000)))
    assert findings(result) == [
        (date(2026, 9, 1), "RPOK", 30_000, "performance", 72_000, "plans", "plan/A"),
        (date(2026, 9, 1), "RPOK", 20_000, "performance", 48_000, "plans", "plan/B"),
    ]
    assert pay(result) == (950_000, 2_280_000, 3_880_000)
    assert result.people["discipline_rp"].to_list() == [1_600_000]


def test_plans_cost_nothing_where_the_profile_does_not_say_so() -> None:
    built = report(person(), "A", 100, 0, due=date(2026, 9, 1))
    for effect in (None, PlanEffect(0, 0, 0)):
        result = scored(built, book(effect))
        assert (findings(result), pay(result)) == ([], (1_000_000, 2_400_000, 4_000_000))


def test_what_plans_take_is_outside_the_caps_of_attendance_and_never_below_nothing() -> None:
    built = report(report(person(minutes=90), "A", 100, 0), "B", 100, 0)
    capped = book(PlanEffect(600_000, 0, 1_000_000))
    profile = replace(
        capped.profiles["plain"], day_cap=always("day_cap", 10_000), month_cap=always("month_cap", 10_000)
    )
    result = scored(built, replace(capped, profiles={"plain": profile}))
    assert [row[2] for row in findings(result)] == [600_000, 400_000]
    assert pay(result) == (0, 0, 1_600_000)


def test_indicators_and_minutes_add_up_by_their_weights() -> None:
    parts = (
        IndicatorPart("budget_absorption", "unit", 200_000),
        IndicatorPart("service", "person", 100_000),
        IndicatorPart("survey", "unit", 100_000),
    )
    built = person(minutes=225).add("budgets", unit="DINKES", budget_rp=1_000_000, realised_rp=750_000)
    built.add("indicators", nip=NIP, code="service", points_e2=9_000, max_points_e2=10_000)
    built.add("indicators", nip=OTHER, code="service", points_e2=0, max_points_e2=10_000)
    built.add("indicators", unit="RSUD", code="survey", points_e2=0, max_points_e2=10_000)
    result = scored(built, book(indicators=Indicators(600_000, parts)))
    # 22 x 225 = 4,950 of 6,750 minutes: 73.3333 % of 60; 75 % of 20; 90 % of 10; of the survey nothing is known: 10
    assert pay(result)[0] == 440_000 + 150_000 + 90_000 + 100_000
    assert [row[1:4] + row[6:] for row in findings(result)] == [
        ("IKU", 50_000, "performance", "indicator/budget_absorption"),
        ("IKU", 10_000, "performance", "indicator/service"),
    ]


def test_more_than_the_whole_budget_is_no_more_than_all() -> None:
    parts = (IndicatorPart("budget_absorption", "unit", 1_000_000),)
    built = person(minutes=0).add("budgets", unit="DINKES", budget_rp=10, realised_rp=11)
    assert pay(scored(built, book(indicators=Indicators(0, parts))))[0] == 1_000_000


@pytest.mark.parametrize(("mode", "score"), [("threshold", 500_000), ("rating", 750_000)])
def test_work_is_weighed_whatever_the_profile_takes_it_from(mode: str, score: int) -> None:
    parts = (IndicatorPart("service", "person", 500_000),)
    built = person(minutes=225).add("ratings", nip=NIP, predicate="kurang", valid_from=date(2026, 1, 1))
    assert pay(scored(built, book(indicators=Indicators(500_000, parts), mode=mode)))[0] == score


shares = st.integers(0, 1_000_000)


@given(
    reports=st.lists(st.tuples(shares, shares, st.dates(date(2026, 7, 1), date(2026, 11, 30))), max_size=4),
    prices=st.tuples(shares, shares, shares),
    work=shares,
    points=st.one_of(st.none(), st.tuples(st.integers(0, 20_000), st.integers(1, 20_000))),
    money=st.one_of(st.none(), st.tuples(st.integers(0, 10**13), st.integers(1, 10**13))),
    minutes=st.integers(0, 450),
)
@settings(max_examples=40)
def test_the_engine_and_the_plain_reading_agree_on_any_plans_and_indicators(
    reports: list[tuple[int, int, date]],
    prices: tuple[int, int, int],
    work: int,
    points: tuple[int, int] | None,
    money: tuple[int, int] | None,
    minutes: int,
) -> None:
    built = person(minutes=minutes)
    for number, (planned, physical, due) in enumerate(reports):
        shares_of = {"planned_ppm": planned, "physical_ppm": physical}
        built.add("plan_reports", plan=f"P{number}", nip=NIP, due_date=due, **shares_of)
    if points:
        built.add("indicators", nip=NIP, code="service", points_e2=points[0], max_points_e2=points[1])
    if money:
        built.add("budgets", unit="DINKES", realised_rp=money[0], budget_rp=money[1])
    rest = 1_000_000 - work
    parts = (
        IndicatorPart("service", "person", rest // 3),
        IndicatorPart("budget_absorption", "unit", rest - rest // 3),
    )
    score, performance_rp, payable_rp = pay(scored(built, book(PlanEffect(*prices), Indicators(work, parts))))
    assert 0 <= score <= 1_000_000
    assert payable_rp == 1_600_000 + performance_rp
