"""What a public table leaves out, so that nobody can be found in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.measures.public import hidden_cells


@pytest.mark.parametrize(
    ("people", "hidden"),
    [
        ([], set()),
        ([5, 6, 0], set()),
        ([4], {0}),
        ([4, 9, 20], {0, 1}),  # alone it would be the total minus the others
        ([2, 2, 9, 20], {0, 1, 2}),  # together still four people
        ([3, 4, 9], {0, 1}),
        ([0, 4, 0], {1}),
    ],
)
def test_cells_about_few_people_and_those_that_give_them_away(people: list[int], hidden: set[int]) -> None:
    assert hidden_cells(people, 5) == hidden


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 10))
def test_what_can_be_computed_from_the_total_is_about_nobody_or_enough(people: list[int], fewest: int) -> None:
    hidden = hidden_cells(people, fewest)
    shown = [count for place, count in enumerate(people) if place not in hidden]
    assert all(count == 0 or count >= fewest for count in shown)
    rest = sum(people) - sum(shown)
    assert rest == 0 or rest >= fewest or not any(shown)
