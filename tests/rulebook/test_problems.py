"""Each wrong rule is told at its place, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import ConfigurationError
from ekinerja_agent.rulebook import load_rulebook, survey_rules

Edited = Callable[..., Path]

TPP = "profiles/tpp-model.yaml"
HSU = "profiles/hsu.yaml"
FOUR = "profiles/four-scan-example.yaml"


def found(directory: Path) -> list[str]:
    return [str(problem).removeprefix(f"{directory}/") for problem in survey_rules(directory).problems]


CASES = yaml.load((Path(__file__).parent / "wrong_values.yaml").read_text(), yaml.BaseLoader)  # noqa: S506 - texts only
WRONG = [pytest.param(name, case, id=case["key"]) for name, cases in CASES.items() for case in cases]


@pytest.mark.parametrize(("name", "case"), WRONG)
def test_a_wrong_value_is_told_at_its_place(edited: Edited, name: str, case: dict[str, str]) -> None:
    if case["key"] == "early_classes or late_early_classes":
        edited(name, "late_early_classes:", "late_classes:")
    before, _, after = (edited(name, case["old"], case["new"]) / name).read_text().partition("§")
    (edited() / name).write_text(before + after)
    place = f"{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"
    assert found(edited()) == [f"{name}:{place}: {case['key']}: {case['message']}"]


def test_the_problems_of_all_rule_files_come_together(edited: Edited) -> None:
    edited(TPP, "value: 1.5", "value: much")
    edited("ramadan.yaml", "mark: M", "mark: m")
    directory = edited("schedules.yaml", "saturday: off", "saturday: on")
    with pytest.raises(ConfigurationError) as error:
        load_rulebook(directory)
    assert {Path(problem.file).name for problem in error.value.problems} == {
        "tpp-model.yaml",
        "ramadan.yaml",
        "schedules.yaml",
    }
    assert error.value.exit_code == 3


def test_profiles_that_extend_a_broken_one_are_not_blamed(edited: Edited) -> None:
    assert len(found(edited(TPP, "value: 1.5", "value: much"))) == 1


def test_a_circle_of_profiles_is_told_to_each_that_stands_in_it(edited: Edited) -> None:
    edited(TPP, "schedule:", "extends: hsu\nschedule:")
    assert found(edited()) == [
        f"{HSU}:4:10: extends: hsu extends tpp-model extends hsu; a circle has no values",
        f"{TPP}:4:10: extends: tpp-model extends hsu extends tpp-model; a circle has no values",
    ]


def test_a_file_that_would_not_be_read_is_told(edited: Edited) -> None:
    directory = edited()
    for name in ("holidays/2027.yml", "profile/x.yaml", "adopted.yml", "holidays/new.yaml"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text("a: b")
    problems = found(directory)
    assert [problem.partition(":")[0] for problem in problems] == [
        "adopted.yml",
        "holidays/2027.yml",
        "holidays/new.yaml",
        "profile/x.yaml",
    ]
    assert "is not read" in problems[0]


def test_missing_files_and_directories_are_told(edited: Edited, tmp_path: Path) -> None:
    assert "there is no such directory" in found(tmp_path / "none")[0]
    directory = edited()
    for path in [directory / "unexcused.yaml", *(directory / "holidays").iterdir()]:
        path.unlink()
    assert found(directory) == [
        (
            "holidays: no file is there; the rules directory holds schedules.yaml, ramadan.yaml, unexcused.yaml, "
            "holidays/YEAR.yaml, profiles/NAME.yaml, optionally schedules/NAME.yaml and adopted.yaml"
        ),
        "unexcused.yaml: there is no such file",
    ]


def test_an_own_direction_beats_the_shared_classes_of_the_same_file_and_of_the_parent(edited: Edited) -> None:
    own = "early_classes:\n  - {from: 2021-01-01, value: [{from_min: 1, deduction_pct: 1.55}], source: x, mark: C}\n"
    path = edited() / FOUR
    path.write_text(path.read_text() + own)
    profile = load_rulebook(edited()).profile("four-scan-example")
    assert next(iter(profile.early)).value[0].deduction_ppm == 15_500
    assert profile.early.name == "early_classes"
    assert profile.late.name == "late_early_classes"


def test_an_open_value_ends_the_day_before_the_next_begins(edited: Edited) -> None:
    new = "value: 1.5\n    source: old\n    mark: S\n  - from: 2026-07-01\n    value: 2"
    book = load_rulebook(edited(TPP, "value: 1.5", new))
    first, second = book.profile("tpp-model").missing_scan.entries
    assert (str(first.last), str(second.first), second.last) == ("2026-06-30", "2026-07-01", None)


def test_a_regency_keeps_its_own_schedules_in_files_of_their_own(edited: Edited) -> None:
    (edited() / "schedules").mkdir()
    path = edited() / "schedules/own.yaml"
    path.write_text(f"schedules:\n  own: {{title: x, shifts: [{SHIFTS}]}}\n")
    assert "own" in load_rulebook(edited()).schedules
    path.write_text(f"schedules:\n  three-shifts: {{title: x, shifts: [{SHIFTS}]}}\n")
    assert found(edited()) == [
        (
            "schedules/own.yaml:2:3: schedules.three-shifts: schedules.yaml has a schedule three-shifts already; "
            "give this one another name"
        )
    ]
    path.write_text("schedules: all\n")
    assert len(found(edited())) == 1


MORE = [f"profiles/{name}.yaml" for name in ("banyuwangi", "permenaker-15-2024", "kemenkeu", "jambi")]
SHIFTS = "{from: 2021-01-01, source: x, mark: C, value: {pagi: {duty: 07:00-14:00}}}"


def test_a_schedule_has_a_week_or_shifts(edited: Edited) -> None:
    title = "title: Six days, Penajam Paser Utara"
    edited("schedules.yaml", title, f"{title}\n    shifts: [{SHIFTS}]")
    beside = "a roster gives out the shifts, whatever the weekday; {} is not allowed beside them"
    assert [problem.partition(": ")[2] for problem in found(edited())] == [
        f"schedules.six-day-penajam.week: {beside.format('week')}",
        f"schedules.six-day-penajam.ramadan_week: {beside.format('ramadan_week')}",
    ]


def test_a_schedule_without_week_and_shifts_is_told(edited: Edited) -> None:
    path = edited() / "schedules.yaml"
    path.write_text(path.read_text().partition("    shifts:")[0])
    (problem,) = found(edited())
    assert problem.endswith("schedules.three-shifts: neither week nor shifts was found; one of them is required")


def test_a_direction_is_read_from_the_nearest_file_in_either_way(edited: Edited) -> None:
    own = "early_per_minute: [{from: 2021-01-01, value: 0.02, source: x, mark: C}]\n"
    free = "late_per_minute: [{from: 2021-01-01, value: 0, source: x, mark: C}]\n"
    path = edited() / FOUR
    path.write_text(path.read_text() + own + free)
    profile = load_rulebook(edited()).profile("four-scan-example")
    (band,) = next(iter(profile.early)).value
    assert (band.code, band.from_min, band.to_min, band.deduction_ppm, band.per_minute) == ("PSWM", 1, None, 200, True)
    assert profile.early.name == "early_per_minute"
    assert next(iter(profile.late)).value == ()


NAMES = ["schedules.yaml", "ramadan.yaml", "unexcused.yaml", TPP, HSU, "holidays/2026.yaml", *MORE]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_any_damage_to_a_file_is_a_rule_book_or_problems(
    edited: Edited, shipped: Path, data: st.DataObject, name: str
) -> None:
    lines = (shipped / name).read_text().splitlines()
    line = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[line])))
    lines[line] = (
        lines[line][:column] + data.draw(st.text(max_size=4)) + lines[line][column + data.draw(st.integers(0, 3)) :]
    )
    path = edited() / name
    path.write_bytes("\n".join(lines).encode(errors="replace"))
    rules = survey_rules(edited())
    path.write_text((shipped / name).read_text())
    assert (rules.book is None) == bool(rules.problems)
