"""Who stands where on a day: units with their names and zones, people in them, who leads whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.imported import assignments, employees, units
from ekinerja_agent.central.versions import current, holds_on


def unit_names(conn: Connection, day: date) -> dict[str, str]:
    """Given a day, return the units of that day by code."""
    return {row.code: row.name for row in conn.execute(_units_on(day))}


def unit_zones(conn: Connection, day: date) -> dict[str, str]:
    """Given a day, return the name of the time zone of each unit of that day by code."""
    return {row.code: row.timezone for row in conn.execute(_units_on(day))}


def people_in(conn: Connection, unit: str, day: date) -> list[str]:
    """Given a unit and a day, return who stands in the unit on that day, by NIP."""
    e = employees.c
    row = current(employees, e.nip.in_(select(e.nip).where(e.unit == unit))).subquery().c
    return list(conn.scalars(select(row.nip).where(row.unit == unit, *holds_on(row, day)).order_by(row.nip)))


def led_units(conn: Connection, account: Account, day: date) -> frozenset[str]:
    """Given an account and a day, return the units that it heads on that day, with all that stand below them.

    A person heads the unit whose facts name them, or for which they act (plt, plh); an account without a person heads
    the unit that it names.
    """
    rows = conn.execute(_units_on(day)).all()
    if account.nip is None:
        roots = {account.unit} - {None}
    else:
        roots = {row.code for row in rows if row.head_nip == account.nip}
        acting = current(assignments, assignments.c.nip == account.nip).subquery().c
        query = select(acting.unit).where(acting.kind.in_(["plt", "plh"]), *holds_on(acting, day))
        roots |= set(conn.scalars(query))
    below: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        below[row.parent].append(row.code)
    led: set[str] = set()
    waiting = [code for code in roots if code is not None]
    while waiting:
        if (code := waiting.pop()) not in led:
            led.add(code)
            waiting += below[code]
    return frozenset(led)


def people_below(conn: Connection, account: Account, day: date) -> set[str]:
    """Given an account of a person and a day, return everybody who may stand below that person on the day: by a unit
    that they head, or by name, over any number of steps. More than do, never fewer.
    """
    e = employees.c
    units_led = led_units(conn, account, day)
    found: set[str] = set()
    fresh = set(conn.scalars(select(e.nip).where(or_(e.unit.in_(units_led), e.supervisor_nip == account.nip))))
    while fresh:
        found |= fresh
        named: set[str] = set()
        for part in chunks(sorted(fresh)):
            named |= set(conn.scalars(select(e.nip).where(e.supervisor_nip.in_(part))))
        fresh = named - found
    return found - {account.nip or ""}


def names_of(conn: Connection, nips: Iterable[str]) -> dict[str, str]:
    """Given people, return their names by NIP."""
    row = current(employees, employees.c.nip.in_(sorted(nips))).subquery().c
    return {one.nip: one.name for one in conn.execute(select(row.nip, row.name).order_by(row.id))}


def _units_on(day: date) -> Select[Any]:
    row = current(units).subquery().c
    return (
        select(row.code, row.name, row.parent, row.head_nip, row.timezone).where(*holds_on(row, day)).order_by(row.code)
    )
