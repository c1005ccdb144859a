"""Power: what an account can that a plain employee's cannot, and whether a change of accounts gives some of it.

Promises to take somebody for powerful rather than not: whoever is named today as superior or head counts, whether or
not anybody asks them. Does not know who asks for a change, nor how it is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection, select

from ekinerja_agent.central.access.account_rows import Account, operators, with_power
from ekinerja_agent.central.store.tables.imported import assignments, employees, units
from ekinerja_agent.central.versions import current, holds_on
from ekinerja_agent.county.access import Role
from ekinerja_agent.county.superiors import ACTING

_LISTS: Final = ("feeds", "roles")


class ChangeKind(StrEnum):
    """What is done to an account."""

    ADD = "add"
    BIND = "bind"
    SET_ROLES = "set-roles"
    SET_NIP = "set-nip"
    SET_FEEDS = "set-feeds"
    PASSWORD = "password"  # noqa: S105  the word, not one
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the account of a name; `values` are the columns that become other ones."""

    kind: ChangeKind
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the values as JSON holds them."""
        return {name: sorted(value) if name in _LISTS else value for name, value in self.values.items()}


def change_of(kind: str, name: str, values: Mapping[str, Any]) -> Change:
    """Given what `as_json` made, return the change."""
    kept = {column: frozenset(value) if column in _LISTS else value for column, value in values.items()}
    return Change(ChangeKind(kind), name, kept)


class Powers:
    """Who has power on a day, asked in one transaction."""

    def __init__(self, conn: Connection, day: date) -> None:
        self._conn = conn
        self._day = day

    def has(self, account: Account) -> bool:
        """Tell whether the account can more than a plain employee's: by a role, as a feed, as somebody's superior, or
        because its person has another account that can.
        """
        if account.feeds or account.roles - {Role.EMPLOYEE}:
            return True
        return account.nip is not None and account.nip in self._people

    def gives(self, change: Change, before: Account | None) -> bool:
        """Given a change and the account as it is (None: not there yet), tell whether it gives, moves or takes power.

        To disable an account takes what it can and gives nobody anything, unless it is an operator: then whoever is
        left may act alone.
        """
        if before is None:
            values = change.values
            nip = values["nip"]
            is_known = nip is not None and nip in self._people
            return bool(values["os_user"] or values["feeds"] or values["roles"] - {Role.EMPLOYEE} or is_known)
        if change.kind is ChangeKind.DISABLE:
            return before.is_operator
        return change.kind is ChangeKind.BIND or self.has(before) or self.has(replace(before, **change.values))

    @cached_property
    def _people(self) -> frozenset[str]:
        """The NIP of everybody who has power."""
        own = {account.nip for account in with_power(self._conn) if account.nip}
        return frozenset(own | self._superiors())

    def _superiors(self) -> set[str]:
        spells, places, acting = (current(table).subquery() for table in (employees, units, assignments))
        asked = (
            select(spells.c.supervisor_nip).where(*holds_on(spells.c, self._day)),
            select(places.c.head_nip).where(*holds_on(places.c, self._day)),
            select(acting.c.nip).where(acting.c.kind.in_(ACTING), *holds_on(acting.c, self._day)),
        )
        return {nip for query in asked for nip in self._conn.scalars(query.distinct()) if nip is not None}


def another_operator(conn: Connection, account: Account) -> bool:
    """Tell whether there is another operator who can confirm: of another person, with an operating-system user."""
    return any(
        other.id != account.id and other.os_user is not None and (other.nip is None or other.nip != account.nip)
        for other in operators(conn)
    )
