"""What a public edition may tell: nothing about fewer than five people, and nothing from which that could be computed.

Does not know what a group is. Source: regulations section 9 (public cells).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ekinerja_agent.measures.public import hidden_cells, hidden_names

LEAST_PEOPLE = 5


def withheld(people: Sequence[int]) -> frozenset[int]:
    """Given how many people each group has, return the positions of the groups that are not told.

    The total of all is taken to be known, from this report or from another.
    """
    return hidden_cells(people, LEAST_PEOPLE)


def withheld_units(people: Mapping[str, int], also: frozenset[str] = frozenset()) -> frozenset[str]:
    """Given how many people each unit has, return the units that are not told; `also` are those of another edition.

    Every edition of a month asks this of the same numbers and so withholds the same units: of two that differ, one
    would tell what the other withholds.
    """
    return hidden_names(people, LEAST_PEOPLE, also)


def total_withheld(people: int) -> bool:
    """Given how many people all groups have together, tell whether their total is about too few itself."""
    return 0 < people < LEAST_PEOPLE
