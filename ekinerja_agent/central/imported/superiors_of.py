"""The facts that tell who is whose superior, of a few people and those above them, instead of a whole county's.

Does not know who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ekinerja_agent.central.imported.import_lookups import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Connection

    from ekinerja_agent.county.spans import Rows


def facts_of(conn: Connection, nips: Iterable[str]) -> Rows:
    """Given people, return what gives the rows of a kind that stand: spells of theirs and of everybody who can be above
    them, the units in which these serve and those above, and who acts in them. Of another kind there are none.
    """
    found: dict[str, list[Mapping[str, Any]]] = {"employees": [], "units": [], "assignments": []}
    people, places = set(nips), set[str]()
    known_people, known_places = set[str | None]({None}), set[str | None]({None})
    while people or places:
        spells = rows_of(conn, "employees", "nip", people)
        known_people |= people
        places = (places | {row["unit"] for row in spells}) - known_places
        units = rows_of(conn, "units", "code", places)
        acting = rows_of(conn, "assignments", "unit", places)
        known_places |= places
        people = {row["supervisor_nip"] for row in spells} | {row["head_nip"] for row in units}
        people = (people | {row["nip"] for row in acting}) - known_people
        places = {row["parent"] for row in units} - known_places
        found["employees"] += spells
        found["units"] += units
        found["assignments"] += acting
    return lambda kind: found[kind]
