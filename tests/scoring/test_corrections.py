"""Forgotten and impossible scans: what an approved correction changes, and what an undecided one holds back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import MonthResult, score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
NIP = "199001012015011001"
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)


def correction(month: MonthBuilder, scan: str, clock: str | None, **changes: Any) -> MonthBuilder:
    at = None if clock is None else time.fromisoformat(clock)
    usual = {"nip": NIP, "day": MONDAY, "action": "add", "status": "approved", "reference": "correction/7"}
    return month.add("corrections", **{**usual, "scan": scan, "time": at, **changes})


def monday(build: Build, *clocks: str) -> MonthBuilder:
    return build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, *clocks)


def test_a_scan_that_was_forgotten_counts_as_made(build: Build, rules: RuleBook) -> None:
    result = score_month(correction(monday(build, "16:00"), "arrive", "07:40").facts(), rules)
    assert result.findings.select("code", "minutes").rows() == [("TL1", 10)]
    assert result.findings["punch_ids"].to_list() == [["correction/7"]]
    assert result.days["arrive_punch"].item() == "correction/7"


def test_a_day_with_nothing_but_a_correction_is_no_absence(build: Build, rules: RuleBook) -> None:
    month = correction(monday(build), "arrive", "07:30")
    correction(month, "leave", "16:00", reference="correction/8")
    result = score_month(month.facts(), rules)
    assert result.findings.is_empty()
    assert result.people["days_present"].item() == 1


@pytest.mark.parametrize(
    ("scan", "clock", "shown"),
    [("arrive", "07:20", "07:20"), ("arrive", "07:50", "07:40"), ("leave", "16:10", "16:10")],
)
def test_of_punch_and_correction_the_kinder_counts(
    build: Build, rules: RuleBook, scan: str, clock: str, shown: str
) -> None:
    month = correction(monday(build, "07:40", "15:50"), scan, clock)
    result = score_month(month.facts(), rules)
    assert result.days[f"{scan}_at"].item() == month.at(MONDAY, shown)


def test_a_scan_that_was_not_the_persons_is_taken_away(build: Build, rules: RuleBook) -> None:
    month = correction(monday(build, "07:20", "16:00"), "arrive", None, action="void")
    assert score_month(month.facts(), rules).findings["code"].to_list() == ["TAM"]


def test_an_added_scan_beats_one_taken_away(build: Build, rules: RuleBook) -> None:
    month = correction(monday(build, "07:20", "16:00"), "arrive", None, action="void")
    correction(month, "arrive", "07:35", reference="correction/8")
    assert score_month(month.facts(), rules).findings.select("code", "minutes").rows() == [("TL1", 5)]


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_only_an_approved_correction_counts(build: Build, rules: RuleBook, status: str) -> None:
    result = score_month(correction(monday(build, "16:00"), "arrive", "07:30", status=status).facts(), rules)
    assert result.days["arrive_at"].item() is None
    assert result.days["state"].item() == ("pending" if status == "pending" else "present")


def test_an_undecided_correction_holds_back_an_absence(build: Build, rules: RuleBook) -> None:
    result = score_month(correction(monday(build), "arrive", "07:30", status="pending").facts(), rules)
    assert result.pending["reason"].to_list() == ["a correction is undecided: correction/7"]


def test_an_undecided_correction_of_a_faultless_scan_holds_back_nothing(build: Build, rules: RuleBook) -> None:
    month = correction(monday(build, "07:20", "16:00"), "leave", "17:00", status="pending")
    assert score_month(month.facts(), rules).pending.is_empty()


def test_a_scan_after_midnight_belongs_to_the_night_that_began_before(build: Build, rules: RuleBook) -> None:
    month = build().person(schedule="three-shifts", valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "21:00")
    month.add("rosters", nip=NIP, day=MONDAY, shift="malam")
    result = score_month(correction(month, "leave", "08:05").facts(), rules)
    assert result.days["leave_at"].item() == month.at(TUESDAY, "08:05")
    assert result.findings.is_empty()


def test_of_two_duties_of_a_date_the_nearer_one_is_meant(build: Build, rules: RuleBook) -> None:
    month = build().person(schedule="three-shifts", valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "08:00", "14:30", "21:00")
    for shift in ("pagi", "siang"):
        month.add("rosters", nip=NIP, day=MONDAY, shift=shift)
    assert score_month(month.facts(), rules).findings.select("code", "minutes").rows() == [("TL1", 30)]
    assert score_month(correction(month, "arrive", "13:55").facts(), rules).findings.is_empty()


def test_who_signs_a_register_is_judged_by_it_and_never_by_silence(build: Build, rules: RuleBook) -> None:
    def month(*scans: tuple[str, str]) -> MonthResult:
        begun = build().person(valid_from=MONDAY, valid_to=MONDAY, attendance="register", terminals=())
        for number, (scan, clock) in enumerate(scans):
            correction(begun, scan, clock, reference=f"correction/{number}")
        return score_month(begun.facts(), rules)

    signed = month(("arrive", "07:40"), ("leave", "16:00"))
    assert signed.findings.select("code", "minutes").rows() == [("TL1", 10)]
    assert signed.pending.is_empty()
    for scans in ((), (("arrive", "07:40"),)):
        assert month(*scans).pending["reason"].to_list() == ["no enrolment or no terminal known"]
