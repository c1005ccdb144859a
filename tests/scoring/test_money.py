"""Minutes and percent become rupiah: exact, rounded half up once, parts that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ekinerja_agent.rules import AbsenceDay, RuleBook, Target
from ekinerja_agent.scoring import percent_text, score_month
from ekinerja_agent.scoring.frames.exact import round_half_up, wide
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
NIP = "199001012015011001"
MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)


def paid(month: MonthBuilder, rules: RuleBook) -> dict[str, Any]:
    return score_month(month.facts(), rules).people.row(0, named=True)


@given(st.integers(0, 10**30), st.integers(1, 10**12))
@example(1, 2)
@example(3, 2)
def test_a_half_goes_up_and_nothing_else_is_lost(numerator: int, denominator: int) -> None:
    frame = pl.DataFrame({"n": [numerator % (10**18 * denominator)]}, schema={"n": pl.Int128})
    [[rounded]] = frame.select(round_half_up(wide(pl.col("n")), denominator)).rows()
    off = Fraction(rounded) - Fraction(frame["n"].item(), denominator)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("ppm", "text"),
    [(897_500, "89.75"), (1_000_000, "100"), (0, "0"), (1, "0.0001"), (100_000, "10"), (-5_000, "-0.5")],
)
def test_percent_is_shown_shortest(ppm: int, text: str) -> None:
    assert percent_text(ppm) == text


@given(st.integers(-(10**9), 10**9))
def test_percent_text_is_exact(ppm: int) -> None:
    assert Fraction(percent_text(ppm)) * 10_000 == ppm


def test_a_whole_deduction_is_taken_after_both_parts(build: Build, rules: RuleBook) -> None:
    month = build(profile="hsu").person(valid_from=MONDAY, valid_to=FRIDAY, allowance_rp=3_333_333)
    for day in (7, 8, 9):
        month.punch(date(2026, 9, day), "07:20", "12:05", "12:50", "16:00")
    person = paid(month, rules)
    assert (person["discipline_score_ppm"], person["discipline_deduction_ppm"]) == (1_000_000, 0)
    assert person["whole_deduction_rp"] == 66_667
    assert person["discipline_rp"] == 1_333_333
    assert person["payable_rp"] == 1_266_667
    assert person["performance_rp"] == 1_266_667 + 66_667 - 1_333_333


def test_a_whole_deduction_takes_no_more_than_there_is(build: Build, rules: RuleBook) -> None:
    profile = rules.profile("hsu")
    [entry] = profile.absence_day.entries
    harsh = replace(profile.absence_day, entries=(replace(entry, value=AbsenceDay(300_000)),))
    [cap] = profile.day_cap.entries
    open_cap = replace(profile.day_cap, entries=(replace(cap, value=None),))
    rules = replace(rules, profiles={"hsu": replace(profile, absence_day=harsh, day_cap=open_cap)})
    person = paid(build(profile="hsu").person(valid_from=MONDAY, valid_to=FRIDAY), rules)
    assert (person["payable_rp"], person["whole_deduction_rp"], person["performance_rp"]) == (0, 1_600_000, 0)


def test_a_deduction_of_both_shortens_each_part(build: Build, rules: RuleBook) -> None:
    month = build(profile="both-parts").person(valid_from=MONDAY, valid_to=MONDAY)
    month.add("activities", nip=NIP, day=MONDAY, minutes=450)
    result = score_month(month.facts(), rules)
    person = result.people.row(0, named=True)
    assert result.findings["deduction_rp"].to_list() == [120_000]
    assert (person["discipline_rp"], person["performance_rp"]) == (1_552_000, 2_328_000)
    assert person["performance_score_ppm"] == 970_000


def test_discipline_never_falls_below_nothing(build: Build, rules: RuleBook) -> None:
    profile = rules.profile("tpp-model")
    [entry] = profile.absence_day.entries
    harsh = replace(profile.absence_day, entries=(replace(entry, value=AbsenceDay(400_000)),))
    rules = replace(rules, profiles={"tpp-model": replace(profile, absence_day=harsh)})
    person = paid(build().person(valid_from=MONDAY, valid_to=FRIDAY), rules)
    assert (person["discipline_score_ppm"], person["discipline_rp"], person["payable_rp"]) == (0, 0, 0)


def test_who_has_no_allowance_is_scored_and_paid_nothing(build: Build, rules: RuleBook) -> None:
    result = score_month(build().person(allowance_rp=None).facts(), rules)
    assert result.people.select("base_rp", "payable_rp").row(0) == (0, 0)
    assert result.findings["deduction_ppm"].sum() == 22 * 30_000


def test_approved_minutes_count_up_to_the_duty_minutes_of_their_day(build: Build, rules: RuleBook) -> None:
    month = build().person()
    month.add("activities", nip=NIP, day=MONDAY, minutes=300).add("activities", nip=NIP, day=MONDAY, minutes=300)
    month.add("activities", nip=NIP, day=date(2026, 9, 12), minutes=200)
    month.add("activities", nip=NIP, day=FRIDAY, minutes=120)
    assert paid(month, rules)["approved_minutes"] == 570


def test_credited_minutes_come_from_whole_days_of_kinds_that_credit(build: Build, rules: RuleBook) -> None:
    month = build(profile="hsu").person().absence(date(2026, 9, 3), date(2026, 9, 7), kind="dinas_luar")
    month.absence(MONDAY, kind="diklat").absence(date(2026, 9, 8), kind="cuti_sakit")
    month.absence(date(2026, 9, 9), kind="diklat", status="pending")
    assert paid(month, rules)["credited_minutes"] == 3 * 360


@pytest.mark.parametrize(
    ("first", "last", "target"),
    [
        (date(2026, 9, 1), date(2026, 9, 30), 6_750),
        (MONDAY, MONDAY, 306),
        (date(2026, 9, 16), None, 3_375),
        (None, date(2026, 9, 2), 613),
    ],
)
def test_entrants_and_leavers_owe_their_share_of_the_target(
    build: Build, rules: RuleBook, first: date | None, last: date | None, target: int
) -> None:
    assert paid(build().person(valid_from=first, valid_to=last), rules)["target_minutes"] == target


def test_a_month_with_few_working_days_can_be_reached(build: Build, rules: RuleBook) -> None:
    month = build(month=date(2026, 2, 1)).person()
    person = paid(month, rules)
    minutes = score_month(month.facts(), rules).days["required_minutes"].sum()
    assert person["working_days"] == 18
    assert minutes == 11 * 450 + 7 * 390
    assert person["target_minutes"] == 6_750
    for day in (2, 3, 4, 5):
        month.add("calendar", day=date(2026, 2, day), unit="*", kind="libur_daerah", name="x", source="SK")
    assert paid(month, rules)["target_minutes"] == (7 * 450 + 7 * 390) * 9 // 10


def test_a_unit_that_begins_in_the_month_still_has_a_full_month(build: Build, rules: RuleBook) -> None:
    month = build().unit(valid_from=date(2026, 9, 16)).person(valid_from=date(2026, 9, 16))
    assert paid(month, rules)["target_minutes"] == 3_375


def test_without_a_target_the_score_is_full(build: Build, rules: RuleBook) -> None:
    profile = rules.profile("tpp-model")
    [entry] = profile.target.entries
    free = replace(profile.target, entries=(replace(entry, value=Target(0, None, None, None)),))
    rules = replace(rules, profiles={"tpp-model": replace(profile, target=free)})
    assert paid(build().person(), rules)["performance_score_ppm"] == 1_000_000


def test_a_third_of_a_rupiah_is_not_lost_before_the_end(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY, allowance_rp=1_001).punch(MONDAY, "07:31", "16:00")
    month.add("activities", nip=NIP, day=MONDAY, minutes=102)
    person = paid(month, rules)
    exact = Fraction(1_001) * (Fraction(2, 5) * Fraction(995, 1_000) + Fraction(3, 5) * Fraction(102, 306))
    assert person["payable_rp"] == int(exact + Fraction(1, 2))
    assert person["performance_score_ppm"] == 333_333
