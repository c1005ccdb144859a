"""The columnar engine against a plain reading of the rules, day by day, that shares no code with it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.frames import schemas
from tests.proof import oracle
from tests.proof.oracle.books import made_up_book, shipped_book
from tests.proof.oracle.building import MonthBuilder
from tests.proof.oracle.comparing import differences
from tests.proof.oracle.months import months
from tests.proof.oracle.rows import DayRow, FindingRow, PendingRow, PersonRow

CASES = [
    *(pytest.param(shipped_book(), name, id=name) for name in sorted(shipped_book().profiles)),
    *(pytest.param(made_up_book(), name, id=f"made-up {name}") for name in sorted(made_up_book().profiles)),
]
NOT_COMPARED = {"rule", "source", "place", "message"}


@pytest.mark.parametrize(("rules", "profile"), CASES)
def test_the_engine_finds_what_a_plain_reading_finds(rules: RuleBook, profile: str) -> None:
    @given(facts=months(rules, profile))
    @settings(
        max_examples=12,
        derandomize=True,  # every run of the tests draws the same months
        phases=[Phase.explicit, Phase.generate],  # a difference names its day; to shrink a month takes minutes
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def both_agree(facts: schemas.MonthFacts) -> None:
        told = differences(score_month(facts, rules), oracle.score(facts, rules))
        assert not told, "\n".join(["the engine and the oracle differ:", *told])

    both_agree()


@pytest.mark.parametrize(("rules", "profile"), CASES)
def test_both_find_a_month_without_anything_absent_every_day(rules: RuleBook, profile: str) -> None:
    facts = MonthBuilder(profile=profile).person().facts()
    expected = oracle.score(facts, rules)
    working_days = {day.date for day in expected.days}
    assert {day.state for day in expected.days} == {"unexcused"}
    assert len(working_days) == expected.people[0].unexcused_days
    assert len(working_days) in {22, 26}, "September 2026 has 22 working days in five-day weeks and 26 in six-day ones"
    assert not differences(score_month(facts, rules), expected)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (schemas.PEOPLE, PersonRow),
        (schemas.DAYS, DayRow),
        (schemas.FINDINGS, FindingRow),
        (schemas.PENDING, PendingRow),
    ],
)
def test_the_oracle_gives_every_column_but_where_a_value_comes_from(
    schema: schemas.Schema, kind: type[DayRow | FindingRow | PendingRow | PersonRow]
) -> None:
    assert {column.name for column in fields(kind)} == set(schema) - NOT_COMPARED


def test_a_difference_names_the_person_the_day_and_both_values() -> None:
    monday = date(2026, 9, 7)
    late = MonthBuilder(profile="tpp-model").person(valid_from=monday, valid_to=monday).punch(monday, "08:45", "16:00")
    later = MonthBuilder(profile="tpp-model").person(valid_from=monday, valid_to=monday).punch(monday, "09:45", "16:00")
    told = differences(score_month(late.facts(), shipped_book()), oracle.score(later.facts(), shipped_book()))
    assert "199001012015011001 2026-09-07: late_minutes is 75 by the engine, 135 by the oracle" in told
    assert any("code (finding 1 of 1: TL3) is TL3 by the engine, TL4 by the oracle" in line for line in told)
