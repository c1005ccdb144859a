"""The receiver behind a real server on loopback, on a spool in an empty directory."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator.push_device import PushDevice
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.push import Receiver
from ekinerja_agent.web import iclock
from ekinerja_agent.web.server import WebServer
from tests.proof.box import PATIENCE_S

ZONE = "Asia/Makassar"
LIMIT = 64 * 1024


def pushing(name: str, serial: str, **more: Any) -> TerminalConfig:
    """A terminal of devices.yaml that only pushes."""
    written = {"id": name, "office": "A", "transport": "none", "push": "true", "serial": serial, "timezone": ZONE}
    return TerminalConfig.model_validate(written | more)


class Site:
    """A server, its spool, and what is in it."""

    def __init__(self, path: Path, terminals: list[TerminalConfig], *, trusted: bool = True) -> None:
        self.path = path
        self.spool = Spool(path)
        self.trusted = trusted
        self.receiver = Receiver(
            self.spool,
            terminals,
            tolerance_s=120,
            host_clock_trusted=lambda: self.trusted,
            most_body_bytes=LIMIT,
            proxies=[ip_network("127.0.0.9/32")],
        )
        self.now = utc_now
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self._server = WebServer(listener, Starlette(routes=iclock.routes(lambda: self.receiver, self.clock)))

    def clock(self) -> datetime:
        return self.now()

    def stop(self) -> None:
        self._server.stop()
        self.receiver.close()
        self.spool.close()

    def device(self, serial: str = "S1", **faults: Any) -> PushDevice:
        return PushDevice("127.0.0.1", self.port, serial, ZoneInfo(ZONE), **faults)

    def raw(self, data: bytes | list[bytes], *, pause_s: float = 0.0, close: bool = False) -> bytes:
        """Send bytes as they are, in pieces with pauses, and return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            for piece in [data] if isinstance(data, bytes) else data:
                connection.sendall(piece)
                time.sleep(pause_s)
            if close:
                connection.shutdown(socket.SHUT_WR)
            came = b""
            while b"\r\n\r\n" not in came:
                more = connection.recv(65_536)
                if not more:
                    return came
                came += more
            head, _, rest = came.partition(b"\r\n\r\n")
            wanted = next(
                (int(line.split(b":")[1]) for line in head.lower().splitlines() if line.startswith(b"content-length")),
                0,
            )
            while len(rest) < wanted:
                rest += connection.recv(65_536)
            return head + b"\r\n\r\n" + rest

    def gives_no_count(self, serial: str = "S1") -> None:
        """A terminal that refuses to count its records: what it proves rests on its word."""
        asked = self.raw(f"GET /iclock/getrequest?SN={serial} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        number = asked.split(b"C:")[1].split(b":VERIFY SUM ATTLOG ")[0].decode()
        body = f"ID={number}&Return=-1&CMD=VERIFY SUM\n"
        head = f"POST /iclock/devicecmd?SN={serial} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        assert self.raw((head + body).encode()).endswith(b"OK\n")

    def punched(self) -> list[tuple[str, str, int]]:
        """What waits in the spool: PIN, clock, occurrence."""
        return [(each.pin, each.clock_text, each.occurrence) for each in self.spool.waiting(100_000).punches]

    def notes(self, kind: type[Note]) -> list[Any]:
        return [note for note in self.spool.waiting(100_000).notes if isinstance(note, kind)]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(*terminals: TerminalConfig, **more: Any) -> Site:
        made.append(Site(tmp_path / "spool.db", list(terminals) or [pushing("t1", "S1")], **more))
        return made[-1]

    yield make
    for site in made:
        site.stop()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def bottomless(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that nobody asks to wait."""
    monkeypatch.setattr(iclock, "MOST_AT_ONCE", 1e9)
    monkeypatch.setattr(iclock, "MOST_A_SECOND", 1e9)
    return site
