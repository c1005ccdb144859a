"""The user table: captured ones, both layouts, and never a password."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention, ProtocolViolation
from ekinerja_agent.terminals.wire import FrameBuffer, decode_users, readable_users
from ekinerja_agent.terminals.wire.users import _USER72
from tests.terminals.conftest import Capture, Encode

UIDS = st.lists(st.integers(1, 0xFFFF), min_size=1, max_size=30, unique=True)


def test_every_captured_user_table_is_read(captures: list[Capture]):
    entries = [entry for entry in captures if "users" in entry["decoded"] and "total_size" in entry["decoded"]]
    assert len(entries) == 2
    for entry in entries:
        table = FrameBuffer().feed(bytes.fromhex(entry["hex"]))[0].data
        users = decode_users(table)
        assert len(table) == 4 + entry["decoded"]["total_size"]
        assert [(user.uid, user.pin, user.name, user.privilege, user.card, user.group) for user in users] == [
            (said["uid"], said["user_id"], said["name"], said["privilege"], said["card"], said["group"])
            for said in entry["decoded"]["users"]
        ]


def test_the_sure_part_of_the_captured_user_with_garbage_after_a_nul_is_read(captures: list[Capture]):
    ((raw, said),) = [(entry["hex"], entry["decoded"]) for entry in captures if entry["kind"] == "user72"]
    uid, privilege, name, card, group, _ = _USER72.unpack(bytes.fromhex(raw)[:72])
    assert (uid, privilege, name.partition(b"\0")[0].decode(), card, group) == (
        said["uid"],
        said["privilege"],
        said["name"],
        said["card"],
        said["group"],
    )


@given(UIDS, st.data())
def test_users_of_28_bytes_come_back(encode: type[Encode], uids: list[int], data: st.DataObject):
    pins = [data.draw(st.integers(1, 0xFFFFFFFF)) for _ in uids]
    users = decode_users(encode.table(*map(encode.user28, uids, pins, ["Siti"] * len(uids))))
    assert [(user.uid, user.pin, user.name) for user in users] == [
        (uid, str(pin), "Siti") for uid, pin in zip(uids, pins, strict=True)
    ]


@given(UIDS, st.data())
def test_users_of_72_bytes_come_back(encode: type[Encode], uids: list[int], data: st.DataObject):
    pins = [data.draw(st.text("0123456789ABC", min_size=1, max_size=24)) for _ in uids]
    users = decode_users(encode.table(*map(encode.user72, uids, pins, ["Jamal"] * len(uids))))
    assert [(user.uid, user.pin, user.name) for user in users] == [
        (uid, pin, "Jamal") for uid, pin in zip(uids, pins, strict=True)
    ]


@pytest.mark.parametrize("count", [7, 14])
def test_a_length_that_both_layouts_divide_is_decided_by_what_holds_for_users(encode: type[Encode], count: int):
    assert len(decode_users(encode.table(*(encode.user72(uid, str(uid)) for uid in range(1, count + 1))))) == count
    short = [encode.user28(uid, 1000 + uid) for uid in range(1, 18 * count // 7 + 1)]
    assert len(decode_users(encode.table(*short))) == 18 * count // 7


def test_no_password_is_kept(encode: type[Encode]):
    users = decode_users(encode.table(encode.user72(1, "1001", "Siti")))
    assert "secret" not in repr(users)


def test_two_users_in_one_slot_are_for_a_person_to_look_at(encode: type[Encode]):
    with pytest.raises(NeedsAttention, match="no known layouts"):
        decode_users(encode.table(encode.user72(1, "1001"), encode.user72(1, "1002")))


def test_no_users_are_no_users(encode: type[Encode]):
    assert decode_users(encode.table()) == []


def test_a_cut_user_table_is_never_decoded(encode: type[Encode]):
    with pytest.raises(ProtocolViolation):
        decode_users(encode.table(encode.user72(1, "1001"))[:-1])


@given(st.binary(max_size=300))
def test_any_bytes_are_users_or_our_error(encode: type[Encode], raw: bytes):
    try:
        users = decode_users(encode.table(raw))
    except EkinerjaError:
        return
    assert len(users) * 28 == len(raw) or len(users) * 72 == len(raw)


SLOT_TABLES = json.loads((Path(__file__).parents[1] / "captures" / "slot-owners.json").read_text())["user_tables"]


@pytest.mark.parametrize(
    ("name", "owners", "damaged"),
    [
        ("good", {1: "101", 2: "102", 3: "103"}, 0),
        ("third row without PIN", {1: "101", 2: "102"}, 1),
        ("third row in slot 0", {1: "101", 2: "102"}, 1),
        ("second user deleted", {1: "101", 3: "103"}, 0),
    ],
)
def test_one_damaged_row_takes_nobody_elses_slot_away(name: str, owners: dict[int, str], damaged: int):
    users, lost = readable_users(bytes.fromhex(SLOT_TABLES[name]))
    assert ({user.uid: user.pin for user in users}, lost) == (owners, damaged)


def user16(uid: int, name: bytes = b"Satu") -> bytes:
    return struct.pack("<HB5x8s", uid, 0, name)


@pytest.mark.parametrize("count", [1, 5, 7, 14, 63])
def test_rows_of_16_bytes_have_the_slot_as_their_pin(encode: type[Encode], count: int):
    rows = [user16(uid, b"Dewi" if uid % 2 else b"Kusumawa") for uid in range(1, count + 1)]
    users, damaged = readable_users(encode.table(*rows))
    assert ([(user.uid, user.pin) for user in users], damaged) == ([(n, str(n)) for n in range(1, count + 1)], 0)


def test_two_users_in_one_slot_own_nothing_and_the_others_theirs(encode: type[Encode]):
    rows = [encode.user28(uid, pin, "Siti") for uid, pin in ((1, 101), (2, 102), (2, 103), (3, 104), (4, 105))]
    users, damaged = readable_users(encode.table(*rows))
    assert ({user.uid: user.pin for user in users}, damaged) == ({1: "101", 3: "104", 4: "105"}, 2)


@given(st.binary(max_size=300))
def test_any_bytes_are_readable_users_or_our_error(encode: type[Encode], raw: bytes):
    with suppress(EkinerjaError):
        users, damaged = readable_users(encode.table(raw))
        assert len({user.uid for user in users}) == len(users)
        assert damaged <= len(users)
