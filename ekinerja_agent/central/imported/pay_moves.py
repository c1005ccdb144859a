"""Which rows of a file move what somebody is paid in a unit that was closed before, and how an audit row tells of them.

Names too many rows rather than too few. Does not know who decides, nor what anybody's score is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, exists, func, select

from ekinerja_agent.central.kinds import FactKind, Guard, Only, fact_kind
from ekinerja_agent.central.marks import whom_it_touches
from ekinerja_agent.central.marks.changed_days import EVERYBODY, nip_of
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.imported import employees, units
from ekinerja_agent.central.store.tables.periods import period_events
from ekinerja_agent.central.store.tables.recorded import punches
from ekinerja_agent.nouns.punch import EVERY_TERMINAL

SHOWN: Final = 50
"""How many changes an audit row tells one by one; of the others it has the number and a digest."""

Row = Mapping[str, Any]
_KEYS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """A row that comes, and the one that stood in its place; None: none did."""

    row: Row
    before: Row | None


def move_pay(conn: Connection, kind: str, changes: Sequence[Change], beside: Sequence[Row], today: date) -> bool:
    """Given the changes of a file, and what stands beside them as for marks, tell whether one of them may move what
    somebody is paid in a unit that was closed before. `today` is the latest day that anybody's calendar shows.
    """
    declared = fact_kind(kind)
    if declared.pay.guard is not Guard.ANOTHER or not conn.scalar(select(exists().where(period_events.c.id > 0))):
        return False
    moving = [change for change in changes if _is_more_than_harmless(declared, change)]
    if declared.pay.only is not None:
        moving = _ONLY[declared.pay.only](conn, moving, today)
    return bool(moving) and _touch_a_closed_unit(conn, kind, moving, beside)


def audit_details(kind: str, changes: Sequence[Change]) -> dict[str, Any]:
    """Given the changes of a file of a kind that moves pay, return what an audit row says of them: whom or what each is
    about, the old values and the new ones. Of other kinds it says nothing.
    """
    declared = fact_kind(kind)
    if declared.pay.guard is not Guard.ANOTHER:
        return {}
    every = [_told(declared, change) for change in changes]
    details: dict[str, Any] = {"changes": every[:SHOWN]}
    if len(every) > SHOWN:
        text = json.dumps(every, sort_keys=True, separators=(",", ":"))
        details |= {"changes_in_all": len(every), "changes_digest": f"sha256:{sha256(text.encode()).hexdigest()}"}
    return details


def _told(kind: FactKind, change: Change) -> dict[str, Any]:
    names = [column.name for column in kind.file_columns if column.name not in kind.key]
    new = {name: change.row.get(name) for name in names}
    old = None if change.before is None else {name: change.before.get(name) for name in names}
    if old is not None:
        new, old = (
            {name: values[name] for name in names if new[name] != old[name]} for values in (dict(new), dict(old))
        )
    return {
        "of": {name: _plain(change.row.get(name)) for name in kind.key},
        "new": {name: _plain(value) for name, value in new.items() if old is not None or value is not None},
        "old": None if old is None else {name: _plain(value) for name, value in old.items()},
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value


def _is_more_than_harmless(kind: FactKind, change: Change) -> bool:
    if change.before is None:
        return True
    names = {column.name for column in kind.file_columns} - {*kind.pay.harmless}
    return any(change.before.get(name) != change.row.get(name) for name in names)


def _touch_a_closed_unit(conn: Connection, kind: str, moving: Sequence[Change], beside: Sequence[Row]) -> bool:
    changed = [row for change in moving for row in (change.row, change.before) if row is not None]
    subjects = whom_it_touches.by_rows(kind, changed, beside)
    if EVERYBODY in subjects:
        return True
    closed = set(conn.scalars(select(period_events.c.unit).distinct()))
    if kind == employees.name and any(row["unit"] in closed for row in changed):
        return True
    e = employees.c
    for part in chunks(sorted(filter(None, map(nip_of, subjects))), _KEYS_AT_ONCE):
        if not closed.isdisjoint(conn.scalars(select(e.unit).where(e.nip.in_(part)).distinct())):
            return True
    return False


def _of_days_begun(_: Connection, moving: Sequence[Change], today: date) -> list[Change]:
    return [change for change in moving if change.row["date"] <= today]


def _of_what_was_known(conn: Connection, moving: Sequence[Change], _: date) -> list[Change]:
    """A new spell of a unit that is known has a key of its own, and no row stood in its place."""
    codes = {change.row["code"] for change in moving if change.before is None}
    known: set[str] = set()
    for part in chunks(sorted(codes), _KEYS_AT_ONCE):
        known.update(conn.scalars(select(units.c.code).where(units.c.code.in_(part)).distinct()))
    return [change for change in moving if change.before is not None or change.row["code"] in known]


def _with_punches(conn: Connection, moving: Sequence[Change], _: date) -> list[Change]:
    used: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    p = punches.c
    for part in chunks(sorted({change.row["pin"] for change in moving}), _KEYS_AT_ONCE):
        query = select(p.terminal, p.pin, func.min(p.clock).label("first"), func.max(p.clock).label("last"))
        for row in conn.execute(query.where(p.pin.in_(part)).group_by(p.terminal, p.pin)):
            for terminal in (row.terminal, EVERY_TERMINAL):
                first, last = used.get((terminal, row.pin), (row.first, row.last))
                used[terminal, row.pin] = min(first, row.first), max(last, row.last)
    return [change for change in moving if _was_used(used, change.row) or _was_used(used, change.before)]


def _was_used(used: Mapping[tuple[str, str], tuple[datetime, datetime]], row: Row | None) -> bool:
    """A punch of the day before or after may be one of these days, by a clock that was corrected since."""
    days = None if row is None else used.get((row["terminal"], row["pin"]))
    if row is None or days is None:
        return False
    one_day = timedelta(days=1)
    first, last = days[0].date() - one_day, days[1].date() + one_day
    return (row["valid_from"] or first) <= last and (row["valid_to"] or last) >= first


_ONLY: Final[Mapping[Only, Callable[[Connection, Sequence[Change], date], list[Change]]]] = {
    Only.DAYS_BEGUN: _of_days_begun,
    Only.WITH_PUNCHES: _with_punches,
    Only.KNOWN_BEFORE: _of_what_was_known,
}
