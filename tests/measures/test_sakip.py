"""SAKIP: grades at their limits, weights, the distance to the target, and the share of units that are there."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.measures.sakip import Evaluation, Share, evaluate, grade_of, share_at_target
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import Sakip
from ekinerja_agent.rules.measures import SAKIP_ASPECTS

ROOT = Path(__file__).parents[2]
EXAMPLES = {one["id"]: one for one in json.loads((ROOT / "tests/examples/examples.json").read_text())["examples"]}


@cache
def shipped() -> Sakip:
    return next(iter(load_rulebook(ROOT / "config" / "rules").profile("magetan").sakip)).value


@pytest.fixture(scope="module")
def rule() -> Sakip:
    return shipped()


def test_v05_the_exact_limit_has_the_lower_grade(rule: Sakip) -> None:
    example = EXAMPLES["V05"]
    scores = [Fraction(str(score)) for score in example["inputs"]["scores"]]
    assert [grade_of(score, rule) for score in scores] == example["expected"]["grades"]


def all_at(score_e2: int, rule: Sakip) -> dict[str, int]:
    return dict.fromkeys(rule.weights_ppm, score_e2)


# the first example loads the rules
@given(st.integers(0, 10_000))
def test_equal_aspects_are_the_total_and_grades_follow_points(score_e2: int) -> None:
    uneven = replace(shipped(), weights_ppm={"a": 333_333, "b": 666_667})
    found = evaluate(all_at(score_e2, uneven), uneven)
    assert found.points == Fraction(score_e2, 100)
    limits = zip("AA A BB B CC C".split(), (90, 80, 70, 60, 50, 30), strict=True)
    expected = next((grade for grade, low in limits if score_e2 > low * 100), "D")
    assert found.grade == expected


def test_files_weigh_the_aspects_that_imports_know(rule: Sakip) -> None:
    assert tuple(rule.weights_ppm) == SAKIP_ASPECTS


def test_aspects_are_weighted_exactly(rule: Sakip) -> None:
    scores = all_at(8_000, rule) | {"reviu_evaluasi": 8_001, "pelaporan_kinerja": 7_999}
    found = evaluate(scores, rule)
    assert (found.points, found.grade, found.reached) == (Fraction(80_001, 1_000), "A", True)
    assert evaluate(scores | {"pelaporan_kinerja": 7_998}, rule).points == Fraction(799_995, 10_000)


def test_the_distance_is_to_the_limit_that_must_be_passed(rule: Sakip) -> None:
    below, limit, past = (evaluate(all_at(score, rule), rule) for score in (7_250, 8_000, 8_001))
    assert (below.distance, below.reached, below.grade) == (Fraction(15, 2), False, "BB")
    assert (limit.distance, limit.reached, limit.grade) == (0, False, "BB")
    assert (past.distance, past.reached, past.grade) == (0, True, "A")


def test_without_every_aspect_there_is_no_grade(rule: Sakip) -> None:
    scores = all_at(9_000, rule)
    del scores["pengelolaan_data"]
    assert evaluate(scores, rule) == Evaluation(("pengelolaan_data",), None, None, None, reached=False)


def test_half_of_the_units_at_a_or_better_is_enough(rule: Sakip) -> None:
    good, fair = evaluate(all_at(9_500, rule), rule), evaluate(all_at(7_000, rule), rule)
    unknown = evaluate({}, rule)
    assert share_at_target([good, fair, unknown], rule) == Share(2, 1, 1, 500_000, enough=True)
    assert share_at_target([good, fair, fair], rule) == Share(3, 0, 1, 333_333, enough=False)
    assert share_at_target([unknown], rule) == Share(0, 1, 0, None, enough=False)
