"""Who stood where on a day, and by whose rules: spells and units of people, as the rows say that stand.

Of two spells that claim a day the one that began later has it; so has the later of two rows of a unit. Does not know
what a rule says.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from ekinerja_agent.county.spans import Fact, Rows, grouped, latest


class Posts:
    """Where people serve by day. `default_profile` is that of units that name none."""

    def __init__(self, rows: Rows, default_profile: str) -> None:
        self._default_profile = default_profile
        self._spells = grouped(rows("employees"), "nip")
        self._units = grouped(rows("units"), "code")
        self._spell_on: dict[tuple[str, date], Fact | None] = {}
        self._unit_on: dict[tuple[str, date], Fact | None] = {}

    @property
    def codes(self) -> Collection[str]:
        """The codes of all units."""
        return self._units.keys()

    def spell(self, nip: str, day: date) -> Fact | None:
        """Given a person and a day, return the spell of duty, None if there is none."""
        key = (nip, day)
        if key not in self._spell_on:
            self._spell_on[key] = latest(self._spells.get(nip, ()), day)
        return self._spell_on[key]

    def unit(self, code: str, day: date) -> Fact | None:
        """Given a unit's code and a day, return its row, None if none holds on the day."""
        key = (code, day)
        if key not in self._unit_on:
            self._unit_on[key] = latest(self._units.get(code, ()), day)
        return self._unit_on[key]

    def unit_of(self, nip: str, day: date) -> Fact | None:
        """Given a person and a day, return the row of the person's unit."""
        spell = self.spell(nip, day)
        return None if spell is None else self.unit(spell["unit"], day)

    def profile(self, nip: str, day: date) -> str:
        """Given a person and a day, return the name of the profile that judges it."""
        unit = self.unit_of(nip, day)
        return str((unit and unit["profile"]) or self._default_profile)

    def zone(self, nip: str, day: date) -> ZoneInfo | None:
        """Given a person and a day, return the time zone of the unit, None if nobody knows it."""
        unit = self.unit_of(nip, day)
        return None if unit is None else ZoneInfo(unit["timezone"])
