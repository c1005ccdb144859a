"""Who may do what, as a table. A row that is not here is a refusal."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.county.access import GRANTS, Bar, Deed, Role, anywhere, barred, everywhere, may

DAY = date(2026, 9, 7)
ANI, BUDI = "1", "2"


@dataclass(frozen=True)
class Somebody:
    roles: Set[str]
    nip: str | None = ANI


def leads(day: date) -> Set[str]:
    """A and what is below it, on one day only."""
    return frozenset({"A", "A1"} if day == DAY else ())


NO, ALL, OWN_UNITS = "no", "all", "own units"
TABLE = [
    # deed                     operator  payroll  head      employee  the person  a superior
    (Deed.SEE_TERMINALS, ALL, NO, NO, NO, False, False),
    (Deed.SEE_UNIT, ALL, ALL, OWN_UNITS, NO, False, False),
    (Deed.SEE_PERSON, ALL, ALL, OWN_UNITS, NO, True, False),
    (Deed.SEE_COUNTY, ALL, ALL, NO, NO, False, False),
    (Deed.ENTER_ACTIVITY, ALL, NO, NO, NO, True, False),
    (Deed.ENTER_OWN_ACTIVITY, NO, NO, NO, NO, True, False),
    (Deed.DECIDE_ACTIVITY, NO, NO, NO, NO, False, True),
    (Deed.ENTER_CORRECTION, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.DECIDE_CORRECTION, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.DECIDE_ABSENCE, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.DECIDE_OUTAGE, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.DECIDE_DOUBT, ALL, ALL, OWN_UNITS, NO, False, False),
    (Deed.ASK_REDATING, ALL, NO, NO, NO, False, False),
    (Deed.DECIDE_REDATING, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.OBJECT, ALL, NO, OWN_UNITS, NO, True, False),
    (Deed.DECIDE_OBJECTION, ALL, NO, OWN_UNITS, NO, False, False),
    (Deed.CLOSE_MONTH, ALL, ALL, NO, NO, False, False),
    (Deed.ACCEPT_RULES, ALL, ALL, NO, NO, False, False),
    (Deed.IMPORT, ALL, NO, NO, NO, False, False),
    (Deed.IMPORT_PUNCHES, ALL, NO, NO, NO, False, False),
    (Deed.REVOKE_IMPORT, ALL, ALL, NO, NO, False, False),
    (Deed.DECIDE_IMPORT, ALL, ALL, NO, NO, False, False),
    (Deed.CHANGE_ACCOUNTS, ALL, NO, NO, NO, False, False),
    (Deed.TEND_TERMINALS, ALL, NO, NO, NO, False, False),
    (Deed.PURGE, ALL, NO, NO, NO, False, False),
]
OF_OTHER_ROLES = {
    # deed: auditor, hr, leader, office admin; what is not here is open to none of them
    Deed.SEE_TERMINALS: (ALL, NO, NO, NO),
    Deed.SEE_UNIT: (ALL, ALL, ALL, OWN_UNITS),
    Deed.SEE_PERSON: (ALL, ALL, NO, OWN_UNITS),
    Deed.SEE_COUNTY: (ALL, ALL, ALL, NO),
    Deed.ENTER_CORRECTION: (NO, ALL, NO, OWN_UNITS),
    Deed.DECIDE_ABSENCE: (NO, ALL, NO, NO),
    Deed.OBJECT: (NO, ALL, NO, OWN_UNITS),
    Deed.IMPORT: (NO, ALL, NO, NO),
}
NOBODY_ABOUT_THEMSELVES = {
    Deed.DECIDE_ACTIVITY,
    Deed.DECIDE_CORRECTION,
    Deed.DECIDE_ABSENCE,
    Deed.DECIDE_OUTAGE,
    Deed.DECIDE_DOUBT,
    Deed.DECIDE_REDATING,
    Deed.DECIDE_IMPORT,
    Deed.DECIDE_OBJECTION,
}


def test_the_table_is_of_every_deed_and_every_role() -> None:
    assert {row[0] for row in TABLE} == set(Deed) == set(GRANTS)
    assert {one for grant in GRANTS.values() for one in grant.roles} | {
        Role.HEAD,
        Role.OFFICE_ADMIN,
        Role.EMPLOYEE,
    } == set(Role)


@pytest.mark.parametrize(("deed", "operator", "payroll", "head", "employee", "the_person", "a_superior"), TABLE)
def test_somebody_may_do_what_the_table_says(
    deed: Deed, operator: str, payroll: str, head: str, employee: str, the_person: bool, a_superior: bool
) -> None:
    for role, where in (("operator", operator), ("payroll", payroll), ("head", head), ("employee", employee)):
        one = Somebody(frozenset({role}))
        assert may(one, deed, unit="A1", nip=BUDI, day=DAY, leads=leads) is (where != NO), role
        assert may(one, deed, unit="B", nip=BUDI, day=DAY, leads=leads) is (where == ALL), role
        assert (everywhere(one, deed), anywhere(one, deed)) == (where == ALL, where != NO), role
    plain = Somebody(frozenset({"employee"}))
    assert may(plain, deed, unit="B", nip=ANI, day=DAY, leads=leads) is the_person
    assert may(plain, deed, unit="B", nip=BUDI, day=DAY, leads=leads, asked=("3", ANI)) is a_superior


@pytest.mark.parametrize("deed", Deed)
def test_the_other_roles_may_do_what_their_table_says(deed: Deed) -> None:
    roles = (Role.AUDITOR, Role.HR, Role.LEADER, Role.OFFICE_ADMIN)
    for role, where in zip(roles, OF_OTHER_ROLES.get(deed, (NO,) * 4), strict=True):
        one = Somebody(frozenset({role}))
        assert may(one, deed, unit="A1", nip=BUDI, day=DAY, tends=leads) is (where != NO), role
        assert may(one, deed, unit="B", nip=BUDI, day=DAY, tends=leads) is (where == ALL), role
        assert (everywhere(one, deed), anywhere(one, deed)) == (where == ALL, where != NO), role


def test_an_office_admin_leads_nobody_and_a_head_looks_after_no_office() -> None:
    admin, head = Somebody(frozenset({"office_admin"})), Somebody(frozenset({"head"}))
    assert not may(admin, Deed.SEE_UNIT, unit="A", day=DAY, leads=leads)
    assert not may(head, Deed.SEE_UNIT, unit="A", day=DAY, tends=leads)
    both = Somebody(frozenset({"office_admin", "head"}))
    assert not may(both, Deed.DECIDE_CORRECTION, unit="A", nip=BUDI, day=DAY, tends=leads)


@pytest.mark.parametrize("deed", Deed)
def test_nobody_decides_about_themselves_nor_about_what_they_brought(deed: Deed) -> None:
    mighty = Somebody(frozenset(Role))
    own = barred(mighty, deed, unit="A", nip=ANI, day=DAY, leads=leads, asked=(ANI,))
    brought = barred(mighty, deed, unit="A", nip=BUDI, day=DAY, leads=leads, asked=(ANI,), brought=True)
    if deed in NOBODY_ABOUT_THEMSELVES:
        assert (own, brought) == (Bar.ONESELF, Bar.BROUGHT)
    else:
        assert own is None
        assert brought is not Bar.BROUGHT


def test_a_head_is_told_whether_the_power_or_the_unit_is_missing() -> None:
    head, plain = Somebody(frozenset({"head"})), Somebody(frozenset({"employee"}))
    assert barred(head, Deed.DECIDE_ABSENCE, leads=leads, unit="B", nip=BUDI, day=DAY) is Bar.ELSEWHERE
    assert barred(plain, Deed.DECIDE_ABSENCE, leads=leads, unit="B", nip=BUDI, day=DAY) is Bar.POWER
    assert barred(head, Deed.DECIDE_ABSENCE, leads=leads, unit=None, nip=BUDI, day=DAY) is Bar.ELSEWHERE


def test_a_head_leads_on_the_day_in_question() -> None:
    head = Somebody(frozenset({"head"}))
    assert may(head, Deed.SEE_UNIT, unit="A", day=DAY, leads=leads)
    assert not may(head, Deed.SEE_UNIT, unit="A", day=date(2026, 9, 8), leads=leads)
    assert not may(head, Deed.SEE_UNIT, unit="A", leads=leads)


@given(st.sampled_from(list(Deed)), st.none() | st.just("A"), st.none() | st.just(BUDI))
def test_an_account_without_role_or_person_may_do_nothing(deed: Deed, unit: str | None, nip: str | None) -> None:
    assert not may(Somebody(frozenset(), None), deed, unit=unit, nip=nip, day=DAY, leads=leads, asked=(BUDI,))


def test_units_that_somebody_heads_count_only_with_the_role_of_a_head() -> None:
    assert not may(Somebody(frozenset({"employee"})), Deed.SEE_PERSON, unit="A", nip=BUDI, day=DAY, leads=leads)


def test_nobody_without_a_person_is_the_person_that_has_none() -> None:
    assert not may(Somebody(frozenset({"employee"}), None), Deed.SEE_PERSON, unit=None, nip=None)
