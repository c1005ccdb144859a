"""The facts that tell who is whose superior, of a few people and those above them, instead of a whole county's.

Does not know who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ekinerja_agent.central.lookups import Facts, StoredFacts, spells_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.usecases.import_kinds.posts import Rows


def rows_near(engine: Engine, nips: Iterable[str]) -> Rows:
    """Given people, return what gives the rows of a kind that stand: of `employees` only theirs and those of everybody
    who can be above them.
    """
    stored = StoredFacts(engine)
    above = {row["head_nip"] for row in stored.rows("units")} | {row["nip"] for row in stored.rows("assignments")}
    wanted: set[str] = {*nips, *above} - {None}
    known: set[str] = set()
    spells: list[Facts] = []
    while wanted:
        spells.append(spells_of(engine, wanted))
        known |= wanted
        wanted = {row["supervisor_nip"] for row in spells[-1]} - known - {None}
    near = [row for rows in spells for row in rows]
    return lambda kind: near if kind == "employees" else stored.rows(kind)
