"""What an event's bytes say: every known body, the captured ones, and nothing from any other."""

from __future__ import annotations

import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.terminals.wire import Event, Packet, decode_event, decode_packet, tells_of_a_punch

CAPTURES = {
    capture["id"]: capture
    for capture in json.loads((Path(__file__).parents[1] / "captures" / "packets.json").read_text(encoding="utf-8"))
}
NUMBER_BYTES = {10: 2, 12: 4, 14: 2}
SIZES = (10, 12, 14, 32, 36, 37, 52)
CLOCKS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda clock: clock.replace(microsecond=0))


def body(size: int, who: str, verify: int, state: int, shown: tuple[int, ...]) -> bytes:
    width = NUMBER_BYTES.get(size)
    name = int(who).to_bytes(width, "little") if width else who.encode().ljust(24, b"\0")
    return (name + bytes((verify, state, *shown))).ljust(size, b"\xa5")


@pytest.mark.parametrize("size", SIZES)
@given(number=st.integers(0, 0xFFFF), verify=st.integers(0, 255), state=st.integers(0, 255), clock=CLOCKS)
def test_every_known_body_says_who_how_and_when(
    size: int, number: int, verify: int, state: int, clock: datetime
) -> None:
    shown = (clock.year - 2000, clock.month, clock.day, clock.hour, clock.minute, clock.second)
    assert decode_event(body(size, str(number), verify, state, shown)) == Event(str(number), verify, state, clock)


def told(decoded: dict[str, Any]) -> Event:
    clock = datetime.fromisoformat(decoded["time"])
    return Event(decoded["user_id"], decoded["verify"], decoded["punch"], clock)


def test_a_captured_body_decodes() -> None:
    capture = CAPTURES["zk033"]
    assert decode_event(bytes.fromhex(capture["hex"])) == told(capture["decoded"])


def test_a_captured_packet_tells_of_a_punch_and_decodes() -> None:
    capture = CAPTURES["zk042"]
    packet = decode_packet(bytes.fromhex(capture["hex"])[8:])
    assert tells_of_a_punch(packet)
    assert decode_event(packet.data) == told(capture["decoded"])


def test_a_captured_packet_about_a_finger_on_the_sensor_tells_of_no_punch() -> None:
    assert not tells_of_a_punch(decode_packet(bytes.fromhex(CAPTURES["zk041"]["hex"])[8:]))


def test_a_punch_is_told_of_by_its_code_or_by_its_length_and_only_by_events() -> None:
    assert tells_of_a_punch(Packet(500, 1, 0, b"of no known length"))
    assert tells_of_a_punch(Packet(500, 0x4000, 0, bytes(12)))
    assert not tells_of_a_punch(Packet(2000, 1, 0, bytes(12)))


def test_a_date_that_does_not_exist_is_no_reason_not_to_look() -> None:
    assert decode_event(body(32, "1001", 1, 0, (26, 2, 30, 7, 28, 11))) == Event("1001", 1, 0, None)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_event_or_our_error(raw: bytes) -> None:
    try:
        event = decode_event(raw)
    except ProtocolViolation:
        assert len(raw) not in SIZES
    else:
        assert len(raw) in SIZES
        assert struct.unpack_from("<2B", raw, {10: 2, 12: 4, 14: 2}.get(len(raw), 24)) == (event.verify, event.state)
