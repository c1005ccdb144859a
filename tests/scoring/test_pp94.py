"""Unexcused days of the calendar year: the bank, the rungs and the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from ekinerja_agent.rules import RuleBook, Timeline
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
NIP = "199001012015011001"


def earlier(
    month: MonthBuilder, days: int, *, unexcused: bool, until: date = date(2026, 8, 31), bank: int = 0
) -> MonthBuilder:
    for back in range(days):
        day = until - timedelta(days=back)
        month.add("earlier_days", nip=NIP, day=day, unexcused=unexcused, bank_minutes=bank, missing_scans=0)
    return month


def present(build: Build) -> MonthBuilder:
    month = build().person()
    for day in range(1, 31):
        month.punch(date(2026, 9, day), "07:20", "16:40")
    return month


def judged(month: MonthBuilder, rules: RuleBook) -> dict[str, Any]:
    return score_month(month.facts(), rules).people.row(0, named=True)


@pytest.mark.parametrize(
    ("days", "threshold"),
    [
        *((2, None), (3, "rung-3"), (4, "rung-4"), (6, "rung-4"), (7, "rung-7"), (10, "rung-7")),
        *((11, "rung-11"), (13, "rung-11"), (14, "rung-14"), (16, "rung-14"), (17, "rung-17")),
        *((20, "rung-17"), (21, "rung-21"), (24, "rung-21"), (25, "rung-25"), (27, "rung-25"), (28, "rung-28")),
    ],
)
def test_the_ladder_at_every_boundary(build: Build, rules: RuleBook, days: int, threshold: str | None) -> None:
    month = present(build)
    for number in range(days):
        day = date(2026, 3, 1) + timedelta(days=2 * number)
        month.add("earlier_days", nip=NIP, day=day, unexcused=True, bank_minutes=0, missing_scans=0)
        month.add(
            "earlier_days", nip=NIP, day=day + timedelta(days=1), unexcused=False, bank_minutes=0, missing_scans=0
        )
    person = judged(month, rules)
    assert (person["days_this_year"], person["threshold"], person["unexcused_days"]) == (days, threshold, 0)


@pytest.mark.parametrize(("minutes", "bank"), [(0, 30), (90, 300)])
def test_missing_scans_are_banked_where_the_rule_gives_them_minutes(
    build: Build, rules: RuleBook, minutes: int, bank: int
) -> None:
    """One missed in March, two in September: one of each end. A day without any scan is a day, not two scans."""
    rule = rules.unexcused.on(date(2026, 9, 30))
    counted = replace(rule, value=replace(rule.value, missing_scan_minutes=minutes))
    month = present(build)
    month.add("earlier_days", nip=NIP, day=date(2026, 3, 2), unexcused=False, bank_minutes=30, missing_scans=1)
    month.rows["punches"] = [row for row in month.rows["punches"] if row["at"].day not in (7, 8, 9)]
    month.punch(date(2026, 9, 7), "07:20")
    month.punch(date(2026, 9, 8), "16:40")
    result = score_month(month.facts(), replace(rules, unexcused=Timeline("unexcused", (counted,))))
    assert result.people["bank_minutes_year"].item() == bank
    assert dict(result.days.filter(pl.col("missing_scans") > 0).select("date", "missing_scans").iter_rows()) == {
        date(2026, 9, 7): 1,
        date(2026, 9, 8): 1,
    }


def test_s19_banked_minutes_become_days_and_the_remainder_stays(build: Build, rules: RuleBook) -> None:
    month = earlier(present(build), 1, unexcused=False, bank=885)
    month.rows["punches"] = [row for row in month.rows["punches"] if row["at"].day not in (7, 8, 11)]
    month.punch(date(2026, 9, 11), "07:45:20", "16:00:00")
    person = judged(month, rules)
    assert (person["bank_minutes_year"], person["converted_days"]) == (930, 2)
    assert (person["days_this_year"], person["threshold"]) == (4, "rung-4")


@pytest.mark.parametrize(("before", "reached"), [(0, date(2026, 9, 14)), (3, date(2026, 9, 9)), (9, date(2026, 9, 1))])
def test_a_run_crosses_months_and_skips_days_without_duty(
    build: Build, rules: RuleBook, before: int, reached: date
) -> None:
    person = judged(earlier(build().person(), before, unexcused=True), rules)
    assert person["longest_run"] == before + 22
    assert person["run_reached_on"] == reached
    assert person["threshold"] == "run"


def test_nine_days_are_no_run_and_a_working_day_ends_one(build: Build, rules: RuleBook) -> None:
    month = build().person().punch(date(2026, 9, 14), "07:20", "16:00")
    month.punch(date(2026, 9, 24), "07:20", "16:00")
    person = judged(month, rules)
    assert (person["longest_run"], person["run_reached_on"]) == (9, None)
    assert person["threshold"] == "rung-17"


def test_an_excused_day_ends_a_run(build: Build, rules: RuleBook) -> None:
    month = build().person().absence(date(2026, 9, 14)).absence(date(2026, 9, 24))
    assert judged(month, rules)["longest_run"] == 9


@pytest.mark.parametrize(("status", "threshold"), [("cpns", "run"), ("pppk", None), ("non_asn", None)])
def test_levels_are_only_for_those_whom_the_rule_judges(
    build: Build, rules: RuleBook, status: str, threshold: str | None
) -> None:
    person = judged(build().person(employment_status=status), rules)
    assert (person["unexcused_days"], person["threshold"]) == (22, threshold)


def test_minutes_of_a_day_that_waits_are_not_banked(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=date(2026, 9, 7), valid_to=date(2026, 9, 8))
    for day in (7, 8):
        month.punch(date(2026, 9, day), "08:00", "16:00")
    month.absence(date(2026, 9, 8), status="pending")
    result = score_month(month.facts(), rules)
    assert result.days["late_minutes"].to_list() == [30, 30]
    assert result.people["bank_minutes_year"].item() == 30
