"""A larger month per profile comes to what it came to before: `scripts/golden` rewrites the files after a change."""

from __future__ import annotations

import json

import pytest

from ekinerja_agent.scoring import score_month
from tests.proof import oracle
from tests.proof.oracle.books import shipped_book
from tests.proof.oracle.comparing import differences
from tests.proof.oracle.golden import GOLDEN, as_json, golden_month

PROFILES = sorted(shipped_book().profiles)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_month_of_a_profile_comes_to_what_it_came_to_before(profile: str) -> None:
    file = GOLDEN / f"{profile}.json"
    assert file.exists(), f"{profile} has no golden month yet: run scripts/golden, read what it wrote, keep it"
    seen = as_json(score_month(golden_month(profile), shipped_book()))
    changed = [line for line in seen.splitlines() if line not in set(file.read_text(encoding="utf-8").splitlines())]
    assert seen == file.read_text(encoding="utf-8"), (
        f"{len(changed)} lines of {file.name} changed, the first one:\n{changed[0] if changed else '(only fewer)'}\n"
        "if a rule was meant to change, run scripts/golden and keep the difference in the same commit"
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_the_oracle_reads_the_golden_month_in_the_same_way(profile: str) -> None:
    facts = golden_month(profile)
    told = differences(score_month(facts, shipped_book()), oracle.score(facts, shipped_book()))
    assert not told, "\n".join(told)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_golden_month_has_all_kinds_of_days_and_parts_that_add_up(profile: str) -> None:
    kept = json.loads((GOLDEN / f"{profile}.json").read_text(encoding="utf-8"))
    columns, *days = kept["days"]
    assert {"present", "excused", "unexcused"} <= {day[columns.index("state")] for day in days}
    columns, *people = kept["people"]
    for row in people:
        person = dict(zip(columns, row, strict=True))
        deducted = (person[f"{name}_rp"] for name in ("whole_deduction", "leave_deduction", "sanction", "hold"))
        assert person["discipline_rp"] + person["performance_rp"] == person["payable_rp"] + sum(deducted)


def test_no_golden_month_is_left_of_a_profile_that_is_gone() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(PROFILES)
