"""A scripted peer on real sockets, the captured packets, and an encoder of its own: it shares no line with
the product.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from ekinerja_agent.terminals.client import Client, open_terminal
from ekinerja_agent.terminals.link import Transport

Capture = dict[str, Any]
"""A packet, record, key or time as it was seen: where, its bytes and what they say."""
CAPTURES = Path(__file__).parents[1] / "captures" / "packets.json"
SESSION = 0x45CF
CLOSING_SESSION = 0x007C
PATIENT_S = 30.0
"""A reply timeout that no busy machine reaches."""


# --- an encoder for tests -----------------------------------------------------------------------------------


class Encode:
    """Bytes as a terminal would write them."""

    @staticmethod
    def checksum(raw: bytes) -> int:
        raw += b"\0" * (len(raw) % 2)
        total = sum(word for (word,) in struct.iter_unpack("<H", raw))
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF

    @classmethod
    def packet(cls, command: int, session: int, reply_id: int, data: bytes = b"") -> bytes:
        total = cls.checksum(struct.pack("<4H", command, 0, session, reply_id) + data)
        return struct.pack("<4H", command, total, session, reply_id) + data

    @staticmethod
    def framed(packet: bytes) -> bytes:
        return b"PP\x82\x7d" + struct.pack("<I", len(packet)) + packet

    @staticmethod
    def time(clock: datetime) -> int:
        days = ((clock.year - 2000) * 12 + clock.month - 1) * 31 + clock.day - 1
        return days * 86400 + clock.hour * 3600 + clock.minute * 60 + clock.second

    @classmethod
    def record(
        cls,
        size: int,
        pin: int | str,
        clock: datetime | int,
        *,
        verify: int = 1,
        status: int = 0,
        work_code: int = 0,
    ) -> bytes:
        packed = clock if isinstance(clock, int) else cls.time(clock)
        if size == 8:
            return struct.pack("<HBBI", int(pin), status << 5 | verify << 3, 0, packed)
        if size == 16:
            return struct.pack("<IIBBHI", int(pin), packed, status, verify, 0, work_code)
        text = str(pin).encode().ljust(24, b"\0")
        record = struct.pack("<H", 7) + text + struct.pack("<BIBI", verify, packed, status, work_code) + b"\0\0\0\0"
        return record if size == 40 else record + b"\xff255\0\0\0\0\0"

    @staticmethod
    def table(*rows: bytes) -> bytes:
        body = b"".join(rows)
        return struct.pack("<I", len(body)) + body

    @staticmethod
    def user28(uid: int, pin: int, name: str = "") -> bytes:
        row = struct.pack("<HB", uid, 0) + b"secrt" + name.encode().ljust(8, b"\0") + b"\0" * 5 + b"\x01\0\0"
        return row + struct.pack("<I", pin)

    @staticmethod
    def user72(uid: int, pin: str, name: str = "") -> bytes:
        row = struct.pack("<HB", uid, 0) + b"secret\0x" + name.encode().ljust(24, b"\0") + b"\0" * 13
        return row + pin.encode().ljust(24, b"\0")

    @staticmethod
    def sizes(users: int, records: int, capacity: int = 100_000) -> bytes:
        words = [0] * 20
        words[4], words[8], words[15], words[16] = users, records, 5_000, capacity
        return struct.pack("<20i", *words)


@pytest.fixture(scope="session")
def encode() -> type[Encode]:
    return Encode


@pytest.fixture(scope="session")
def captures() -> list[Capture]:
    return json.loads(CAPTURES.read_text(encoding="utf-8"))


# --- a peer that follows a script ---------------------------------------------------------------------------


class Request(NamedTuple):
    command: int
    session: int
    reply_id: int
    data: bytes


class Close:
    """In an answer: the peer closes here."""


class Pause(float):
    """In an answer: the peer waits so many seconds here."""


class Raw(bytes):
    """In an answer: these bytes as they are, without a frame."""


class Clock:
    """The client's clock, which stands still but for what a peer lets pass, one step for each look at it at most: so
    the bytes of a slow peer come one after the other, and it takes no time to be slow.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._looks = threading.Semaphore(0)
        self._client_is_there = True

    def __call__(self) -> float:
        self._looks.release()
        return self._now_s

    def passes(self, seconds: float) -> None:
        while self._client_is_there and not self._looks.acquire(timeout=0.05):
            pass
        self._now_s += seconds

    def leave(self) -> None:
        self._client_is_there = False


Answer = Iterable["bytes | Close | Pause"]
Handler = Callable[[Request], Answer]


@dataclass
class Script:
    """What the peer holds and how it answers: honestly, unless `on` has another handler for a command."""

    log: bytes = Encode.table()
    users: bytes = Encode.table()
    serial: str = "CKJN204860123"
    clock: datetime = datetime(2026, 9, 7, 7, 30)
    counted: tuple[int, int] = (0, 0)
    data_bytes: int = 1024
    on: dict[int, Handler] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    buffer: bytes = b""

    def commands(self) -> list[int]:
        return [request.command for request in self.requests]

    def said_goodbye(self) -> bool:
        """The buffer was freed where one was asked for, the session ended last, and nothing dangerous was
        sent. An event is acknowledged whenever it comes.
        """
        commands = [command for command in self.commands() if command != 2000]
        freed = 1503 not in commands or 1502 in commands[commands.index(1503) :]
        return freed and commands[-1] == 1001 and not {14, 15, 1003} & set(commands)

    def reply(self, request: Request, command: int, data: bytes = b"", session: int = SESSION) -> bytes:
        return Encode.packet(command, session, request.reply_id, data)

    def framed(self, request: Request) -> bytes:
        """The honest answer as TCP carries it."""
        return b"".join(map(Encode.framed, self.honest(request)))

    def bulk(self, request: Request, data: bytes) -> list[bytes]:
        parts = [data[start : start + self.data_bytes] for start in range(0, len(data), self.data_bytes)]
        return [
            self.reply(request, 1500, struct.pack("<II", len(data), self.data_bytes)),
            *(self.reply(request, 1501, part, session=index) for index, part in enumerate(parts)),
            self.reply(request, 2000, session=CLOSING_SESSION),
        ]

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        handler = self.on.get(request.command)
        return self.honest(request) if handler is None else handler(request)

    def honest(self, request: Request) -> Answer:
        if request.command == 1503:
            _, command, _, _ = struct.unpack("<bhii", request.data)
            self.buffer = {13: self.log, 9: self.users}[command]
            if len(self.buffer) < 1000:
                return [self.reply(request, 1501, self.buffer)]
            size = len(self.buffer)
            return [self.reply(request, 2000, b"\0" + struct.pack("<III", size, size, 0x23EFCD))]
        if request.command == 1504:
            start, length = struct.unpack("<ii", request.data)
            return self.bulk(request, self.buffer[start : start + length])
        return [self.reply(request, 2000, self.small(request))]

    def small(self, request: Request) -> bytes:
        if request.command == 11:
            key = request.data.rstrip(b"\0").decode()
            values = {"~SerialNumber": self.serial, "~Platform": "ZEM760_TFT", "~DeviceName": "K20"}
            return f"{key}={values[key]}\0".encode()
        if request.command == 1100:
            return b"Ver 6.60 Apr 28 2017\0"
        if request.command == 50:
            return Encode.sizes(*self.counted)
        return struct.pack("<I", Encode.time(self.clock)) if request.command == 201 else b""


class Place(NamedTuple):
    host: str
    port: int
    transport: str


def _serve_tcp(listener: socket.socket, script: Script, piece_bytes: int | None) -> None:
    with suppress(OSError):  # the client closes when it likes
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pending = b""
            while received := connection.recv(65536):
                pending += received
                while len(pending) >= 8 and len(pending) >= 8 + (length := struct.unpack("<I", pending[4:8])[0]):
                    raw, pending = pending[8 : 8 + length], pending[8 + length :]
                    if _closes(connection, script.answer(_request(raw)), piece_bytes):
                        return


def _closes(connection: socket.socket, answer: Answer, piece_bytes: int | None) -> bool:
    out = b""
    for step in answer:
        if isinstance(step, bytes):
            out += step if isinstance(step, Raw) else Encode.framed(step)
            continue
        connection.sendall(out)
        out = b""
        if isinstance(step, Close):
            return True
        time.sleep(step)
    for start in range(0, len(out), piece_bytes or len(out) or 1):
        connection.sendall(out[start : start + (piece_bytes or len(out))])
    return False


def _serve_udp(datagrams: socket.socket, script: Script) -> None:
    while True:
        raw, client = datagrams.recvfrom(65536)
        if not raw:
            return  # the test is over
        for step in script.answer(_request(raw)):
            if isinstance(step, bytes):
                datagrams.sendto(step, client)
            elif isinstance(step, Pause):
                time.sleep(step)


def _request(raw: bytes) -> Request:
    command, said, session, reply_id = struct.unpack("<4H", raw[:8])
    assert said == Encode.checksum(raw[:2] + b"\0\0" + raw[4:])
    return Request(command, session, reply_id, raw[8:])


@contextmanager
def _serve(script: Script, transport: str = "tcp", piece_bytes: int | None = None) -> Iterator[Place]:
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as here:
        here.bind(("127.0.0.1", 0))
        if transport == "tcp":
            here.listen(1)
            work = threading.Thread(target=_serve_tcp, args=(here, script, piece_bytes), daemon=True)
        else:
            work = threading.Thread(target=_serve_udp, args=(here, script), daemon=True)
        work.start()
        try:
            yield Place("127.0.0.1", here.getsockname()[1], transport)
        finally:
            if transport == "udp":
                here.sendto(b"", here.getsockname())
            else:
                with suppress(OSError):  # wakes a thread that still waits for a connection
                    here.shutdown(socket.SHUT_RDWR)
            work.join(timeout=5)
            assert not work.is_alive()


class Words:
    """The words of a script."""

    script = Script
    close = Close
    pause = Pause
    raw = Raw
    now = Pause(0)  # what was said before it is sent at once
    clock = Clock


class Serve(Protocol):
    """`with serve(script) as place:` is a peer that follows the script."""

    def __call__(
        self, script: Script, transport: Transport = "tcp", piece_bytes: int | None = None
    ) -> AbstractContextManager[Place]: ...


class Talk(Protocol):
    """`with talk(script) as client:` connects to a peer that follows the script."""

    def __call__(
        self,
        script: Script,
        transport: Transport = "tcp",
        *,
        piece_bytes: int | None = None,
        comm_key: int | None = None,
        reply_timeout_s: float = PATIENT_S,
        clock: Clock | None = None,
    ) -> AbstractContextManager[Client]: ...


class Visit(Protocol):
    """`visit(script)` connects as `talk` does, asks for the serial and returns the log."""

    def __call__(self, script: Script, transport: Transport = "tcp", **connection: Any) -> bytes: ...


@pytest.fixture(scope="session")
def serve() -> Serve:
    return _serve


@pytest.fixture(scope="session")
def scripted() -> type[Words]:
    return Words


@pytest.fixture(scope="session")
def big() -> bytes:
    """A table of several chunks on TCP and UDP: every byte tells its place."""
    return Encode.table(*(struct.pack("<4I", place, ~place & 0xFFFFFFFF, place * 7, 1) for place in range(9000)))


@pytest.fixture(scope="session")
def talk() -> Talk:
    @contextmanager
    def connected(
        script: Script,
        transport: Transport = "tcp",
        *,
        piece_bytes: int | None = None,
        comm_key: int | None = None,
        reply_timeout_s: float = PATIENT_S,
        clock: Clock | None = None,
    ) -> Iterator[Client]:
        with _serve(script, transport, piece_bytes) as (host, port, _):
            try:
                with open_terminal(
                    "dinkes-lobby",
                    host,
                    port,
                    transport=transport,
                    comm_key=comm_key,
                    reply_timeout_s=reply_timeout_s,
                    clock=clock or time.monotonic,
                ) as client:
                    yield client
            finally:
                if clock is not None:
                    clock.leave()

    return connected


@pytest.fixture(scope="session")
def visit(talk: Talk) -> Visit:
    def once(script: Script, transport: Transport = "tcp", **connection: Any) -> bytes:
        with talk(script, transport, **connection) as client:
            client.option("~SerialNumber")
            return client.read_log()

    return once
