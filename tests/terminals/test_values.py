"""Small answers: comm key, time, options, sizes, text."""

from __future__ import annotations

import struct
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import EkinerjaError, ProtocolViolation
from ekinerja_agent.terminals.wire import (
    FrameBuffer,
    decode_free_sizes,
    decode_option,
    decode_time,
    scramble_comm_key,
)
from ekinerja_agent.terminals.wire.values import decode_text
from tests.terminals.conftest import Capture, Encode


def test_every_captured_comm_key_is_scrambled_the_same(captures: list[Capture]):
    entries = [entry for entry in captures if "key" in entry["decoded"]]
    assert len(entries) >= 9
    for entry in entries:
        said = entry["decoded"]
        expected = said.get("scrambled", entry["hex"])
        assert scramble_comm_key(said["key"], said["session"]).hex() == expected, entry["id"]


def test_every_captured_time_is_read(captures: list[Capture]):
    entries = [entry for entry in captures if entry["kind"] == "time32"]
    assert len(entries) == 4
    for entry in entries:
        assert str(decode_time(bytes.fromhex(entry["hex"]))) == entry["decoded"]["time"], entry["id"]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_a_time_comes_back_to_the_second(encode: type[Encode], clock: datetime):
    assert decode_time(struct.pack("<I", encode.time(clock))) == clock.replace(microsecond=0)


def test_the_thirtieth_of_february_is_no_time(encode: type[Encode]):
    beyond_february = encode.time(datetime(2026, 2, 28)) + 2 * 86400
    assert decode_time(struct.pack("<I", beyond_february)) is None


@given(st.integers(0, 0xFFFFFFFF))
def test_any_packed_time_is_a_datetime_or_none(packed: int):
    clock = decode_time(struct.pack("<I", packed))
    assert clock is None or 2000 <= clock.year <= 2133


def test_a_cut_time_is_a_violation():
    with pytest.raises(ProtocolViolation, match="3 bytes"):
        decode_time(b"abc")


def test_every_captured_size_is_read(captures: list[Capture]):
    entries = [entry for entry in captures if "records_cap" in entry["decoded"]]
    assert len(entries) == 4
    for entry in entries:
        raw = bytes.fromhex(entry["hex"])
        data = FrameBuffer().feed(raw)[0].data if entry["kind"] == "packet" else raw
        sizes, said = decode_free_sizes(data), entry["decoded"]
        assert (sizes.users, sizes.fingers, sizes.records) == (
            said["users"],
            said["fingers"],
            said["records"],
        )
        assert sizes.fingers_capacity == said["fingers_cap"]
        assert (sizes.users_capacity, sizes.records_capacity) == (said["users_cap"], said["records_cap"])
        assert (sizes.faces, sizes.faces_capacity) == (said.get("faces"), said.get("faces_cap"))


@given(st.binary(max_size=130))
def test_sizes_are_a_hint_and_never_an_error(data: bytes):
    for size in decode_free_sizes(data):
        assert size is None or size >= 0


def test_every_captured_option_is_read(captures: list[Capture]):
    answers = [entry for entry in captures if "text" in entry["decoded"] and "=" in entry["decoded"]["text"]]
    assert len(answers) == 3
    for entry in answers:
        key, _, value = entry["decoded"]["text"].partition("=")
        data = FrameBuffer().feed(bytes.fromhex(entry["hex"]))[0].data
        assert decode_option(data, key) == value, entry["id"]


def test_an_option_that_was_not_asked_for_is_a_violation():
    with pytest.raises(ProtocolViolation, match="asked for ~SerialNumber"):
        decode_option(b"~Platform=ZEM760_TFT\0", "~SerialNumber")


@given(st.binary(max_size=40))
def test_any_bytes_are_an_option_or_our_error(data: bytes):
    try:
        decode_option(data, "~SerialNumber")
    except EkinerjaError:
        assert not data.startswith(b"~SerialNumber=")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"Ned\0\xc6\x9a\x80", "Ned"),
        ("Söfie".encode(), "Söfie"),
        ("张伟".encode("gb18030"), "张伟"),
        (b"\xff\xff", "ÿÿ"),
        (b"", ""),
    ],
)
def test_text_ends_at_the_first_nul_and_may_be_gb18030(field: bytes, text: str):
    assert decode_text(field) == text
