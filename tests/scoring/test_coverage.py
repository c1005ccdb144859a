"""Where a terminal's data are missing, "no punch" is not "absent"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)
LATER = datetime(2026, 10, 30, tzinfo=UTC)


def late_monday(build: Build, *clocks: str, **settings: Any) -> MonthBuilder:
    """A person who came at 09:00 and left on time, unless other clocks are given."""
    month = build(zone="Asia/Makassar", **settings).person(valid_from=MONDAY, valid_to=MONDAY)
    return month.punch(MONDAY, *(clocks or ("09:00", "16:00")))


def reasons(month: MonthBuilder, rules: RuleBook) -> list[str]:
    return score_month(month.facts(), rules).pending["reason"].to_list()


def test_a_pending_day_deducts_nothing(build: Build, rules: RuleBook) -> None:
    month = build().person()
    month.covered(None, month.at(TUESDAY, "00:01")).covered(month.at(date(2026, 9, 9), "00:01"), LATER)
    result = score_month(month.facts(), rules)
    assert result.pending["date"].to_list() == [TUESDAY]
    assert result.findings.filter(date=TUESDAY).height == 0
    assert result.people["unexcused_days"].item() == 21
    assert result.people["discipline_deduction_ppm"].item() == 21 * 30_000
    assert result.people["status"].item() == "pending"


def test_the_reason_says_where_and_from_when_to_when_in_local_time(build: Build, rules: RuleBook) -> None:
    month = late_monday(build)
    month.covered(None, month.at(MONDAY, "07:30")).covered(month.at(MONDAY, "12:10"), LATER)
    assert reasons(month, rules) == ["T has no complete data between 07:30 and 12:10"]


def test_the_reason_says_if_nothing_came_since(build: Build, rules: RuleBook) -> None:
    month = late_monday(build)
    assert reasons(month.covered(None, month.at(MONDAY, "07:30")), rules) == ["T not complete until the end of the day"]
    month = late_monday(build).covered(None, month.at(MONDAY, "07:30"))
    month.covered(month.at(TUESDAY, "07:00"), LATER)
    assert reasons(month, rules) == ["T not complete until the end of the day"]


@pytest.mark.parametrize(
    ("clocks", "hole", "waits"),
    [
        (("09:00", "16:00"), ("05:00", "06:00"), False),
        (("09:00", "16:00"), ("06:00", "06:01"), True),
        (("09:00", "16:00"), ("08:59", "09:00"), False),  # 89 minutes are TL3 as 90 are
        (("09:00", "16:00"), ("08:30", "09:00"), True),  # 60 are TL2
        (("09:00", "16:00"), ("08:31", "09:00"), False),
        (("09:00", "16:00"), ("09:00", "23:59"), False),
        (("07:20", "15:00"), ("06:00", "15:00"), False),
        (("07:20", "15:00"), ("23:59", "23:59:30"), True),
        (("07:20",), ("11:44", "11:45"), False),
        (("07:20",), ("11:45", "11:46"), True),
        (("16:10",), ("11:44", "11:45"), True),
        (("16:10",), ("11:45", "20:00"), False),
        (("07:20", "16:10"), ("00:00", "23:59"), False),
    ],
)
def test_only_a_finding_that_a_further_punch_could_remove_waits(
    build: Build, rules: RuleBook, clocks: tuple[str, ...], hole: tuple[str, str], waits: bool
) -> None:
    month = late_monday(build, *clocks)
    month.covered(None, month.at(MONDAY, hole[0])).covered(month.at(MONDAY, hole[1]), LATER)
    assert (reasons(month, rules) != []) is waits


@pytest.mark.parametrize("hole", [("06:00", "08:59"), ("09:00", "09:01"), ("09:00", "11:45")])
def test_where_the_last_punch_counts_nobody_would_be_less_late_with_a_further_one(
    build: Build, rules: RuleBook, hole: tuple[str, str]
) -> None:
    month = late_monday(build, profile="last-counts")
    month.covered(None, month.at(MONDAY, hole[0])).covered(month.at(MONDAY, hole[1]), LATER)
    assert reasons(month, rules) == []


@pytest.mark.parametrize(
    ("left", "hole", "waits"),
    [
        ("15:00", ("14:00", "15:00"), False),
        ("15:00", ("15:00", "15:01"), False),  # 60 minutes early, with or without a punch in it
        ("14:59", ("15:00", "15:01"), True),  # 61 minutes are another class than 60
        ("14:00", ("14:10", "14:20"), False),
        ("14:00", ("14:10", "15:01"), True),
        ("15:00", ("20:00", "20:01"), True),
    ],
)
def test_who_left_early_waits_if_a_later_punch_would_cost_less(
    build: Build, rules: RuleBook, left: str, hole: tuple[str, str], waits: bool
) -> None:
    month = late_monday(build, "07:20", left)
    month.covered(None, month.at(MONDAY, hole[0])).covered(month.at(MONDAY, hole[1]), LATER)
    assert (reasons(month, rules) != []) is waits


def test_of_two_gaps_the_kinder_one_decides_whichever_terminal_has_it(build: Build, rules: RuleBook) -> None:
    month = build(zone="Asia/Makassar").person(terminals=("A", "B"), valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "07:20", "14:00", terminal="A")
    month.covered(None, month.at(MONDAY, "14:10"), "A").covered(month.at(MONDAY, "14:20"), LATER, "A")
    month.covered(None, month.at(MONDAY, "14:15"), "B").covered(month.at(MONDAY, "14:25"), LATER, "B")
    assert reasons(month, rules) == []
    month.rows["coverage"].pop()
    month.covered(month.at(MONDAY, "15:30"), LATER, "B")
    assert reasons(month, rules) == ["A has no complete data between 14:10 and 14:20"]


def test_what_waits_says_what_it_would_cost(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=TUESDAY).punch(MONDAY, "09:00")
    month.covered(None, month.at(MONDAY, "07:00")).covered(month.at(TUESDAY, "23:59"), LATER)
    pending = score_month(month.facts(), rules).pending
    assert pending.select("date", "would_cost").rows() == [(MONDAY, "TL3 1.25 %, TAP 1.5 %"), (TUESDAY, "TK 3 %")]


def test_an_absence_needs_all_windows(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example").person(valid_from=MONDAY, valid_to=MONDAY)
    month.covered(None, month.at(MONDAY, "12:20")).covered(month.at(MONDAY, "12:21"), LATER)
    assert reasons(month, rules) == ["T has no complete data between 12:20 and 12:21"]


def test_between_windows_nothing_can_be_missed(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example").person(valid_from=MONDAY, valid_to=MONDAY)
    month.covered(None, month.at(MONDAY, "13:31")).covered(month.at(MONDAY, "15:00"), LATER)
    assert score_month(month.facts(), rules).findings["code"].to_list() == ["TK"]


def test_every_terminal_of_the_person_must_be_complete(build: Build, rules: RuleBook) -> None:
    month = build().person(terminals=("A", "B"), valid_from=MONDAY, valid_to=MONDAY)
    month.covered(None, LATER, "A").covered(None, month.at(MONDAY, "10:00"), "B")
    assert reasons(month, rules) == ["B not complete until the end of the day"]
    assert reasons(month.covered(month.at(MONDAY, "09:59"), LATER, "B"), rules) == []


def test_a_terminal_counts_only_on_the_days_it_is_the_persons(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=TUESDAY).covered(None, LATER, "T")
    month.add("duty_terminals", nip=month.rows["spells"][0]["nip"], terminal="GONE", valid_from=TUESDAY)
    assert score_month(month.facts(), rules).pending["date"].to_list() == [TUESDAY]


def test_without_a_terminal_a_day_is_pending_and_never_an_absence(build: Build, rules: RuleBook) -> None:
    month = build().person(terminals=(), valid_from=MONDAY, valid_to=MONDAY)
    result = score_month(month.facts(), rules)
    assert result.pending["reason"].to_list() == ["no enrolment or no terminal known"]
    assert result.people["unexcused_days"].item() == 0


def test_coverage_that_touches_or_overlaps_is_one(build: Build, rules: RuleBook) -> None:
    month = late_monday(build)
    edges = ["05:00", "06:30", "07:00", "08:00", "12:00"]
    for begin, end in pairwise(edges):
        month.covered(month.at(MONDAY, begin), month.at(MONDAY, end))
    month.covered(month.at(MONDAY, "05:30"), month.at(MONDAY, "05:40"))
    assert reasons(month, rules) == []


@pytest.mark.parametrize(
    ("begin", "end", "believed"),
    [
        (("2026-09-06", "17:00"), ("2026-09-07", "07:30"), True),
        (("2026-09-04", "17:30"), ("2026-09-07", "07:30"), True),
        (("2026-09-04", "17:29"), ("2026-09-07", "07:30"), False),
        (("2026-09-06", "17:00"), ("2026-09-07", "07:31"), False),
    ],
)
def test_silence_counts_only_outside_duty_hours(
    build: Build, rules: RuleBook, begin: tuple[str, str], end: tuple[str, str], believed: bool
) -> None:
    month = build().person(valid_from=date(2026, 9, 4), valid_to=MONDAY).punch(MONDAY, "09:00", "16:00")
    silence = [month.at(date.fromisoformat(day), clock) for day, clock in (begin, end)]
    month.covered(None, silence[0]).covered(*silence, kind="silent").covered(silence[1], LATER)
    held = score_month(month.facts(), rules).pending["date"].to_list()
    assert (MONDAY not in held) is believed


@pytest.mark.parametrize(("begin", "believed"), [("17:00", True), ("16:59", False), ("12:00", False)])
def test_silence_across_the_months_edge_meets_the_weeks_beside_it(
    build: Build, rules: RuleBook, begin: str, believed: bool
) -> None:
    first = date(2026, 9, 1)
    month = build().person().punch(first, "09:00", "16:00")
    silence = (month.at(date(2026, 8, 31), begin), month.at(first, "07:00"))
    month.covered(None, silence[0]).covered(*silence, kind="silent").covered(silence[1], LATER)
    held = score_month(month.facts(), rules).pending["date"].to_list()
    assert (first not in held) is believed


def test_a_holiday_on_the_months_first_day_is_no_duty(build: Build, rules: RuleBook) -> None:
    month = build(month=date(2026, 9, 1)).person().punch(date(2026, 9, 2), "09:00", "16:00")
    month.add("calendar", day=date(2026, 9, 1), unit="*", kind="libur_daerah", name="x", source="SK")
    silence = (month.at(date(2026, 8, 31), "17:00"), month.at(date(2026, 9, 2), "07:00"))
    month.covered(None, silence[0]).covered(*silence, kind="silent").covered(silence[1], LATER)
    assert score_month(month.facts(), rules).pending.height == 0


def test_silence_is_measured_by_those_who_need_that_terminal(build: Build, rules: RuleBook) -> None:
    month = build().person("1", valid_from=MONDAY, valid_to=TUESDAY)
    month.punch(TUESDAY, "09:00", "16:00", nip="1").punch(MONDAY, "07:00", "16:00", nip="1")
    silence = (month.at(MONDAY, "20:00"), month.at(TUESDAY, "06:30"))
    month.covered(None, silence[0]).covered(*silence, kind="silent").covered(silence[1], LATER)
    assert reasons(month, rules) == []
    month.person("2", schedule="nights", valid_from=MONDAY, valid_to=MONDAY)
    held = score_month(month.facts(), rules).pending
    assert sorted(held["nip"]) == ["1", "2"]


def test_an_accepted_day_counts_as_present_and_never_costs(build: Build, rules: RuleBook) -> None:
    month = build(accept_pending=True).person().punch(MONDAY, "09:00")
    month.covered(None, month.at(date(2026, 9, 5), "00:31"))
    result = score_month(month.facts(), rules)
    assert result.pending.height == 0
    assert set(result.findings["date"]) == {date(2026, 9, day) for day in (1, 2, 3, 4)}
    monday = result.days.filter(date=MONDAY).row(0, named=True)
    assert (monday["state"], monday["late_minutes"]) == ("present", 0)
    assert result.people.select("status", "days_present", "bank_minutes_year").row(0) == ("draft", 18, 0)


def test_a_pending_day_is_told_once_whatever_is_missing(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example").person(terminals=("B", "A"), valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "08:00").absence(MONDAY, status="pending")
    month.covered(None, month.at(MONDAY, "06:00") - timedelta(days=1), "Z")
    assert reasons(month, rules) == ["A not complete until the end of the day"]
