"""What each role may see, as a table. A row that is not here is a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.web.access import Look, Reader, may

TABLE = [
    # role       live   own unit  other unit  own month  person in tree  person elsewhere  county
    ("operator", True, True, True, True, True, True, True),
    ("payroll", False, True, True, True, True, True, True),
    ("head", False, True, False, True, True, False, False),
    ("employee", False, False, False, True, False, False, False),
]


@pytest.mark.parametrize(("role", *"live own_unit other_unit me in_tree elsewhere county".split()), TABLE)
def test_a_role_sees_what_the_table_says(
    role: str, live: bool, own_unit: bool, other_unit: bool, me: bool, in_tree: bool, elsewhere: bool, county: bool
) -> None:
    reader = Reader(frozenset({role}), "1", frozenset({"A", "A1"}))
    assert may(reader, Look.LIVE) is live
    assert may(reader, Look.UNIT, unit="A1") is own_unit
    assert may(reader, Look.UNIT, unit="B") is other_unit
    assert may(reader, Look.PERSON, unit="B", nip="1") is me
    assert may(reader, Look.PERSON, unit="A", nip="2") is in_tree
    assert may(reader, Look.PERSON, unit="B", nip="2") is elsewhere
    assert may(reader, Look.COUNTY) is county


@given(st.sampled_from(list(Look)), st.none() | st.just("A"), st.none() | st.just("2"))
def test_an_account_without_role_or_person_sees_nothing(look: Look, unit: str | None, nip: str | None) -> None:
    assert not may(Reader(frozenset(), None, frozenset({"A"})), look, unit=unit, nip=nip)


def test_units_that_somebody_heads_count_only_with_the_role_of_a_head() -> None:
    assert not may(Reader(frozenset({"employee"}), "1", frozenset({"A"})), Look.PERSON, unit="A", nip="2")


def test_nobody_without_a_person_is_the_person_that_has_none() -> None:
    assert not may(Reader(frozenset({"employee"}), None), Look.PERSON, unit=None, nip=None)
