"""`/iclock/*` for terminals that push (ADMS). Protocol section 7; why it answers as it does: decision 36.

Promises that a body is answered with 200 only when it is on disk, as punches or raw in quarantine, or is of a kind that
is known to hold no punch; that 503 says that nothing could be stored, that a body whose length is wrong is never
acknowledged, and that neither names nor passwords nor PINs are logged. Only serials of devices.yaml are answered, from
where devices.yaml lets them come.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import EkinerjaError, OwnedElsewhere, Refused, TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.push_kinds import ACCESS, LOG, Kind, folded, kind_of, page_of, shown
from ekinerja_agent.terminals.push_text import (
    access_code,
    access_lines,
    breaks_off,
    count_lines,
    count_records,
    inflate,
    parse_results,
    time_answer,
)
from ekinerja_agent.usecases.collecting.push import Receiver, Stored
from ekinerja_agent.usecases.collecting.push_desk import Table
from ekinerja_agent.usecases.collecting.push_trust import NOTHING, Brought
from ekinerja_agent.web.http_protocol import EXCESS
from ekinerja_agent.web.origin import origin
from ekinerja_agent.yamlfile.scalars import IpNetwork

T = TypeVar("T")
P = ParamSpec("P")
Answer = Callable[["TerminalRequest"], Awaitable[Response]]

log = logger()

CHUNK_WITHIN_S = 10.0
BODY_WITHIN_S = 60.0
BEHIND_WITHIN_S = 0.02
"""Bytes behind the announced length come with it or right after it."""
MOST_A_SECOND = 20.0
MOST_AT_ONCE = 100.0
"""Requests of one terminal: it polls every few seconds, and empties a full log in uploads of many records."""
TOO_LONG = Message("an upload is longer than it says")
_MOST_REFUSED_KNOWN = 256
_MOST_ALLOWANCES = 16_384
_STAMP = re.compile(r"[0-9]{1,20}")
_COUNT = re.compile(r"[0-9]{1,9}")
_COMMAND = re.compile(r"[0-9]{1,18}")


def routes(receiver: Callable[[], Receiver | None], now: Callable[[], datetime] = utc_now) -> list[Route]:
    """Given how to get who takes uploads now (None: no terminal pushes to this host), and the clock, return the pages.

    That may raise TemporarilyUnavailable: the terminal then keeps what it has, and comes again.
    """
    door = _Door(receiver, now)
    paths = ("/iclock", "/iclock/{rest:path}", "//iclock/{rest:path}")
    return [Route(path, door.let_in, methods=["GET", "POST"]) for path in paths]


class TerminalRequest(NamedTuple):
    """One request of a known terminal, who takes what it brings, its parameters by folded name, of what kind its body
    is, and the address that it comes from.
    """

    request: Request
    terminal: TerminalConfig
    receiver: Receiver
    parameters: Mapping[str, str]
    kind: Kind
    source: str | None

    async def hand(self, work: Callable[..., T], *given: object, **named: object) -> T:
        """Do the same with what has to know whence it comes."""
        return await self.do(work, *given, source=self.source, **named)

    async def do(self, work: Callable[Concatenate[TerminalConfig, P], T], *given: P.args, **named: P.kwargs) -> T:
        """Do what may wait for the disk in a thread, for this terminal; return its result. Raise
        TemporarilyUnavailable if nothing is taken any more.
        """
        try:
            doing = self.receiver.threads.submit(work, self.terminal, *given, **named)
        except RuntimeError as error:
            raise TemporarilyUnavailable(Message("the service is being loaded again or ends; send it again")) from error
        return await asyncio.wrap_future(doing)

    @property
    def shows_access(self) -> bool | None:
        """Whether this shows a terminal in access-control mode, or (False) in attendance mode; None: neither."""
        told = self.parameters.get("devicetype", "").lower()
        if told in ("acc", "att"):
            return told == "acc"
        return True if self.kind.is_access or self.kind.name == "/push" else None

    @property
    def comes_in_order(self) -> bool:
        """Whether nothing that a terminal sends later can be older than a punch in what this brings."""
        is_log = self.kind.is_log and self.kind.name == LOG and self.request.method == "POST"
        return is_log or self.kind.holds_no_punch

    async def acknowledge(self, table: Table, brought: Brought = NOTHING) -> None:
        """Note the stamp of the upload that this request is, that brought so much, and that is answered with OK now."""
        stamp = self.parameters.get("stamp") or self.parameters.get("opstamp", "")
        if _STAMP.fullmatch(stamp):
            await self.do(self.receiver.acknowledged, table, stamp, brought)


class _TooLarge(Exception):
    """The body is larger than what is taken."""


class _Door:
    """Lets known terminals in, and gives each of them its answer."""

    def __init__(self, receiver: Callable[[], Receiver | None], now: Callable[[], datetime]) -> None:
        self._current = receiver
        self._now = now
        self._allowances: dict[tuple[str, str | None], tuple[float, float]] = {}
        self._refused: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._pages: dict[tuple[str, str], Answer] = {
            ("GET", "cdata"): self.options,
            ("POST", "cdata"): self.upload,
            ("GET", "getrequest"): self.getrequest,
            ("POST", "devicecmd"): self.devicecmd,
            ("GET", "ping"): self.ping,
            ("GET", "registry"): self.registry,
            ("POST", "registry"): self.registry,
            ("GET", "exchange"): self.exchange,
            ("POST", "exchange"): self.exchange,
            ("POST", "fdata"): self.upload,
            ("POST", "querydata"): self.upload,
            ("GET", "push"): self.parameters,
            ("POST", "push"): self.parameters,
            ("GET", "rtdata"): self.time,
        }

    async def let_in(self, request: Request) -> Response:
        """Answer a terminal of devices.yaml; refuse every other with one line in the log."""
        page, parameters = page_of(request.path_params.get("rest", "")), folded(request.query_params.multi_items())
        answer = self._pages.get(("POST" if request.method == "POST" else "GET", page), self.unread)
        if answer == self.unread and not _has_body(request):
            raise HTTPException(404)
        serial = parameters.get("sn", "")
        try:
            receiver = self._current()
        except TemporarilyUnavailable as error:
            return PlainTextResponse(f"ERROR: {error}\n", 503, {"connection": "close"})
        terminal = receiver.by_serial.get(serial) if receiver else None
        if receiver is None or terminal is None or not _comes_from(request, terminal, receiver.proxies):
            self._tell_once(serial, request, known=terminal is not None)
            return PlainTextResponse("this terminal is not served here\n", 406 if page == "registry" else 403)
        address = origin(request, receiver.proxies)
        source = None if address is None else str(address)
        visit = TerminalRequest(request, terminal, receiver, parameters, kind_of(page, parameters), source)
        response = await self._answered(visit, answer)
        if response.status_code != 200 and _brings(request) and not visit.comes_in_order:
            receiver.refused(terminal, self._now(), source)
        return response

    async def _answered(self, visit: TerminalRequest, answer: Answer) -> Response:
        """The answer of a page, or why there is none."""
        heartbeat = visit.kind.name == ACCESS[0] and not _has_body(visit.request)  # several a second are usual
        if not heartbeat and not self._allowed(visit.terminal.id, visit.source):
            return PlainTextResponse("too many requests\n", 429, {"retry-after": "5"})
        try:
            refusal = None
            if (access := visit.shows_access) is not None:
                await visit.hand(visit.receiver.is_of_access, self._now(), access=access)
            if visit.request.method != "POST" and answer != self.unread:
                refusal = await self._brought_by_question(visit)
            return refusal or await answer(visit)
        except _TooLarge:
            why = Message(
                "a body is larger than {most_body_bytes} bytes", most_body_bytes=visit.receiver.most_body_bytes
            )
            return self._trouble(visit.terminal, 413, why)
        except (OwnedElsewhere, Refused) as error:
            return self._trouble(visit.terminal, 403, str(error))
        except EkinerjaError as error:
            return self._trouble(visit.terminal, 503, str(error))

    async def _brought_by_question(self, visit: TerminalRequest) -> Response | None:
        """Keep what a request brings that should only ask; None: it may be answered."""
        if visit.kind.holds_no_punch:
            return None
        if _has_body(visit.request):
            answer = await self.unread(visit)
            return None if answer.status_code == 200 else answer
        if visit.parameters.get("table") and "options" not in visit.parameters:
            await self._keep(visit, visit.request.scope["query_string"])
        return None

    async def options(self, visit: TerminalRequest) -> Response:
        """What to send."""
        return _text(await visit.hand(visit.receiver.options, self._now()))

    async def parameters(self, visit: TerminalRequest) -> Response:
        """What a registered terminal in access-control mode shall work by; what it brings is kept."""
        if visit.request.method == "POST" and _has_body(visit.request):  # what a question brings is kept before
            answer = await self.unread(visit)
            if answer.status_code != 200:
                return answer
        else:
            await visit.hand(visit.receiver.contact, self._now())
        return _text(access_lines(visit.terminal.serial or "", registered=False))

    async def time(self, visit: TerminalRequest) -> Response:
        """The time, as a terminal in access-control mode asks for it."""
        await visit.hand(visit.receiver.contact, self._now())
        if visit.parameters.get("type", "").lower() != "time":
            raise HTTPException(404)
        return _text(time_answer(self._now(), visit.terminal.timezone))

    async def upload(self, visit: TerminalRequest) -> Response:
        """What is sent: a part of the log, what is known to hold no punch, or what nobody here can read."""
        asked = visit.parameters.get("type", "").lower()
        if asked == "count" and "table" not in visit.parameters and not visit.kind.holds_no_punch:
            return await self._count(visit)
        if visit.kind.is_log:
            return await self._log(visit)
        if asked == "options" and not visit.kind.inner:
            return await self._punchless(visit)
        return await (self._punchless(visit) if visit.kind.holds_no_punch else self.unread(visit))

    async def _count(self, visit: TerminalRequest) -> Response:
        """How many records a terminal has; anything else is bytes that nobody can read."""
        body, complete = await _body(visit)
        number = visit.parameters.get("cmdid", "")
        if not complete:
            return self._trouble(visit.terminal, 400, "an answer to a command is shorter than it says")
        asked = int(number) if _COMMAND.fullmatch(number) else 0
        if not await visit.hand(visit.receiver.counted_all, body, asked, self._now()):
            await self._keep(visit, body)
        return self._badly_sent(visit, None) or _text("OK\n")

    async def _punchless(self, visit: TerminalRequest) -> Response:
        """Taken, so that the terminal goes on, and kept nowhere."""
        table = "options" if visit.parameters.get("type", "").lower() == "options" else visit.kind.name
        counted = bool(visit.kind.inner) and not _COUNT.fullmatch(visit.parameters.get("count", ""))
        body, complete = await _body(visit, keep=counted or table in ("options", "operlog"))
        if table != "/fdata" and (not complete or _excess(visit.request)):
            return self._trouble(visit.terminal, 400, "an upload has another length than it says")
        if table == "options":
            await visit.hand(visit.receiver.described, self._now(), options=body)
            return _text("OK\n")
        await visit.hand(visit.receiver.contact, self._now())
        if visit.kind.inner:
            told = count_records(body, table) if counted else int(visit.parameters["count"])
            # Some terminals send a picture for ever if the connection stays.
            return PlainTextResponse(f"{visit.kind.inner}={told}\n", headers={"connection": "close"})
        if table != "operlog":
            return _text("OK\n")
        await visit.acknowledge("OPERLOG")
        return _text(f"OK: {count_lines(body)}\n")

    async def _log(self, visit: TerminalRequest) -> Response:
        if not _says_its_length(visit.request):
            return self._trouble(visit.terminal, 411, "an upload does not say how long it is")
        body, why = await _measured_body(visit)
        if why is None and breaks_off(body):
            why = Message("an upload ends within a record")
        stored = await visit.hand(visit.receiver.receive, body, complete=why is None, arrived_at=self._now())
        self._tell(visit, stored)
        if refusal := self._badly_sent(visit, why):
            return refusal
        if stored.no_room:
            why = Message("no room is left for lines that nobody can read, the others were stored; see `terminal list`")
            return self._trouble(visit.terminal, 503, why)
        if visit.kind.name == LOG:
            await visit.acknowledge("ATTLOG", stored.brought)
        self._well(visit)
        if visit.kind.inner:
            await self._end_of_query(visit)
            return _text(f"{visit.kind.inner}={stored.lines}\n")
        return _text("OK\n" if visit.kind.is_access else f"OK: {stored.lines}\n")

    async def _end_of_query(self, visit: TerminalRequest) -> None:
        """What was asked for is there with its last packet, whether or not another answer comes."""
        number, packets, packet = (visit.parameters.get(name, "") for name in ("cmdid", "packcnt", "packidx"))
        if _COMMAND.fullmatch(number) and packets and packets == packet:
            await visit.hand(visit.receiver.queried, int(number))

    async def unread(self, visit: TerminalRequest) -> Response:
        """What nobody here can read is kept raw before it is answered."""
        if not _says_its_length(visit.request):
            return self._trouble(visit.terminal, 411, "an upload does not say how long it is")
        body, why = await _measured_body(visit)
        await self._keep(visit, body, complete=why is None)
        if refusal := self._badly_sent(visit, why):
            return refusal
        self._well(visit)
        return _text("AUTH=TIMEOUT\n" if "authtype" in visit.parameters else "OK\n")

    async def _keep(self, visit: TerminalRequest, body: bytes, *, complete: bool = True) -> None:
        """Keep a body, or what came of it. Raise TemporarilyUnavailable if that cannot be."""
        kept = partial(visit.receiver.keep_unread, kind=shown(visit.kind.name), body=body)
        self._tell(visit, await visit.hand(kept, complete=complete, arrived_at=self._now()))

    def _tell(self, visit: TerminalRequest, stored: Stored) -> None:
        if stored.new or stored.quarantined:
            log.info("push.stored", terminal=visit.terminal.id, new=stored.new, quarantined=stored.quarantined)

    def _well(self, visit: TerminalRequest) -> None:
        if self._troubles.pop(visit.terminal.id, ""):
            log.info("push.back", terminal=visit.terminal.id)

    def _badly_sent(self, visit: TerminalRequest, why: str | None) -> Response | None:
        """The refusal of an upload whose length was wrong; that may have shown only while it was stored."""
        if why is None and not _excess(visit.request):
            return None
        told = Message("{why}; its whole lines were stored, it was not acknowledged", why=why or TOO_LONG)
        return self._trouble(visit.terminal, 400, told)

    async def getrequest(self, visit: TerminalRequest) -> Response:
        """A heartbeat; what a person asked the terminal for goes with the answer."""
        at = self._now()
        if info := visit.parameters.get("info", ""):
            await visit.hand(visit.receiver.described, at, info=info)
        else:
            await visit.hand(visit.receiver.contact, at)
        command = await visit.hand(visit.receiver.next_command, at)
        return _text("OK\n" if command is None else f"C:{command.number}:{command.text}\n")

    async def devicecmd(self, visit: TerminalRequest) -> Response:
        """How a command ended. What tells of none is something else that came here."""
        body, complete = await _body(visit)
        if not complete:
            return self._trouble(visit.terminal, 400, "an answer to a command is shorter than it says")
        if not parse_results(body):
            await self._keep(visit, body)
            if refusal := self._badly_sent(visit, None):
                return refusal
        for done in await visit.hand(visit.receiver.results, body, self._now()):
            log.info("push.answered", terminal=visit.terminal.id, asked=done.kind, returned=done.returned)
        return _text("OK\n")

    async def ping(self, visit: TerminalRequest) -> Response:
        """A heartbeat."""
        await visit.hand(visit.receiver.contact, self._now())
        return _text("OK\n")

    async def registry(self, visit: TerminalRequest) -> Response:
        """Push 3 asks for a code that it shows with later requests; the serial is who it is, here as elsewhere."""
        body, _ = await _body(visit)
        access = b"DeviceType=acc" in body
        if access:
            await visit.hand(visit.receiver.is_of_access, self._now(), access=True)
        await visit.hand(visit.receiver.described, self._now(), options=body)
        code = access_code(visit.terminal.serial or "") if access else visit.terminal.serial
        return PlainTextResponse(f"RegistryCode={code}\n", headers={"set-cookie": f"code={code}; HttpOnly"})

    async def exchange(self, visit: TerminalRequest) -> Response:
        """The first step of encrypted uploads, which nobody but the maker can read: no such page, and nothing kept."""
        await visit.hand(visit.receiver.refuse_encryption, self._now())
        return self._trouble(visit.terminal, 404, "it asks for encrypted uploads, which are not served")

    def _allowed(self, terminal: str, source: str | None) -> bool:
        """One allowance per terminal and address it comes from, filled at MOST_A_SECOND up to MOST_AT_ONCE: who floods
        in a terminal's name takes nothing of its own.
        """
        now_s, who = time.monotonic(), (terminal, source)
        left, since_s = self._allowances.pop(who, (MOST_AT_ONCE, now_s))
        left = min(MOST_AT_ONCE, left + (now_s - since_s) * MOST_A_SECOND)
        while len(self._allowances) >= _MOST_ALLOWANCES:  # the one that was used least lately is the first
            del self._allowances[next(iter(self._allowances))]
        self._allowances[who] = (max(left - 1, 0.0) if left >= 1 else left, now_s)
        return left >= 1

    def _tell_once(self, serial: str, request: Request, *, known: bool) -> None:
        """One line per serial, and for so many only: anybody can make up serials."""
        shown = serial if re.fullmatch(r"[!-~]{1,32}", serial) else Message("(none that is readable)")
        if shown not in self._refused and len(self._refused) < _MOST_REFUSED_KNOWN:
            self._refused.add(shown)
            why = (
                Message("it comes from outside its push_from")
                if known
                else Message("no terminal of devices.yaml pushes with it")
            )
            log.warning(
                "push.refused", serial=shown, address=request.client.host if request.client else None, reason=why
            )

    def _trouble(self, terminal: TerminalConfig, status: int, why: str) -> Response:
        """Refuse a known terminal; in the log once, until something went well."""
        if self._troubles.get(terminal.id) != why:
            self._troubles[terminal.id] = why
            log.warning("push.trouble", terminal=terminal.id, status=status, error=why)
        return PlainTextResponse(f"ERROR: {why}\n", status, {"connection": "close"})


async def _body(visit: TerminalRequest, *, keep: bool = True) -> tuple[bytes, bool]:
    """Return the body and whether it came whole; inflated. Raise _TooLarge.

    Of one that breaks off, or comes too slowly, that is what came.
    """
    most = visit.receiver.most_body_bytes
    announced = visit.request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _TooLarge
    body, size, complete = bytearray(), 0, False
    stream = visit.request.stream()
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
    if not keep or visit.request.headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip"):
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


async def _measured_body(visit: TerminalRequest) -> tuple[bytes, str | None]:
    """Return a body as `_body` does, and what is wrong with its length; None: nothing is."""
    body, complete = await _body(visit)
    if complete and not body.endswith((b"\n", b"\r")) and not _excess(visit.request):
        await asyncio.sleep(BEHIND_WITHIN_S)
    if not complete:
        return body, Message("an upload is shorter than it says")
    return body, TOO_LONG if _excess(visit.request) else None


def _says_its_length(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0").strip("0") != ""


def _brings(request: Request) -> bool:
    """Whether something comes with a request that the terminal may believe to be sent."""
    return _has_body(request) or (request.method == "POST" and not _says_its_length(request))


def _comes_from(request: Request, terminal: TerminalConfig, proxies: Iterable[IpNetwork]) -> bool:
    """Whether devices.yaml lets this terminal come from there; a proxy's word on that counts if it is one of ours."""
    if not terminal.push_from:
        return True
    address = origin(request, proxies)
    return address is not None and any(address in network for network in terminal.push_from)


def _text(text: str) -> Response:
    return PlainTextResponse(text)


def _excess(request: Request) -> bool:
    excess: Callable[[], bool] | None = request.scope.get("extensions", {}).get(EXCESS)
    return excess is not None and excess()
