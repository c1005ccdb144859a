"""Which punch serves which scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ekinerja_agent.rules import Bound, RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY = date(2026, 9, 7)
HOUR_S = 3600


@pytest.mark.parametrize(("profile", "arrive"), [("tpp-model", "07:25:10"), ("last-counts", "07:40:00")])
def test_the_first_or_the_last_punch_of_a_window_counts(
    build: Build, rules: RuleBook, profile: str, arrive: str
) -> None:
    month = build(profile=profile).person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "07:25:10", "07:25:14", "07:40:00", "15:00", "16:01:00")
    day = score_month(month.facts(), rules).days.row(0, named=True)
    assert day["arrive_at"] == month.at(MONDAY, arrive)
    assert day["leave_at"] == month.at(MONDAY, "16:01:00")


def test_the_middle_minute_belongs_to_leave(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "11:44:59", "11:45:00")
    day = score_month(month.facts(), rules).days.row(0, named=True)
    assert day["arrive_at"] == month.at(MONDAY, "11:44:59")
    assert day["leave_at"] == month.at(MONDAY, "11:45:00")
    only = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "11:45:00")
    assert score_month(only.facts(), rules).findings["code"].to_list() == ["TAM", "PSW4"]


def test_a_punch_may_end_one_duty_and_start_the_next(build: Build, rules: RuleBook) -> None:
    profile = rules.profile("tpp-model")
    [entry] = profile.scans.entries
    arrive, leave = entry.value
    long = replace(profile.scans, entries=(replace(entry, value=(arrive, replace(leave, closes=Bound(720)))),))
    rules = replace(rules, profiles={"tpp-model": replace(profile, scans=long)})
    month = build().person(schedule="nights", valid_from=MONDAY, valid_to=date(2026, 9, 8))
    month.punch(MONDAY, "20:50").punch(date(2026, 9, 8), "19:45").punch(date(2026, 9, 9), "08:00")
    first, second = score_month(month.facts(), rules).days.iter_rows(named=True)
    shared = month.rows["punches"][1]["punch_id"]
    assert (first["leave_punch"], second["arrive_punch"]) == (shared, shared)


def test_a_punch_outside_every_window_is_never_punished(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example").person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "05:59:59", "07:20", "12:05", "12:50", "14:00", "16:00")
    result = score_month(month.facts(), rules)
    assert result.findings.height == 0
    assert result.people["discipline_score_ppm"].item() == 1_000_000


@pytest.mark.parametrize("clock_off_s", [-HOUR_S, HOUR_S])
def test_a_wrong_clock_counts_in_the_way_kinder_to_the_employee(
    build: Build, rules: RuleBook, clock_off_s: int
) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "08:00", "15:30", clock_off_s=clock_off_s)
    day = score_month(month.facts(), rules).days.row(0, named=True)
    assert day["arrive_at"] == month.at(MONDAY, "07:00" if clock_off_s < 0 else "08:00")
    assert day["leave_at"] == month.at(MONDAY, "15:30" if clock_off_s < 0 else "16:30")


def test_a_wrong_clock_never_takes_a_punch_out_of_its_window(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "07:20", "16:00", clock_off_s=-9_000 * HOUR_S)
    result = score_month(month.facts(), rules)
    assert result.findings.height == 0
    assert result.days["arrive_at"].item() == month.at(MONDAY, "07:20")


def test_a_punch_with_two_instants_still_serves_one_scan_only(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "07:20", clock_off_s=9 * HOUR_S)
    day = score_month(month.facts(), rules).days.row(0, named=True)
    assert day["arrive_at"] == datetime(2026, 9, 7, 0, 20, tzinfo=UTC)
    assert day["leave_at"] is None


def test_a_punch_of_somebody_unknown_to_the_month_is_left_alone(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:20", "16:00", nip="1")
    assert score_month(month.facts(), rules).findings["code"].to_list() == ["TK"]
