"""What an account may see: the one place that decides. Pure; the tests read it as a table.

Nothing is allowed that is not named here. Does not know pages or the database.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

EVERYBODYS = frozenset({"operator", "payroll"})
"""Who sees scores of all units."""
LEADERS = EVERYBODYS | {"head"}
"""Who sees those of some unit."""


class Look(StrEnum):
    """What is looked at."""

    LIVE = "live"
    """Terminals, the queue, unknown PINs."""
    UNIT = "unit"
    """The people of a unit, on a day or in a month."""
    PERSON = "person"
    """A person's month with every finding."""
    COUNTY = "county"
    """Reports of all units."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is logged in. `units` are those that they head on the day in question, with all below."""

    roles: frozenset[str]
    nip: str | None
    units: Set[str] = frozenset()


def may(reader: Reader, look: Look, *, unit: str | None = None, nip: str | None = None) -> bool:
    """Given a reader and what is looked at, of which unit and person, return whether the reader may.

    `unit` is the one where the person stood on the day in question; None: nobody knows.
    """
    if look is Look.LIVE:
        return "operator" in reader.roles
    if look is Look.COUNTY:
        return bool(EVERYBODYS & reader.roles)
    if look is Look.PERSON and nip is not None and nip == reader.nip:
        return True
    leads = "head" in reader.roles and unit is not None and unit in reader.units
    return leads or bool(EVERYBODYS & reader.roles)
