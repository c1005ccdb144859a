"""Real sockets: framing as networks do it, one client at a time, snapshots, start and stop."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.simulator import Device, Endpoint, Model, Switchboard, populate, serve
from ekinerja_agent.simulator.codec import with_wrong_checksum
from ekinerja_agent.simulator.faults import Transport

if TYPE_CHECKING:
    from tests.simulator.conftest import Dial

Dialler = Callable[[Endpoint], "Dial"]

LOG = struct.pack("<bhii", 1, 13, 0, 0)
TRANSPORTS: list[Transport] = ["tcp", "udp"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("layout", [8, 16, 40, 49])
@pytest.mark.parametrize("payload", [1008, 65_528])
def test_5000_records_come_back_complete(dial: Dialler, transport: Transport, layout: int, payload: int) -> None:
    device = Device(model=Model(layout=layout, data_payload_bytes=payload))  # type: ignore[arg-type] - listed above
    populate(device, users=60, records=5_000)
    with serve(device, transport) as endpoint:
        line = dial(endpoint)
        line.hello()
        table = line.read_log()
    assert int.from_bytes(table[:4], "little") == 5_000 * layout
    assert table == device.log_table()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_data_of_a_chunk_count_from_zero_and_share_the_reply_id(dial: Dialler, transport: Transport) -> None:
    device = Device(model=Model(data_payload_bytes=1008))
    populate(device, users=40, records=300)
    with serve(device, transport) as endpoint:
        line = dial(endpoint)
        line.hello()
        line.ask(1503, LOG)
        for start in (0, 4_001):
            content, packets = line.bulk(1504, struct.pack("<ii", start, 5_003))
            assert content == device.log_table()[start : start + 5_003]
            assert [packet.session for packet in packets[1:-1]] == list(range(len(packets) - 2))
            assert {packet.reply_id for packet in packets} == {line.reply_id}
            assert {len(packet.data) for packet in packets[1:-2]} == {1008 if transport == "tcp" else 1024}


def test_requests_may_arrive_byte_by_byte_or_all_at_once(dial: Dialler) -> None:
    with serve(Device(serial="SIM1")) as endpoint:
        line = dial(endpoint)
        line.hello()
        serial = line.packed(11, b"~SerialNumber\0")
        for byte in serial:
            line.sock.sendall(bytes([byte]))
        assert line.receive().data == b"~SerialNumber=SIM1\0"
        line.sock.sendall(serial * 3)
        assert [line.receive().data for _ in range(3)] == [b"~SerialNumber=SIM1\0"] * 3


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_wrong_checksum_is_dropped_and_the_next_request_answered(dial: Dialler, transport: Transport) -> None:
    with serve(Device(), transport) as endpoint:
        line = dial(endpoint)
        line.hello()
        prefix = 8 if transport == "tcp" else 0
        raw = line.packed(201)
        line.sock.sendall(raw[:prefix] + with_wrong_checksum(raw[prefix:]))
        line.reply_id = 77
        assert line.ask(1100).reply_id == 78


def test_what_is_no_packet_closes_the_connection(dial: Dialler) -> None:
    with serve(Device()) as endpoint:
        line = dial(endpoint)
        line.sock.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises((EOFError, ConnectionResetError)):
            line.receive_raw()
        assert dial(endpoint).hello().command == 2000


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_buffer_is_the_log_as_it_was_when_prepared(dial: Dialler, transport: Transport) -> None:
    device = Device()
    populate(device, users=10, records=100)
    before = device.log_table()
    with serve(device, transport) as endpoint:
        line = dial(endpoint)
        line.hello()
        size = struct.unpack_from("<I", line.ask(1503, LOG).data, 1)[0]
        device.punch("1001")
        assert line.bulk(1504, struct.pack("<ii", 0, size))[0] == before
        device.clear()
        assert line.bulk(1504, struct.pack("<ii", 0, size))[0] == before


def test_a_second_tcp_client_waits_until_the_first_has_left(dial: Dialler) -> None:
    with serve(Device()) as endpoint:
        first, second = dial(endpoint), dial(endpoint)
        first.hello()
        second.send(1000)
        second.expect_silence()
        first.ask(1001)
        assert second.receive().command == 2000


def test_a_tcp_client_that_just_closes_makes_room(dial: Dialler) -> None:
    device = Device()
    with serve(device) as endpoint:
        for _ in range(3):
            line = dial(endpoint)
            line.hello()
            line.sock.close()
        assert dial(endpoint).hello().command == 2000
    assert [command.connection for command in device.commands] == [1, 2, 3, 4]


def test_a_tcp_client_that_breaks_off_harms_nobody(dial: Dialler) -> None:
    device = Device()
    populate(device, users=500, records=30_000)
    with serve(device) as endpoint:
        line = dial(endpoint)
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.hello()
        line.ask(1503, LOG)
        for start in range(0, 15 * 0xFFC0, 0xFFC0):
            line.send(1504, struct.pack("<ii", start, 0xFFC0))
        # Closing with this option resets the connection while the terminal is still sending.
        line.sock.close()
        assert dial(endpoint).hello().command == 2000


def test_over_udp_the_newest_client_takes_the_terminal(dial: Dialler) -> None:
    with serve(Device(), "udp") as endpoint:
        first, second = dial(endpoint), dial(endpoint)
        first.hello()
        second.hello()
        assert first.ask(1100).command == 2005
        assert second.ask(1100).command == 2000
        assert second.ask(1001).command == 2000
        assert second.ask(1100).command == 2005


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_live_events_arrive_in_the_order_of_the_punches(dial: Dialler, transport: Transport) -> None:
    device = Device(model=Model(event_size=52))
    with serve(device, transport) as endpoint:
        line = dial(endpoint)
        line.hello()
        line.ask(500, struct.pack("<I", 1))
        for pin in ("1001", "1002", "1003"):
            device.punch(pin)
        for pin in (b"1001", b"1002", b"1003"):
            event = line.receive()
            assert (event.command, event.session, len(event.data)) == (500, 1, 52)
            assert event.data[:5] == pin + b"\0"
            line.send(2000)


def test_one_thread_carries_many_terminals(dial: Dialler) -> None:
    threads = threading.active_count()
    with Switchboard() as board:
        devices = [Device(serial=f"SIM{number}") for number in range(50)]
        served = [(device, board.connect(device, transport)) for device in devices for transport in TRANSPORTS]
        for number, device in enumerate(devices):
            device.punch(str(1 + number))
        assert threading.active_count() == threads + 1
        lines = [(device, dial(endpoint)) for device, endpoint in served[::7]]
        for _, line in lines:
            line.hello()
        for device, line in lines:
            assert line.ask(11, b"~SerialNumber\0").data == f"~SerialNumber={device.serial}\0".encode()
            assert line.read_log() == device.log_table()
    assert threading.active_count() == threads


def test_a_terminal_can_be_unplugged_and_comes_back_at_the_same_port(dial: Dialler) -> None:
    device = Device()
    with Switchboard() as board:
        endpoint = board.connect(device)
        line = dial(endpoint)
        line.hello()
        endpoint.close()
        endpoint.close()
        with pytest.raises((EOFError, ConnectionResetError)):
            line.receive_raw()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((endpoint.host, endpoint.port))
        again = board.connect(device, port=endpoint.port)
        assert again.port == endpoint.port
        assert dial(again).hello().command == 2000
    endpoint.close()


def test_without_power_nobody_is_answered(dial: Dialler) -> None:
    device = Device()
    device.power_off()
    with Switchboard() as board:
        line = dial(board.connect(device))
        with pytest.raises((EOFError, ConnectionResetError)):
            line.hello()
        silent = dial(board.connect(device, "udp"))
        silent.send(1000)
        silent.expect_silence()


def test_a_taken_port_is_said() -> None:
    with Switchboard() as board:
        endpoint = board.connect(Device())
        with pytest.raises(TemporarilyUnavailable, match="a port that no other program uses"):
            board.connect(Device(), port=endpoint.port)


def test_a_switchboard_serves_only_inside_its_block() -> None:
    board = Switchboard()
    with pytest.raises(RuntimeError, match="with"):
        board.connect(Device())
    with board:
        assert board.connect(Device()).port


def test_a_large_log_waits_for_a_client_that_reads_slowly(dial: Dialler) -> None:
    device = Device()
    populate(device, users=500, records=30_000)
    with serve(device) as endpoint:
        line = dial(endpoint)
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        line.hello()
        line.ask(1503, LOG)
        chunk = 0xFFC0
        for start in range(0, 15 * chunk, chunk):
            line.send(1504, struct.pack("<ii", start, chunk))
        # Long enough for the terminal to fill every queue on the way and find no room.
        time.sleep(0.1)
        received = b""
        for _ in range(15):
            while (answer := line.receive()).command != 2000:
                received += answer.data if answer.command == 1501 else b""
        assert received == device.log_table()[: 15 * chunk]


def test_a_slow_terminal_sends_packets_apart(call: Callable[..., Dial]) -> None:
    device = Device(model=Model(packet_gap_s=0.02))
    populate(device, users=10, records=100)
    line = call(device, clock_stands=True)
    line.later(0.02)
    line.ask(1503, LOG)
    line.send(1504, struct.pack("<ii", 0, 4_004))
    for packet_bytes in (24, 4_020, 16):
        line.later(0.02)
        assert len(line.sock.recv(65_536)) == packet_bytes
        line.expect_silence()
