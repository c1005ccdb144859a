"""Rows of every size against captured rows, and against struct as the protocol's table says."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator.codec import pack_time
from ekinerja_agent.simulator.rows import EVENT_SIZES, Record, User, encode_event, encode_user, record_encoder

slots = st.integers(0, 0xFFFF)
times = st.integers(0, 0xFFFFFFFF)
octets = st.integers(0, 255)
number_pins = st.integers(0, 0xFFFFFFFF).map(str)
text_pins = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=24)
records = st.builds(Record, slots, number_pins, times, octets, octets, st.integers(0, 0xFFFFFFFF))


@given(records)
def test_8_bytes_are_slot_flags_and_time(record: Record) -> None:
    uid, flags, zero, packed_time = struct.unpack("<HBBI", record_encoder(8)(record))
    assert (uid, zero, packed_time) == (record.uid, 0, record.packed_time)
    assert flags >> 5 == record.status % 8
    assert flags >> 3 & 3 == record.verify % 4


@given(records)
def test_16_bytes_are_pin_time_status_verify_and_work_code(record: Record) -> None:
    pin, packed_time, status, verify, reserved, work_code = struct.unpack("<IIBBHI", record_encoder(16)(record))
    assert (str(pin), packed_time, reserved) == (record.pin, record.packed_time, 0)
    assert (status, verify, work_code) == (record.status, record.verify, record.work_code)


@given(records, text_pins)
def test_40_bytes_are_slot_pin_verify_time_status_and_work_code(record: Record, pin: str) -> None:
    row = record_encoder(40)(
        Record(record.uid, pin, record.packed_time, record.verify, record.status, record.work_code)
    )
    uid, padded, verify, packed_time, status, work_code, reserved = struct.unpack("<H24sBIBII", row)
    assert padded == pin.encode().ljust(24, b"\0")
    assert (uid, packed_time, reserved) == (record.uid, record.packed_time, 0)
    assert (status, verify, work_code) == (record.status, record.verify, record.work_code)


@given(records)
def test_49_bytes_are_40_and_the_temperature(record: Record) -> None:
    row = record_encoder(49)(record)
    assert row[:40] == record_encoder(40)(record)
    assert row[40:] == b"\xff255\0\0\0\0\0"


def test_captured_records_are_written_as_captured(captured: dict[str, bytes]) -> None:
    night = pack_time((2016, 1, 1), (19, 2, 0))
    assert record_encoder(8)(Record(7, "7", night, verify=1, status=1)) == captured["zk071"]
    later = pack_time((2016, 1, 1), (19, 4, 46))
    assert record_encoder(8)(Record(123, "123", later, verify=1, status=1)) == captured["zk073"]
    june = pack_time((2018, 6, 6), (15, 15, 18))
    assert record_encoder(16)(Record(1, "22", june, verify=0, status=1)) == captured["zk057"]
    twice = record_encoder(16)(Record(1, "13", pack_time((2018, 6, 6), (7, 54, 58)), verify=0))
    assert twice + twice == captured["zk058"]
    face = pack_time((2021, 10, 24), (13, 42, 16))
    assert record_encoder(40)(Record(1, "10036", face, verify=15)) == captured["zk074"]
    finger = pack_time((2018, 6, 25), (17, 50, 35))
    # Captured with ff in the first reserved byte, whose meaning nobody knows.
    assert record_encoder(40)(Record(13, "999111333", finger))[:36] == captured["zk043"][:36]


def test_captured_users_are_written_as_captured(captured: dict[str, bytes]) -> None:
    table = captured["zk018"][20:]
    assert encode_user(User(1, "100001lp", "cfulano", group=0), 72) == table[:72]
    assert encode_user(User(2, "222222cb", "rmengano", group=0), 72) == table[72:]


def test_28_byte_users_hold_what_the_protocol_says() -> None:
    row = encode_user(User(5, "123456", "BUDI SANTOSO", privilege=14, password="12345", card=7, group=2), 28)
    assert struct.unpack("<HB5s8s5sBHI", row) == (5, 14, b"12345", b"BUDI SAN", b"\x07\0\0\0\0", 2, 0, 123456)


def test_names_are_cut_between_characters() -> None:
    row = encode_user(User(1, "1", "é" * 20), 72)
    assert row[11:35].decode() == "é" * 12


def test_captured_events_are_written_as_captured(captured: dict[str, bytes]) -> None:
    face = Record(1, "1140064", pack_time((2018, 11, 29), (12, 55, 3)), verify=15)
    assert encode_event(face, 32) == captured["zk033"]
    finger = Record(13, "999111333", pack_time((2018, 6, 25), (17, 41, 5)))
    assert encode_event(finger, 32) == captured["zk042"][16:]


@pytest.mark.parametrize("size", EVENT_SIZES)
def test_events_of_every_size_hold_who_how_and_when(size: int) -> None:
    body = encode_event(Record(9, "1009", pack_time((2026, 9, 7), (7, 28, 11)), verify=15, status=1), size)
    layout = {10: "<HBB6s", 14: "<HBB6s", 12: "<IBB6s"}.get(size, "<24sBB6s")
    identity, verify, status, moment = struct.unpack_from(layout, body)
    assert len(body) == size
    assert identity in {9, 1009, b"1009".ljust(24, b"\0")}
    assert (verify, status, tuple(moment)) == (15, 1, (26, 9, 7, 7, 28, 11))


@pytest.mark.parametrize("pin", ["0123", "12a", "4294967296", "-1", ""])
def test_a_pin_that_a_number_cannot_hold_is_refused(pin: str) -> None:
    with pytest.raises(WrongUsage, match="does not fit"):
        record_encoder(16)(Record(1, pin, 0))


@pytest.mark.parametrize("pin", ["", "1" * 25, "1\x002"])
def test_a_pin_that_24_bytes_cannot_hold_is_refused(pin: str) -> None:
    with pytest.raises(WrongUsage, match="does not fit"):
        record_encoder(40)(Record(1, pin, 0))
