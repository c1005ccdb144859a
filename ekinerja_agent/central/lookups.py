"""What an import file is compared with: the facts that stand now, as plain rows of what they say.

Does not tell which file brought a row, nor know why somebody asks. A reader sees what was committed before it asked;
nothing is locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, exists, func, select

from ekinerja_agent.central.batches import current, fact_table
from ekinerja_agent.central.decided import with_decisions
from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.parts import parts
from ekinerja_agent.central.tables.imported import activities, employees
from ekinerja_agent.central.tables.recorded import terminal_facts, terminal_status

Facts = Sequence[Mapping[str, Any]]

_IDS_AT_ONCE = 10_000
_ORIGIN = ("id", "batch", "row")


class StoredFacts:
    """The facts of one central database. Each kind is read once: one file is judged against one moment."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows: dict[str, Facts] = {}

    def rows(self, kind: str) -> Facts:
        """Given a kind of facts, return all its rows that stand, in the order they were stored."""
        if kind not in self._rows:
            table = fact_table(kind)
            with reading(self._engine) as conn:
                standing = with_decisions(conn, kind, current(table))
            self._rows[kind] = [_fact(row) for row in sorted(standing, key=lambda row: row["id"])]
        return self._rows[kind]

    def terminals(self) -> frozenset[str]:
        """Return the terminals that a collector told of or an enrolment names."""
        named = {row["terminal"] for row in self.rows("enrolments")}
        return frozenset(named | terminal_zones(self._engine).keys())

    def activities(self, ids: Iterable[str], first_day: date, last_day: date) -> Facts:
        """Return the activities that stand and have one of these ids or lie on these days, both included."""
        table = activities.c
        found: dict[str, Mapping[str, Any]] = {}
        with reading(self._engine) as conn:
            if not conn.scalar(select(exists().where(table.id > 0))):
                return []
            on_days = select(table.activity_id).where(table.date.between(first_day, last_day))
            found.update(_by_id(conn, table.activity_id.in_(on_days)))
            others = iter([one for one in ids if one not in found])
            while part := list(islice(others, _IDS_AT_ONCE)):
                found.update(_by_id(conn, table.activity_id.in_(part)))
        return list(found.values())


def spells_of(engine: Engine, nips: Iterable[str]) -> Facts:
    """Given people, return their spells of duty that stand, in the order they were stored."""
    found: list[dict[str, Any]] = []
    with reading(engine) as conn:
        for part in parts(sorted(nips)):
            row = current(employees, employees.c.nip.in_(part)).subquery().c
            found += [dict(one) for one in conn.execute(select(*row).order_by(row.id)).mappings()]
    return [_fact(one) for one in found]


def _by_id(conn: Connection, condition: ColumnElement[bool]) -> dict[str, Mapping[str, Any]]:
    rows = with_decisions(conn, activities.name, current(activities, condition))
    return {row["activity_id"]: _fact(row) for row in rows}


def _fact(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what tells where it came from."""
    for column in _ORIGIN:
        del row[column]
    return row


def terminal_zones(engine: Engine) -> dict[str, str]:
    """Given the database, return the time zone of each terminal, as a collector told it last."""
    facts = terminal_facts.c
    newest = select(facts.terminal, func.max(facts.since).label("since")).group_by(facts.terminal).subquery()
    query = select(facts.terminal, facts.timezone).join(
        newest, (newest.c.terminal == facts.terminal) & (newest.c.since == facts.since)
    )
    with reading(engine) as conn:
        return {row.terminal: row.timezone for row in conn.execute(query)}


def terminal_serials(engine: Engine) -> dict[str, str]:
    """Given the database, return the terminal of each serial that answered or pushed last, as a collector told."""
    status = terminal_status.c
    with reading(engine) as conn:
        rows = conn.execute(select(status.serial, status.terminal).where(status.serial != "")).all()
    told = Counter(row.serial for row in rows)
    return {row.serial: row.terminal for row in rows if told[row.serial] == 1}
