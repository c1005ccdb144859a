"""Whose punch it is: the person whom an enrolment of that day gives the PIN, on that terminal or on every one.

A named terminal beats `*`. On 8-byte terminals, whose records hold a slot number, the slot's owner of that moment says
the PIN. The same rule on columns stands in `facts/punches.py`; a test holds both to the same answers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select

from ekinerja_agent.central.store.tables.imported import employees, enrolments
from ekinerja_agent.central.store.tables.recorded import slot_owners
from ekinerja_agent.central.versions import current
from ekinerja_agent.county.spans import holds, latest
from ekinerja_agent.nouns.punch import EVERY_TERMINAL

SLOT = "uid:"


class Enrolments:
    """Given enrolments and slot owners as rows, answer whose a PIN was."""

    def __init__(self, enrolled: Iterable[Mapping[str, Any]], owners: Iterable[Mapping[str, Any]]) -> None:
        self._by_pin: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in enrolled:
            self._by_pin.setdefault((row["terminal"], row["pin"]), []).append(row)
        self._owners: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
        for row in sorted(owners, key=lambda row: (row["seen_at"], row["pin"])):
            self._owners.setdefault((row["terminal"], f"{SLOT}{row['uid']}"), []).append((row["seen_at"], row["pin"]))

    def nip(self, terminal: str, pin: str, day: date, at: datetime | None) -> str | None:
        """Given a PIN as recorded, the terminal, the local day and the instant, return whose it was, or None."""
        known = self._pin(terminal, pin, at)
        for place in (terminal, EVERY_TERMINAL):
            for row in self._by_pin.get((place, known), ()):
                if holds(row, day):
                    return str(row["nip"])
        return None

    def _pin(self, terminal: str, pin: str, at: datetime | None) -> str:
        """The owner seen last at or before the punch, else the one seen first after it."""
        owners = self._owners.get((terminal, pin))
        if not owners or at is None:
            return pin
        place = bisect_right(owners, at, key=lambda owner: owner[0])
        return owners[max(place - 1, 0)][1]


class Spells:
    """Given spells of duty as rows, answer in which unit a person was."""

    def __init__(self, spells: Iterable[Mapping[str, Any]]) -> None:
        self._by_nip: dict[str, list[Mapping[str, Any]]] = {}
        for row in spells:
            self._by_nip.setdefault(row["nip"], []).append(row)

    def unit(self, nip: str, day: date) -> str | None:
        """Given a person and a day, return the unit of that day, or None."""
        spell = latest(self._by_nip.get(nip, ()), day)
        return None if spell is None else str(spell["unit"])


def true_day(clock: datetime, offset_s: int | None, corrected: bool) -> date:
    """Given a punch's clock, its measured offset and whether it was corrected, return its local day."""
    return (clock - timedelta(seconds=offset_s or 0)).date() if corrected else clock.date()


def read_enrolments(conn: Connection) -> Enrolments:
    """Given a connection, return all enrolments that stand."""
    enrolled = [dict(row) for row in conn.execute(_in_order(current(enrolments))).mappings()]
    return Enrolments(enrolled, [dict(row) for row in conn.execute(select(slot_owners)).mappings()])


def read_spells(conn: Connection) -> Spells:
    """Given a connection, return all spells of duty that stand."""
    return Spells([dict(row) for row in conn.execute(_in_order(current(employees))).mappings()])


def _in_order(query: Select[Any]) -> Select[Any]:
    """Where two rows would answer, the one that was stored first does."""
    return query.order_by(query.selected_columns["id"])
