"""What goes wrong on the way does so in the bytes that a client receives."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ekinerja_agent.simulator import Device
from ekinerja_agent.simulator.codec import decode_packet
from ekinerja_agent.simulator.faults import Transport
from tests.proof.box import until

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

Call = Callable[..., "Dial"]
LOG = struct.pack("<bhii", 1, 13, 0, 0)
WHOLE = struct.pack("<ii", 0, 4_004)
TRANSPORTS: list[Transport] = ["tcp", "udp"]


def everything(line: Dial) -> bytes:
    """All bytes until the terminal closes."""
    received = b""
    while piece := line.sock.recv(65_536):
        received += piece
    return received


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_hang_answers_nothing(call: Call, transport: Transport) -> None:
    line = call(Device(), "hang", transport=transport, hello=False)
    line.send(1000)
    line.expect_silence()


def test_close_mid_transfer_leaves_a_broken_packet(call: Call, filled: Device) -> None:
    line = call(filled, "close-mid-transfer")
    assert line.ask(1503, LOG).command == 2000
    with pytest.raises(EOFError, match="of 4012"):
        line.bulk(1504, WHOLE)
    again = type(line)(line.endpoint)
    assert again.hello().command == 2000
    again.sock.close()


@pytest.mark.parametrize("fault", ["close-mid-transfer", "half-close"])
def test_what_ends_mid_transfer_falls_silent_over_udp(call: Call, filled: Device, fault: str) -> None:
    line = call(filled, fault, transport="udp")
    line.ask(1503, LOG)
    line.send(1504, WHOLE)
    assert [line.receive().command for _ in range(3)] == [1500, 1501, 1501]
    line.expect_silence()


def test_half_close_still_listens_but_never_speaks_again(call: Call, filled: Device) -> None:
    line = call(filled, "half-close")
    line.ask(1503, LOG)
    with pytest.raises(EOFError, match="of 4012"):
        line.bulk(1504, WHOLE)
    heard = len(filled.commands)
    line.send(1502)
    line.send(1502)
    until(lambda: len(filled.commands) == heard + 2, "both farewells are heard")
    assert line.sock.recv(1) == b""


@pytest.mark.parametrize("sent_bytes", [0, 1, 7, 8, 15, 16, 17, 40, 41, 100, 4_080])
def test_a_connection_can_be_cut_at_any_byte(call: Call, filled: Device, sent_bytes: int) -> None:
    filled.sessions = iter([7])
    line = call(filled, f"cut-connection={sent_bytes}", hello=False)
    line.session = 7
    line.sock.sendall(
        b"".join(line.packed(command, data) for command, data in ((1000, b""), (1503, LOG), (1504, WHOLE)))
    )
    assert len(everything(line)) == sent_bytes


def test_every_connection_is_cut_anew(call: Call, filled: Device) -> None:
    first = call(filled, "cut-connection=16", hello=False)
    for line in (first, type(first)(first.endpoint)):
        assert line.hello().command == 2000
        assert everything(line) == b""
        line.sock.close()


def test_a_connection_can_be_reset(call: Call, filled: Device) -> None:
    line = call(filled, "reset-connection=24")
    line.send(1100)
    with pytest.raises(ConnectionResetError):
        everything(line)


def test_cut_packets_arrive_in_pieces_and_whole(call: Call, filled: Device) -> None:
    line = call(filled, "cut-packets=7", hello=False, clock_stands=True)
    line.send(1000)
    pieces = []
    for _ in range(3):
        pieces.append(line.sock.recv(100))
        line.later(0.001)
    assert [len(piece) for piece in pieces] == [7, 7, 2]
    line.time_goes_on()
    line.session = struct.unpack_from("<H", b"".join(pieces), 12)[0]
    assert line.ask(11, b"~SerialNumber\0").data == f"~SerialNumber={filled.serial}\0".encode()


def test_slow_drip_sends_byte_after_byte(call: Call) -> None:
    line = call(Device(), "slow-drip=20", hello=False, clock_stands=True)
    line.send(1000)
    for _ in range(5):
        assert len(line.sock.recv(100)) == 1
        line.expect_silence()
        line.later(0.02)


def test_join_packets_sends_a_whole_answer_as_one_segment(call: Call, filled: Device) -> None:
    line = call(filled, "join-packets")
    line.ask(1503, LOG)
    line.send(1504, WHOLE)
    joined = line.sock.recv(65_536)
    assert len(joined) == (8 + 16) + (8 + 8 + 4_004) + (8 + 8)


def test_wrong_checksum_spoils_data_and_nothing_else(call: Call) -> None:
    device = Device()
    device.punch("1001")
    line = call(device, "wrong-checksum")
    line.send(1503, LOG)
    assert decode_packet(line.receive_raw()) is None
    assert line.ask(1502).command == 2000


def test_garbage_stands_in_front_of_a_table(call: Call, filled: Device) -> None:
    line = call(filled, "garbage=9")
    assert line.ask(1503, LOG).command == 2000
    line.send(1504, WHOLE)
    noise = line.sock.recv(9, socket.MSG_WAITALL)
    assert noise[:4] != b"\x50\x50\x82\x7d"
    assert line.receive().command == 1500


def test_garbage_over_udp_is_a_datagram_of_its_own(call: Call, filled: Device) -> None:
    line = call(filled, "garbage=9", transport="udp")
    line.ask(1503, LOG)
    line.send(1504, WHOLE)
    assert len(line.receive_raw()) == 9
    assert line.receive().command == 1500


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_stray_acknowledgement_carries_another_reply_id(call: Call, transport: Transport) -> None:
    line = call(Device(), "stray-acks", transport=transport, hello=False)
    stray = line.ask(1000)
    answer = line.receive()
    assert (stray.command, stray.reply_id == line.reply_id) == (2000, False)
    assert (answer.command, answer.reply_id) == (2000, line.reply_id)


# -- datagrams -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "order"),
    [
        ("drop-datagram", [0, 1, 3]),
        ("drop-datagram=1", [1, 2, 3]),
        ("drop-datagram=4", [0, 1, 2]),
        ("duplicate-datagram=2", [0, 1, 1, 2, 3]),
        ("reorder-datagrams=2", [0, 2, 1, 3]),
    ],
)
def test_one_answer_is_spoiled_and_asking_again_helps(call: Call, filled: Device, fault: str, order: list[int]) -> None:
    line = call(filled, fault, transport="udp")
    line.ask(1503, LOG)
    _, packets = line.bulk(1504, WHOLE)
    assert [packet.session for packet in packets[1:-1]] == order
    assert line.bulk(1504, WHOLE)[0] == filled.log_table()


def test_the_last_datagram_can_come_after_the_end(call: Call, filled: Device) -> None:
    line = call(filled, "reorder-datagrams=4", transport="udp")
    line.ask(1503, LOG)
    _, packets = line.bulk(1504, WHOLE)
    assert [packet.session for packet in packets[1:-1]] == [0, 1, 2]
    assert line.receive().session == 3


@pytest.mark.parametrize("fault", ["drop-datagram", "duplicate-datagram", "reorder-datagrams", "lose-answers=1"])
def test_a_stream_knows_no_datagrams(call: Call, filled: Device, fault: str) -> None:
    assert call(filled, fault).read_log() == filled.log_table()


def test_a_datagram_that_is_not_there_cannot_be_lost(call: Call, filled: Device) -> None:
    assert call(filled, "drop-datagram=5", transport="udp").read_log() == filled.log_table()


def test_a_lost_answer_was_obeyed_all_the_same(call: Call, filled: Device) -> None:
    line = call(filled, "lose-answers=2", transport="udp")
    line.send(1003, struct.pack("<I", 30))
    line.expect_silence()
    assert filled.disabled
    assert line.ask(1002).command == 2000


@pytest.mark.parametrize("fault", ["slow-drip", "cut-packets", "join-packets", "cut-connection=3"])
def test_datagrams_leave_whole(call: Call, filled: Device, fault: str) -> None:
    assert call(filled, fault, transport="udp").read_log() == filled.log_table()
