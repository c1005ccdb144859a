"""Who may do what, and to whom: the one table that commands, pages and imports ask. The tests read it as a table.

Nothing is allowed that is not named here. Being somebody's superior, or the head of a unit on a day, is a fact that
whoever asks brings along. Does not know how somebody proves who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What an account is for. Being a superior is no role."""

    EMPLOYEE = "employee"
    HEAD = "head"
    OPERATOR = "operator"
    PAYROLL = "payroll"


class Deed(StrEnum):
    """What somebody does."""

    SEE_TERMINALS = "live"
    """Terminals, the queue, unknown PINs."""
    SEE_UNIT = "unit"
    """The people of a unit, on a day or in a month."""
    SEE_PERSON = "person"
    """A person's month with every finding."""
    SEE_COUNTY = "county"
    """Reports of all units."""
    ENTER_ACTIVITY = "activity.enter"
    ENTER_OWN_ACTIVITY = "activity.enter-own"
    DECIDE_ACTIVITY = "activity.decide"
    ENTER_CORRECTION = "correction.enter"
    DECIDE_CORRECTION = "correction.decide"
    DECIDE_ABSENCE = "absence.decide"
    DECIDE_OUTAGE = "outage.decide"
    ASK_REDATING = "redating.ask"
    DECIDE_REDATING = "redating.decide"
    OBJECT = "objection.enter"
    DECIDE_OBJECTION = "objection.decide"
    CLOSE_MONTH = "month.close"
    """And to reopen, export or pay it."""
    IMPORT = "import"
    REVOKE_IMPORT = "import.revoke"
    CHANGE_ACCOUNTS = "account.change"
    TEND_TERMINALS = "terminal.change"
    """Their clocks, logs and the people on them."""
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Grant:
    """To whom a deed is open: whoever has one of the `roles`, whomever it is about; with `heads` a head, for the units
    that they lead on the day; with `oneself` the person it is about; with `superiors` whoever is asked as superior.

    An `impartial` deed is nobody's about themselves, nor about what they brought.
    """

    roles: tuple[Role, ...] = ()
    heads: bool = False
    oneself: bool = False
    superiors: bool = False
    impartial: bool = False


_OPERATOR = (Role.OPERATOR,)
_OPERATOR_OR_PAYROLL = (Role.OPERATOR, Role.PAYROLL)

GRANTS: Mapping[Deed, Grant] = {
    Deed.SEE_TERMINALS: Grant(_OPERATOR),
    Deed.SEE_UNIT: Grant(_OPERATOR_OR_PAYROLL, heads=True),
    Deed.SEE_PERSON: Grant(_OPERATOR_OR_PAYROLL, heads=True, oneself=True),
    Deed.SEE_COUNTY: Grant(_OPERATOR_OR_PAYROLL),
    Deed.ENTER_ACTIVITY: Grant(_OPERATOR, oneself=True),
    Deed.ENTER_OWN_ACTIVITY: Grant(oneself=True),
    Deed.DECIDE_ACTIVITY: Grant(superiors=True, impartial=True),
    Deed.ENTER_CORRECTION: Grant(_OPERATOR, heads=True),
    Deed.DECIDE_CORRECTION: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.DECIDE_ABSENCE: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.DECIDE_OUTAGE: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.ASK_REDATING: Grant(_OPERATOR),
    Deed.DECIDE_REDATING: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.OBJECT: Grant(_OPERATOR, heads=True, oneself=True),
    Deed.DECIDE_OBJECTION: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.CLOSE_MONTH: Grant(_OPERATOR_OR_PAYROLL),
    Deed.IMPORT: Grant(_OPERATOR),
    Deed.REVOKE_IMPORT: Grant(_OPERATOR),
    Deed.CHANGE_ACCOUNTS: Grant(_OPERATOR),
    Deed.TEND_TERMINALS: Grant(_OPERATOR),
    Deed.PURGE: Grant(_OPERATOR),
}


class Bar(StrEnum):
    """Why somebody may not."""

    POWER = "power"
    """Nothing opens the deed to the account."""
    ELSEWHERE = "elsewhere"
    """A head, but not of that unit on that day."""
    ONESELF = "oneself"
    """It is about the account's own person."""
    BROUGHT = "brought"
    """The account entered it, or asked for it."""


class Actor(Protocol):
    """Who acts: an account."""

    @property
    def roles(self) -> Set[str]:
        """What it is for."""

    @property
    def nip(self) -> str | None:
        """Whose it is; None: no person's."""


Leads = Callable[[date], Set[str]]
"""Given a day, the units that an account leads on it, with all below."""


def _no_unit(_day: date) -> Set[str]:
    return frozenset()


def barred(
    account: Actor,
    deed: Deed,
    *,
    unit: str | None = None,
    nip: str | None = None,
    day: date | None = None,
    leads: Leads = _no_unit,
    asked: Collection[str] = (),
    brought: bool = False,
) -> Bar | None:
    """Given who acts and what it is about, return why the account may not, or None if it may.

    `unit` is where the person (or terminal) stood on the day in question; None: nobody knows. `leads` tells the units
    that the account leads. `asked` are the superiors whose turn it is. `brought`: the account entered it, or asked for
    it.
    """
    grant = GRANTS[deed]
    is_own = nip is not None and nip == account.nip
    if grant.impartial and is_own:
        return Bar.ONESELF
    if grant.impartial and brought:
        return Bar.BROUGHT
    is_asked = grant.superiors and account.nip is not None and account.nip in asked
    if everywhere(account, deed) or is_asked or (grant.oneself and is_own):
        return None
    if not anywhere(account, deed):
        return Bar.POWER
    leads_there = unit is not None and day is not None and unit in leads(day)
    return None if leads_there else Bar.ELSEWHERE


def may(
    account: Actor,
    deed: Deed,
    *,
    unit: str | None = None,
    nip: str | None = None,
    day: date | None = None,
    leads: Leads = _no_unit,
    asked: Collection[str] = (),
    brought: bool = False,
) -> bool:
    """Tell whether the account may, given what `barred` is given."""
    return barred(account, deed, unit=unit, nip=nip, day=day, leads=leads, asked=asked, brought=brought) is None


def everywhere(account: Actor, deed: Deed) -> bool:
    """Tell whether a role of the account opens the deed whomever it is about."""
    return not account.roles.isdisjoint(GRANTS[deed].roles)


def anywhere(account: Actor, deed: Deed) -> bool:
    """Tell whether a role of the account opens the deed, if only in some unit."""
    return not account.roles.isdisjoint(roles_of(deed))


def roles_of(deed: Deed) -> tuple[Role, ...]:
    """Return the roles that open a deed, if only in some unit."""
    grant = GRANTS[deed]
    return (*grant.roles, Role.HEAD) if grant.heads else grant.roles
