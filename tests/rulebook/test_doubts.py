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
            "{from_min: 91, deduction_pct: 1.5}",
            "{from_min: 91, deduction_pct: 1.55}",
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
