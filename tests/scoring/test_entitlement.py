"""What the allowance is before deductions, what it is multiplied by, and what is taken of it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import unpack
from ekinerja_agent.rules import AbsenceDay, Base, Factors, Missing, Performance, Productivity, RuleBook, Target
from ekinerja_agent.scoring import score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
Changed = Callable[..., RuleBook]
NIP = "199001012015011001"
MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)
SEPTEMBER = [date(2026, 9, day) for day in range(1, 31)]


def faultless(build: Build, **person: Any) -> MonthBuilder:
    """A month without a finding and with all minutes."""
    month = build().person(**person)
    for day in SEPTEMBER:
        month.punch(day, "07:20", "16:40").add("activities", nip=NIP, day=day, minutes=450)
    return month


def paid(month: MonthBuilder, rules: RuleBook) -> dict[str, Any]:
    person: dict[str, Any] = score_month(month.facts(), rules).people.row(0, named=True)
    parts = sum(person[name] for name in ("discipline_rp", "performance_rp"))
    whole = ("whole_deduction_rp", "leave_deduction_rp", "sanction_rp", "hold_rp")
    assert parts - sum(person[name] for name in whole) == person["payable_rp"]
    return person


def test_criteria_add_up_and_stand_for_the_allowance_of_the_spell(build: Build, rules: RuleBook) -> None:
    month = faultless(build)
    for criterion, amount_e4 in (("beban_kerja", 1_000_000 * 10_000 + 5_000), ("prestasi", 500_000 * 10_000)):
        month.add("allowances", nip=NIP, criterion=criterion, amount_e4=amount_e4)
    month.add("allowances", nip=NIP, criterion="over", amount_e4=9, valid_to=date(2026, 8, 31))
    person = paid(month, rules)
    assert person["base_rp"] == person["payable_rp"] == 1_500_001  # 1,500,000.5, half up


@pytest.mark.parametrize(
    ("status", "multiplier_ppm", "payable_rp"), [("pns", 870_000, 3_480_000), ("cpns", 696_000, 2_784_000)]
)
def test_the_allowance_is_multiplied_by_the_general_factor_and_that_of_the_status(
    build: Build, rules: RuleBook, changed: Changed, status: str, multiplier_ppm: int, payable_rp: int
) -> None:
    rules = changed(rules, factors=Factors(87, {"cpns": 80}, 0))
    person = paid(faultless(build, employment_status=status), rules)
    assert person["base_rp"] == 4_000_000
    assert person["multiplier_ppm"] == multiplier_ppm
    assert person["payable_rp"] == payable_rp


@pytest.mark.parametrize(
    ("kind", "post_rp", "base_rp"),
    [("plt", 3_000_000, 4_600_000), ("plt", 9_000_000, 4_800_000), ("plh", 3_000_000, 4_000_000)],
)
def test_acting_for_a_vacant_post_adds_a_share_of_the_lower_allowance(
    build: Build, rules: RuleBook, kind: str, post_rp: int, base_rp: int
) -> None:
    month = faultless(build).add("assignments", nip=NIP, unit="BKD", kind=kind, allowance_rp=post_rp)
    assert paid(month, rules)["base_rp"] == base_rp


def test_a_transfer_is_paid_by_the_first_spell_unless_the_profile_prorates(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    month = build().unit("DINKES").unit("BKD")
    month.person(allowance_rp=2_200_000, valid_to=date(2026, 9, 14))
    month.person(allowance_rp=4_400_000, unit="BKD", valid_from=date(2026, 9, 15), terminals=())
    for day in SEPTEMBER:
        month.punch(day, "07:20", "16:40").add("activities", nip=NIP, day=day, minutes=450)
    assert paid(month, rules)["base_rp"] == 2_200_000
    person = paid(month, changed(rules, prorate_transfers=True))
    assert person["base_rp"] == 100_000 * 10 + 200_000 * 12  # ten working days and twelve
    assert person["payable_rp"] == 3_400_000


def test_sanctions_and_holds_are_apart_and_take_no_more_than_there_is(build: Build, rules: RuleBook) -> None:
    month = faultless(build)
    month.add("sanctions", nip=NIP, share_ppm=250_000, valid_from=date(2026, 3, 1), valid_to=date(2026, 9, 1))
    month.add("sanctions", nip=NIP, share_ppm=500_000, valid_to=date(2026, 8, 31))
    month.add("holds", nip=NIP, amount_rp=2_000_000, valid_from=date(2026, 9, 30))
    month.add("holds", nip=NIP, amount_rp=5_000_000, valid_from=date(2026, 9, 1))
    person = paid(month, rules)
    assert person["sanction_rp"] == 1_000_000
    assert person["hold_rp"] == 3_000_000
    assert person["payable_rp"] == 0
    assert person["discipline_score_ppm"] == 1_000_000


@pytest.mark.parametrize(("minutes", "performance_rp"), [(6_750, 2_400_000), (6_749, 0)])
def test_performance_by_threshold_is_all_or_nothing(
    build: Build, rules: RuleBook, changed: Changed, minutes: int, performance_rp: int
) -> None:
    rules = changed(rules, performance=Performance(Productivity.THRESHOLD, {}, None))
    month = build().person()
    for day in [day for day in SEPTEMBER if day.weekday() < 5]:
        month.punch(day, "07:20", "16:40").add("activities", nip=NIP, day=day, minutes=min(450, minutes))
        minutes -= min(450, minutes)
    assert paid(month, rules)["performance_rp"] == performance_rp


RATED = Performance(Productivity.RATING, {"baik": 1_000_000, "kurang": 750_000}, 400_000)


@pytest.mark.parametrize(
    ("ratings", "rating", "performance_rp"),
    [
        ([("kurang", date(2026, 1, 1), None)], "kurang", 1_800_000),
        ([("kurang", date(2026, 1, 1), None), ("baik", date(2026, 9, 1), None)], "baik", 2_400_000),
        ([("kurang", date(2026, 1, 1), None), ("baik", date(2026, 9, 2), None)], "kurang", 1_800_000),
        ([("baik", date(2026, 1, 1), date(2026, 8, 31))], None, 960_000),
        ([("sangat_baik", date(2026, 1, 1), None)], None, 960_000),  # the profile has no ratio for it
        ([], None, 960_000),
    ],
)
def test_performance_by_rating_takes_the_newest_that_is_valid_on_the_first_day(
    build: Build, rules: RuleBook, changed: Changed, ratings: list[Any], rating: str | None, performance_rp: int
) -> None:
    month = faultless(build)
    for predicate, first, last in ratings:
        month.add("ratings", nip=NIP, predicate=predicate, valid_from=first, valid_to=last)
    person = paid(month, changed(rules, performance=RATED))
    assert (person["rating"], person["performance_rp"]) == (rating, performance_rp)


def test_a_month_without_a_rating_waits_where_the_profile_has_no_value_for_it(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    waiting = changed(rules, performance=Performance(Productivity.RATING, {"baik": 850_000}, None))
    result = score_month(faultless(build).facts(), waiting)
    assert result.pending.drop("message", "would_cost").rows() == [
        (NIP, date(2026, 9, 1), "no approved rating is valid on 2026-09-01")
    ]
    assert unpack(result.pending["message"].item()).values == {"day": "2026-09-01"}
    assert result.people.select("status", "payable_rp").rows() == [("pending", 4_000_000)]
    signed = faultless(build)
    signed.accept_pending = True
    assert score_month(signed.facts(), waiting).people.select("status", "payable_rp").rows() == [("draft", 4_000_000)]


@pytest.mark.parametrize(
    ("target", "minutes"),
    [
        (Target(6_750, None, None, None), 6_750),
        (Target(None, 300, None, None), 6_600),
        (Target(None, None, 750_000, None), 7_425),
        (Target(None, 300, None, 500_000), 4_950),
    ],
)
def test_the_target_is_of_a_month_of_days_or_of_duty_minutes(
    build: Build, rules: RuleBook, changed: Changed, target: Target, minutes: int
) -> None:
    assert paid(faultless(build), changed(rules, target=target))["target_minutes"] == minutes


def test_absence_takes_its_share_of_the_presence_rounded_to_two_decimals(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    rules = changed(rules, absence_day=AbsenceDay(0, presence_share=True), missing_scan=Missing(15_000))
    month = build().person()
    for day in SEPTEMBER[3:]:
        month.punch(day, "07:20", "16:40")
    result = score_month(month.facts(), rules)  # 1, 2 and 3 September are absent: 19 of 22 days
    assert result.findings.select("code", "deduction_ppm").rows() == [
        ("HADIR", 45_500),
        ("HADIR", 45_400),
        ("HADIR", 45_500),
    ]
    assert result.people["discipline_score_ppm"].item() == 863_600  # 86.36 %


def test_a_month_costs_no_more_than_its_cap(build: Build, rules: RuleBook, changed: Changed) -> None:
    result = score_month(build().person().facts(), changed(rules, month_cap=70_000))
    assert result.findings["deduction_ppm"].to_list()[:4] == [30_000, 30_000, 10_000, 0]
    assert result.people["discipline_deduction_ppm"].item() == 70_000


def test_an_amount_too_large_to_be_exact_is_refused_with_words(build: Build, rules: RuleBook) -> None:
    with pytest.raises(NeedsAttention, match="too large to be computed exactly"):
        score_month(build().person(allowance_rp=10**15).facts(), rules)


def test_a_deduction_of_the_whole_is_of_the_multiplied_allowance(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    rules = changed(rules, factors=Factors(50, {}, 0), base=Base.WHOLE)
    result = score_month(build().person(valid_from=MONDAY, valid_to=MONDAY).facts(), rules)
    assert result.findings["deduction_rp"].item() == 60_000
    assert result.people["whole_deduction_rp"].item() == 60_000
