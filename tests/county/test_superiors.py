"""Who is whose superior on a day: who acts, the named one, the head, the parent's head; vacant posts are passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import Superiors
from tests.imports.conftest import Rows

DAY = date(2026, 9, 7)
PEOPLE, UNITS = "abcdefg", ("KAB", "DINKES", "PKM")


def employee(nip: str, unit: str, supervisor: str | None = None, **dates: date) -> dict[str, Any]:
    spell = {"nip": nip, "unit": unit, "supervisor_nip": supervisor, "schedule": None, "attendance": "terminal"}
    return {**spell, "valid_from": None, "valid_to": None, **dates}


def unit(code: str, head: str | None, parent: str | None = None) -> dict[str, Any]:
    return {"code": code, "head_nip": head, "parent": parent, "valid_from": None, "valid_to": None, "profile": None}


def acting(nip: str, code: str, kind: str = "plt", first: date = DAY, last: date | None = None) -> dict[str, Any]:
    return {"nip": nip, "unit": code, "kind": kind, "valid_from": first, "valid_to": last}


def chain(
    nip: str,
    employees: Sequence[dict[str, Any]],
    units: Sequence[dict[str, Any]],
    assignments: Sequence[dict[str, Any]] = (),
    day: date = DAY,
) -> tuple[str, ...]:
    stored = Rows({"employees": employees, "units": units, "assignments": assignments})
    return Superiors(stored.rows, Posts(stored.rows, "tpp-model")).chain(nip, day)


HOUSE = (unit("KAB", "g"), unit("DINKES", "f", "KAB"))
STAFF = (employee("a", "DINKES", "b"), employee("b", "DINKES"), employee("f", "DINKES"), employee("g", "KAB"))


def test_the_named_superior_then_the_head_then_the_head_of_the_parent() -> None:
    assert chain("a", STAFF, HOUSE) == ("b", "f", "g")
    assert chain("f", STAFF, HOUSE) == ("g",)
    assert chain("g", STAFF, HOUSE) == ()


def test_who_acts_for_the_head_comes_first_on_the_days_of_the_assignment_only() -> None:
    people = (*STAFF, employee("c", "DINKES"), employee("d", "DINKES"))
    posts = [acting("c", "DINKES", "plt"), acting("d", "DINKES", "plh", last=DAY)]
    assert chain("a", people, HOUSE, posts)[0] == "d"
    assert chain("a", people, HOUSE, posts, DAY + timedelta(days=1))[0] == "c"
    assert chain("a", people, HOUSE, posts, DAY - timedelta(days=1))[0] == "b"
    assert chain("c", people, HOUSE, posts[:1])[0] == "g", "who acts for the head is led as the head is"
    task = acting("c", "DINKES", "tugas_tambahan")
    assert chain("a", people, HOUSE, [task])[0] == "b", "a further task makes nobody a superior"


def test_a_superior_without_duty_on_the_day_is_passed() -> None:
    gone = employee("b", "DINKES", valid_to=DAY - timedelta(days=1))
    assert chain("a", (STAFF[0], gone, *STAFF[2:]), HOUSE) == ("f", "g")
    assert chain("a", (STAFF[0], gone, STAFF[3]), HOUSE) == ("g",)


def test_two_who_lead_each_other_do_not_go_round() -> None:
    people = (employee("a", "DINKES", "b"), employee("b", "DINKES", "a"), *STAFF[2:])
    assert chain("a", people, HOUSE) == ("b", "f", "g")


House = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]
"""Employees, units and who acts for whom."""


@st.composite
def houses(draw: st.DrawFn) -> House:
    anybody, somebody = st.sampled_from((None, *PEOPLE)), st.sampled_from(PEOPLE)
    ends = st.sampled_from(({}, {}, {"valid_to": DAY - timedelta(days=1)}, {"valid_from": DAY + timedelta(days=1)}))
    where = st.sampled_from(UNITS)
    employees = [employee(nip, draw(where), draw(anybody), **draw(ends)) for nip in PEOPLE]
    units = [unit(code, draw(anybody), draw(st.sampled_from((None, *UNITS)))) for code in UNITS]
    kinds = st.sampled_from(("plt", "plh", "tugas_tambahan"))
    days = st.sampled_from((DAY - timedelta(days=9), DAY, DAY + timedelta(days=1)))
    posts = draw(st.lists(st.builds(acting, somebody, where, kinds, days), max_size=4))
    return employees, units, posts


@given(houses())
def test_nobody_is_above_themselves_and_every_superior_serves_on_the_day(house: House) -> None:
    employees, units, posts = house
    serving = {row["nip"] for row in employees if (row["valid_from"] or DAY) <= DAY and (row["valid_to"] or DAY) >= DAY}
    for nip in PEOPLE:
        found = chain(nip, employees, units, posts)
        assert nip not in found
        assert len(set(found)) == len(found)
        assert set(found) <= serving


@given(houses())
def test_who_acts_for_the_head_of_the_own_unit_is_the_direct_superior(house: House) -> None:
    employees, units, posts = house
    one = next(row for row in employees if row["nip"] == "a")
    everybody = [row | {"valid_from": None, "valid_to": None} for row in employees]
    acts = [acting("b", one["unit"], "plh")]
    others = [row for row in posts if row["kind"] == "plt" and row["nip"] != "a"]
    assert chain("a", everybody, units, acts + others)[0] == "b"
