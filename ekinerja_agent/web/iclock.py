"""`/iclock/*` for terminals that push (ADMS). Protocol section 7; why it answers as it does: decision 36.

Promises that `OK: n` follows only what is on disk, that 503 says that nothing could be stored, that a body whose length
is wrong is never acknowledged, and that neither names nor passwords nor PINs are logged. Only serials of devices.yaml
are answered, from where devices.yaml lets them come.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.errors import EkinerjaError, OwnedElsewhere, Refused
from ekinerja_agent.logs import logger
from ekinerja_agent.model import utc_now
from ekinerja_agent.terminals.push_text import breaks_off, count_lines, inflate
from ekinerja_agent.usecases.push import WORDS, Receiver
from ekinerja_agent.web.careful import EXCESS

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Answer = Callable[[Request, TerminalConfig], Awaitable[Response]]

log = logger()

CHUNK_WITHIN_S = 10.0
BODY_WITHIN_S = 60.0
BEHIND_WITHIN_S = 0.02
"""Bytes behind the announced length come with it or right after it."""
MOST_A_SECOND = 20.0
MOST_AT_ONCE = 100.0
"""Requests of one terminal: it polls every few seconds, and empties a full log in uploads of many records."""
_MOST_REFUSED_KNOWN = 256
_STAMP = re.compile(r"[0-9]{1,20}")


def routes(receiver: Receiver, executor: Executor, proxies: Iterable[Network] = ()) -> list[Route]:
    """Given who stores uploads, threads in which that may take its time, and the proxies whose word on the client's
    address counts, return the pages.
    """
    door = _Door(receiver, executor, tuple(proxies))
    pages: list[tuple[str, list[str], Answer]] = [
        ("cdata", ["GET", "POST"], door.cdata),
        ("getrequest", ["GET"], door.getrequest),
        ("devicecmd", ["POST"], door.devicecmd),
        ("ping", ["GET"], door.ping),
        ("registry", ["GET", "POST"], door.registry),
        ("exchange", ["GET", "POST"], door.exchange),
        ("fdata", ["POST"], door.unkept),
    ]
    return [
        Route(f"/iclock/{name}{ending}", partial(door.let_in, answer=answer), methods=methods)
        for name, methods, answer in pages
        for ending in ("", ".aspx")
    ]


class _TooLarge(Exception):
    """The body is larger than what is taken."""


class _Door:
    """Lets known terminals in, and gives each of them its answer."""

    def __init__(self, receiver: Receiver, executor: Executor, proxies: tuple[Network, ...]) -> None:
        self._receiver = receiver
        self._executor = executor
        self._proxies = proxies
        self._allowances: dict[str, tuple[float, float]] = {}
        self._refused: set[str] = set()
        self._troubles: dict[str, str] = {}

    async def let_in(self, request: Request, answer: Answer) -> Response:
        """Answer a terminal of devices.yaml; refuse every other with one line in the log."""
        serial = request.query_params.get("SN", "")
        terminal = self._receiver.by_serial.get(serial)
        if terminal is None or not self._comes_from(request, terminal):
            self._tell_once(serial, request, known=terminal is not None)
            return PlainTextResponse("this terminal is not served here\n", 403)
        if not self._allowed(terminal.id):
            return PlainTextResponse("too many requests\n", 429, {"retry-after": "5"})
        try:
            response = await answer(request, terminal)
        except _TooLarge:
            response = self._trouble(terminal, 413, f"a body is larger than {self._receiver.most_body_bytes} bytes")
        except (OwnedElsewhere, Refused) as error:
            response = self._trouble(terminal, 403, str(error))
        except EkinerjaError as error:
            response = self._trouble(terminal, 503, str(error))
        return response

    async def cdata(self, request: Request, terminal: TerminalConfig) -> Response:
        """What to send (GET), and what is sent (POST)."""
        if request.method != "POST":
            return _text(await self._in_thread(self._receiver.options, terminal, utc_now()))
        table = request.query_params.get("table", "").upper()
        if table == "ATTLOG":
            return await self._attlog(request, terminal)
        body, complete = await self._body(request)
        if not complete or _excess(request):
            return self._trouble(terminal, 400, "an upload has another length than it says")
        if table == "OPTIONS":
            await self._in_thread(partial(self._receiver.told, options=body), terminal, utc_now())
            return _text("OK\n")
        await self._in_thread(self._receiver.contact, terminal, utc_now())
        return _text(f"OK: {count_lines(body)}\n" if table == "OPERLOG" else "OK\n")

    async def _attlog(self, request: Request, terminal: TerminalConfig) -> Response:
        if "content-length" not in request.headers and "transfer-encoding" not in request.headers:
            return self._trouble(terminal, 411, "an upload does not say how long it is")
        body, complete = await self._body(request)
        if complete and not body.endswith((b"\n", b"\r")) and not _excess(request):
            await asyncio.sleep(BEHIND_WITHIN_S)
        why = None
        if not complete:
            why = "an upload is shorter than it says"
        elif _excess(request):
            why = "an upload is longer than it says"
        elif breaks_off(body):
            why = "an upload ends within a record"
        stamp = request.query_params.get("Stamp", "")
        store = partial(
            self._receiver.receive,
            terminal,
            body,
            stamp=stamp if _STAMP.fullmatch(stamp) else None,
            complete=why is None,
            arrived_at=utc_now(),
        )
        stored = await self._in_thread(store)
        if stored.new or stored.quarantined:
            log.info("push.stored", terminal=terminal.id, new=stored.new, quarantined=stored.quarantined)
        if why is None and _excess(request):
            why = "an upload is longer than it says"
        if why is not None:
            return self._trouble(terminal, 400, f"{why}; its whole lines were stored, it was not acknowledged")
        if self._troubles.pop(terminal.id, ""):
            log.info("push.back", terminal=terminal.id)
        return _text(f"OK: {stored.lines}\n")

    async def getrequest(self, request: Request, terminal: TerminalConfig) -> Response:
        """A heartbeat; what a person asked the terminal for goes with the answer."""
        at = utc_now()
        if info := request.query_params.get("INFO", ""):
            await self._in_thread(partial(self._receiver.told, info=info), terminal, at)
        else:
            await self._in_thread(self._receiver.contact, terminal, at)
        command = await self._in_thread(self._receiver.next_command, terminal, at)
        return _text("OK\n" if command is None else f"C:{command.number}:{WORDS[command.kind]}\n")

    async def devicecmd(self, request: Request, terminal: TerminalConfig) -> Response:
        """How a command ended."""
        body, complete = await self._body(request)
        if not complete:
            return self._trouble(terminal, 400, "an answer to a command is shorter than it says")
        for done in await self._in_thread(self._receiver.results, terminal, body, utc_now()):
            log.info("push.answered", terminal=terminal.id, asked=done.kind, returned=done.returned)
        return _text("OK\n")

    async def ping(self, _request: Request, terminal: TerminalConfig) -> Response:
        """A heartbeat."""
        await self._in_thread(self._receiver.contact, terminal, utc_now())
        return _text("OK\n")

    async def registry(self, request: Request, terminal: TerminalConfig) -> Response:
        """Push 3 asks for a code that it shows with later requests; the serial is who it is, here as elsewhere."""
        await self._body(request)
        await self._in_thread(self._receiver.contact, terminal, utc_now())
        return _text(f"RegistryCode={terminal.serial}\n")

    async def exchange(self, _request: Request, terminal: TerminalConfig) -> Response:
        """The first step of encrypted uploads, which nobody but the maker can read."""
        await self._in_thread(self._receiver.refuse_encryption, terminal, utc_now())
        return self._trouble(terminal, 501, "it asks for encrypted uploads, which are not served")

    async def unkept(self, request: Request, terminal: TerminalConfig) -> Response:
        """Pictures: taken, so that the terminal goes on, and kept nowhere."""
        await self._body(request, keep=False)
        await self._in_thread(self._receiver.contact, terminal, utc_now())
        return _text("OK\n")

    async def _body(self, request: Request, *, keep: bool = True) -> tuple[bytes, bool]:
        """Return the body and whether it came whole; inflated. Raise _TooLarge.

        Of one that breaks off, or comes too slowly, that is what came.
        """
        most = self._receiver.most_body_bytes
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > most:
            raise _TooLarge
        body, size, complete = bytearray(), 0, False
        stream = request.stream()
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                while True:
                    async with asyncio.timeout(CHUNK_WITHIN_S):
                        chunk = await anext(stream)
                    size += len(chunk)
                    if size > most:
                        raise _TooLarge
                    body += chunk if keep else b""
        except StopAsyncIteration:
            complete = True
        except (TimeoutError, ClientDisconnect):
            pass
        if request.headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip"):
            return bytes(body), complete
        if not complete:
            return b"", False
        try:
            content = inflate(bytes(body), most)
        except ValueError:
            return b"", False
        if content is None:
            raise _TooLarge
        return content, True

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(work, *arguments))

    def _comes_from(self, request: Request, terminal: TerminalConfig) -> bool:
        if not terminal.push_from:
            return True
        address = _address(request.client.host if request.client else "")
        if address is not None and any(address in proxy for proxy in self._proxies):
            address = _address(request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip())
        return address is not None and any(address in network for network in terminal.push_from)

    def _allowed(self, terminal: str) -> bool:
        """One allowance per terminal, filled at MOST_A_SECOND up to MOST_AT_ONCE."""
        now_s = time.monotonic()
        left, since_s = self._allowances.get(terminal, (MOST_AT_ONCE, now_s))
        left = min(MOST_AT_ONCE, left + (now_s - since_s) * MOST_A_SECOND)
        self._allowances[terminal] = (max(left - 1, 0.0) if left >= 1 else left, now_s)
        return left >= 1

    def _tell_once(self, serial: str, request: Request, *, known: bool) -> None:
        """One line per serial, and for so many only: anybody can make up serials."""
        shown = serial if re.fullmatch(r"[!-~]{1,32}", serial) else "(none that is readable)"
        if shown not in self._refused and len(self._refused) < _MOST_REFUSED_KNOWN:
            self._refused.add(shown)
            why = "it comes from outside its push_from" if known else "no terminal of devices.yaml pushes with it"
            log.warning(
                "push.refused", serial=shown, address=request.client.host if request.client else None, reason=why
            )

    def _trouble(self, terminal: TerminalConfig, status: int, why: str) -> Response:
        """Refuse a known terminal; in the log once, until something went well."""
        if self._troubles.get(terminal.id) != why:
            self._troubles[terminal.id] = why
            log.warning("push.trouble", terminal=terminal.id, status=status, error=why)
        return PlainTextResponse(f"ERROR: {why}\n", status, {"connection": "close"})


def _text(text: str) -> Response:
    return PlainTextResponse(text)


def _excess(request: Request) -> bool:
    excess: Callable[[], bool] | None = request.scope.get("extensions", {}).get(EXCESS)
    return excess is not None and excess()


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
