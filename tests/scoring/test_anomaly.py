"""When many of an office share one finding at one terminal, a person looks before it costs anyone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ekinerja_agent.rules import MassAnomaly, RuleBook
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
Changed = Callable[..., RuleBook]
MONDAY = date(2026, 9, 7)


@pytest.fixture
def watchful(rules: RuleBook, changed: Changed) -> RuleBook:
    return changed(rules, mass_anomaly=MassAnomaly(800_000, 8))


def office(build: Build, late: int, on_time: int, clock: str = "08:30") -> MonthBuilder:
    month = build()
    for number in range(late + on_time):
        nip = f"{number:018}"
        month.person(nip, valid_from=MONDAY, valid_to=MONDAY)
        month.punch(MONDAY, clock if number < late else "07:20", "16:00", nip=nip)
    return month


@pytest.mark.parametrize(("late", "on_time", "waits"), [(8, 2, True), (8, 3, False), (7, 0, False), (40, 10, True)])
def test_enough_people_and_a_large_enough_share_make_an_anomaly(
    build: Build, watchful: RuleBook, late: int, on_time: int, waits: bool
) -> None:
    result = score_month(office(build, late, on_time).facts(), watchful)
    assert result.pending.height == (late if waits else 0)
    assert result.findings.height == (0 if waits else late)


def test_the_reason_says_what_a_person_can_do(build: Build, watchful: RuleBook) -> None:
    result = score_month(office(build, 9, 0).facts(), watchful)
    assert result.pending["reason"].unique().to_list() == [
        (
            "9 of 9 in DINKES share a finding at T on 2026-09-07: decide whether it failed "
            "(import outages, approved or rejected)"
        )
    ]


def test_an_office_that_is_wholly_absent_waits_too(build: Build, watchful: RuleBook) -> None:
    month = build()
    for number in range(9):
        month.person(f"{number:018}", valid_from=MONDAY, valid_to=MONDAY)
    assert score_month(month.facts(), watchful).pending.height == 9


@pytest.mark.parametrize(("status", "codes"), [("approved", []), ("rejected", ["TL2"]), ("pending", [])])
def test_a_decision_about_an_outage_answers_the_question(
    build: Build, watchful: RuleBook, status: str, codes: list[str]
) -> None:
    month = office(build, 9, 0)
    month.outage(month.at(MONDAY, "07:00"), month.at(MONDAY, "08:30"), status=status)
    result = score_month(month.facts(), watchful)
    assert result.findings["code"].unique().to_list() == codes
    assert result.pending.height == (9 if status == "pending" else 0)


def test_a_decision_about_another_time_answers_nothing(build: Build, watchful: RuleBook) -> None:
    month = office(build, 9, 0)
    month.outage(month.at(MONDAY, "15:00"), month.at(MONDAY, "15:30"), status="rejected")
    assert score_month(month.facts(), watchful).pending.height == 9


def test_people_of_two_terminals_are_two_groups(build: Build, watchful: RuleBook) -> None:
    month = build()
    for number in range(10):
        nip = f"{number:018}"
        month.person(nip, terminals=("T1" if number < 5 else "T2",), valid_from=MONDAY, valid_to=MONDAY)
        month.punch(MONDAY, "08:30", "16:00", nip=nip)
    assert score_month(month.facts(), watchful).findings.height == 10
