"""One request to the board: who asks, in which language, with which form; and the cookies, tokens and limits around it.

Promises that no POST is heard without the session's token and from another origin, that a body is read only up to a
limit and for a limited time, and that a request holds one connection at most: what it reads it reads at one moment, and
what was looked at is written down after that and before anything is shown. Does not know any page.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, cached_property
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.status import (
    HTTP_303_SEE_OTHER,
    HTTP_400_BAD_REQUEST,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_413_CONTENT_TOO_LARGE,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from ekinerja_agent.central.access import logins, looks
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.county.access import may
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import DEFAULT, Language
from ekinerja_agent.nouns.errors import (
    EkinerjaError,
    NeedsAttention,
    NoRule,
    Refused,
    TemporarilyUnavailable,
    WrongUsage,
)
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.web.origin import origin
from ekinerja_agent.web.refusals import Refusals

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.access.logins import Session
    from ekinerja_agent.county.access import Deed, Leads
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.usecases.watching.health.facts import Snapshot
    from ekinerja_agent.yamlfile.scalars import IpNetwork

COOKIE = "ekinerja"
LANGUAGE_COOKIE = "language"
DEVICE_COOKIE = "device"
MOST_BODY_BYTES = 64 * 1024
FORM_WITHIN_S = 30.0
MOST_FIELDS = 50
PAGES_AT_ONCE = 8
FORMS_AT_ONCE = 4
_YEAR_S = 365 * 86_400
_STATUS: tuple[tuple[type[EkinerjaError], int], ...] = (
    (TemporarilyUnavailable, HTTP_503_SERVICE_UNAVAILABLE),
    (Refused, HTTP_403_FORBIDDEN),
    (WrongUsage, HTTP_400_BAD_REQUEST),
    (NeedsAttention, HTTP_404_NOT_FOUND),
    (NoRule, HTTP_404_NOT_FOUND),
)


class AtOnce:
    """So many requests at once; who comes later waits in the order of coming, without a thread or a connection."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def turn(self) -> asyncio.Semaphore:
        """Return what a request enters while it is answered."""
        loop = asyncio.get_running_loop()
        return self._of_loop.setdefault(loop, asyncio.Semaphore(self._at_once))


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share. `secure`: cookies travel over https alone; `proxies` are ours, whose word counts;
    `rules` and `profile` (of units that name none) are those in force; `hosts` are the names under which pages are
    reached, none: every name. `pages` and `forms` are the turns of those who
    look and of those who do something: fewer than the pool has connections, so that none of them waits for one, and
    many forms at once, which wait for each other, keep no page waiting.
    """

    engine: Callable[[], Engine]
    snapshot: Callable[[], Snapshot | None]
    now: Callable[[], datetime]
    secure: Callable[[], bool]
    proxies: Callable[[], Sequence[IpNetwork]]
    rules: Callable[[], RuleBook]
    profile: Callable[[], str]
    pages: AtOnce = field(default_factory=lambda: AtOnce(PAGES_AT_ONCE))
    forms: AtOnce = field(default_factory=lambda: AtOnce(FORMS_AT_ONCE))
    hosts: Callable[[], Collection[str]] = tuple
    refusals: Refusals = field(default_factory=Refusals)


class Sight:
    """What a request reads of the central database: one connection from the first question on, all at one moment.

    Raise TemporarilyUnavailable where the database does not answer.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._open = ExitStack()
        self._conn: Connection | None = None

    def __enter__(self) -> Sight:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conn = None
        self._open.__exit__(kind, error, trace)

    @property
    def conn(self) -> Connection:
        """The connection, which cannot write."""
        if self._conn is None:
            self._conn = self._open.enter_context(reading(self._engine()))
        return self._conn

    def end(self) -> None:
        """Give the connection back. What is read afterwards is of another moment."""
        self._conn = None
        self._open.close()


@dataclass(frozen=True, slots=True)
class Looked:
    """Who or what was looked at, or was refused."""

    subject: str
    details: Mapping[str, Any]
    allowed: bool


@dataclass(frozen=True)
class RequestContext:
    """A request by somebody. `token` is None, and `session` too, for whoever is not logged in."""

    site: Site
    request: Request
    now: datetime
    sight: Sight
    token: str | None = None
    session: Session | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    _looks: list[Looked] = field(default_factory=list)

    @property
    def conn(self) -> Connection:
        """What this request reads with. Raise TemporarilyUnavailable if the central database does not answer."""
        return self.sight.conn

    @property
    def engine(self) -> Engine:
        """The central database, for what opens a connection of its own: the request's own is given back before."""
        self.sight.end()
        return self.site.engine()

    @property
    def account(self) -> Account:
        """Who is logged in. Raise NotLoggedIn if nobody is."""
        if self.session is None:
            raise NotLoggedIn(Message("log in first"))
        return self.session.account

    @property
    def lang(self) -> Language:
        """The language that the reader chose, else Indonesian."""
        return "en" if self.request.cookies.get(LANGUAGE_COOKIE) == "en" else DEFAULT

    @cached_property
    def written(self) -> Formats:
        """The forms of the reader's language."""
        return Formats(self.lang)

    @property
    def csrf(self) -> str:
        """The token that each form of this session carries; it tells nothing of the cookie."""
        return sha256(f"form {self.token}".encode()).hexdigest() if self.token else ""

    @property
    def device(self) -> str:
        """What the browser kept of earlier logins."""
        return self.request.cookies.get(DEVICE_COOKIE, "")

    @property
    def address(self) -> str:
        """Where the reader is."""
        return str(origin(self.request, self.site.proxies()) or "unknown")

    @cached_property
    def leads(self) -> Leads:
        """What tells the units that the reader leads on a day; each day is asked for once."""
        return cache(lambda day: organisation.led_units(self.conn, self.account, day))

    @cached_property
    def tends(self) -> Leads:
        """What tells the units that the reader looks after on a day; each day is asked for once."""
        return cache(lambda day: organisation.tended_units(self.conn, self.account, day))

    def may(self, look: Deed, day: date, *, unit: str | None = None, nip: str | None = None) -> bool:
        """Given what is looked at, tell whether the reader may, by the facts of that day."""
        return may(self.account, look, unit=unit, nip=nip, day=day, leads=self.leads, tends=self.tends)

    def require(self, look: Deed, day: date, subject: str, *, unit: str | None = None, nip: str | None = None) -> None:
        """Given what is looked at, note the look unless it is the reader's own. Raise Refused, noted too.

        A subject that does not exist is refused like one that is not the reader's.
        """
        allowed = self.may(look, day, unit=unit, nip=nip)
        if not (allowed and nip is not None and nip == self.account.nip):
            self.note(look, day, subject, allowed=allowed)
        if not allowed:
            raise Refused(Message("this account may not see that; ask an operator if it should"))

    def note(self, look: Deed, day: date, subject: str, *, allowed: bool) -> None:
        """Given what was looked at, note the look, or that it was refused."""
        details = {"look": str(look), "month": f"{day:%Y-%m}", "path": self.request.url.path[:200]}
        self._looks.append(Looked(subject, details, allowed))

    def note_all(self, look: str, subjects: Iterable[str]) -> None:
        """Given what was looked at and people whose data are on the page, note each."""
        self._looks.extend(Looked(subject, {"look": look}, allowed=True) for subject in sorted(set(subjects)))

    def keep(self) -> None:
        """Write down in one transaction what was noted, and now and then that the session is used."""
        self.sight.end()
        session, token = self.session, self.token
        if session is None or token is None:
            return
        refusals, account = self.site.refusals, session.account
        untold = refusals.ended(account.id, self.now)
        told = [look for look in self._looks if look.allowed or refusals.is_told(account.id, self.now)]
        if session.is_noted and not told and untold is None:
            return

        def work(conn: Connection) -> None:
            if not session.is_noted:
                logins.note_use(conn, token, self.now)
            if untold is not None:
                looks.refused_more(conn, account, untold.count, untold.began, self.now)
            for look in told:
                looks.looked(conn, account, look.subject, look.details, allowed=look.allowed, now=self.now)

        in_transaction(self.site.engine(), work)
        self._looks.clear()

    def asked(self, name: str) -> str:
        """Given a name, return what the address says for it, without blanks around it, at most 100 letters."""
        return self.request.query_params.get(name, "").replace("\0", "").strip()[:100]

    def page_number(self, name: str = "page") -> int:
        """Given the name of a list's page in the address, return the page that is asked for, from 1."""
        text = self.asked(name)
        return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 1


class NotLoggedIn(EkinerjaError):
    """The page is for people who are logged in."""


class NotHeard(Refused):
    """A form was sent that is not of this session, or from another site."""


Handler = Callable[[RequestContext], Response]
Sorry = Callable[[RequestContext, int, Message], Response]
"""Given what went wrong, return the page that says so."""


def heard(site: Site, handler: Handler, sorry: Sorry, *, public: bool = False) -> Callable[[Request], object]:
    """Given what answers a visit, return the endpoint: it checks the session, the form and the origin first.

    `public` pages are for everybody. Who must change the password gets to no other page before.
    """

    def answer(request: Request, body: bytes) -> Response:
        visit = RequestContext(site, request, site.now(), Sight(site.engine))
        try:
            try:
                with visit.sight:
                    visit = _begun(visit, body)
                    return _sent_on(visit, public=public) or handler(visit)
            finally:
                visit.keep()  # whoever was refused looked too
        except EkinerjaError as error:
            status = next((code for kind, code in _STATUS if isinstance(error, kind)), HTTP_400_BAD_REQUEST)
            return sorry(visit, status, error.message)

    async def endpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(FORM_WITHIN_S):
                body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=HTTP_400_BAD_REQUEST)
        except TimeoutError:
            return _unread("The form did not come in time.\n", HTTP_408_REQUEST_TIMEOUT)
        if body is None:
            return _unread("The form is too large.\n", HTTP_413_CONTENT_TOO_LARGE)
        async with (site.forms if request.method == "POST" else site.pages).turn():
            return await run_in_threadpool(answer, request, body)

    return endpoint


def _begun(visit: RequestContext, body: bytes) -> RequestContext:
    """The visit with who asks and the form that was sent. Raise if it is none of ours."""
    request = visit.request
    _require_our_name(visit.site, request)
    if "\0" in request.url.path or "%00" in request.url.path:
        raise WrongUsage(Message("the address names no page"))
    form = _form(request, body)
    token = request.cookies.get(COOKIE)
    session = logins.find(visit.conn, token, visit.now) if token else None
    begun = replace(visit, token=token if session else None, session=session, form=form)
    if request.method == "POST":
        _require_same_site(begun)
    return begun


def _sent_on(visit: RequestContext, *, public: bool) -> Response | None:
    """Where whoever may not see the page yet is sent instead."""
    session = visit.session
    if session is None and not public:
        return RedirectResponse("/login", HTTP_303_SEE_OTHER)
    if session is not None and session.must_change and not public and visit.request.url.path != "/password":
        return RedirectResponse("/password", HTTP_303_SEE_OTHER)
    return None


def logged_in(site: Site, token: str, to: str) -> Response:
    """Given a new session's token, return the answer that keeps it in the browser and leads on."""
    answer = RedirectResponse(to, HTTP_303_SEE_OTHER)
    longest_s = int(logins.LONGEST.total_seconds())
    answer.set_cookie(
        COOKIE, token, max_age=longest_s, path="/", secure=site.secure(), httponly=True, samesite="strict"
    )
    return answer


def known_again(site: Site, answer: Response, device: str) -> Response:
    """Given an answer and what the browser keeps to be known at the next login, let it keep that for a year."""
    answer.set_cookie(
        DEVICE_COOKIE, device, max_age=_YEAR_S, path="/", secure=site.secure(), httponly=True, samesite="strict"
    )
    return answer


def logged_out(site: Site, to: str) -> Response:
    """Return the answer that takes the session from the browser."""
    answer = RedirectResponse(to, HTTP_303_SEE_OTHER)
    answer.delete_cookie(COOKIE, path="/", secure=site.secure(), httponly=True, samesite="strict")
    return answer


def in_language(site: Site, lang: str, to: str) -> Response:
    """Given a language, return the answer that keeps it in the browser for a year."""
    answer = RedirectResponse(to, HTTP_303_SEE_OTHER)
    answer.set_cookie(
        LANGUAGE_COOKIE, lang, max_age=_YEAR_S, path="/", secure=site.secure(), httponly=True, samesite="lax"
    )
    return answer


def form_page(
    visit: RequestContext,
    act: Callable[[RequestContext], None],
    shown: Callable[[RequestContext, EkinerjaError | None], Response],
    to: str,
) -> Response:
    """Given what a form does that was sent, and how its page is shown with what was wrong with it, return the answer.

    What was done leads to the address `to`: to load that again does nothing twice.
    """
    if visit.request.method != "POST":
        return shown(visit, None)
    visit.sight.end()  # what is done reads for itself, at its own moment
    try:
        act(visit)
    except (Refused, WrongUsage) as error:
        return shown(visit, error)
    return RedirectResponse(to, HTTP_303_SEE_OTHER)


def _unread(message: str, status: int) -> Response:
    """The answer to a request of which more may come: nothing else is heard on its connection."""
    return Response(message, status, {"connection": "close"}, "text/plain")


async def _body(request: Request) -> bytes | None:
    """The body of a POST, None if it is too large: no more is ever held."""
    if request.method != "POST":
        return b""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            return None
    return body


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    if not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise WrongUsage(Message("only forms of these pages are read"))
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise WrongUsage(Message("the form cannot be read")) from error
    return {name: text.replace("\0", "").strip() for name, text in fields}


def _split(address: str) -> SplitResult | None:
    """The parts of an address that somebody sent; None if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _require_our_name(site: Site, request: Request) -> None:
    hosts = {host.casefold() for host in site.hosts()}
    told = _split(f"//{request.headers.get('host', '')}")
    if hosts and (told is None or told.hostname not in hosts):
        raise WrongUsage(Message("the pages are not here under this name; use the address that your office was given"))


def _require_same_site(visit: RequestContext) -> None:
    headers = visit.request.headers
    origin = headers.get("origin")
    sender = None if origin is None else _split(origin)
    if origin is not None and (sender is None or sender.netloc != headers.get("host")):
        raise NotHeard(Message("this form was sent from another site; open the page here and send it again"))
    if origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotHeard(Message("this form was sent from another site; open the page here and send it again"))
    sent = visit.form.get("csrf", "").encode(errors="surrogatepass")
    if visit.session is not None and not hmac.compare_digest(sent, visit.csrf.encode()):
        raise NotHeard(Message("this form is of another session; open the page again and send it once more"))
