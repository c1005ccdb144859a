"""A person's month: each day, and each point that was lost with its rule, its source and the punches behind it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.status import HTTP_303_SEE_OTHER

from ekinerja_agent.central.closing import objections as recorded
from ekinerja_agent.central.closing.objections import Disputed
from ekinerja_agent.central.scored import board, evidence, results
from ekinerja_agent.county.access import Deed, anywhere
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.statuses import ObjectionStatus
from ekinerja_agent.reports.kinds.daily import STATES
from ekinerja_agent.reports.labels import STATUSES
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.pages.unit import day_of, month_of
from ekinerja_agent.web.request_context import heard

if TYPE_CHECKING:
    from ekinerja_agent.web.request_context import RequestContext, Site


DECISIONS = {
    ObjectionStatus.PENDING: msgid("not decided yet"),
    ObjectionStatus.ACCEPTED: msgid("accepted"),
    ObjectionStatus.REJECTED: msgid("rejected"),
}
MOST_LETTERS = 2000


def routes(site: Site) -> list[Route]:
    """Given what pages share, return one's own month and that of another person."""
    return [
        Route("/me", heard(site, _me, sorry)),
        Route("/me/{month}", heard(site, _me, sorry)),
        Route("/me/{month}/objection", heard(site, _object, sorry), methods=["POST"]),
        Route("/person/{nip}/{month}", heard(site, _person, sorry)),
    ]


def _me(visit: RequestContext) -> Response:
    nip = visit.account.nip
    if nip is None:
        raise NeedsAttention(
            Message("this account is not of a person; an operator adds one with account add NAME --nip NIP")
        )
    asked = visit.request.path_params.get("month")
    months = board.months_of(visit.conn, nip)
    if asked is None and not months:
        raise NeedsAttention(Message("there is no score of yours yet; the first one is computed in the coming night"))
    return _shown(visit, nip, month_of(asked or months[0]), months, "/me/")


def _object(visit: RequestContext) -> Response:
    month, form = month_of(visit.request.path_params["month"]), visit.form
    day = day_of(form.get("date", ""))
    if visit.account.nip is None or day.replace(day=1) != month:
        raise Refused(Message("only a finding of one's own month is disputed here"))
    finding = Disputed(visit.account.nip, day, form.get("code", "")[:20], form.get("scan") or None)
    reason = form.get("reason", "")[:MOST_LETTERS]
    objections.add(visit.engine, finding, reason=reason, account=visit.account, now=visit.now)
    return RedirectResponse(f"/me/{month:%Y-%m}", HTTP_303_SEE_OTHER)


def _person(visit: RequestContext) -> Response:
    nip, month = visit.request.path_params["nip"], month_of(visit.request.path_params["month"])
    unit = board.unit_of(visit.conn, nip, month)
    visit.require(Deed.SEE_PERSON, last_day(month), nip, unit=unit, nip=nip)
    return _shown(visit, nip, month, board.months_of(visit.conn, nip), f"/person/{nip}/")


def _shown(visit: RequestContext, nip: str, month: date, months: list[str], address: str) -> Response:
    found = results.scores(visit.conn, month, nip=nip)
    if not found:
        raise NeedsAttention(Message("there is no score for {month}", month=f"{month:%Y-%m}"))
    score = found[0]
    zone = ZoneInfo(score.timezone or "UTC")
    return page(
        visit,
        "person.html.j2",
        score=score,
        month=month,
        months=[month_of(one) for one in months],
        address=address,
        punches={punch.punch_id: punch for punch in evidence.punches(visit.conn, score.punch_ids)},
        computed_at=score.computed_at.astimezone(zone),
        documents=evidence.documents(visit.conn, nip, month, last_day(month)),
        states=STATES,
        statuses=STATUSES,
        objections=recorded.rows(visit.conn, month=month, nip=nip),
        may_object=nip == visit.account.nip and not score.is_published,
        may_decide=nip != visit.account.nip and anywhere(visit.account, Deed.DECIDE_OBJECTION),
        letters=MOST_LETTERS,
        decisions=DECISIONS,
    )
