"""Forms of values that no shipped profile uses, read as a person means them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import (
    IndicatorPart,
    Indicators,
    LeavePay,
    LeaveStep,
    MassAnomaly,
    PlanEffect,
    PlanRule,
    Profile,
    Target,
)

Edited = Callable[..., Path]
DAY = date(2026, 9, 7)


@pytest.fixture
def with_value(edited: Edited) -> Callable[[str, str], Profile]:
    """Gives the profile mempawah one more value."""

    def load(key: str, value: str) -> Profile:
        path = edited() / "profiles/mempawah.yaml"
        text = path.read_text().partition("\nabsences:")[0] if key == "absences" else path.read_text()
        path.write_text(f"{text}\n{key}: [{{from: 2021-01-01, source: x, mark: I, value: {value}}}]\n")
        return load_rulebook(edited()).profile("mempawah")

    return load


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("{minutes_per_day: 300, duty_cap_pct: none}", Target(None, 300, None, None)),
        ("{duty_pct: 80, duty_cap_pct: 100}", Target(None, None, 800_000, 1_000_000)),
    ],
)
def test_a_target_by_the_day_or_as_a_share_of_duty(
    with_value: Callable[[str, str], Profile], value: str, target: Target
) -> None:
    assert with_value("target_minutes", value).target.on(DAY).value == target


def test_limits_that_are_numbers(with_value: Callable[[str, str], Profile]) -> None:
    assert with_value("corrections_per_month", "3").corrections_per_month.on(DAY).value == 3
    assert with_value("month_cap", "25").month_cap.on(DAY).value == 250_000
    assert with_value("transfers", "prorate").prorate_transfers.on(DAY).value is True
    mass = with_value("mass_anomaly", "{share_pct: 66.6667, least_people: 5}").mass_anomaly.on(DAY).value
    assert mass == MassAnomaly(666_667, 5)


def test_no_mass_anomaly(with_value: Callable[[str, str], Profile]) -> None:
    assert with_value("mass_anomaly", "none").mass_anomaly.on(DAY).value is None


def test_plans_that_cost_and_indicators_as_parts(with_value: Callable[[str, str], Profile]) -> None:
    limits = "on_track_behind_pct: 2.5, attention_behind_pct: 20, gap_pct: 5"
    value = f"{{{limits}, effect: {{critical_pct: 3, late_pct: 2, most_pct: 10}}}}"
    plans = with_value("plans", value).plans.on(DAY).value
    assert plans == PlanRule(25_000, 200_000, 50_000, PlanEffect(30_000, 20_000, 100_000))
    value = "{work_pct: 70, parts: [{code: budget_absorption, of: unit, weight_pct: 30}]}"
    indicators = with_value("indicators", value).indicators.on(DAY).value
    assert indicators == Indicators(700_000, (IndicatorPart("budget_absorption", "unit", 300_000),))


def test_a_weekday_that_is_named_beats_every_day(with_value: Callable[[str, str], Profile]) -> None:
    value = "{krida: {every_day: 1, friday: 0, sunday: 2, in_ramadan: true, base: both}}"
    events = with_value("events", value).events.on(DAY).value
    assert events["krida"].weekdays_ppm == (10_000, 10_000, 10_000, 10_000, 0, 10_000, 20_000)
    assert set(events) == {"krida"}


def test_leave_pay_by_the_length_of_a_case_and_by_the_number_of_a_child(
    with_value: Callable[[str, str], Profile],
) -> None:
    # Permentan 68/2012: sick 1-2 days 100, 3-14 days 75, later 50; maternity of the third child 60/30/20.
    sick = (
        "{credited_minutes: 0, pay: {by_length: [{from: 1, to: 2, paid_pct: 100}, {from: 3, to: 14, paid_pct: 75}, "
        "{from: 15, paid_pct: 50}]}}"
    )
    birth = (
        "{credited_minutes: 0, late_child: {from_number: 3, pay: {by_month: [{from: 1, to: 1, paid_pct: 60}, "
        "{from: 2, to: 2, paid_pct: 30}, {from: 3, paid_pct: 20}]}}}"
    )
    kinds = with_value("absences", f"{{cuti_sakit: {sick}, cuti_melahirkan: {birth}, umrah: {{credited_minutes: 0}}}}")
    by_name = kinds.absences.on(DAY).value
    assert list(by_name) == ["cuti_melahirkan", "cuti_sakit", "umrah"]
    assert by_name["cuti_sakit"].pay == LeavePay(
        (LeaveStep(1, 2, 1_000_000), LeaveStep(3, 14, 750_000), LeaveStep(15, None, 500_000)), by_length=True
    )
    birth_kind = by_name["cuti_melahirkan"]
    assert birth_kind.pay is None
    assert birth_kind.late_child_from == 3
    assert birth_kind.late_child_pay == LeavePay(
        (LeaveStep(1, 1, 600_000), LeaveStep(2, 2, 300_000), LeaveStep(3, None, 200_000))
    )
