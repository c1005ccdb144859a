"""The regency of docs/new-regency.md: YAML alone, laid over the shipped rules, as an official would.

Copy this test, name your own directory, and write down what a day costs in your decree.
"""

from __future__ import annotations

import re
import shutil
from datetime import date, time
from pathlib import Path

import pytest

from ekinerja_agent.rulebook import fairness_doubts, load_rulebook, unadopted, unadopted_schedules
from ekinerja_agent.rules import AbsenceDay, Base, DayHours, Missing, PlanEffect, RuleBook, Scan

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/examples/new-regency/rules"
MONDAY = date(2026, 9, 7)
MONTH = (date(2026, 9, 1), date(2026, 9, 30))


@pytest.fixture
def book(shipped: Path, tmp_path: Path) -> RuleBook:
    rules = tmp_path / "rules"
    shutil.copytree(shipped, rules)
    shutil.copytree(EXAMPLE, rules, dirs_exist_ok=True)
    return load_rulebook(rules)


def test_six_days_a_week_with_a_short_friday(book: RuleBook) -> None:
    schedule = book.schedule(book.profile("harapan").schedule)
    assert schedule.week is not None
    days = schedule.week.on(MONDAY).value.days
    assert days[0] == DayHours(time(7, 15), time(14, 30), time(12), time(12, 30))
    assert days[4] == DayHours(time(7, 15), time(11, 15))
    assert [day is None for day in days] == [False] * 6 + [True]


def test_a_plan_costs_of_the_performance_part(book: RuleBook) -> None:
    rule = book.profile("harapan").plans.on(MONDAY).value
    assert (rule.attention_behind_ppm, rule.effect) == (100_000, PlanEffect(20_000, 10_000, 50_000))


def test_three_scans_and_a_tolerance_in_the_morning(book: RuleBook) -> None:
    scans = book.profile("harapan").scans.on(MONDAY).value
    assert [(scan.scan, scan.tolerance_min) for scan in scans] == [
        (Scan.ARRIVE, 5),
        (Scan.BREAK_IN, 0),
        (Scan.LEAVE, 0),
    ]


def test_each_minute_costs_of_the_whole_allowance_and_a_day_at_most_a_day_of_absence(book: RuleBook) -> None:
    profile = book.profile("harapan")
    for values, code in ((profile.late, "TLM"), (profile.early, "PSWM"), (profile.break_late, "ISTM")):
        (band,) = values.on(MONDAY).value
        assert (band.code, band.deduction_ppm, band.per_minute) == (code, 100, True)
    assert profile.break_early.on(MONDAY).value == ()
    assert profile.missing_scan.on(MONDAY).value == Missing(12_500)
    assert profile.absence_day.on(MONDAY).value == AbsenceDay(25_000)
    assert profile.day_cap.on(MONDAY).value == 25_000
    assert profile.base.on(MONDAY).value is Base.WHOLE


def test_it_has_its_own_apel(book: RuleBook) -> None:
    events = book.profile("harapan").events.on(MONDAY).value
    assert list(events) == ["apel"]
    assert events["apel"].weekdays_ppm == (10_000, *[2_000] * 6)
    assert (events["apel"].in_ramadan, events["apel"].base) == (False, Base.WHOLE)


def test_what_it_does_not_say_is_as_in_the_tpp_model(book: RuleBook) -> None:
    own, model = book.profile("harapan"), book.profile("tpp-model")
    assert (own.split, own.target, own.absences) == (model.split, model.target, model.absences)
    assert own.lineage == ("harapan", "tpp-model")


def test_one_more_punch_never_adds_a_deduction_and_every_value_is_adopted(book: RuleBook) -> None:
    assert fairness_doubts(book.profile("harapan")) == ()
    assert unadopted(book, "harapan", *MONTH) == ()
    assert unadopted_schedules(book, ["six-day-harapan"], *MONTH) == ()


def test_the_page_shows_the_files_that_are_tested() -> None:
    page = (ROOT / "docs/new-regency.md").read_text()
    blocks = re.findall(r"`rules/([^`]+\.yaml)`[^`]*```yaml\n(.*?)```", page, re.DOTALL)
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_text() for path in EXAMPLE.rglob("*.yaml")}
    assert dict(blocks) == files
