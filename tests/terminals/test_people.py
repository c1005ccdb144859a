"""Users whole and fingerprint templates: both layouts, two encodings, and never a password or a template in a repr."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import EkinerjaError, ProtocolViolation
from ekinerja_agent.terminals.wire.people import (
    WIDTHS,
    Finger,
    Person,
    decode_crew,
    decode_fingers,
    decode_person,
    encode_person,
    pin_misfit,
)

BYTES = st.binary(max_size=4).map(lambda raw: raw.replace(b"\0", b"x"))


@st.composite
def persons(draw: st.DrawFn, size: int) -> Person:
    """A person who fits a row of this size as it is."""
    widths = WIDTHS[size]
    raw_name = draw(st.binary(max_size=widths.name).map(lambda raw: raw.replace(b"\0", b"x")))
    pin = str(draw(st.integers(1, 0xFFFFFFFF)))
    return Person(
        uid=draw(st.integers(1, 0xFFFF)),
        pin=pin,
        name="",
        privilege=draw(st.integers(0, 255)),
        card=draw(st.integers(0, (1 << 8 * widths.card) - 1)),
        group=draw(st.integers(0, 255)),
        raw_name=raw_name,
        zones=draw(st.binary(min_size=widths.zones, max_size=widths.zones)),
        password=draw(st.binary(max_size=widths.password).map(lambda raw: raw.replace(b"\0", b"x"))),
    )


def named(name: str, encoding: str, uid: int = 1, **other: object) -> Person:
    fields = {"privilege": 0, "card": 0, "group": 1, "zones": b"", "password": b""} | other
    return Person(uid=uid, pin=str(1000 + uid), name=name, raw_name=name.encode(encoding), **fields)  # type: ignore[arg-type]


def table(rows: list[bytes]) -> bytes:
    body = b"".join(rows)
    return len(body).to_bytes(4, "little") + body


def finger_row(uid: int, number: int, template: bytes, valid: int = 1) -> bytes:
    return (len(template) + 6).to_bytes(2, "little") + uid.to_bytes(2, "little") + bytes((number, valid)) + template


@pytest.mark.parametrize("size", [28, 72])
@given(st.data())
def test_a_person_who_fits_comes_back_byte_for_byte(size: int, data: st.DataObject) -> None:
    person = data.draw(persons(size))
    row, lost = encode_person(person, size, None)
    assert (len(row), lost) == (size, ())
    assert decode_person(row, None) == person


@pytest.mark.parametrize(("size", "other"), [(28, 72), (72, 28)])
@given(st.data())
def test_what_does_not_fit_the_other_layout_is_told(size: int, other: int, data: st.DataObject) -> None:
    person = data.draw(persons(size))
    row, lost = encode_person(person, other, None)
    back = decode_person(row, None)
    assert (back.uid, back.pin, back.privilege, back.group) == (
        person.uid,
        person.pin,
        person.privilege,
        person.group,
    )
    same = (back.raw_name, back.password, back.card, any(back.zones)) == (
        person.raw_name,
        person.password,
        person.card,
        any(person.zones),
    )
    assert same == (lost == ())


@given(st.sampled_from([28, 72]), st.binary(min_size=72, max_size=72))
def test_any_bytes_are_read_without_a_crash(size: int, raw: bytes) -> None:
    person = decode_person(raw[:size], None)
    assert isinstance(person.name, str)


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_any_tables_are_people_or_one_of_our_errors(users: bytes, fingers: bytes) -> None:
    try:
        crew = decode_crew(users, fingers)
    except EkinerjaError:
        return
    assert all(person.pin for person in crew.people)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_are_read_in_the_one_encoding_that_fits_all_of_a_terminal(encoding: str) -> None:
    # "Ñ" alone is a valid character of either; only with its neighbours does the terminal tell which it writes.
    people = [named("Siti", encoding, 1), named("张三", encoding, 2), named("Niño Ñ", encoding, 3)]
    crew = decode_crew(table([encode_person(person, 72, None).row for person in people]), b"")
    assert crew.names == encoding
    assert [person.name for person in crew.people] == ["Siti", "张三", "Niño Ñ"]


def test_names_are_turned_into_what_the_other_terminal_writes_and_cut_between_characters() -> None:
    row, lost = encode_person(named("张三李四王五", "utf-8"), 28, "gb18030")
    assert decode_person(row, "gb18030").name == "张三李四"
    assert lost == ("the name is cut to '张三李四'",)
    assert encode_person(named("张三", "utf-8"), 28, "gb18030").lost == ()


def test_fingers_come_to_their_slots_and_those_of_nobody_are_counted() -> None:
    rows = [finger_row(1, 3, b"abc"), finger_row(9, 0, b"zz"), finger_row(1, 0, b"d" * 900, valid=3)]
    crew = decode_crew(table([encode_person(named("Siti", "utf-8"), 72, None).row]), table(rows))
    assert crew.people[0].fingers == (Finger(0, 3, b"d" * 900), Finger(3, 1, b"abc"))
    assert (crew.orphans, crew.fingers) == (1, 2)


@pytest.mark.parametrize("spoil", [lambda row: row[:-1], lambda row: row + b"\x05", lambda row: b"\0\0" + row[2:]])
def test_a_fingerprint_table_that_does_not_add_up_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    good = finger_row(1, 0, b"template")
    assert decode_fingers(table([good])) == {1: (Finger(0, 1, b"template"),)}
    with pytest.raises(ProtocolViolation):
        decode_fingers(table([good, spoil(good)]))


def test_no_password_and_no_template_stands_in_a_repr() -> None:
    person = named("Siti", "utf-8", password=b"8831", zones=b"\1")
    told = repr(
        Person(**{name: getattr(person, name) for name in Person.__slots__} | {"fingers": (Finger(1, 1, b"TPL"),)})
    )
    assert "8831" not in told
    assert "TPL" not in told
    assert "TPL" not in repr(Finger(1, 1, b"TPL"))


@pytest.mark.parametrize(
    ("pin", "size", "fits"),
    [
        ("1", 28, True),
        ("0012", 28, False),
        ("A7", 28, False),
        ("4294967296", 28, False),
        ("0", 28, False),
        ("²", 28, False),
        ("A7", 72, True),
        ("0012", 72, True),
        ("x" * 25, 72, False),
    ],
)
def test_a_pin_that_the_layout_cannot_hold_is_told(pin: str, size: int, fits: bool) -> None:
    assert (pin_misfit(pin, size) is None) is fits
