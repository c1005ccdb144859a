"""Coming in and going out: login, logout, one's own password, and the language of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route
from starlette.status import HTTP_200_OK, HTTP_400_BAD_REQUEST, HTTP_401_UNAUTHORIZED

from ekinerja_agent.central.access import logins as recorded
from ekinerja_agent.nouns.errors import EkinerjaError, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets.passwords import LEAST_LETTERS
from ekinerja_agent.usecases.access import logins
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.request_context import form_page, heard, in_language, known_again, logged_in, logged_out

if TYPE_CHECKING:
    from ekinerja_agent.web.request_context import RequestContext, Site

GIFTS_ARE_TOLD_FOR = timedelta(days=90)
"""So long the password page says who gave the account a password."""


def routes(site: Site) -> list[Route]:
    """Given what pages share, return the ways in and out."""
    return [
        Route("/login", heard(site, _login, sorry, public=True), methods=["GET", "POST"]),
        Route("/logout", heard(site, _logout, sorry, public=True), methods=["POST"]),
        Route("/password", heard(site, _password, sorry), methods=["GET", "POST"]),
        Route("/language/{lang}", heard(site, _language, sorry, public=True)),
    ]


def _login(visit: RequestContext) -> Response:
    if visit.request.method != "POST":
        return page(visit, "login.html.j2", failed=False)
    entered = logins.log_in(
        visit.engine,
        visit.form.get("name", "")[:200],
        visit.form.get("password", ""),
        address=visit.address,
        now=visit.now,
        device=visit.device,
    )
    if entered is None:
        return page(visit, "login.html.j2", HTTP_401_UNAUTHORIZED, failed=True)
    if visit.token is not None:
        recorded.end(visit.engine, visit.token, account=visit.account, now=visit.now)
    return known_again(visit.site, logged_in(visit.site, entered.token, "/"), entered.device)


def _logout(visit: RequestContext) -> Response:
    if visit.token is not None:
        recorded.end(visit.engine, visit.token, account=visit.account, now=visit.now)
    return logged_out(visit.site, "/login")


def _password(visit: RequestContext) -> Response:
    kept: list[str] = []
    answer = form_page(visit, lambda sent: kept.append(_changed(sent)), _password_page, "/")
    return known_again(visit.site, answer, kept[0]) if kept else answer


def _password_page(visit: RequestContext, problem: EkinerjaError | None) -> Response:
    status = HTTP_400_BAD_REQUEST if problem else HTTP_200_OK
    gifts = recorded.gifts(visit.conn, visit.account, visit.now - GIFTS_ARE_TOLD_FOR)
    return page(visit, "password.html.j2", status, problem=problem, least=LEAST_LETTERS, gifts=gifts)


def _changed(visit: RequestContext) -> str:
    new = visit.form.get("new", "")
    if new != visit.form.get("again", ""):
        raise WrongUsage(Message("the new password was typed in two ways; type it once more"))
    if visit.token is None:
        raise Refused(Message("log in first"))
    old = visit.form.get("old", "")
    return logins.change_password(
        visit.engine, visit.account, old, new, token=visit.token, now=visit.now, device=visit.device
    )


def _language(visit: RequestContext) -> Response:
    to = visit.asked("to")
    lang = visit.request.path_params["lang"]
    if lang not in {"id", "en"}:
        raise WrongUsage(Message("the pages are in id and en"))
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return in_language(visit.site, lang, to if is_ours else "/")
