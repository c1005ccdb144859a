"""What people dispute before the close, decided by an operator or a head of their unit. The rules are `objection`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route
from starlette.status import HTTP_200_OK, HTTP_400_BAD_REQUEST

from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import objections as recorded
from ekinerja_agent.central.scored import board
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import EkinerjaError, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.request_context import form_page, heard

if TYPE_CHECKING:
    from ekinerja_agent.web.request_context import RequestContext, Site

MOST_LETTERS = 2000


def routes(site: Site) -> list[Route]:
    """Given what pages share, return the objections that one may decide."""
    return [Route("/objections", heard(site, _objections, sorry), methods=["GET", "POST"])]


def _objections(visit: RequestContext) -> Response:
    require(visit.account, Deed.DECIDE_OBJECTION)
    return form_page(visit, _decide, _waiting_page, "/objections")


def _waiting_page(visit: RequestContext, problem: EkinerjaError | None) -> Response:
    rows = _waiting(visit)
    seen = [row["nip"] for row in rows]
    visit.note_all("objections", seen)
    status = HTTP_400_BAD_REQUEST if problem else HTTP_200_OK
    return page(visit, "objections.html.j2", status, rows=rows, problem=problem, letters=MOST_LETTERS)


def _waiting(visit: RequestContext) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for month in recorded.waiting_months(visit.conn):
        left = board.PAGE - len(rows)
        units = objections.decides_for(visit.conn, visit.account, month)
        rows += recorded.waiting_for(visit.conn, visit.account, month, units, left)
    return rows


def _decide(visit: RequestContext) -> None:
    form = visit.form
    number, decision = form.get("number", ""), form.get("do")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise WrongUsage(Message("choose an objection of this page"))
    if decision not in {"accept", "reject"}:
        raise WrongUsage(Message("choose accept or reject"))
    one = recorded.find(visit.conn, int(number)).finding
    month = one.day.replace(day=1)
    unit = board.unit_of(visit.conn, one.nip, month)
    visit.require(Deed.SEE_PERSON, last_day(month), one.nip, unit=unit, nip=one.nip)
    objections.decide(
        visit.engine,
        int(number),
        accepted=decision == "accept",
        reason=form.get("reason", "")[:MOST_LETTERS],
        account=visit.account,
        now=visit.now,
    )
