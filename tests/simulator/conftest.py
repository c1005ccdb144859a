"""A small client with its own reading of the wire, so that the simulator's codec is not its own judge."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from ekinerja_agent.simulator import Device, Endpoint, Fault, named_fault, populate, serve
from ekinerja_agent.simulator.faults import Transport

LOG = struct.pack("<bhii", 1, 13, 0, 0)
PATIENCE_S = 60.0
"""Longer than any busy machine makes a line wait."""
_CAPTURES = Path(__file__).parent.parent / "captures" / "packets.json"


class Answer(NamedTuple):
    command: int
    session: int
    reply_id: int
    data: bytes


def _pack(command: int, session: int, reply_id: int, data: bytes) -> bytes:
    body = struct.pack("<4H", command, 0, session, reply_id) + data
    padded = body + b"\0" * (len(body) % 2)
    total = sum(struct.unpack(f"<{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("<4H", command, ~total & 0xFFFF, session, reply_id) + data


@dataclass
class StandingClock:
    """Seconds that pass when a test says so, until it lets the clock run."""

    now_s: float = 0.0
    runs: bool = False

    def __call__(self) -> float:
        return self.now_s + (time.monotonic() if self.runs else 0.0)


class Dial:
    """One raw connection. `ask` sends one request and returns the next packet, `bulk` a long answer."""

    def __init__(self, endpoint: Endpoint, clock: StandingClock | None = None) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self.tcp = endpoint.transport == "tcp"
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect((endpoint.host, endpoint.port))
        self.session = 0
        self.reply_id = 0

    def packed(self, command: int, data: bytes = b"") -> bytes:
        raw = _pack(command, self.session, self.reply_id, data)
        return b"\x50\x50\x82\x7d" + len(raw).to_bytes(4, "little") + raw if self.tcp else raw

    def send(self, command: int, data: bytes = b"") -> None:
        self.reply_id += 1
        self.sock.sendall(self.packed(command, data))

    def _exactly(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            piece = self.sock.recv(size - len(received))
            if not piece:
                raise EOFError(f"closed after {len(received)} of {size} bytes")
            received += piece
        return received

    def receive_raw(self) -> bytes:
        if not self.tcp:
            return self.sock.recv(65_535)
        prefix = self._exactly(8)
        assert prefix[:4] == b"\x50\x50\x82\x7d"
        return self._exactly(int.from_bytes(prefix[4:], "little"))

    def receive(self) -> Answer:
        raw = self.receive_raw()
        command, _, session, reply_id = struct.unpack_from("<4H", raw)
        assert raw == _pack(command, session, reply_id, raw[8:]), "checksum"
        return Answer(command, session, reply_id, raw[8:])

    def ask(self, command: int, data: bytes = b"") -> Answer:
        self.send(command, data)
        return self.receive()

    def hello(self) -> Answer:
        answer = self.ask(1000)
        self.session = answer.session
        return answer

    def bulk(self, command: int, data: bytes = b"") -> tuple[bytes, list[Answer]]:
        """Return the content and all packets, the closing ACK last."""
        packets = [self.ask(command, data)]
        while packets[-1].command in {1500, 1501}:
            packets.append(self.receive())
        assert packets[0].command == 1500
        assert packets[-1].command == 2000
        return b"".join(packet.data for packet in packets[1:-1]), packets

    def read_log(self) -> bytes:
        """The whole log the buffered way, as section 3 has it."""
        answer = self.ask(1503, LOG)
        if answer.command == 1501:
            return answer.data
        assert answer.command == 2000
        size = struct.unpack_from("<I", answer.data, 1)[0]
        chunk = 0xFFC0 if self.tcp else 16_384
        content = b"".join(self.chunk(start, min(chunk, size - start)) for start in range(0, size, chunk))
        assert self.ask(1502).command == 2000
        return content

    def chunk(self, start: int, size: int) -> bytes:
        """Part of the held buffer."""
        return self.bulk(1504, struct.pack("<ii", start, size))[0]

    def counted(self) -> int:
        """How many records FREE_SIZES claims."""
        return int(struct.unpack_from("<i", self.ask(50).data, 32)[0])

    def later(self, seconds: float) -> None:
        """So much time passes for the terminal, whose clock stands otherwise."""
        assert self._clock is not None
        self._clock.now_s += seconds

    def time_goes_on(self) -> None:
        assert self._clock is not None
        self._clock.runs = True

    def expect_silence(self) -> None:
        self.sock.settimeout(0.15)
        with pytest.raises(TimeoutError):
            self.receive_raw()
        self.sock.settimeout(PATIENCE_S)


@pytest.fixture
def dial() -> Iterator[Callable[[Endpoint], Dial]]:
    """A function that opens a raw connection to an endpoint; all are closed after the test."""
    opened: list[Dial] = []

    def open_one(endpoint: Endpoint) -> Dial:
        opened.append(Dial(endpoint))
        return opened[-1]

    yield open_one
    for one in opened:
        one.sock.close()


@pytest.fixture
def call() -> Iterator[Callable[..., Dial]]:
    """A function that serves a device with faults, by name or scripted, and returns a line that said hello."""
    with ExitStack() as stack:

        def serve_and_call(
            device: Device,
            *faults: str | Fault,
            transport: Transport = "tcp",
            hello: bool = True,
            clock_stands: bool = False,
        ) -> Dial:
            chosen = [named_fault(fault) if isinstance(fault, str) else fault for fault in faults]
            clock = StandingClock() if clock_stands else None
            endpoint = serve(device, transport, faults=chosen, clock=clock or time.monotonic)
            line = Dial(stack.enter_context(endpoint), clock)
            stack.callback(line.sock.close)
            if hello:
                line.hello()
            return line

        yield serve_and_call


@pytest.fixture
def filled() -> Device:
    """A terminal with 10 users and 100 records: a table of 4,004 bytes, four datagrams over UDP."""
    device = Device()
    populate(device, users=10, records=100)
    return device


@pytest.fixture(scope="session")
def captured() -> dict[str, bytes]:
    """The bytes of every captured packet, record, key and time by its id."""
    return {entry["id"]: bytes.fromhex(entry["hex"]) for entry in json.loads(_CAPTURES.read_text())}
