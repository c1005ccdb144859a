"""Nobody is deducted without a decree: which values in use still need one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.rulebook import load_rulebook, survey_rules, unadopted, unadopted_schedules
from ekinerja_agent.rules import RuleBook

Edited = Callable[..., Path]
Adopt = Callable[..., RuleBook]
SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))


def entry(value: str, profile: str = "hsu") -> str:
    return f'  - {{value: "{value}", profile: {profile}, decree: Perbup 1/2026, date: 2026-01-05, by: Bupati}}\n'


@pytest.fixture
def adopt(edited: Edited) -> Adopt:
    """Loads the shipped rules with the given lines of adopted.yaml."""

    def write(*entries: str) -> RuleBook:
        (edited() / "adopted.yaml").write_text("adopted:\n" + "".join(entries))
        return load_rulebook(edited())

    return write


def names(found: tuple[tuple[str, object], ...]) -> list[str]:
    return [name for name, _ in found]


def test_what_is_not_the_text_of_a_law_and_has_an_effect_needs_a_decree(shipped: Path) -> None:
    found = unadopted(load_rulebook(shipped), "hsu", *SEPTEMBER)
    # late, early and missing scans are 0, events none, caps of the month none; transfers by the first day is no value.
    assert names(found) == [
        *("scans", "absence_day", "base", "day_cap", "split", "target_minutes", "performance", "absences"),
        *("factors", "mass_anomaly", "activities", "superior_silence"),
    ]
    places = {name: citation.place.partition(":")[0] for name, citation in found}
    assert places["absence_day"] == "profiles/hsu.yaml"
    assert places["split"] == "profiles/tpp-model.yaml"


def test_a_value_that_serves_two_directions_is_asked_once(shipped: Path) -> None:
    assert names(unadopted(load_rulebook(shipped), "tulang-bawang", *SEPTEMBER)).count("late_early_classes") == 1


def test_the_text_of_a_law_needs_no_decree(shipped: Path) -> None:
    found = names(unadopted(load_rulebook(shipped), "tpp-model", *SEPTEMBER))
    assert not {"late_early_classes", "missing_scan", "absence_day", "base", "events"} & set(found)


def test_a_decree_adopts_one_value_or_all(adopt: Adopt) -> None:
    assert "day_cap" not in names(unadopted(adopt(entry("day_cap")), "hsu", *SEPTEMBER))
    assert "scans" in names(unadopted(adopt(entry("day_cap")), "hsu", *SEPTEMBER))
    assert unadopted(adopt(entry("*")), "hsu", *SEPTEMBER) == ()


def test_a_decree_on_what_a_profile_extends_adopts_only_what_stands_there(adopt: Adopt) -> None:
    found = names(unadopted(adopt(entry("*", "tpp-model")), "hsu", *SEPTEMBER))
    assert found == ["scans", "absence_day", "base", "day_cap", "absences", "activities"]
    assert "day_cap" in names(unadopted(adopt(entry("day_cap", "tpp-model")), "hsu", *SEPTEMBER))


def test_a_decree_on_a_profile_adopts_nothing_for_another(adopt: Adopt) -> None:
    book = adopt(entry("*", "hsu"))
    assert unadopted(book, "four-scan-example", *SEPTEMBER)
    assert unadopted(book, "tpp-model", *SEPTEMBER)


def test_only_values_in_use_on_the_days_are_asked(edited: Edited) -> None:
    old, new = "value: 3, source", "value: 3, to: 2026-08-31, source"
    edited("profiles/four-scan-example.yaml", old, new)
    later = "  - {from: 2026-09-01, value: none, source: x, mark: I}\n"
    path = edited() / "profiles/four-scan-example.yaml"
    path.write_text(path.read_text() + later)
    book = load_rulebook(edited())
    august = (date(2026, 8, 31), date(2026, 8, 31))
    assert "day_cap" in names(unadopted(book, "four-scan-example", *august))
    assert "day_cap" not in names(unadopted(book, "four-scan-example", *SEPTEMBER))


def test_weeks_and_shifts_are_adopted_by_their_name_or_with_a_profile_that_has_them(adopt: Adopt) -> None:
    used = ["three-shifts", "five-day-kemenkeu", "five-day-national"]
    assert names(unadopted_schedules(adopt(entry("day_cap")), used, *SEPTEMBER)) == [
        "week of five-day-kemenkeu",
        "shifts of three-shifts",
    ]
    book = adopt(entry("shifts of three-shifts"), entry("*", "kemenkeu"))
    assert unadopted_schedules(book, used, *SEPTEMBER) == ()
    with pytest.raises(NoRule):
        unadopted_schedules(book, ["none"], *SEPTEMBER)


def test_plans_are_asked_once_they_cost_something_and_what_nobody_is_paid_by_never(edited: Edited) -> None:
    shipped = names(unadopted(load_rulebook(edited()), "badung", *SEPTEMBER))
    assert not {"plans", "indicators", "workload", "sakip"} & set(shipped)
    edited("profiles/badung.yaml", "late_pct: 0", "late_pct: 1")
    assert "plans" in names(unadopted(load_rulebook(edited()), "badung", *SEPTEMBER))


def test_a_week_of_ramadan_is_asked_when_ramadan_touches_the_days(shipped: Path) -> None:
    book = load_rulebook(shipped)
    used = ["six-day-penajam"]
    assert unadopted_schedules(book, used, *SEPTEMBER) == ()
    (found,) = unadopted_schedules(book, used, date(2026, 3, 1), date(2026, 3, 31))
    assert found[0] == "ramadan_week of six-day-penajam"


def test_what_is_wrong_in_adopted_yaml_is_told_at_its_place(edited: Edited) -> None:
    lines = (entry("day_cap"), entry("day_cup"), entry("*", "hsv"), entry("day_cap"), "  - {value: scans}\n")
    (edited() / "adopted.yaml").write_text("adopted:\n" + "".join(lines[:4]))
    problems = [str(problem).removeprefix(f"{edited()}/") for problem in survey_rules(edited()).problems]
    assert problems[0].startswith(
        "adopted.yaml:3:13: adopted.2.value: hsu has no value 'day_cup'; allowed are *, absence"
    )
    assert problems[0].endswith("did you mean day_cap?")
    assert problems[1].startswith(
        "adopted.yaml:4:27: adopted.3.profile: there is no profile 'hsv'; allowed are badung,"
    )
    assert problems[2:] == [
        "adopted.yaml:5:13: adopted.4.value: day_cap of hsu stands on line 2 too; keep the decree that is in force"
    ]
    (edited() / "adopted.yaml").write_text("adopted:\n" + lines[4])
    keys = [problem.key for problem in survey_rules(edited()).problems]
    assert keys == ["adopted.1.by", "adopted.1.date", "adopted.1.decree", "adopted.1.profile"]
