"""What attendance says of claimed minutes: five causes, shown always, counted by the rule of the profile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest

from ekinerja_agent.rules import ActivityRule, RuleBook
from ekinerja_agent.scoring import DOUBTS, check_month, score_month
from tests.proof.oracle.building import NIP, MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)
STRICT = ActivityRule(1, False, False, frozenset({"dinas_luar"}), None, doubtful_count=False)


def claimed(month: MonthBuilder, start: str, end: str, *, day: date = MONDAY, minutes: int | None = None) -> None:
    begins, ends = time.fromisoformat(start), time.fromisoformat(end)
    lasted = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
    name = f"{day}/{start}"
    done = lasted if minutes is None else minutes
    month.add("activities", nip=NIP, activity=name, day=day, start=begins, end=ends, minutes=done)


def checked(month: MonthBuilder, rules: RuleBook) -> dict[str, dict[str, int]]:
    """The doubts of each activity that has any, without zeros, and the minutes that count."""
    rows = check_month(month.facts(), rules).to_dicts()
    return {
        row["activity"].partition("/")[2]: {name.removesuffix("_minutes"): row[name] for name in DOUBTS if row[name]}
        | {"counted": row["counted_minutes"]}
        for row in rows
    }


def approved_minutes(month: MonthBuilder, rules: RuleBook) -> int:
    return int(score_month(month.facts(), rules).people["approved_minutes"][0])


@pytest.fixture
def month(build: Build) -> MonthBuilder:
    return build(profile="tpp-model").person(valid_from=MONDAY, valid_to=TUESDAY)


@pytest.fixture
def strict(rules: RuleBook, changed: Callable[..., RuleBook]) -> RuleBook:
    return changed(rules, activities=STRICT)  # type: ignore[no-any-return]


def test_before_arriving_and_after_leaving(month: MonthBuilder, rules: RuleBook, strict: RuleBook) -> None:
    month.punch(MONDAY, "08:45:30", "15:10")
    claimed(month, "08:00", "10:00")
    claimed(month, "14:00", "16:00")
    claimed(month, "16:10", "16:30")
    assert checked(month, rules) == {
        "08:00": {"before_arriving": 45, "counted": 120},
        "14:00": {"after_leaving": 50, "counted": 120},
        "16:10": {"after_leaving": 20, "counted": 20},
    }
    assert {name: row["counted"] for name, row in checked(month, strict).items()} == {
        "08:00": 74,
        "14:00": 70,
        "16:10": 0,
    }
    assert (approved_minutes(month, rules), approved_minutes(month, strict)) == (260, 144)


def test_while_absent(month: MonthBuilder, rules: RuleBook, strict: RuleBook) -> None:
    claimed(month, "08:00", "10:00")
    assert checked(month, rules) == {"08:00": {"absent": 120, "counted": 120}}
    assert (approved_minutes(month, rules), approved_minutes(month, strict)) == (120, 0)


@pytest.mark.parametrize(("kind", "minutes"), [("cuti_tahunan", 0), ("dinas_luar", 120)])
def test_on_leave_but_not_under_a_document_under_which_people_work(
    month: MonthBuilder, rules: RuleBook, strict: RuleBook, kind: str, minutes: int
) -> None:
    month.absence(MONDAY, kind=kind)
    claimed(month, "08:00", "10:00")
    doubt = {} if minutes else {"on_leave": 120}
    assert checked(month, strict) == {"08:00": {**doubt, "counted": minutes}}
    assert approved_minutes(month, strict) == minutes
    assert approved_minutes(month, rules) == 120


def test_the_same_minute_twice(month: MonthBuilder, rules: RuleBook, strict: RuleBook) -> None:
    month.punch(MONDAY, "07:20", "16:00")
    claimed(month, "08:00", "10:00")
    claimed(month, "09:00", "09:30")
    claimed(month, "09:30", "11:00")
    assert checked(month, rules) == {
        "08:00": {"counted": 120},
        "09:00": {"twice": 30, "counted": 30},
        "09:30": {"twice": 30, "counted": 90},
    }
    assert (approved_minutes(month, rules), approved_minutes(month, strict)) == (240, 180)


def test_what_was_approved_for_less_keeps_it_while_so_much_is_credible(month: MonthBuilder, strict: RuleBook) -> None:
    month.punch(MONDAY, "08:30", "16:00")
    claimed(month, "08:00", "10:00", minutes=60)
    assert checked(month, strict) == {"08:00": {"before_arriving": 30, "counted": 60}}


def test_a_day_that_waits_and_a_scan_that_is_missing_say_nothing(month: MonthBuilder, strict: RuleBook) -> None:
    month.covered(None, month.at(MONDAY, "07:00")).punch(TUESDAY, "07:20")
    claimed(month, "05:00", "06:00")
    claimed(month, "17:00", "18:00", day=TUESDAY)
    assert all(set(row) == {"counted"} and row["counted"] == 60 for row in checked(month, strict).values())


def test_a_failed_terminal_casts_no_doubt_on_anybody(month: MonthBuilder, strict: RuleBook) -> None:
    month.outage(month.at(MONDAY, "07:00"), month.at(MONDAY, "08:50")).punch(MONDAY, "09:00", "16:00")
    claimed(month, "08:00", "09:00")
    assert checked(month, strict) == {"08:00": {"counted": 60}}


def test_an_excused_scan_casts_no_doubt(month: MonthBuilder, strict: RuleBook) -> None:
    month.absence(MONDAY, kind="dinas_luar", from_time=time(14), to_time=time(17)).punch(MONDAY, "07:20", "14:00")
    claimed(month, "14:00", "16:00")
    assert checked(month, strict) == {"14:00": {"counted": 120}}


def test_nobody_arrives_again_while_the_night_lasts(build: Build, strict: RuleBook) -> None:
    month = build(profile="tpp-model").person(valid_from=MONDAY, valid_to=TUESDAY, schedule="nights")
    month.punch(MONDAY, "20:50").punch(TUESDAY, "08:05", "20:55").punch(date(2026, 9, 9), "08:00")
    claimed(month, "22:00", "23:30")
    claimed(month, "05:00", "07:00", day=TUESDAY)
    claimed(month, "20:00", "21:00")
    assert checked(month, strict) == {
        "20:00": {"before_arriving": 50, "counted": 10},
        "22:00": {"counted": 90},
        "05:00": {"counted": 120},
    }


def test_a_rule_caps_the_minutes_of_a_day(
    month: MonthBuilder, rules: RuleBook, changed: Callable[..., RuleBook]
) -> None:
    month.punch(MONDAY, "07:20", "16:00").punch(TUESDAY, "07:20", "16:00")
    claimed(month, "08:00", "12:00")
    claimed(month, "13:00", "15:00")
    claimed(month, "08:00", "09:00", day=TUESDAY)
    capped = changed(rules, activities=ActivityRule(1, False, False, frozenset(), 300, doubtful_count=True))
    assert (approved_minutes(month, rules), approved_minutes(month, capped)) == (420, 360)


def test_an_open_day_says_nothing_yet(build: Build, strict: RuleBook) -> None:
    morning = build().at(MONDAY, "11:00")
    month = build(profile="tpp-model", now=morning).person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:20")
    claimed(month, "05:00", "08:00")
    assert checked(month, strict) == {"05:00": {"counted": 180}}
