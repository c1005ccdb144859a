"""Who stood where on a day, and by whose rules: spells and units of people, as the rows say that stand.

Of two spells that claim a day the one that began later has it. Does not know what a rule says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from ekinerja_agent.usecases.importing.reading.judging import Fact

Rows = Callable[[str], Sequence[Fact]]
"""Given a kind, the rows of it that stand."""


def grouped(rows: Iterable[Fact], column: str) -> Mapping[str, Sequence[Fact]]:
    """Given rows, return them by the value of a column."""
    groups: dict[str, list[Fact]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def valid_on(rows: Iterable[Fact], day: date) -> Iterator[Fact]:
    """Given dated rows, yield those that hold on a day."""
    for row in rows:
        first, last = row["valid_from"], row["valid_to"]
        if (first is None or first <= day) and (last is None or day <= last):
            yield row


class Posts:
    """Where people serve by day. `default_profile` is that of units that name none."""

    def __init__(self, rows: Rows, default_profile: str) -> None:
        self._default_profile = default_profile
        self._spells = grouped(rows("employees"), "nip")
        self._units = grouped(rows("units"), "code")
        self._spell_on: dict[tuple[str, date], Fact | None] = {}
        self._unit_on: dict[tuple[str, date], Fact | None] = {}

    def spell(self, nip: str, day: date) -> Fact | None:
        """Given a person and a day, return the spell of duty, None if there is none."""
        key = (nip, day)
        if key not in self._spell_on:
            self._spell_on[key] = _latest(self._spells.get(nip, ()), day)
        return self._spell_on[key]

    def unit(self, code: str, day: date) -> Fact | None:
        """Given a unit's code and a day, return its row, None if none holds on the day."""
        key = (code, day)
        if key not in self._unit_on:
            self._unit_on[key] = _latest(self._units.get(code, ()), day)
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


def _latest(rows: Sequence[Fact], day: date) -> Fact | None:
    return max(valid_on(rows, day), key=lambda row: row["valid_from"] or date.min, default=None)
