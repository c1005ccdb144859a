"""The codec against captured bytes and against what pyzk makes of the same facts."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zk.base import ZK, make_commkey

from ekinerja_agent.simulator.codec import (
    Deframer,
    FramingError,
    Packet,
    comm_key_fits,
    decode_packet,
    encode_packet,
    frame,
    pack_clock,
    pack_time,
    scramble_comm_key,
    unpack_clock,
    unpack_time,
    with_wrong_checksum,
)

words = st.integers(0, 0xFFFF)
packets = st.builds(Packet, words, words, words, st.binary(max_size=64))
seconds = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59, 59)).map(
    lambda clock: clock.replace(microsecond=0)
)


@given(packets)
def test_a_packet_comes_back_as_it_was(packet: Packet) -> None:
    assert decode_packet(encode_packet(packet)) == packet


@given(packets)
def test_a_wrong_checksum_is_silently_dropped(packet: Packet) -> None:
    assert decode_packet(with_wrong_checksum(encode_packet(packet))) is None


@given(st.binary(max_size=7))
def test_what_is_shorter_than_a_header_is_silently_dropped(raw: bytes) -> None:
    assert decode_packet(raw) is None


def test_every_captured_packet_is_read_and_written_the_same(captured: dict[str, bytes]) -> None:
    framed = {name: raw for name, raw in captured.items() if raw.startswith(b"\x50\x50\x82\x7d")}
    whole = {name: raw for name, raw in framed.items() if int.from_bytes(raw[4:8], "little") == len(raw) - 8}
    assert len(whole) > 30
    for name, raw in whole.items():
        packet = decode_packet(raw[8:])
        assert packet is not None, name
        assert frame(encode_packet(packet)) == raw, name


@given(st.lists(packets, max_size=5), st.lists(st.integers(1, 30), min_size=1))
def test_a_stream_cut_anywhere_gives_the_same_packets(sent: list[Packet], cuts: list[int]) -> None:
    stream = b"".join(frame(encode_packet(packet)) for packet in sent)
    deframer, received, place, turn = Deframer(), [], 0, 0
    while place < len(stream):
        step = cuts[turn % len(cuts)]
        received += list(deframer.feed(stream[place : place + step]))
        place, turn = place + step, turn + 1
    assert [decode_packet(raw) for raw in received] == sent


@pytest.mark.parametrize("stream", [b"GET / HT", b"\x50\x50\x82\x7d\x07\0\0\0", b"\x50\x50\x82\x7d\xff\xff\xff\xff"])
def test_what_is_no_packet_breaks_the_framing(stream: bytes) -> None:
    with pytest.raises(FramingError):
        list(Deframer().feed(stream))


@given(st.integers(0, 0xFFFFFFFF), words, st.integers(0, 255))
def test_a_comm_key_is_recognised_with_any_ticks_byte(key: int, session: int, ticks: int) -> None:
    assert scramble_comm_key(key, session, ticks) == bytes(make_commkey_of_pyzk(key, session, ticks))
    assert comm_key_fits(key, session, scramble_comm_key(key, session, ticks))


def make_commkey_of_pyzk(key: int, session: int, ticks: int) -> bytes:
    """Pyzk does not fold its 33rd bit; the protocol adds modulo 2^32."""
    mirrored = int(f"{key:032b}"[::-1], 2)
    if mirrored + session > 0xFFFFFFFF:
        return scramble_comm_key(key, session, ticks)
    return bytes(make_commkey(key, session, ticks))


@pytest.mark.parametrize(
    ("name", "key", "session"),
    [
        ("zk091", 0, 0x45CF),
        ("zk093", 0, 0x00FF),
        ("zk094", 1234, 0x1F2E),
        ("zk095", 1234, 0x1F99),
        ("zk097", 123456, 0x1F2E),
        ("zk098", 999999, 0xFFFF),
        ("zk099", 131071, 0x9000),
    ],
)
def test_known_comm_keys_are_scrambled_as_published(
    captured: dict[str, bytes], name: str, key: int, session: int
) -> None:
    assert scramble_comm_key(key, session) == captured[name]


@given(st.integers(0, 999_999), st.integers(0, 999_999), words)
def test_another_comm_key_does_not_fit(key: int, other: int, session: int) -> None:
    # The low 16 mirrored bits meet byte 2, which AUTH does not carry: keys may only collide in what it hides.
    if scramble_comm_key(key, session) != scramble_comm_key(other, session):
        assert not comm_key_fits(other, session, scramble_comm_key(key, session))


@given(seconds)
def test_a_clock_survives_packing_and_pyzk_reads_the_same(clock: datetime) -> None:
    packed = pack_clock(clock)
    assert unpack_clock(packed) == clock
    assert ZK.__new__(ZK)._ZK__decode_time(packed.to_bytes(4, "little")) == clock


def test_february_30_can_be_packed_but_is_no_date() -> None:
    packed = pack_time((2026, 2, 30), (7, 28, 11))
    assert unpack_time(packed) == (2026, 2, 30, 7, 28, 11)
    with pytest.raises(ValueError, match="day is out of range"):
        unpack_clock(packed)


def test_published_times_are_packed_as_published(captured: dict[str, bytes]) -> None:
    assert pack_time((2018, 4, 11), (9, 35, 20)).to_bytes(4, "little") == captured["zk070"]
    assert pack_time((2000, 1, 1)).to_bytes(4, "little") == captured["zk087"]
    assert pack_time((2024, 12, 31), (23, 59, 59)).to_bytes(4, "little") == captured["zk089"]
    assert pack_time((2099, 12, 31), (23, 59, 59)).to_bytes(4, "little") == captured["zk090"]
