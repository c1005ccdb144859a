"""What a person did each day, entered on a phone, and what waits for the superior. The rules are `activity`'s."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route
from starlette.status import HTTP_400_BAD_REQUEST

from ekinerja_agent.central.imported import activities as recorded
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.deciding import activities
from ekinerja_agent.usecases.deciding.activities import Desk, Work
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.pages.unit import day_of, month_of
from ekinerja_agent.web.request_context import form_page, heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ekinerja_agent.web.request_context import RequestContext, Site

STATES = {
    EntryStatus.DRAFT: msgid("draft"),
    EntryStatus.PENDING: msgid("waits for the superior"),
    EntryStatus.APPROVED: msgid("approved"),
    EntryStatus.RETURNED: msgid("returned for correction"),
    EntryStatus.REJECTED: msgid("rejected"),
    EntryStatus.WITHDRAWN: msgid("withdrawn"),
}
FIELDS = "replaces date start end description type volume output".split()
MOST_LETTERS = 2000


def routes(site: Site) -> list[Route]:
    """Given what pages share, return one's own activities and those to decide."""
    return [
        Route("/activities", heard(site, _mine, sorry), methods=["GET", "POST"]),
        Route("/activities/waiting", heard(site, _waiting, sorry), methods=["GET", "POST"]),
    ]


def _mine(visit: RequestContext) -> Response:
    return form_page(visit, _act, _own_page, "/activities")


def _own_page(visit: RequestContext, problem: EkinerjaError | None) -> Response:
    nip, conn = _nip(visit), visit.conn
    today = _desk(visit).today(conn, nip)
    month = month_of(visit.asked("month")) if visit.asked("month") else today.replace(day=1)
    rows = recorded.rows(conn, nip=nip, first=month, last=last_day(month))
    pending = activities.pending_duty(conn, _desk(visit), rows)
    edited = next((row for row in rows if row["id"] == visit.asked("edit")), None)
    filled = visit.form if problem else {} if edited is None else _filled(edited)
    return page(
        visit,
        "activities.html.j2",
        HTTP_400_BAD_REQUEST if problem else 200,
        rows=list(reversed(rows)),
        pending=pending,
        filled={name: filled.get(name, "") for name in FIELDS},
        problem=problem,
        today=today,
        month=month,
        states=STATES,
        letters=MOST_LETTERS,
        open_states=(EntryStatus.DRAFT, EntryStatus.RETURNED),
        undecided_states=(EntryStatus.DRAFT, EntryStatus.PENDING, EntryStatus.RETURNED),
        decided_states=(EntryStatus.APPROVED, EntryStatus.RETURNED, EntryStatus.REJECTED),
    )


def _filled(row: Mapping[str, object]) -> dict[str, str]:
    known = {name: "" if row[name] is None else str(row[name]) for name in ("description", "type", "volume", "output")}
    return known | {
        "replaces": str(row["id"]),
        "date": str(row["date"]),
        "start": str(row["start"])[:5],
        "end": str(row["end"])[:5],
    }


def _act(visit: RequestContext) -> None:
    desk, form, do = _desk(visit), visit.form, visit.form.get("do")
    if do in {"submit", "withdraw", "object"}:
        chosen = form.get("id", "")
        if do == "submit":
            activities.submit(desk, chosen)
        elif do == "withdraw":
            activities.withdraw(desk, chosen)
        else:
            activities.object_to(desk, chosen, reason=form.get("reason", "")[:MOST_LETTERS])
        return
    activities.add(desk, _work(visit), draft=do == "draft", replaces=form.get("replaces") or None)


def _work(visit: RequestContext) -> Work:
    form = visit.form
    optional = {name: form.get(name, "")[:200] or None for name in ("type", "volume", "output")}
    return Work(
        nip=_nip(visit),
        day=_day(form),
        start=_time(form.get("start", "")),
        end=_time(form.get("end", "")),
        description=form.get("description", "")[:MOST_LETTERS],
        **optional,
    )


def _waiting(visit: RequestContext) -> Response:
    return form_page(visit, _decide, _waiting_page, "/activities/waiting")


def _waiting_page(visit: RequestContext, problem: EkinerjaError | None) -> Response:
    desk = _desk(visit)
    conn = visit.conn
    below = organisation.people_below(conn, visit.account, desk.today(conn, _nip(visit)))
    rows = activities.waiting_for(conn, desk, below)
    seen = {row["nip"] for row in rows}
    visit.note_all("activities", seen)
    return page(
        visit,
        "waiting.html.j2",
        HTTP_400_BAD_REQUEST if problem else 200,
        rows=rows,
        names=organisation.names_of(conn, seen),
        pending=activities.pending_duty(conn, desk, rows),
        problem=problem,
        letters=MOST_LETTERS,
    )


def _decide(visit: RequestContext) -> None:
    desk, form = _desk(visit), visit.form
    chosen, reason = form.get("id", ""), form.get("reason", "")[:MOST_LETTERS]
    if form.get("do") == "approve":
        activities.approve(desk, chosen, minutes=_minutes(form.get("minutes", "")))
    elif form.get("do") == "return":
        activities.send_back(desk, chosen, reason=reason)
    elif form.get("do") == "reject":
        activities.reject(desk, chosen, reason=reason)
    else:
        raise WrongUsage(Message("choose approve, return or reject"))


def _minutes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise WrongUsage(Message("minutes are a whole number; found {text}", text=repr(text[:20])))
    return int(text)


def _day(form: Mapping[str, str]) -> date:
    return day_of(form.get("date", ""))


def _time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - local time of the unit
    except ValueError as error:
        raise WrongUsage(Message("a time is written as 08:30; found {text}", text=repr(text[:20]))) from error


def _nip(visit: RequestContext) -> str:
    if visit.account.nip is None:
        raise NeedsAttention(
            Message("this account is not of a person; an operator adds one with account add NAME --nip NIP")
        )
    return visit.account.nip


def _desk(visit: RequestContext) -> Desk:
    site = visit.site
    return Desk(site.engine(), site.rules(), site.profile(), visit.account, visit.now, own_only=True)
