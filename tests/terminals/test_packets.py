"""Packets and frames: the captured ones, and that nothing damaged gets through."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import EkinerjaError, ProtocolViolation
from ekinerja_agent.terminals.wire import Command, FrameBuffer, Packet, decode_packet, encode_packet, frame
from ekinerja_agent.terminals.wire.packets import checksum
from tests.terminals.conftest import Capture, Encode

WORD = st.integers(0, 0xFFFF)
PACKETS = st.builds(Packet, WORD, WORD, WORD, st.binary(max_size=80))


def captured_packet(entry: Capture):
    raw = bytes.fromhex(entry["hex"])
    if entry["transport"] == "udp":
        return decode_packet(raw)
    (packet,) = FrameBuffer().feed(raw)
    return packet


def test_every_captured_packet_is_decoded_and_encoded_to_the_same_bytes(captures: list[Capture]):
    entries = [entry for entry in captures if entry["kind"] == "packet"]
    assert len(entries) > 30
    for entry in entries:
        packet = captured_packet(entry)
        raw = encode_packet(packet)
        assert (raw if entry["transport"] == "udp" else frame(raw)).hex() == entry["hex"], entry["id"]


@pytest.mark.parametrize("zero", ["0000", "ffff"])
def test_a_checksum_of_zero_may_be_written_in_both_ways_that_ones_complement_has(zero: str):
    packet = Packet(2000, 0xFFFF - 2000, 0)
    raw = encode_packet(packet)
    assert decode_packet(raw[:2] + bytes.fromhex(zero) + raw[4:]) == packet


def test_captured_packets_say_what_was_written_down_about_them(captures: list[Capture]):
    names = {
        "ACK_OK": 2000,
        "REG_EVENT": 500,
        "USER_WRQ": 8,
        "VERIFY_WRQ": 79,
    }
    for entry in captures:
        if entry["kind"] != "packet":
            continue
        said, packet = entry["decoded"], captured_packet(entry)
        if "command" in said:
            expected = names.get(said["command"]) or Command[said["command"]]
            assert packet.command == expected, entry["id"]
            assert len(packet.data) == said["data_length"], entry["id"]
        if "text" in said:
            assert packet.data == said["text"].encode() + b"\0", entry["id"]
        if "packet_index" in said:
            assert (packet.command, packet.session) == (Command.DATA, said["packet_index"]), entry["id"]
        if "max_payload_per_DATA" in said:
            announced = said["size"].to_bytes(4, "little") + said["max_payload_per_DATA"].to_bytes(4, "little")
            assert (packet.command, packet.data) == (Command.PREPARE_DATA, announced), entry["id"]


def test_the_segments_of_a_captured_answer_come_together(captures: list[Capture]):
    for entry in captures:
        if entry["kind"] != "packet" or entry["transport"] == "udp":
            continue
        said = entry["decoded"]
        lengths = said.get("segment_lengths") or said.get("tcp_segments_as_received") or [len(entry["hex"]) // 2]
        raw, frames, packets, start = bytes.fromhex(entry["hex"]), FrameBuffer(), [], 0
        for length in lengths:
            assert not packets
            packets = frames.feed(raw[start : start + length])
            start += length
        assert start >= len(raw), entry["id"]
        assert packets == [captured_packet(entry)], entry["id"]


def test_a_captured_beginning_waits_for_the_rest(captures: list[Capture]):
    (prefix,) = [bytes.fromhex(entry["hex"]) for entry in captures if entry["kind"] == "packet-prefix"]
    assert FrameBuffer().feed(prefix) == []


def test_captured_headers_carry_the_packet_index_in_the_session_field(captures: list[Capture]):
    for entry in captures:
        if entry["kind"] != "header":
            continue
        header, said = bytes.fromhex(entry["hex"]), entry["decoded"]
        # the data behind these headers was not kept, so the checksum is recomputed without it
        packet = decode_packet(encode_packet(Packet(1501, said["packet_index"], said["reply_id"])))
        assert encode_packet(packet)[:2] + encode_packet(packet)[4:] == header[:2] + header[4:], entry["id"]


def test_another_devices_protocol_is_not_taken_for_ours(captures: list[Capture]):
    for entry in captures:
        if entry["kind"] == "foreign":
            with pytest.raises(ProtocolViolation, match="starts with aa"):
                FrameBuffer().feed(bytes.fromhex(entry["hex"]))


@given(st.binary(max_size=300))
@example(b"\xff\xff")
@example(b"\0\0")
def test_the_checksum_is_the_folded_sum_of_the_words(encode: type[Encode], raw: bytes):
    assert checksum(raw) == encode.checksum(raw)


@given(PACKETS)
def test_a_packet_comes_back_as_it_was_sent(encode: type[Encode], packet: Packet):
    raw = encode.packet(*packet)
    assert decode_packet(raw) == packet
    assert encode_packet(packet) == raw
    assert FrameBuffer().feed(encode.framed(raw)) == [packet]
    assert frame(raw) == encode.framed(raw)


@given(st.lists(PACKETS, max_size=6), st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_cut_anywhere_gives_the_same_packets(encode: type[Encode], packets: list[Packet], cuts: list[int]):
    stream = b"".join(encode.framed(encode.packet(*packet)) for packet in packets)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    frames = FrameBuffer()
    received = [p for start, end in pairwise(places) for p in frames.feed(stream[start:end])]
    assert received == packets


@given(PACKETS, st.data())
def test_no_changed_byte_of_a_packet_gets_through(packet: Packet, data: st.DataObject):
    raw = bytearray(encode_packet(packet))
    place = data.draw(st.integers(0, len(raw) - 1))
    before = raw[place]
    raw[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != before))
    with pytest.raises(ProtocolViolation):
        decode_packet(bytes(raw))


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_packets_or_our_error(raw: bytes, framed: bool):
    stream = b"PP\x82\x7d" + raw if framed else raw
    for decode in (FrameBuffer().feed, decode_packet):
        try:
            decode(stream)
        except EkinerjaError:
            continue


@pytest.mark.parametrize("length", [0, 7, (1 << 20) + 1, 0xFFFFFFFF])
def test_a_length_that_no_packet_has_ends_the_stream(length: int):
    with pytest.raises(ProtocolViolation, match=f"announces {length} bytes"):
        FrameBuffer().feed(b"PP\x82\x7d" + length.to_bytes(4, "little"))
