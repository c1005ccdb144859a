"""Flexible start: what is late in the morning is made good in the evening, or costs what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from ekinerja_agent.rules import Band, FlexibleStart, RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
Changed = Callable[..., RuleBook]
MONDAY = date(2026, 9, 7)
KT = (Band(1, 30, "KT1", 10_000), Band(31, 60, "KT2", 12_500), Band(61, None, "KT3", 25_000))


@pytest.fixture
def flexible(rules: RuleBook, changed: Changed) -> RuleBook:
    return changed(rules, flexible_start=FlexibleStart(90, KT))


@pytest.mark.parametrize(
    ("arrive", "leave", "found"),
    [
        ("07:30:59", "16:00:00", []),
        ("08:10:00", "16:40:00", []),  # 40 minutes late, 40 minutes made good
        ("08:10:00", "16:39:59", [("KT1", 1)]),
        ("08:10:00", "16:00:00", [("KT2", 40)]),
        ("09:00:00", "17:30:00", []),
        ("09:00:00", "16:00:00", [("KT3", 90)]),
        ("09:31:00", "17:30:00", [("TL2", 31)]),  # 31 minutes beyond the flexible time; 90 were made good
        ("09:31:00", "16:00:00", [("TL2", 31), ("KT3", 90)]),  # beyond 90 still owes 90
        ("08:10:00", "15:50:00", [("PSW1", 10), ("KT2", 40)]),
        ("08:10:00", None, [("TAP", None)]),  # a missing scan costs by itself
        (None, "16:00:00", [("TAM", None)]),
    ],
)
def test_what_was_not_made_good_costs(
    build: Build, flexible: RuleBook, arrive: str | None, leave: str | None, found: list[tuple[str, int | None]]
) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, *filter(None, (arrive, leave)))
    result = score_month(month.facts(), flexible)
    assert result.findings.select("code", "minutes").rows() == found


def test_time_owed_is_not_banked_as_lateness(build: Build, flexible: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "08:10", "16:00")
    assert score_month(month.facts(), flexible).people["bank_minutes_year"].item() == 0


def test_time_owed_waits_while_an_earlier_arrival_may_be_missing(build: Build, flexible: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "08:10", "16:00")
    month.covered(month.at(MONDAY, "07:00"), month.at(MONDAY, "23:59").replace(year=2027))
    result = score_month(month.facts(), flexible)
    assert result.days["state"].to_list() == ["pending"]


def test_minutes_within_the_tolerance_count_as_none_and_beyond_it_all_count(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    arrive, leave = rules.profiles["tpp-model"].scans.entries[0].value
    tolerant = changed(rules, scans=(replace(arrive, tolerance_min=5), leave))
    for clock, minutes in (("07:35:59", 0), ("07:36:00", 6)):
        month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, clock, "16:00")
        assert score_month(month.facts(), tolerant).days["late_minutes"].item() == minutes
