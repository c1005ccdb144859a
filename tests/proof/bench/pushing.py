"""Terminals that push in a morning rush, against an endpoint that only keeps the same bytes in a file like the spool's.

Both stand behind the same server and the same clients, in turn; the file is SQLite with `synchronous=FULL`, one commit
per request.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.host.logs import configure
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.push import Receiver
from ekinerja_agent.web import iclock
from ekinerja_agent.web.http_protocol import CarefulProtocol
from tests.proof.bench.findings import Finding, in_turn, ratio, timed

TERMINALS = 500
PUNCHES_EACH = 100
LINES = 10
"""Punches of one upload in the rush that is counted; the compared rounds send one each, as they happen."""
COMPARED = 3_000
CLIENTS = 32


def measure(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield the findings."""
    configure("json", "error")  # a line an upload is for the log of a service, not for this table
    files = iter(range(1_000))

    def ours() -> float:
        return _ours(folder / f"spool-{next(files)}.db", COMPARED // TERMINALS, 1)

    def peer() -> float:
        with _keeping(folder / f"raw-{next(files)}.db") as app, _served(app) as port:
            return _rush(port, COMPARED // TERMINALS, 1)

    ours_s, peer_s = in_turn(3, ours, peer)
    share = ratio(peer_s, ours_s)
    yield Finding(
        f"{COMPARED:,} uploads of one punch, {TERMINALS} terminals",
        f"{COMPARED / median(ours_s):,.0f}/s",
        f"keeps the bytes: {COMPARED / median(peer_s):,.0f}/s",
        f"{share:.0%}",
        ">= 50 %",
        share >= 0.5,
    )
    path = folder / "rush.db"
    taken_s = _ours(path, PUNCHES_EACH // LINES, LINES)
    punched = TERMINALS * PUNCHES_EACH
    with Spool(path) as spool:
        stored = spool.counts().waiting
    yield Finding(
        f"{punched:,} punches of {TERMINALS} terminals, {LINES} an upload",
        f"{stored:,} stored, {punched / taken_s:,.0f}/s",
        "punched",
        f"{stored / punched:.0%}",
        "all, once",
        stored == punched,
    )


def _ours(path: Path, uploads: int, lines: int) -> float:
    with Spool(path) as spool:
        terminals = [
            TerminalConfig.model_validate(
                {
                    "id": f"t{number}",
                    "office": "A",
                    "transport": "none",
                    "push": "true",
                    "serial": f"S{number}",
                    "timezone": "Asia/Makassar",
                }
            )
            for number in range(TERMINALS)
        ]
        receiver = Receiver(spool, terminals, tolerance_s=120, host_clock_trusted=lambda: True, most_body_bytes=1 << 20)
        try:
            with _served(Starlette(routes=iclock.routes(lambda: receiver))) as port:
                return _rush(port, uploads, lines)
        finally:
            receiver.close()


@contextmanager
def _keeping(path: Path) -> Iterator[ASGIApp]:
    """An endpoint that keeps the bytes of each request, durable, and says OK."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE bodies (seq INTEGER PRIMARY KEY, serial TEXT, body BLOB)")
    lock = threading.Lock()

    def keep(serial: str, body: bytes) -> None:
        with lock:
            db.execute("INSERT INTO bodies (serial, body) VALUES (?, ?)", (serial, body))

    with ThreadPoolExecutor(4) as threads:

        async def take(request: Request) -> Response:
            body = await request.body()
            await asyncio.wrap_future(threads.submit(keep, request.query_params["SN"], body))
            return PlainTextResponse("OK: 1\n")

        yield Starlette(routes=[Route("/iclock/cdata", take, methods=["POST"])])
    db.close()


@contextmanager
def _served(app: ASGIApp) -> Iterator[int]:
    config = uvicorn.Config(app, http=CarefulProtocol, ws="none", lifespan="off", log_config=None, access_log=False)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


def _rush(port: int, uploads: int, lines: int) -> float:
    """Every terminal sends so many uploads of so many lines, a few at the same time; return the seconds."""

    def client(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for upload in range(uploads):
            for number in range(first, TERMINALS, CLIENTS):
                connection.request("POST", f"/iclock/cdata?SN=S{number}&table=ATTLOG&Stamp=1", _body(upload, lines))
                answer = connection.getresponse()
                if answer.status != 200 or not answer.read().startswith(b"OK"):
                    raise AssertionError(f"an upload was answered with {answer.status}")
        connection.close()

    def everyone() -> None:
        with ThreadPoolExecutor(CLIENTS) as people:
            list(people.map(client, range(CLIENTS)))

    return timed(everyone)[0]


def _body(upload: int, lines: int) -> bytes:
    clock = datetime(2026, 9, 7, 7, upload % 60).isoformat(" ")
    return "".join(f"{1000 + line}\t{clock}\t0\t1\t0\t0\t0\n" for line in range(lines)).encode()
