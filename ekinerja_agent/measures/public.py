"""Which cells of a public table would speak about single people: those about too few, and those that give them away.

Source: regulations section 9. Does not know what stands in a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def hidden_cells(people: Sequence[int], fewest: int, also: frozenset[int] = frozenset()) -> frozenset[int]:
    """Given how many people each cell of a table with a total is about, return the places of the cells to leave out.

    A cell about 1 to `fewest` - 1 people is left out. What is left out must itself be about at least `fewest` people
    and more than one cell, or the total would tell it: the smallest other cells are left out until that holds. `also`
    are places that are left out for another reason.
    """
    hidden = {place for place, count in enumerate(people) if 0 < count < fewest or place in also}
    others = sorted((count, place) for place, count in enumerate(people) if place not in hidden and count > 0)
    while hidden and others and (len(hidden) < 2 or sum(people[place] for place in hidden) < fewest):
        hidden.add(others.pop(0)[1])
    return frozenset(hidden)


def hidden_names(people: Mapping[str, int], fewest: int, also: frozenset[str] = frozenset()) -> frozenset[str]:
    """As `hidden_cells`, for cells that have names: the same ones in every table, whatever the order of its rows."""
    names = sorted(people)
    places = frozenset(place for place, name in enumerate(names) if name in also)
    return frozenset(names[place] for place in hidden_cells([people[name] for name in names], fewest, places))
