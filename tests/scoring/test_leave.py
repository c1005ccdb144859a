"""What leave costs: days that cost a percentage, and shares of the allowance that are not paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ekinerja_agent.rules import AbsenceKind, Base, LeavePay, LeaveStep, RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.discipline.leave import paid_ppm
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
Changed = Callable[..., RuleBook]
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)

BESAR = AbsenceKind(
    "cuti_besar",
    0,
    pay=LeavePay(
        (LeaveStep(1, 1, 500_000), LeaveStep(2, 2, 250_000), LeaveStep(3, None, 100_000)), short_case_ppm=1_000_000
    ),
)
SICK_BY_LENGTH = AbsenceKind(
    "cuti_sakit",
    0,
    pay=LeavePay((LeaveStep(1, 2, 1_000_000), LeaveStep(3, 14, 750_000), LeaveStep(15, None, 500_000)), by_length=True),
)
MISCARRIAGE = AbsenceKind(
    "keguguran", 0, pay=LeavePay((LeaveStep(1, 1, 1_000_000), LeaveStep(2, None, 990_000, less_per_day_ppm=10_000)))
)
BIRTH = AbsenceKind(
    "cuti_melahirkan", 0, late_child_from=3, late_child_pay=LeavePay((LeaveStep(1, 1, 600_000), LeaveStep(2, None, 0)))
)


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "child", "paid_pct"),
    [
        (BESAR, date(2026, 9, 30), date(2026, 9, 1), date(2026, 9, 30), None, 100),  # a day less than a month
        (BESAR, date(2026, 9, 1), date(2026, 9, 1), date(2026, 10, 1), None, 50),
        (BESAR, date(2026, 9, 30), date(2026, 9, 1), date(2026, 11, 30), None, 50),
        (BESAR, date(2026, 10, 1), date(2026, 9, 1), date(2026, 11, 30), None, 25),
        (BESAR, date(2027, 1, 5), date(2026, 9, 1), date(2027, 1, 5), None, 10),
        (BESAR, date(2026, 2, 27), date(2026, 1, 31), date(2026, 3, 31), None, 50),
        (BESAR, date(2026, 2, 28), date(2026, 1, 31), date(2026, 3, 31), None, 25),  # the last day of a short month
        (SICK_BY_LENGTH, MONDAY, MONDAY, TUESDAY, None, 100),
        (SICK_BY_LENGTH, MONDAY, MONDAY, date(2026, 9, 9), None, 75),
        (SICK_BY_LENGTH, MONDAY, MONDAY, date(2026, 9, 21), None, 50),
        (MISCARRIAGE, date(2026, 10, 6), MONDAY, date(2026, 12, 31), None, 100),
        (MISCARRIAGE, date(2026, 10, 7), MONDAY, date(2026, 12, 31), None, 99),
        (MISCARRIAGE, date(2026, 10, 17), MONDAY, date(2026, 12, 31), None, 89),
        (MISCARRIAGE, date(2027, 9, 7), MONDAY, date(2027, 12, 31), None, 0),
        (BIRTH, MONDAY, MONDAY, TUESDAY, 2, 100),
        (BIRTH, MONDAY, MONDAY, TUESDAY, 3, 60),
        (BIRTH, date(2026, 10, 7), MONDAY, date(2026, 10, 7), 4, 0),
    ],
)
def test_the_share_that_is_paid(
    kind: AbsenceKind, day: date, first: date, last: date, child: int | None, paid_pct: int
) -> None:
    assert paid_ppm(kind, day, first, last, child) == paid_pct * 10_000


def test_leave_is_taken_of_the_whole_allowance_by_working_days(build: Build, rules: RuleBook, changed: Changed) -> None:
    month = build().person().absence(date(2026, 9, 1), date(2026, 9, 30), kind="cuti_sakit")
    month.rows["absences"][0] |= {"case_first": date(2026, 7, 1)}  # the third month of the case begins
    third = AbsenceKind("cuti_sakit", 360, pay=LeavePay((LeaveStep(1, 2, 1_000_000), LeaveStep(3, None, 250_000))))
    result = score_month(month.facts(), changed(rules, absences={"cuti_sakit": third}))
    person = result.people.row(0, named=True)
    assert person["days_excused"] == 22
    assert person["leave_deduction_rp"] == 3_000_000
    assert person["payable_rp"] == 1_000_000
    assert person["discipline_score_ppm"] == 1_000_000


def test_part_of_a_month_counts_by_working_days_and_never_takes_more_than_there_is(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    unpaid = AbsenceKind("cltn", 0, pay=LeavePay((LeaveStep(1, None, 0),)))
    month = build().person(allowance_rp=2_200_000).absence(MONDAY, TUESDAY, kind="cltn")
    for day in range(1, 31):
        month.punch(date(2026, 9, day), "07:30", "16:30")
    person = score_month(month.facts(), changed(rules, absences={"cltn": unpaid})).people.row(0, named=True)
    assert person["leave_deduction_rp"] == 200_000
    assert person["payable_rp"] == 680_000  # 880,000 of discipline, nothing of performance
    whole = build().person().absence(date(2026, 9, 1), date(2026, 9, 30), kind="cltn")
    person = score_month(whole.facts(), changed(rules, absences={"cltn": unpaid})).people.row(0, named=True)
    assert person["payable_rp"] == 0
    assert person["leave_deduction_rp"] == person["discipline_rp"] + person["performance_rp"] == 1_600_000


def test_a_day_of_leave_that_costs_is_a_finding_and_stays_excused(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    costly = changed(rules, absences={"cuti_sakit": AbsenceKind("cuti_sakit", 0, deduction_ppm=30_000)}, base=Base.BOTH)
    month = build().person(valid_from=MONDAY, valid_to=TUESDAY).absence(MONDAY, kind="cuti_sakit")
    month.punch(TUESDAY, "07:30", "16:00")
    result = score_month(month.facts(), costly)
    found = result.findings.select("date", "code", "scan", "deduction_ppm", "base", "reference").rows()
    assert found == [(MONDAY, "CUTI_SAKIT", None, 30_000, "both", "800/1")]
    assert result.days["state"].to_list() == ["excused", "present"]
    assert result.findings["deduction_rp"].item() == 120_000


def test_of_several_documents_of_a_day_the_kindest_counts(build: Build, rules: RuleBook, changed: Changed) -> None:
    kinds = {"izin": AbsenceKind("izin", 0, deduction_ppm=10_000), "diklat": AbsenceKind("diklat", 360)}
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).absence(MONDAY).absence(MONDAY, kind="diklat")
    result = score_month(month.facts(), changed(rules, absences=kinds))
    assert result.findings.is_empty()
    assert result.people["credited_minutes"].item() == 360
