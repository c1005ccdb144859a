"""Duty by roster: shifts across midnight, several on a date, and a date of which the roster says nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
NIP = "199001012015011001"
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)


def nurse(build: Build, *shifts: tuple[date, str], **month: Any) -> MonthBuilder:
    begun = build(**month).person(schedule="three-shifts", valid_from=MONDAY, valid_to=MONDAY)
    for day, shift in shifts:
        begun.add("rosters", nip=NIP, day=day, shift=shift)
    return begun


def test_a_night_duty_belongs_to_the_date_on_which_it_starts(build: Build, rules: RuleBook) -> None:
    month = nurse(build, (MONDAY, "malam")).punch(MONDAY, "21:05").punch(TUESDAY, "08:00")
    result = score_month(month.facts(), rules)
    assert result.days.select("date", "schedule", "state", "late_minutes", "early_minutes").rows() == [
        (MONDAY, "three-shifts/malam", "present", 5, 0)
    ]
    assert result.findings.select("date", "code").rows() == [(MONDAY, "TL1")]


def test_two_duties_of_a_date_are_two_days_of_work_and_one_punch_may_end_one_and_start_the_next(
    build: Build, rules: RuleBook
) -> None:
    month = nurse(build, (MONDAY, "pagi"), (MONDAY, "siang")).punch(MONDAY, "07:58", "14:00", "21:01")
    result = score_month(month.facts(), rules)
    assert result.days["state"].to_list() == ["present", "present"]
    assert result.days["required_minutes"].to_list() == [360, 420]
    assert result.findings.is_empty()
    assert result.people["working_days"].item() == 2


def test_each_duty_without_a_scan_is_one_absence(build: Build, rules: RuleBook) -> None:
    result = score_month(nurse(build, (MONDAY, "pagi"), (MONDAY, "malam")).facts(), rules)
    assert result.findings["code"].to_list() == ["TK", "TK"]


def test_a_day_off_is_no_duty_even_on_a_working_day(build: Build, rules: RuleBook) -> None:
    result = score_month(nurse(build, (MONDAY, "OFF")).facts(), rules)
    assert result.days.is_empty()
    assert result.people["working_days"].item() == 0


def test_a_holiday_is_a_duty_where_the_roster_says_so(build: Build, rules: RuleBook) -> None:
    independence = date(2026, 8, 17)
    month = build(month=date(2026, 8, 1)).person(
        schedule="three-shifts", valid_from=independence, valid_to=independence
    )
    month.add("rosters", nip=NIP, day=independence, shift="pagi").punch(independence, "08:00", "14:00")
    assert score_month(month.facts(), rules).days["state"].to_list() == ["present"]


def test_a_date_without_a_roster_row_is_pending_and_costs_nothing(build: Build, rules: RuleBook) -> None:
    result = score_month(nurse(build).facts(), rules)
    assert result.pending.select("date", "reason").rows() == [(MONDAY, "no roster row")]
    assert result.findings.is_empty()
    assert result.people["payable_rp"].item() == result.people["discipline_rp"].item() + 2_400_000


def test_a_shift_that_the_schedule_does_not_have_is_pending(build: Build, rules: RuleBook) -> None:
    result = score_month(nurse(build, (MONDAY, "sore")).facts(), rules)
    assert result.pending["reason"].to_list() == ["the schedule three-shifts has no shift sore"]


def test_a_date_without_a_roster_row_that_has_not_passed_is_not_judged(build: Build, rules: RuleBook) -> None:
    noon = datetime(2026, 9, 7, 5, tzinfo=UTC)
    result = score_month(nurse(build, now=noon).facts(), rules)
    assert result.days["state"].to_list() == ["future"]
    assert result.pending.is_empty()


def test_a_document_covers_a_date_that_the_roster_forgot(build: Build, rules: RuleBook) -> None:
    result = score_month(nurse(build).absence(MONDAY).facts(), rules)
    assert result.days["state"].to_list() == ["excused"]
    assert result.pending.is_empty()


def test_activities_of_a_date_with_two_duties_count_once(build: Build, rules: RuleBook) -> None:
    month = nurse(build, (MONDAY, "pagi"), (MONDAY, "siang")).punch(MONDAY, "07:58", "14:00", "21:01")
    month.add("activities", nip=NIP, day=MONDAY, minutes=500)
    assert score_month(month.facts(), rules).people["approved_minutes"].item() == 500
