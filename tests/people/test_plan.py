"""What would change on a terminal: nothing is taken away unasked, and doing it twice is doing it once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.terminals.admin import Delete, Restart, Write
from ekinerja_agent.terminals.people import Staffed
from ekinerja_agent.terminals.wire import FreeSizes
from ekinerja_agent.terminals.wire.people import Crew, Finger, Person, decode_person, encode_person
from ekinerja_agent.usecases.care.people.plan import Plan, Source, Wish, make_plan


def person(uid: int, pin: str, *fingers: Finger, **fields: object) -> Person:
    usual = {"name": f"P{pin}", "privilege": 0, "card": 0, "group": 1, "zones": bytes(8), "password": b""} | fields
    return Person(uid=uid, pin=pin, raw_name=str(usual["name"]).encode(), fingers=fingers, **usual)  # type: ignore[arg-type]


def finger(number: int, template: bytes = b"t", valid: int = 1) -> Finger:
    return Finger(number, valid, template)


def source(*people: Person, algorithm: str | None = "10", size: int = 72) -> Source:
    return Source("old-lobby", algorithm, Crew(size if people else None, None, people))


def target(*people: Person, algorithm: str | None = "10", size: int = 72, room: FreeSizes | None = None) -> Staffed:
    return Staffed("lobby", "S1", "Ver 6", algorithm, room, Crew(size if people else None, None, people))


def done(plan: Plan | _Part, before: Staffed) -> Staffed:
    """What a terminal holds after it obeyed, by the rules of a terminal."""
    held = {one.uid: one for one in before.crew.people}
    size = before.crew.size or 72
    for step in plan.steps:
        if isinstance(step, Delete):
            del held[step.uid]
        elif isinstance(step, Write):
            size = len(step.row)
            new = decode_person(step.row, None)
            old = held.get(new.uid)
            kept = {f.number: f for f in old.fingers} if old and old.pin == new.pin else {}
            assert old is None or old.pin == new.pin, "somebody was written over"
            fingers = {**kept, **{f.number: f for f in step.fingers}}
            held[new.uid] = decode_person(step.row, None, tuple(fingers.values()))
    people = tuple(held[uid] for uid in sorted(held))
    return replace(before, crew=Crew(size if people else None, None, people))


@st.composite
def crews(draw: st.DrawFn) -> tuple[Person, ...]:
    pins = draw(st.lists(st.integers(1, 12).map(str), unique=True, max_size=8))
    uids = draw(st.permutations(range(1, 13)))
    return tuple(
        person(
            uid,
            pin,
            *(finger(n, draw(st.sampled_from([b"a", b"b"]))) for n in draw(st.sets(st.integers(0, 3), max_size=2))),
            name=draw(st.sampled_from(["", "Siti", "Budi"])),
            card=draw(st.sampled_from([0, 0, 5, 6])),
            privilege=draw(st.sampled_from([0, 14])),
            password=draw(st.sampled_from([b"", b"12"])),
        )
        for uid, pin in zip(sorted(uids[: len(pins)]), pins, strict=True)
    )


@given(crews(), crews(), st.booleans())
def test_what_was_planned_comes_true_once_and_for_all(
    wanted: tuple[Person, ...], there: tuple[Person, ...], replaced: bool
) -> None:
    before, wish = target(*there), Wish(replace=replaced)
    if replaced and not wanted:
        with pytest.raises(Refused, match="would delete everybody"):
            make_plan(source(), before, wish)
        return
    plan = make_plan(source(*wanted), before, wish)
    if plan.of("conflict"):
        return
    after = done(plan, before)
    assert plan.differences(after.crew) == []
    again = make_plan(source(*wanted), after, wish)
    assert again.steps == []
    if replaced:
        assert set(after.crew.people) == set(wanted)


@given(crews(), crews())
def test_without_replace_nobody_and_nothing_is_taken_away(
    wanted: tuple[Person, ...], there: tuple[Person, ...]
) -> None:
    before = target(*there)
    plan = make_plan(source(*wanted), before, Wish())
    assert not any(isinstance(step, Delete) for step in plan.steps)
    if plan.of("conflict"):
        return
    after = {one.pin: one for one in done(plan, before).crew.people}
    for old in there:
        new = after[old.pin]
        assert new.uid == old.uid
        assert {f.number for f in old.fingers} <= {f.number for f in new.fingers}
        assert not old.card or new.card == old.card
        assert not old.password or new.password


@given(crews(), crews(), st.integers(0, 20))
def test_interrupted_anywhere_the_same_again_does_the_rest(
    wanted: tuple[Person, ...], there: tuple[Person, ...], steps: int
) -> None:
    before = target(*there)
    plan = make_plan(source(*wanted), before, Wish())
    if plan.of("conflict"):
        return
    part = _Part(plan.steps[:steps])
    between = done(part, before)
    rest = make_plan(source(*wanted), between, Wish())
    assert not rest.of("conflict")
    assert rest.differences(done(rest, between).crew) == []


class _Part:
    def __init__(self, steps: list[Write | Delete | Restart]) -> None:
        self.steps = steps


def test_a_slot_of_somebody_else_is_a_conflict_that_says_what_to_do() -> None:
    plan = make_plan(source(person(1, "7")), target(person(1, "8")), Wish())
    (conflict,) = plan.of("conflict")
    assert "slot 1 belongs to PIN 8 here; delete that user in the terminal's menu, or let --replace" in conflict.what
    assert make_plan(source(person(1, "7")), target(person(1, "8")), Wish(replace=True)).steps[0] == Delete(1)


def test_another_card_of_the_same_pin_is_a_conflict() -> None:
    plan = make_plan(source(person(1, "7", card=5)), target(person(1, "7", card=6)), Wish())
    assert [change.what.partition(";")[0] for change in plan.of("conflict")] == [
        "the card here is 6, the source has 5",
    ]


def test_a_pin_that_stands_twice_is_a_conflict() -> None:
    plan = make_plan(source(person(1, "7"), person(2, "8")), target(person(3, "7"), person(4, "7")), Wish())
    assert [change.pin for change in plan.of("conflict")] == ["7"]


@pytest.mark.parametrize(("there", "here"), [("9", "10"), ("10", None), (None, "10"), (None, None)])
def test_fingers_of_another_or_an_unknown_algorithm_are_refused_and_users_alone_are_not(
    there: str | None, here: str | None
) -> None:
    wanted = source(person(1, "7", finger(1)), algorithm=here)
    with pytest.raises(Refused, match="would match nobody"):
        make_plan(wanted, target(algorithm=there), Wish())
    (added,) = make_plan(wanted, target(algorithm=there), Wish(fingers=False)).of("add")
    assert added.what == "1 fingers are left out"
    assert make_plan(source(person(1, "7"), algorithm=here), target(algorithm=there), Wish()).steps


def test_a_terminal_without_room_is_refused_before_anything_is_written() -> None:
    sizes = FreeSizes(1, 0, 0, 1, 2, 10, None, None)
    with pytest.raises(Refused, match="room for 2 users, 3 would be needed"):
        make_plan(source(person(1, "7"), person(2, "8")), target(person(3, "9"), room=sizes), Wish())
    with pytest.raises(Refused, match="room for 1 fingers, 2 would be needed"):
        make_plan(source(person(1, "7", finger(1), finger(2))), target(room=sizes), Wish())


def test_a_finger_for_duress_is_left_out_and_told() -> None:
    (added,) = make_plan(source(person(1, "7", finger(1, valid=3), finger(2))), target(), Wish()).of("add")
    assert added.what == "finger 1 is no ordinary one and left out: enrol it at the terminal"
    assert [f.number for f in added.write.fingers] == [2]
    same = person(1, "7", finger(1, valid=3))
    assert make_plan(source(same), target(same), Wish(replace=True)).steps == []


def test_only_named_pins_are_brought_and_an_unknown_one_is_told() -> None:
    people = source(person(1, "7"), person(2, "8"))
    assert [c.pin for c in make_plan(people, target(), Wish(pins=frozenset("8"))).changes] == ["8"]
    with pytest.raises(WrongUsage, match="old-lobby has no PIN 9"):
        make_plan(people, target(), Wish(pins=frozenset("9")))
    with pytest.raises(WrongUsage, match="cannot be combined"):
        Wish(pins=frozenset("9"), replace=True)
    with pytest.raises(WrongUsage, match="cannot be combined"):
        Wish(fingers=False, replace=True)


def test_to_a_terminal_of_the_other_layout_goes_what_fits_and_the_rest_is_told() -> None:
    wanted = source(person(1, "7", name="A name that is long", password=b"12345678"), person(2, "A7"))
    plan = make_plan(wanted, target(person(9, "99"), size=28), Wish())
    assert [c.pin for c in plan.of("conflict")] == ["A7"]
    (added,) = plan.of("add")
    assert "the name is cut to 'A name t'" in added.what
    assert "the password is left out" in added.what
    assert "12345678" not in added.what
    assert len(added.write.row) == 28


def test_what_is_planned_tells_no_password() -> None:
    plan = make_plan(source(person(1, "7", password=b"8831")), target(person(1, "7", password=b"4417")), Wish())
    (changed,) = plan.of("change")
    assert changed.what == "the password changes"
    assert "8831" not in repr(changed)
    assert "4417" not in repr(plan)


def test_a_row_is_written_as_it_stands_for_the_same_kind_of_terminal() -> None:
    one = replace(person(1, "7"), raw_name=b"\xff\xfe!", zones=b"\1\0\2".ljust(8, b"\0"), group=9)
    (added,) = make_plan(source(one), target(), Wish()).of("add")
    assert added.write.row == encode_person(one, 72, None).row
