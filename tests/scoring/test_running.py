"""Who is there on a day that is not over: nobody is called missing where a terminal is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekinerja_agent.rules import FlexibleStart, RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.discipline.running import day_so_far
from tests.proof.oracle.building import MonthBuilder
from tests.scoring.conftest import rule_book, with_values

Build = Callable[..., MonthBuilder]
MONDAY, SATURDAY = date(2026, 9, 7), date(2026, 9, 12)
CLOCKS = st.times(min_value=time(5), max_value=time(23)).map(lambda one: f"{one:%H:%M}")


def seen(month: MonthBuilder, clock: str, rules: RuleBook, day: date = MONDAY) -> dict[str, Any]:
    month.now = month.at(day, clock)
    (row,) = day_so_far(month.facts(), day, rules)[0].iter_rows(named=True)
    return dict(row)


@pytest.mark.parametrize(
    ("punched", "now", "state", "late"),
    [
        ((), "07:20", "future", None),
        ((), "07:30", "future", None),
        ((), "07:31", "missing", None),
        ((), "19:00", "missing", None),
        (("07:05",), "07:20", "present", 0),
        (("07:30",), "10:00", "present", 0),
        (("07:31",), "07:40", "late", 1),
        (("08:40",), "08:45", "late", 70),
        (("13:00",), "14:00", "present", None),
        (("07:20", "16:05"), "16:10", "present", 0),
        (("08:40",), "08:00", "missing", None),  # a clock that is ahead tells of nobody who is there
    ],
)
def test_who_is_there_is_told_while_the_day_runs(
    build: Build, rules: RuleBook, punched: tuple[str, ...], now: str, state: str, late: int | None
) -> None:
    row = seen(build().person().punch(MONDAY, *punched), now, rules)
    assert (row["state"], row["late_minutes"], row["reason"]) == (state, late, None)


@pytest.mark.parametrize(
    ("known_until", "now", "state"),
    [
        ("07:25", "07:31", "pending"),
        ("07:31", "07:40", "missing"),  # what was punched since may be on its way
        ("07:31", "08:01", "missing"),
        ("07:31", "08:02", "pending"),
        ("09:40", "10:00", "missing"),
    ],
)
def test_nobody_is_missing_while_a_terminal_is_not_known(
    build: Build, rules: RuleBook, known_until: str, now: str, state: str
) -> None:
    month = build().person()
    month.covered(None, month.at(MONDAY, known_until))
    row = seen(month, now, rules)
    assert row["state"] == state
    assert (row["reason"] is not None) == (state == "pending")


def test_nobody_is_late_while_an_earlier_punch_may_come(build: Build, rules: RuleBook) -> None:
    month = build().person(terminals=["T", "U"]).punch(MONDAY, "08:40")
    month.covered(None, month.at(MONDAY, "08:50")).covered(None, month.at(MONDAY, "07:00"), terminal="U")
    assert seen(month, "08:55", rules)["state"] == "pending"
    on_time = build().person(terminals=["T", "U"]).punch(MONDAY, "07:10")
    on_time.covered(None, on_time.at(MONDAY, "07:00"))
    assert seen(on_time, "08:55", rules)["state"] == "present"


@pytest.mark.parametrize(
    ("document", "punched", "state"),
    [
        ({}, ("08:40",), "excused"),
        ({"status": "pending"}, (), "pending"),
        ({"status": "rejected"}, (), "missing"),
        ({"from_time": time(7), "to_time": time(9)}, (), "excused"),
        ({"from_time": time(7), "to_time": time(9)}, ("09:10",), "present"),
        ({"from_time": time(13), "to_time": time(15)}, (), "missing"),
    ],
)
def test_documents_excuse(
    build: Build, rules: RuleBook, document: dict[str, Any], punched: tuple[str, ...], state: str
) -> None:
    month = build().person().absence(MONDAY, **document).punch(MONDAY, *punched)
    assert seen(month, "10:00", rules)["state"] == state


def test_flexible_time_and_exempt_people_are_not_late(build: Build, rules: RuleBook) -> None:
    assert seen(build().person(attendance="exempt"), "10:00", rules)["state"] == "exempt"
    flexible = with_values(rules, flexible_start=FlexibleStart(60, ()))
    assert seen(build().person().punch(MONDAY, "08:30"), "08:40", flexible)["state"] == "present"
    assert seen(build().person(), "08:30", flexible)["state"] == "future"
    assert seen(build().person(), "08:31", flexible)["state"] == "missing"


def test_a_shift_that_begins_tonight_is_to_come_and_a_day_off_has_no_duty(build: Build, rules: RuleBook) -> None:
    night = build().unit(schedule="three-shifts").person().add("rosters", nip="199001012015011001", day=MONDAY)
    night.rows["rosters"][0]["shift"] = "malam"
    assert seen(night, "10:00", rules)["state"] == "future"
    unplanned = build().unit(schedule="three-shifts").person()
    assert seen(unplanned, "10:00", rules)["state"] == "future"
    month = build().person()
    month.now = month.at(SATURDAY, "10:00")
    so_far, known = day_so_far(month.facts(), SATURDAY, rules)
    assert (so_far.height, known.height) == (0, 0)


def test_terminals_are_told_with_the_time_up_to_which_they_are_known(build: Build, rules: RuleBook) -> None:
    month = build().person(terminals=["T", "U", "V"])
    month.covered(None, month.at(MONDAY, "09:00")).covered(None, month.at(MONDAY, "23:00"), terminal="U")
    month.now = month.at(MONDAY, "10:00")
    known = day_so_far(month.facts(), MONDAY, rules)[1]
    assert known.rows() == [("T", month.at(MONDAY, "09:00")), ("U", month.now), ("V", None)]


@settings(max_examples=30)
@given(st.lists(CLOCKS, max_size=4), CLOCKS, CLOCKS)
def test_the_end_of_the_day_agrees_with_scoring_and_less_coverage_never_accuses(
    clocks: list[str], now: str, known_until: str
) -> None:
    rules = rule_book()
    month = MonthBuilder().person().punch(MONDAY, *dict.fromkeys(clocks))
    facts = month.facts()
    after = replace(facts, now=month.at(MONDAY, "12:00") + timedelta(days=1))
    (so_far,) = day_so_far(after, MONDAY, rules)[0].iter_rows(named=True)
    (day,) = score_month(after, rules).days.filter(date=MONDAY).iter_rows(named=True)
    assert (so_far["state"] == "missing") == (day["state"] == "unexcused")
    assert (so_far["late_minutes"], so_far["arrive_at"]) == (day["late_minutes"], day["arrive_at"])
    running = replace(facts, now=month.at(MONDAY, now))
    shorter = replace(running, coverage=MonthBuilder().covered(None, month.at(MONDAY, known_until)).facts().coverage)
    states = [day_so_far(one, MONDAY, rules)[0]["state"].item() for one in (running, shorter)]
    assert states[1] in {states[0], "pending"}


def test_the_schema_holds_for_nobody(build: Build, rules: RuleBook) -> None:
    facts = replace(build().unit().facts(), now=datetime(2026, 9, 7, 3, tzinfo=UTC))
    so_far, known = day_so_far(facts, MONDAY, rules)
    assert (so_far.height, known.height) == (0, 0)
