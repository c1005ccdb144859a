"""What a public edition may tell: nothing about fewer than five people, and nothing from which that could be computed.

Pure counting on groups; does not know what a group is. Source: regulations section 9 (public cells).
"""

from __future__ import annotations

from collections.abc import Sequence

LEAST_PEOPLE = 5


def withheld(people: Sequence[int], *, total_shown: bool = True) -> frozenset[int]:
    """Given how many people each group has, return the positions of the groups that are not told.

    A group of nobody is told. Where the total of all is shown, what is withheld must be at least two groups and
    together at least five people, else subtraction would tell it: the smallest of the others are withheld too, the
    first of equals.
    """
    small = {place for place, count in enumerate(people) if 0 < count < LEAST_PEOPLE}
    if not small or not total_shown:
        return frozenset(small)
    others = sorted((count, place) for place, count in enumerate(people) if count >= LEAST_PEOPLE)
    for _, place in others:
        if len(small) > 1 and sum(people[one] for one in small) >= LEAST_PEOPLE:
            break
        small.add(place)
    return frozenset(small)


def total_withheld(people: Sequence[int]) -> bool:
    """Given how many people each group has, tell whether the total of all is about too few people itself."""
    return 0 < sum(people) < LEAST_PEOPLE
