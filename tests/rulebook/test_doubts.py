"""Where "one more punch never adds a deduction" is promised, and where `config check` has to warn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ekinerja_agent.rulebook import fairness_doubts, load_rulebook

Edited = Callable[..., Path]
FOUR = "profiles/four-scan-example.yaml"


def test_a_cap_and_the_kinder_punch_leave_no_doubt(shipped: Path) -> None:
    book = load_rulebook(shipped)
    assert fairness_doubts(book.profile("hsu")) == ()
    assert fairness_doubts(book.profile("four-scan-example")) == ()


def test_no_cap_is_a_doubt(shipped: Path) -> None:
    (doubt,) = fairness_doubts(load_rulebook(shipped).profile("tpp-model"))
    assert doubt == "there is no day_cap, so a day with scans may cost more than a day without (from 2021-01-01)"


@pytest.mark.parametrize(
    ("old", "new", "doubt"),
    [
        ("value: 3,", "value: 3.5,", "day_cap 3.5 % is more than absence_day 3 %"),
        ("closes: 269m, takes: first", "closes: 269m, takes: last", "arrive takes the last punch of its window"),
        ("closes: 479m, takes: last", "closes: 479m, takes: first", "leave takes the first punch of its window"),
        (
            "{from_min: 1, to_min: 30, deduction_pct: 0.5}",
            "{from_min: 1, to_min: 30, deduction_pct: 1.55}",
            "break_in may cost 1.55 %, more than",
        ),
    ],
)
def test_what_makes_a_punch_harmful_is_a_doubt(edited: Edited, old: str, new: str, doubt: str) -> None:
    (only,) = fairness_doubts(load_rulebook(edited(FOUR, old, new)).profile("four-scan-example"))
    assert only.startswith(doubt)


def test_a_doubt_names_the_day_from_which_it_holds(edited: Edited) -> None:
    new = "value: 3, source: x, mark: I}\n  - {from: 2026-07-01, value: none,"
    (doubt,) = fairness_doubts(load_rulebook(edited(FOUR, "value: 3,", new)).profile("four-scan-example"))
    assert doubt.endswith("(from 2026-07-01)")


def test_days_before_all_values_began_are_passed_over(edited: Edited) -> None:
    book = load_rulebook(edited(FOUR, "{from: 2021-01-01, value: 3,", "{from: 2020-01-01, value: 3,"))
    assert fairness_doubts(book.profile("four-scan-example")) == ()


def doubts_with(edited: Edited, old: str, new: str) -> list[str]:
    found = fairness_doubts(load_rulebook(edited(FOUR, old, new)).profile("four-scan-example"))
    return [doubt.removesuffix(" (from 2021-01-01)") for doubt in found]


def test_a_class_that_the_window_or_the_tolerance_does_not_reach_is_no_doubt(edited: Edited) -> None:
    dear = "{from_min: 91, deduction_pct: 1.55}"
    assert doubts_with(edited, "{from_min: 91, deduction_pct: 1.5}", dear) == []
    late = "closes: 30m, takes: last, tolerance_min: 30} # 12:31"
    assert doubts_with(edited, "closes: 30m, takes: first} # 12:31", late) == []
    edited(FOUR, "tolerance_min: 30", "tolerance_min: 29")
    assert doubts_with(edited, "", "") == ["break_in takes the last punch of its window"]


def test_minutes_without_a_cap_of_their_own_may_cost_more_than_the_missing_scan(edited: Edited) -> None:
    own = "late_per_minute: [{from: 2021-01-01, value: 0.01, source: x, mark: C}]\nday_cap:"
    assert doubts_with(edited, "day_cap:", own) == ["arrive may cost 2.69 %, more than missing_scan 1.5 %"]


def test_a_missing_scan_that_counts_as_minutes_is_compared_by_direction(edited: Edited) -> None:
    own = "missing_scan: [{from: 2021-01-01, value: {as_minutes: 90}, source: x, mark: C}]\nday_cap:"
    assert doubts_with(edited, "day_cap:", own) == ["arrive may cost 1.5 %, more than missing_scan 1.25 %"]


def test_a_missing_scan_that_counts_as_minutes_without_a_class_costs_nothing(edited: Edited) -> None:
    own = (
        "missing_scan: [{from: 2021-01-01, value: {as_minutes: 90}, source: x, mark: C}]\n"
        "late_early_classes: [{from: 2021-01-01, value: [], source: x, mark: C}]\nday_cap:"
    )
    doubts = doubts_with(edited, "day_cap:", own)
    assert doubts == []


def test_time_that_is_owed_comes_on_top_of_what_a_served_scan_costs(edited: Edited) -> None:
    value = "{minutes: 90, classes: [{from_min: 1, to_min: 90, deduction_pct: 0.5}, {from_min: 91, deduction_pct: 9}]}"
    own = f"flexible_start: [{{from: 2021-01-01, value: {value}, source: x, mark: C}}]\nday_cap:"
    assert doubts_with(edited, "day_cap:", own) == [
        "arrive and flexible time may cost 2 %, more than missing_scan 1.5 %"
    ]


def test_a_share_of_presence_cannot_be_compared_with_a_cap(edited: Edited) -> None:
    own = "absence_day: [{from: 2021-01-01, value: presence_share, source: x, mark: C}]\nday_cap:"
    (doubt,) = doubts_with(edited, "day_cap:", own)
    assert doubt.startswith("absence_day is a share of the month's presence, which may be less than day_cap 3 %")


def test_an_event_of_a_heavier_base_is_a_doubt_under_a_cap(edited: Edited) -> None:
    event = "{apel: {monday: 2, in_ramadan: false, base: whole}}"
    own = f"events: [{{from: 2021-01-01, value: {event}, source: x, mark: C}}]\nday_cap:"
    assert doubts_with(edited, "day_cap:", own) == [
        "apel is taken of whole and scans of discipline, so what a cap leaves to apel is dearer"
    ]
