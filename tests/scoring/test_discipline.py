"""States, documents, caps and what is not judged yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import unpack
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY = date(2026, 9, 7)
FOUR = "four-scan-example"


def one_day(build: Build, *clocks: str, **settings: Any) -> MonthBuilder:
    return build(**settings).person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, *clocks)


def codes(month: MonthBuilder, rules: RuleBook) -> list[str]:
    return score_month(month.facts(), rules).findings["code"].to_list()


def state(month: MonthBuilder, rules: RuleBook) -> str:
    return str(score_month(month.facts(), rules).days["state"].item())


@pytest.mark.parametrize("profile", ["tpp-model", "hsu", FOUR])
def test_a_day_without_scan_and_document_is_one_absence(build: Build, rules: RuleBook, profile: str) -> None:
    result = score_month(one_day(build, profile=profile).facts(), rules)
    finding = result.findings.row(0, named=True)
    assert result.findings.height == 1
    assert (finding["code"], finding["scan"], finding["minutes"]) == ("TK", None, None)
    assert finding["punch_ids"] == []
    assert result.days["state"].item() == "unexcused"
    assert result.people["unexcused_days"].item() == 1


def test_each_missing_scan_has_its_code(build: Build, rules: RuleBook) -> None:
    assert codes(one_day(build, "07:20", profile=FOUR), rules) == ["TAK", "TAI", "TAP"]
    assert codes(one_day(build, "16:20", profile=FOUR), rules) == ["TAM", "TAK", "TAI"]


def test_findings_keep_their_percent_in_scan_order_until_the_cap(build: Build, rules: RuleBook) -> None:
    findings = score_month(one_day(build, "08:31", profile=FOUR).facts(), rules).findings
    assert findings["code"].to_list() == ["TL3", "TAK", "TAI", "TAP"]
    assert findings["deduction_ppm"].to_list() == [12_500, 15_000, 2_500, 0]


def test_what_costs_nothing_is_no_finding(build: Build, rules: RuleBook) -> None:
    result = score_month(one_day(build, "09:45", profile="hsu").facts(), rules)
    assert result.findings.height == 0
    assert result.days["late_minutes"].item() == 135


def test_an_approved_document_excuses_the_day_and_its_scans_stay_shown(build: Build, rules: RuleBook) -> None:
    month = one_day(build, "09:00").absence(date(2026, 9, 1), date(2026, 9, 30))
    result = score_month(month.facts(), rules)
    day = result.days.row(0, named=True)
    assert (day["state"], day["late_minutes"], day["early_minutes"]) == ("excused", 0, None)
    assert day["arrive_at"] == month.at(MONDAY, "09:00")
    assert result.findings.height == 0
    assert result.people.select("days_present", "days_excused").row(0) == (0, 1)


@pytest.mark.parametrize("status", ["rejected", "pending"])
def test_a_document_that_nobody_approved_excuses_nothing(build: Build, rules: RuleBook, status: str) -> None:
    assert state(one_day(build).absence(MONDAY, status=status), rules) == (
        "pending" if status == "pending" else "unexcused"
    )


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("07:30", "12:00", ["TAI", "TAP"]),
        ("07:31", "11:59", ["TAM", "TAK", "TAI"]),
        ("13:00", "16:00", ["TAM", "TAK"]),
        ("07:00", "17:00", []),
    ],
)
def test_a_partial_absence_excuses_the_scans_due_inside_it_both_ends_included(
    build: Build, rules: RuleBook, begins: str, ends: str, expected: list[str]
) -> None:
    month = one_day(build, *(["16:05"] if expected[-1:] == ["TAI"] else []), profile=FOUR)
    month.absence(MONDAY, from_time=time.fromisoformat(begins), to_time=time.fromisoformat(ends))
    result = score_month(month.facts(), rules)
    assert result.findings["code"].to_list() == expected
    assert result.days["state"].item() == ("present" if expected else "excused")


def test_a_partial_absence_excuses_lateness_too(build: Build, rules: RuleBook) -> None:
    month = one_day(build, "10:10", "16:00")
    month.absence(MONDAY, from_time=time(7, 0), to_time=time(10, 0))
    result = score_month(month.facts(), rules)
    assert result.findings.height == 0
    assert result.people["bank_minutes_year"].item() == 0


def test_a_partial_absence_may_pass_midnight(build: Build, rules: RuleBook) -> None:
    month = build(profile=FOUR).person(schedule="nights", valid_from=MONDAY, valid_to=MONDAY)
    month.punch(date(2026, 9, 8), "08:00")
    month.absence(MONDAY, from_time=time(20, 0), to_time=time(2, 15))
    assert codes(month, rules) == ["TAI"]


def test_an_open_ended_time_reaches_to_the_edge_of_the_day(build: Build, rules: RuleBook) -> None:
    assert codes(one_day(build, "07:20").absence(MONDAY, from_time=time(13, 0)), rules) == []
    assert codes(one_day(build, "16:00").absence(MONDAY, to_time=time(13, 0)), rules) == []


def test_an_undecided_request_makes_a_costly_day_pending_and_no_other(build: Build, rules: RuleBook) -> None:
    costly = one_day(build, "09:00", "16:00").absence(MONDAY, status="pending", document="800/7")
    result = score_month(costly.facts(), rules)
    assert result.days["state"].item() == "pending"
    assert result.findings.height == 0
    assert result.people["status"].item() == "pending"
    assert result.pending.drop("message", "would_cost").rows() == [
        (result.people["nip"].item(), MONDAY, "a request is undecided: 800/7")
    ]
    assert unpack(result.pending["message"].item()).values == {"document": "800/7"}
    clean = one_day(build, "07:20", "16:00").absence(MONDAY, status="pending")
    assert state(clean, rules) == "present"


@pytest.mark.parametrize(("begins", "expected"), [(7, "pending"), (9, "present")])
def test_an_undecided_partial_request_counts_where_it_would_excuse(
    build: Build, rules: RuleBook, begins: int, expected: str
) -> None:
    month = one_day(build, "09:00", "16:00")
    month.absence(MONDAY, status="pending", from_time=time(begins, 0), to_time=time(12, 0), document=None)
    assert state(month, rules) == expected


def test_an_undecided_partial_request_holds_an_absence(build: Build, rules: RuleBook) -> None:
    month = one_day(build).absence(MONDAY, status="pending", from_time=time(7, 0), to_time=time(8, 0))
    assert state(month, rules) == "pending"


def test_the_exempt_have_no_findings(build: Build, rules: RuleBook) -> None:
    month = build().person(attendance="exempt").punch(MONDAY, "09:00")
    result = score_month(month.facts(), rules)
    assert set(result.days["state"]) == {"exempt"}
    assert result.findings.height == 0
    assert result.people["bank_minutes_year"].item() == 0


def test_a_kind_that_the_profile_does_not_know_is_an_error(build: Build, rules: RuleBook) -> None:
    with pytest.raises(NoRule, match="'umrah' on 2026-09-07"):
        score_month(one_day(build).absence(MONDAY, kind="umrah").facts(), rules)


def test_an_absence_passes_over_days_without_duty(build: Build, rules: RuleBook) -> None:
    month = build().person().absence(date(2026, 8, 20), date(2026, 9, 6))
    assert score_month(month.facts(), rules).people["days_excused"].item() == 4


@pytest.mark.parametrize(
    ("now", "clocks", "expected", "seen"),
    [
        ("07:00", (), "future", []),
        ("11:44", ("09:00",), "future", []),
        ("11:45", ("09:00",), "present", ["TL3"]),
        ("15:00", (), "future", []),
        ("15:00", ("14:00",), "present", ["TAM"]),
        ("23:59", ("14:00",), "present", ["TAM"]),
    ],
)
def test_a_scan_is_judged_once_its_window_has_closed(
    build: Build, rules: RuleBook, now: str, clocks: tuple[str, ...], expected: str, seen: list[str]
) -> None:
    month = one_day(build, *clocks)
    month.now = month.at(MONDAY, now)
    result = score_month(month.facts(), rules)
    assert result.days["state"].item() == expected
    assert result.findings["code"].to_list() == seen
    assert (result.days["early_minutes"].item() or 0) == 0


def test_worked_minutes_leave_out_only_the_break_inside_them(build: Build, rules: RuleBook) -> None:
    def worked(*clocks: str) -> int | None:
        value = score_month(one_day(build, *clocks).facts(), rules).days["worked_minutes"].item()
        return None if value is None else int(value)

    assert worked("07:30", "16:00") == 450
    assert worked("07:30", "12:30") == 270
    assert worked("07:30", "11:50") == 260
    assert worked("07:30") is None
