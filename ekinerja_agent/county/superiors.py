"""Who is whose superior on a day.

That is who acts for the unit's head (plh, plt), else the named superior, else the head of the unit, else that of the
parent unit. Nobody is their own superior. A post whose holder has no spell of duty on the day is vacant, and the next
one counts. Source: regulations section 9. Does not know what a superior decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date

from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.spans import Fact, Rows, first_day, grouped, valid_on

ACTING = ("plh", "plt")
"""In this order: who acts for a few days is there while who acts for a vacant post may not be."""


class Superiors:
    """The superiors of people by day, given the rows that stand."""

    def __init__(self, rows: Rows, posts: Posts) -> None:
        self._posts = posts
        self._acting = grouped((row for row in rows("assignments") if row["kind"] in ACTING), "unit")
        self._chains: dict[tuple[str, date], tuple[str, ...]] = {}

    def chain(self, nip: str, day: date) -> tuple[str, ...]:
        """Given a person and a day, return the superiors: the direct one, that one's, and so on; each once."""
        key = (nip, day)
        if key not in self._chains:
            found: list[str] = []
            below: str | None = nip
            while below is not None:
                below = self._direct(below, day, {nip, *found})
                found += [] if below is None else [below]
            self._chains[key] = tuple(found)
        return self._chains[key]

    def _direct(self, nip: str, day: date, passed: Collection[str]) -> str | None:
        for candidate in self._candidates(nip, day):
            if candidate not in passed and self._posts.spell(candidate, day) is not None:
                return candidate
        return None

    def _candidates(self, nip: str, day: date) -> Iterator[str]:
        spell = self._posts.spell(nip, day)
        if spell is None:
            return
        acting = list(self._acting_heads(spell["unit"], day))
        if nip not in acting:
            yield from acting
        if spell["supervisor_nip"] is not None:
            yield spell["supervisor_nip"]
        unit = self._posts.unit(spell["unit"], day)
        if unit is not None and unit["head_nip"] is not None and nip not in acting:
            yield unit["head_nip"]
        seen = {spell["unit"]}
        while unit is not None and unit["parent"] is not None and unit["parent"] not in seen:
            seen.add(unit["parent"])
            yield from self._acting_heads(unit["parent"], day)
            unit = self._posts.unit(unit["parent"], day)
            if unit is not None and unit["head_nip"] is not None:
                yield unit["head_nip"]

    def _acting_heads(self, unit: str, day: date) -> Iterator[str]:
        rows = sorted(valid_on(self._acting.get(unit, ()), day), key=first_day, reverse=True)
        for kind in ACTING:
            yield from (row["nip"] for row in rows if row["kind"] == kind)


def led_by(nip: str, posts: Posts, acting: Iterable[Fact], day: date) -> frozenset[str]:
    """Given a person and who acts where, return the units that the person leads on a day, with all that stand below
    them: whose rows name them as head, or for which they act. Who has no spell of duty on it leads none.
    """
    if posts.spell(nip, day) is None:
        return frozenset()
    acts = {row["unit"] for row in valid_on(acting, day) if row["nip"] == nip and row["kind"] in ACTING}
    heads = {code for code in posts.codes if (unit := posts.unit(code, day)) is not None and unit["head_nip"] == nip}
    return with_all_below(acts | heads, posts, day)


def with_all_below(codes: Iterable[str], posts: Posts, day: date) -> frozenset[str]:
    """Given units, return them with all that stand below them on a day."""
    below: dict[str, list[str]] = defaultdict(list)
    for code in posts.codes:
        unit = posts.unit(code, day)
        if unit is not None and unit["parent"] is not None:
            below[unit["parent"]].append(code)
    found: set[str] = set()
    waiting = list(codes)
    while waiting:
        if (code := waiting.pop()) not in found:
            found.add(code)
            waiting += below[code]
    return frozenset(found)
