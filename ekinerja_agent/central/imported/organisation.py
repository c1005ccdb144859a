"""Who stands where on a day, as the facts say that stand: units, people in them, who leads whom, who may act for whom.

What follows from the rows is told in `county/`. Promises to read few rows, on the caller's connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.imported import assignments, employees, units
from ekinerja_agent.central.store.tables.recorded import terminal_facts
from ekinerja_agent.central.versions import current, holds_on
from ekinerja_agent.county import access
from ekinerja_agent.county.access import Bar, Deed, Leads
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import led_by, with_all_below
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message


def unit_names(conn: Connection, day: date) -> dict[str, str]:
    """Given a day, return the units of that day by code."""
    return {code: unit["name"] for code, unit in _units_on(conn, day).items()}


def unit_zones(conn: Connection, day: date) -> dict[str, str]:
    """Given a day, return the name of the time zone of each unit of that day by code."""
    return {code: unit["timezone"] for code, unit in _units_on(conn, day).items()}


def people_in(conn: Connection, unit: str, day: date) -> list[str]:
    """Given a unit and a day, return who stands in the unit on that day, by NIP."""
    e = employees.c
    ever = _rows(conn, current(employees, e.nip.in_(select(e.nip).where(e.unit == unit))))
    posts = _posts(ever, ())
    return sorted(nip for nip in {row["nip"] for row in ever} if _unit(posts, nip, day) == unit)


def unit_of(conn: Connection, nip: str, day: date) -> str | None:
    """Given a person and a day, return the unit in which they serve on it; None if they have no spell of duty."""
    return _unit(_posts(_rows(conn, current(employees, employees.c.nip == nip)), ()), nip, day)


def unit_with(conn: Connection, terminal: str) -> str | None:
    """Given a terminal, return the unit where it stands, as a collector told last; None if none did."""
    f = terminal_facts.c
    query = select(f.office).where(f.terminal == terminal).order_by(f.since.desc()).limit(1)
    unit: str | None = conn.scalar(query)
    return unit


def led_units(conn: Connection, account: Account, day: date) -> frozenset[str]:
    """Given an account and a day, return the units that it leads on that day, with all that stand below them.

    A person leads as `county/superiors` tells; an account without a person the unit that it names.
    """
    standing = list(_units_on(conn, day).values())
    if account.nip is None:
        return with_all_below([account.unit] if account.unit else [], _posts((), standing), day)
    spells = _rows(conn, current(employees, employees.c.nip == account.nip))
    acting = _rows(conn, current(assignments, assignments.c.nip == account.nip))
    return led_by(account.nip, _posts(spells, standing), acting, day)


def leads(conn: Connection, account: Account) -> Leads:
    """Given an account, return what tells the units that it leads on a day."""
    return lambda day: led_units(conn, account, day)


def tended_units(conn: Connection, account: Account, day: date) -> frozenset[str]:
    """Given an account and a day, return the units that it looks after as office admin on that day, with all below: the
    one that it names, else the one in which its person serves.
    """
    own = account.unit or (unit_of(conn, account.nip, day) if account.nip else None)
    standing = list(_units_on(conn, day).values())
    return with_all_below([own] if own else [], _posts((), standing), day)


def tends(conn: Connection, account: Account) -> Leads:
    """Given an account, return what tells the units that it looks after on a day."""
    return lambda day: tended_units(conn, account, day)


def require_power(
    conn: Connection,
    account: Account,
    deed: Deed,
    *,
    subject: str,
    day: date,
    unit: str | None,
    nip: str | None = None,
    brought: bool = False,
) -> None:
    """Given what somebody is about to do on a day, and to whom, raise Refused if they may not.

    `subject` is what messages call it; see `county/access` for the others.
    """
    bar = access.barred(
        account,
        deed,
        unit=unit,
        nip=nip,
        day=day,
        leads=leads(conn, account),
        tends=tends(conn, account),
        brought=brought,
    )
    if bar is Bar.ONESELF:
        raise Refused(
            Message("{subject} is about {account}; another person decides on it", subject=subject, account=account.name)
        )
    if bar is Bar.BROUGHT:
        raise Refused(
            Message("{account} entered {subject}; another person decides on it", account=account.name, subject=subject)
        )
    if bar is Bar.ELSEWHERE and unit is None:
        raise Refused(
            Message(
                "nobody knows the unit of {subject} on {day}, so no head may do that; an operator may",
                subject=subject,
                day=day,
            )
        )
    if bar is Bar.ELSEWHERE:
        raise Refused(
            Message(
                "the unit of {subject} on {day} is {unit}, which {account} does not head; an operator or the head "
                "of that unit may do that",
                subject=subject,
                day=day,
                unit=unit,
                account=account.name,
            )
        )
    if bar is not None:
        require(account, deed)


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


def _units_on(conn: Connection, day: date) -> dict[str, Mapping[str, Any]]:
    """The row of each unit that has the day, by code."""
    row = current(units).subquery()
    posts = _posts((), _rows(conn, select(row).where(*holds_on(row.c, day)).order_by(row.c.code)))
    return {code: unit for code in posts.codes if (unit := posts.unit(code, day)) is not None}


def _rows(conn: Connection, query: Select[Any]) -> list[Mapping[str, Any]]:
    return [dict(row) for row in conn.execute(query).mappings()]


def _posts(spells: Sequence[Mapping[str, Any]], standing: Sequence[Mapping[str, Any]]) -> Posts:
    return Posts({"employees": spells, "units": standing}.__getitem__, "")


def _unit(posts: Posts, nip: str, day: date) -> str | None:
    spell = posts.spell(nip, day)
    return None if spell is None else str(spell["unit"])
