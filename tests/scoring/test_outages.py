"""Nobody loses money because a machine failed; and an outage that nobody approved yet decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY = date(2026, 9, 7)


def found(month: MonthBuilder, rules: RuleBook) -> list[tuple[str, int | None]]:
    result = score_month(month.facts(), rules)
    return list(result.findings.filter(date=MONDAY).select("code", "minutes").iter_rows())


def state(month: MonthBuilder, rules: RuleBook) -> str:
    result = score_month(month.facts(), rules)
    return str(result.days.filter(date=MONDAY)["state"].item())


def outage(month: MonthBuilder, start: str, end: str, **changes: Any) -> MonthBuilder:
    return month.outage(month.at(MONDAY, start), month.at(MONDAY, end), **changes)


def test_a_scan_that_the_terminal_could_not_record_is_not_missing(build: Build, rules: RuleBook) -> None:
    month = build().person().punch(MONDAY, "16:02")
    assert found(month, rules) == [("TAM", None)]
    assert found(outage(month, "07:00", "09:00"), rules) == []


def test_lateness_counts_from_the_end_of_the_outage(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "09:20", "16:02"), "07:00", "09:00")
    assert found(month, rules) == [("TL1", 20)]


def test_time_in_which_nobody_could_scan_is_not_late(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "09:01", "16:02"), "08:00", "09:00")
    assert found(month, rules) == [("TL2", 31)]


def test_a_stray_punch_before_the_outage_is_not_leaving_early(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "07:20", "12:30"), "15:00", "17:00")
    assert found(month, rules) == []


def test_leaving_before_the_terminal_worked_again_counts_from_its_end(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "07:20", "12:30"), "14:00", "15:15")
    assert found(month, rules) == [("PSW2", 45)]


def test_an_outage_of_the_whole_day_excuses_the_day(build: Build, rules: RuleBook) -> None:
    month = outage(build().person(), "00:00", "23:59:59")
    assert (found(month, rules), state(month, rules)) == ([], "excused")


def test_an_outage_of_the_morning_leaves_the_evening_to_be_explained(build: Build, rules: RuleBook) -> None:
    month = outage(build().person(), "06:00", "09:00")
    assert found(month, rules) == [("TAP", None)]


def test_the_outage_of_a_terminal_where_one_does_not_scan_excuses_nothing(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "16:02"), "07:00", "09:00", terminal="ELSEWHERE")
    assert found(month, rules) == [("TAM", None)]


def test_one_failed_terminal_of_two_is_enough(build: Build, rules: RuleBook) -> None:
    """The punches that it lost are lost, however well the other one worked."""
    month = outage(build().person(terminals=("T", "U")).punch(MONDAY, "16:02"), "07:00", "09:00")
    assert found(month, rules) == []


def test_two_terminals_that_fail_together_count_once(build: Build, rules: RuleBook) -> None:
    month = build().person(terminals=("T", "U")).punch(MONDAY, "09:30", "16:02")
    outage(outage(month, "08:00", "09:00"), "08:30", "09:15", terminal="U")
    assert found(month, rules) == [("TL2", 45)]


@pytest.mark.parametrize(("status", "expected"), [("pending", "pending"), ("rejected", "present")])
def test_only_an_undecided_outage_lets_a_day_wait(build: Build, rules: RuleBook, status: str, expected: str) -> None:
    month = outage(build().person().punch(MONDAY, "16:02"), "07:00", "09:00", status=status)
    assert state(month, rules) == expected


def test_a_day_without_a_finding_waits_for_no_outage(build: Build, rules: RuleBook) -> None:
    month = outage(build().person().punch(MONDAY, "07:20", "16:02"), "07:00", "09:00", status="pending")
    assert state(month, rules) == "present"


def test_an_approved_outage_explains_the_hole_in_the_log(build: Build, rules: RuleBook) -> None:
    month = build().person().punch(MONDAY, "09:20", "16:02")
    month.covered(None, month.at(MONDAY, "07:00")).covered(month.at(MONDAY, "09:00"), datetime(2100, 1, 1).astimezone())
    assert state(month, rules) == "pending"
    assert found(outage(month, "07:00", "09:00"), rules) == [("TL1", 20)]


@given(
    punches=st.lists(st.integers(6 * 60, 18 * 60), max_size=4, unique=True),
    begins=st.integers(5 * 60, 18 * 60),
    minutes=st.integers(1, 300),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_approved_outage_never_adds_a_deduction(
    build: Build, rules: RuleBook, punches: list[int], begins: int, minutes: int
) -> None:
    def cost(month: MonthBuilder) -> int:
        return int(score_month(month.facts(), rules).findings["deduction_ppm"].sum())

    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    def month() -> MonthBuilder:
        return build(profile="four-scan-example").person().punch(MONDAY, *map(clock, punches))

    assert cost(outage(month(), clock(begins), clock(begins + minutes))) <= cost(month())
