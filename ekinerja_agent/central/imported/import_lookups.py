"""What an import file is compared with: the facts that stand now, as plain rows of what they say.

Promises to read on the caller's connection alone: who waited for a turn judges by what nobody changes before the rows
are stored. Does not tell which file brought a row, nor know why somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, exists, func, select

from ekinerja_agent.central.imported.decisions import with_decisions
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.imported import absences, activities, calendar, rosters
from ekinerja_agent.central.store.tables.recorded import terminal_facts, terminal_status
from ekinerja_agent.central.versions import current, fact_table

Facts = Sequence[Mapping[str, Any]]
Rows = Callable[[str], Facts]
"""Given a kind, the rows of it that stand."""

_AT_ONCE = 5_000
_ONE_DAY = timedelta(days=1)
_ORIGIN = ("id", "batch", "row")
_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_FIRST: BindParameter[Any] = bindparam("first")
_LAST: BindParameter[Any] = bindparam("last")


class StoredFacts:
    """The facts of one central database, read on one connection. A kind that is read as a whole is read once."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._rows: dict[str, Facts] = {}

    def rows(self, kind: str) -> Facts:
        """Given a kind of facts, return all its rows that stand, in the order they were stored."""
        if kind not in self._rows:
            self._rows[kind] = _read(self._conn, kind, current(fact_table(kind)), {})
        return self._rows[kind]

    def terminals(self) -> frozenset[str]:
        """Return the terminals that a collector told of or an enrolment names."""
        named = {row["terminal"] for row in self.rows("enrolments")}
        return frozenset(named | terminal_zones(self._conn).keys())

    def people(self, nips: Iterable[str]) -> frozenset[str]:
        """Given numbers, return those that an employee has."""
        return frozenset(row["nip"] for row in rows_of(self._conn, "employees", "nip", nips))

    def standards(self, types: Iterable[str]) -> frozenset[str]:
        """Given types of activities, return those that have a standard time."""
        return frozenset(row["type"] for row in rows_of(self._conn, "activity_standards", "type", types))

    def about(self, nips: Collection[str], first: date, last: date) -> Rows:
        """Given people and days, both included, return what gives the rows of a kind that say something of them: the
        people's spells and their units, absences and rosters, and the calendar; rosters and calendar from the day
        before on, for a night ends on the day after. Others' facts are not read, however many there are.
        """
        return _About(self._conn, nips, first, last).rows

    def activities(self, ids: Iterable[str], nips: Iterable[str], first: date, last: date) -> Facts:
        """Return the activities that stand and have one of these ids, or are of one of these people and days, both
        included.
        """
        if not self._conn.scalar(select(exists().where(activities.c.id > 0))):
            return []
        found: dict[str, Mapping[str, Any]] = {}
        days = {"first": first, "last": last}
        for part in chunks(sorted(set(nips)), _AT_ONCE):
            found.update(_by_id(_read(self._conn, activities.name, _activities_on(), {**days, "names": part})))
        others = sorted(set(ids) - found.keys())
        found.update(_by_id(rows_of(self._conn, activities.name, "activity_id", others)))
        return list(found.values())


class _About:
    """What is said of some people and days."""

    def __init__(self, conn: Connection, nips: Collection[str], first: date, last: date) -> None:
        self._conn, self._nips = conn, sorted(set(nips))
        self._days = {"first": first, "last": last}
        self._rows: dict[str, Facts] = {}

    def rows(self, kind: str) -> Facts:
        if kind not in self._rows:
            self._rows[kind] = self._read(kind)
        return self._rows[kind]

    def _read(self, kind: str) -> Facts:
        if kind == "units":
            return rows_of(self._conn, kind, "code", {row["unit"] for row in self.rows("employees")})
        if kind == calendar.name:
            return _read(self._conn, kind, _calendar(), self._from_the_night_before())
        query, days = _OF_DAYS.get(kind, (None, False))
        if query is None:
            return rows_of(self._conn, kind, "nip", self._nips)
        values = self._from_the_night_before() if days else self._days
        return [
            row
            for part in chunks(self._nips, _AT_ONCE)
            for row in _read(self._conn, kind, query(), {**values, "names": part})
        ]

    def _from_the_night_before(self) -> dict[str, Any]:
        return {**self._days, "first": self._days["first"] - _ONE_DAY}


def rows_of(conn: Connection, kind: str, column: str, names: Iterable[str]) -> Facts:
    """Given a kind, a column of its key and values, return the rows that stand and have one of them, in the order in
    which they were stored.
    """
    wanted = sorted(set(names))
    return [
        row for part in chunks(wanted, _AT_ONCE) for row in _read(conn, kind, _having(kind, column), {"names": part})
    ]


@cache
def _having(kind: str, column: str) -> Select[Any]:
    table = fact_table(kind)
    return current(table, table.c[column].in_(_NAMES))


@cache
def _activities_on() -> Select[Any]:
    # On the key only: an activity may have moved to the day or away from it since it was first stored.
    a = activities.c
    ever_there = select(a.activity_id).where(a.nip.in_(_NAMES), a.date.between(_FIRST, _LAST))
    return current(activities, a.activity_id.in_(ever_there))


@cache
def _absences() -> Select[Any]:
    # Its last day is no part of its key: an older version may say another one.
    row = current(absences, absences.c.nip.in_(_NAMES), absences.c.first_day <= _LAST).subquery()
    return select(row).where(row.c.last_day >= _FIRST)


@cache
def _rosters() -> Select[Any]:
    return current(rosters, rosters.c.nip.in_(_NAMES), rosters.c.date.between(_FIRST, _LAST))


@cache
def _calendar() -> Select[Any]:
    return current(calendar, calendar.c.date.between(_FIRST, _LAST))


_OF_DAYS: Mapping[str, tuple[Callable[[], Select[Any]], bool]] = {
    absences.name: (_absences, False),
    rosters.name: (_rosters, True),
}
"""How the rows of a kind about people and days are asked for, and whether from the day before on."""


def _read(conn: Connection, kind: str, query: Select[Any], values: Mapping[str, Any]) -> Facts:
    standing = with_decisions(conn, kind, query, values)
    return [_fact(row) for row in sorted(standing, key=lambda row: row["id"])]


def _by_id(rows: Facts) -> dict[str, Mapping[str, Any]]:
    return {row["activity_id"]: row for row in rows}


def _fact(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what tells where it came from."""
    for column in _ORIGIN:
        del row[column]
    return row


def terminal_zones(conn: Connection) -> dict[str, str]:
    """Given a connection, return the time zone of each terminal, as a collector told it last."""
    facts = terminal_facts.c
    newest = select(facts.terminal, func.max(facts.since).label("since")).group_by(facts.terminal).subquery()
    query = select(facts.terminal, facts.timezone).join(
        newest, (newest.c.terminal == facts.terminal) & (newest.c.since == facts.since)
    )
    return {row.terminal: row.timezone for row in conn.execute(query)}


def terminal_serials(conn: Connection) -> dict[str, str]:
    """Given a connection, return the terminal of each serial that answered or pushed last, as a collector told."""
    status = terminal_status.c
    rows = conn.execute(select(status.serial, status.terminal).where(status.serial != "")).all()
    told = Counter(row.serial for row in rows)
    return {row.serial: row.terminal for row in rows if told[row.serial] == 1}
