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

    AUDITOR = "auditor"
    """Reads all, and the audit log."""
    EMPLOYEE = "employee"
    HEAD = "head"
    HR = "hr"
    """The people of the county."""
    LEADER = "leader"
    """Reads the county, without a person's month."""
    OFFICE_ADMIN = "office_admin"
    """The people of one unit and of all below it."""
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
    DECIDE_DOUBT = "doubt.decide"
    """On a record of a file that contradicts what was proven."""
    ASK_REDATING = "redating.ask"
    DECIDE_REDATING = "redating.decide"
    OBJECT = "objection.enter"
    DECIDE_OBJECTION = "objection.decide"
    CLOSE_MONTH = "month.close"
    """And to reopen, export or pay it."""
    ACCEPT_RULES = "rules.accept"
    """By which others close months."""
    IMPORT = "import"
    """Facts of people and units."""
    IMPORT_PUNCHES = "import.punches"
    """What a terminal recorded, from a file."""
    REVOKE_IMPORT = "import.revoke"
    DECIDE_IMPORT = "import.decide"
    """On a batch that moves what somebody is paid."""
    CHANGE_ACCOUNTS = "account.change"
    TEND_TERMINALS = "terminal.change"
    """Their clocks, logs and the people on them."""
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Grant:
    """To whom a deed is open: whoever has one of the `roles`, whomever it is about; with `heads` a head, for the units
    that they lead on the day; with `offices` an office admin, for the units that are theirs to look after; with
    `oneself` the person it is about; with `superiors` whoever is asked as superior.

    An `impartial` deed is nobody's about themselves, nor about what they brought.
    """

    roles: tuple[Role, ...] = ()
    heads: bool = False
    offices: bool = False
    oneself: bool = False
    superiors: bool = False
    impartial: bool = False


_OPERATOR = (Role.OPERATOR,)
_OPERATOR_OR_PAYROLL = (Role.OPERATOR, Role.PAYROLL)
_OPERATOR_OR_HR = (Role.OPERATOR, Role.HR)
_READ_ALL = (Role.OPERATOR, Role.PAYROLL, Role.HR, Role.AUDITOR)

GRANTS: Mapping[Deed, Grant] = {
    Deed.SEE_TERMINALS: Grant((Role.OPERATOR, Role.AUDITOR)),
    Deed.SEE_UNIT: Grant((*_READ_ALL, Role.LEADER), heads=True, offices=True),
    Deed.SEE_PERSON: Grant(_READ_ALL, heads=True, offices=True, oneself=True),
    Deed.SEE_COUNTY: Grant((*_READ_ALL, Role.LEADER)),
    Deed.ENTER_ACTIVITY: Grant(_OPERATOR, oneself=True),
    Deed.ENTER_OWN_ACTIVITY: Grant(oneself=True),
    Deed.DECIDE_ACTIVITY: Grant(superiors=True, impartial=True),
    Deed.ENTER_CORRECTION: Grant(_OPERATOR_OR_HR, heads=True, offices=True),
    Deed.DECIDE_CORRECTION: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.DECIDE_ABSENCE: Grant(_OPERATOR_OR_HR, heads=True, impartial=True),
    Deed.DECIDE_OUTAGE: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.DECIDE_DOUBT: Grant(_OPERATOR_OR_PAYROLL, heads=True, impartial=True),
    Deed.ASK_REDATING: Grant(_OPERATOR),
    Deed.DECIDE_REDATING: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.OBJECT: Grant(_OPERATOR_OR_HR, heads=True, offices=True, oneself=True),
    Deed.DECIDE_OBJECTION: Grant(_OPERATOR, heads=True, impartial=True),
    Deed.CLOSE_MONTH: Grant(_OPERATOR_OR_PAYROLL),
    Deed.ACCEPT_RULES: Grant(_OPERATOR_OR_PAYROLL),
    Deed.IMPORT: Grant(_OPERATOR_OR_HR),
    Deed.IMPORT_PUNCHES: Grant(_OPERATOR),
    Deed.REVOKE_IMPORT: Grant(_OPERATOR_OR_PAYROLL),
    Deed.DECIDE_IMPORT: Grant(_OPERATOR_OR_PAYROLL, impartial=True),
    Deed.CHANGE_ACCOUNTS: Grant(_OPERATOR),
    Deed.TEND_TERMINALS: Grant(_OPERATOR),
    Deed.PURGE: Grant(_OPERATOR),
}


class Bar(StrEnum):
    """Why somebody may not."""

    POWER = "power"
    """Nothing opens the deed to the account."""
    ELSEWHERE = "elsewhere"
    """A head or an office admin, but not of that unit on that day."""
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
"""Given a day, the units that an account leads on it, or looks after, with all below."""


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
    tends: Leads = _no_unit,
    asked: Collection[str] = (),
    brought: bool = False,
) -> Bar | None:
    """Given who acts and what it is about, return why the account may not, or None if it may.

    `unit` is where the person (or terminal) stood on the day in question; None: nobody knows. `leads` tells the units
    that the account leads, `tends` those that it looks after as office admin. `asked` are the superiors whose turn it
    is. `brought`: the account entered it, or asked for it.
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
    if unit is None or day is None:
        return Bar.ELSEWHERE
    leads_there = grant.heads and Role.HEAD in account.roles and unit in leads(day)
    tends_there = grant.offices and Role.OFFICE_ADMIN in account.roles and unit in tends(day)
    return None if leads_there or tends_there else Bar.ELSEWHERE


def may(
    account: Actor,
    deed: Deed,
    *,
    unit: str | None = None,
    nip: str | None = None,
    day: date | None = None,
    leads: Leads = _no_unit,
    tends: Leads = _no_unit,
    asked: Collection[str] = (),
    brought: bool = False,
) -> bool:
    """Tell whether the account may, given what `barred` is given."""
    bar = barred(account, deed, unit=unit, nip=nip, day=day, leads=leads, tends=tends, asked=asked, brought=brought)
    return bar is None


def everywhere(account: Actor, deed: Deed) -> bool:
    """Tell whether a role of the account opens the deed whomever it is about."""
    return not account.roles.isdisjoint(GRANTS[deed].roles)


def anywhere(account: Actor, deed: Deed) -> bool:
    """Tell whether a role of the account opens the deed, if only in some unit."""
    return not account.roles.isdisjoint(roles_of(deed))


def roles_of(deed: Deed) -> tuple[Role, ...]:
    """Return the roles that open a deed, if only in some unit."""
    grant = GRANTS[deed]
    in_some_unit = ((Role.HEAD, grant.heads), (Role.OFFICE_ADMIN, grant.offices))
    return (*grant.roles, *(role for role, is_open in in_some_unit if is_open))
