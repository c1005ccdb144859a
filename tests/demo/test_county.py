"""The invented people are people that a real county could have."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from ekinerja_agent.demo.county import GATES, OFFICES, RANKS, gates_of, people


def test_forty_people_work_in_three_offices_with_five_terminals() -> None:
    assert len(people()) == 40
    assert {person.office for person in people()} == {office.code for office in OFFICES}
    assert (len(OFFICES), len(GATES)) == (3, 5)


def test_no_two_people_share_a_name_a_nip_or_a_number() -> None:
    for noun in ("name", "nip", "number"):
        assert max(Counter(getattr(person, noun) for person in people()).values()) == 1, noun


def test_every_terminal_numbers_its_pins_from_one_and_gives_none_twice() -> None:
    of_gate = {gate.id: [person.pin for person in people() if gate in gates_of(person)] for gate in GATES}
    for pins in of_gate.values():
        assert len(set(pins)) == len(pins)
        from_one = sorted(int(pin) for pin in pins if int(pin) < 900)
        assert from_one == list(range(1, len(from_one) + 1))
    everywhere = [person.pin for person in people() if person.terminal == "*"]
    named = {person.pin for person in people() if person.terminal != "*"}
    assert len(set(everywhere)) == len(everywhere) == len(OFFICES)
    assert named.isdisjoint(everywhere)


def test_every_nip_says_when_somebody_was_born_and_appointed_as_an_adult() -> None:
    for person in people():
        born = datetime.strptime(person.nip[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date, no instant
        appointed = date(int(person.nip[8:12]), int(person.nip[12:14]), 1)
        assert 18 <= appointed.year - born.year <= 35, person
        assert appointed <= date(2026, 9, 1)
        assert person.nip[14] in "12"
        assert len(person.nip) == 18


def test_everybody_but_one_has_a_superior_who_works_here_and_is_not_themselves() -> None:
    nips = {person.nip for person in people()}
    alone = [person for person in people() if person.supervisor_nip not in nips]
    assert [person.position for person in alone] == ["head"]
    assert all(person.nip != person.supervisor_nip for person in people())


def test_everybody_can_reach_a_terminal_of_their_office() -> None:
    for person in people():
        assert gates_of(person), person
        assert all(gate.office == person.office for gate in gates_of(person))
        assert person.position in RANKS


def test_the_terminals_differ_in_transport_layout_and_clock() -> None:
    assert {gate.transport for gate in GATES} == {"tcp", "udp"}
    assert {gate.layout for gate in GATES} == {8, 16, 40, 49}
    assert len({gate.fast_s for gate in GATES}) > 1
