"""An office that listens to a simulated terminal, and a terminal that sends exactly the bytes it is told to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.simulator import Endpoint
from ekinerja_agent.spool import Spool
from ekinerja_agent.terminals import TerminalAddress
from ekinerja_agent.usecases.collecting import collect, watch
from ekinerja_agent.usecases.collecting.places import place_of
from tests.proof.box import PATIENCE_S, until

T = TypeVar("T")
SESSION = 0x45CF


class Eventually(Protocol):
    """Waits until something holds and returns it."""

    def __call__(self, holds: Callable[[], T], what: str) -> T: ...


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    return until


class Office:
    """A spool, and watches that read into it. Nothing else polls: what is in the spool came because of a watch."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.spool = Spool(directory / "spool.db")
        self.failures: list[str] = []

    def terminal(self, endpoint: Endpoint) -> TerminalConfig:
        fields = {
            "id": "lobby",
            "office": "DINKES",
            "timezone": "Asia/Makassar",
            "address": f"{endpoint.host}:{endpoint.port}",
            "transport": endpoint.transport,
        }
        return TerminalConfig.model_validate(fields, context={"base": self.directory})

    def poll(self, endpoint: Endpoint) -> collect.PollResult:
        return collect.poll(
            self.terminal(endpoint),
            self.spool,
            state_dir=self.directory,
            tolerance_s=120,
            reply_timeout_s=2.0,
            host_clock_trusted=False,
        )

    @contextmanager
    def watching(self, endpoint: Endpoint) -> Iterator[threading.Event]:
        over = threading.Event()
        place = place_of(self.terminal(endpoint), 2.0)
        watcher = watch.Watch(place, state_dir=self.directory, read=lambda: self._read(endpoint), over=over)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        try:
            yield over
        finally:
            over.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the watch did not end"

    def _read(self, endpoint: Endpoint) -> bool:
        try:
            self.poll(endpoint)
        except EkinerjaError as error:
            self.failures.append(str(error))
            return False
        return True

    def pins(self) -> list[str]:
        return sorted(punch.pin for punch in self.spool.waiting(100_000).punches)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An impatient office: what it waits for is the same, only sooner."""
    monkeypatch.setattr(watch, "LOOK_UP_S", 0.05)
    monkeypatch.setattr(watch, "SETTLE_S", 0.05)
    office = Office(tmp_path)
    yield office
    office.spool.close()


def packet(command: int, session: int, reply_id: int, data: bytes = b"") -> bytes:
    """One packet in its TCP frame, written without the product's codec."""
    words = struct.pack("<4H", command, 0, session, reply_id) + data
    total = sum(word for (word,) in struct.iter_unpack("<H", words + b"\0" * (len(words) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    raw = struct.pack("<4H", command, ~total & 0xFFFF, session, reply_id) + data
    return b"PP\x82\x7d" + struct.pack("<I", len(raw)) + raw


class Script:
    """A terminal over TCP that lets one client in, takes its wish for events, and then sends what `send` is given."""

    def __init__(self) -> None:
        self.received: list[tuple[int, int, int, bytes]] = []
        self.registered = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def place(self) -> TerminalAddress:
        host, port = self._listener.getsockname()
        return TerminalAddress("lobby", host, ZoneInfo("Asia/Makassar"), port, reply_timeout_s=2.0)

    def send(self, raw: bytes) -> None:
        assert self._client is not None
        self._client.sendall(raw)

    def hang_up(self) -> None:
        assert self._client is not None
        self._client.shutdown(socket.SHUT_RDWR)

    def acknowledged(self) -> int:
        return sum(1 for command, session, _, _ in self.received if (command, session) == (2000, SESSION))

    def _serve(self) -> None:
        self._client, _ = self._listener.accept()
        # After a hang-up the farewell of the client cannot be answered.
        with self._client, self._client.makefile("rb") as stream, suppress(ConnectionError):
            while prefix := stream.read(8):
                raw = stream.read(int.from_bytes(prefix[4:], "little"))
                command, _, session, reply_id = struct.unpack_from("<4H", raw)
                self.received.append((command, session, reply_id, raw[8:]))
                if command != 2000:
                    self.send(packet(2000, SESSION, reply_id))
                if command == 500:
                    self.registered.set()
                if command == 1001:
                    return

    def close(self) -> None:
        self._listener.close()
        self._thread.join(PATIENCE_S)


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.close()


@pytest.fixture(scope="session")
def framed() -> Callable[..., bytes]:
    return packet
