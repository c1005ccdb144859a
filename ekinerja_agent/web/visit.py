"""One request to the board: who asks, in which language, with which form; and the cookies, tokens and limits around it.

Promises that no POST is heard without the session's token and from another origin, and that a body is read only up to a
limit and for a limited time. Does not know any page.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

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

from ekinerja_agent.central import board, logins
from ekinerja_agent.errors import EkinerjaError, NeedsAttention, NoRule, Refused, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.formats import Formats
from ekinerja_agent.language import DEFAULT, Language
from ekinerja_agent.web.access import Look, Reader, may
from ekinerja_agent.web.origin import origin

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.accounts import Account
    from ekinerja_agent.central.logins import Session
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.usecases.health.facts import Snapshot
    from ekinerja_agent.yamlfile.scalars import IpNetwork

COOKIE = "ekinerja"
LANGUAGE_COOKIE = "language"
MOST_BODY_BYTES = 64 * 1024
FORM_WITHIN_S = 30.0
MOST_FIELDS = 50
_YEAR_S = 365 * 86_400
_STATUS: tuple[tuple[type[EkinerjaError], int], ...] = (
    (TemporarilyUnavailable, HTTP_503_SERVICE_UNAVAILABLE),
    (Refused, HTTP_403_FORBIDDEN),
    (WrongUsage, HTTP_400_BAD_REQUEST),
    (NeedsAttention, HTTP_404_NOT_FOUND),
    (NoRule, HTTP_404_NOT_FOUND),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share. `secure`: cookies travel over https alone; `proxies` are ours, whose word counts;
    `rules` and `profile` (of units that name none) are those in force.
    """

    engine: Callable[[], Engine]
    snapshot: Callable[[], Snapshot | None]
    now: Callable[[], datetime]
    secure: Callable[[], bool]
    proxies: Callable[[], Sequence[IpNetwork]]
    rules: Callable[[], RuleBook]
    profile: Callable[[], str]


@dataclass(frozen=True)
class Visit:
    """A request by somebody. `token` is None, and `session` too, for whoever is not logged in."""

    site: Site
    request: Request
    now: datetime
    token: str | None
    session: Session | None
    form: Mapping[str, str]

    @cached_property
    def engine(self) -> Engine:
        """The central database. Raise TemporarilyUnavailable if it does not answer."""
        return self.site.engine()

    @property
    def account(self) -> Account:
        """Who is logged in. Raise NotLoggedIn if nobody is."""
        if self.session is None:
            raise NotLoggedIn("log in first")
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
    def address(self) -> str:
        """Where the reader is."""
        return str(origin(self.request, self.site.proxies()) or "unknown")

    def reader(self, day: date) -> Reader:
        """Given the day in question, return the reader with the units that they head on it."""
        account = self.account
        led = board.led_units(self.engine, account, day) if "head" in account.roles else frozenset()
        return Reader(account.roles, account.nip, led)

    def require(self, look: Look, day: date, subject: str, *, unit: str | None = None, nip: str | None = None) -> None:
        """Given what is looked at, write the look down unless it is the reader's own. Raise Refused, written down too.

        A subject that does not exist is refused like one that is not the reader's.
        """
        allowed = may(self.reader(day), look, unit=unit, nip=nip)
        if not (allowed and nip is not None and nip == self.account.nip):
            self.note(look, day, subject, allowed=allowed)
        if not allowed:
            raise Refused("this account may not see that; ask an operator if it should")

    def note(self, look: Look, day: date, subject: str, *, allowed: bool) -> None:
        """Given what was looked at, write the look down, or that it was refused."""
        details = {"look": str(look), "month": f"{day:%Y-%m}", "path": self.request.url.path[:200]}
        board.looked(self.engine, self.account, subject, details, allowed=allowed, now=self.now)

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


Handler = Callable[[Visit], Response]
Sorry = Callable[[Visit, int, str], Response]
"""Given what went wrong, return the page that says so."""


def heard(site: Site, handler: Handler, sorry: Sorry, *, public: bool = False) -> Callable[[Request], object]:
    """Given what answers a visit, return the endpoint: it checks the session, the form and the origin first.

    `public` pages are for everybody. Who must change the password gets to no other page before.
    """

    def answer(request: Request, body: bytes) -> Response:
        visit = Visit(site, request, site.now(), None, None, {})
        try:
            if "\0" in request.url.path or "%00" in request.url.path:
                raise WrongUsage("the address names no page")
            form = _form(request, body)
            token = request.cookies.get(COOKIE)
            session = logins.find(site.engine(), token, visit.now) if token else None
            visit = Visit(site, request, visit.now, token if session else None, session, form)
            if request.method == "POST":
                _require_same_site(visit)
            if session is None and not public:
                return RedirectResponse("/login", HTTP_303_SEE_OTHER)
            if session is not None and session.must_change and not public and request.url.path != "/password":
                return RedirectResponse("/password", HTTP_303_SEE_OTHER)
            return handler(visit)
        except EkinerjaError as error:
            status = next((code for kind, code in _STATUS if isinstance(error, kind)), HTTP_400_BAD_REQUEST)
            return sorry(visit, status, str(error))

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
        return await run_in_threadpool(answer, request, body)

    return endpoint


def logged_in(site: Site, token: str, to: str) -> Response:
    """Given a new session's token, return the answer that keeps it in the browser and leads on."""
    answer = RedirectResponse(to, HTTP_303_SEE_OTHER)
    longest_s = int(logins.LONGEST.total_seconds())
    answer.set_cookie(
        COOKIE, token, max_age=longest_s, path="/", secure=site.secure(), httponly=True, samesite="strict"
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
    visit: Visit, act: Callable[[Visit], None], shown: Callable[[Visit, EkinerjaError | None], Response], to: str
) -> Response:
    """Given what a form does that was sent, and how its page is shown with what was wrong with it, return the answer.

    What was done leads to the address `to`: to load that again does nothing twice.
    """
    if visit.request.method != "POST":
        return shown(visit, None)
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
        raise WrongUsage("only forms of these pages are read")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise WrongUsage("the form cannot be read") from error
    return {name: text.replace("\0", "").strip() for name, text in fields}


def _require_same_site(visit: Visit) -> None:
    headers = visit.request.headers
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise NotHeard("this form was sent from another site; open the page here and send it again")
    if origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotHeard("this form was sent from another site; open the page here and send it again")
    if visit.session is not None and not hmac.compare_digest(visit.form.get("csrf", ""), visit.csrf):
        raise NotHeard("this form is of another session; open the page again and send it once more")
