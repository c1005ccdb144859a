"""What everybody may know: the public editions of three reports, of all units, without a login.

Promises nothing beyond those editions: no unit and no day can be chosen, and a month is shown once every score in it is
published, so that two states of one month do not tell of the few who came in between.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from ekinerja_agent.central.scored import board
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.reporting import report_facts
from ekinerja_agent.usecases.reporting.report_facts import Asked
from ekinerja_agent.web.cache import Cache
from ekinerja_agent.web.page_templates import document_page, page, sorry
from ekinerja_agent.web.pages import leaders
from ekinerja_agent.web.pages.unit import month_of
from ekinerja_agent.web.request_context import heard
from ekinerja_agent.web.table_page import table_page

if TYPE_CHECKING:
    from ekinerja_agent.reports.document import Document
    from ekinerja_agent.usecases.reporting.report_facts import Made
    from ekinerja_agent.web.request_context import RequestContext, Site

KINDS = {
    "/public": msgid("Units and their growth"),
    "/public/workload": msgid("Workload and staff"),
    "/public/sakip": msgid("Accountability (SAKIP)"),
}
Make = Callable[["RequestContext", Asked], "Made"]


def routes(site: Site) -> list[Route]:
    """Given what pages share, return the pages for everybody."""
    months: Cache[list[str]] = Cache()
    editions: Cache[Document] = Cache()
    makes: tuple[Make, ...] = (_units, leaders.workload, leaders.sakip)
    return [
        Route(address, heard(site, partial(_shown, make, months, editions), sorry, public=True))
        for address, make in zip(KINDS, makes, strict=True)
    ]


def _shown(make: Make, months: Cache[list[str]], editions: Cache[Document], visit: RequestContext) -> Response:
    shown = months.get(None, lambda: board.published_months(visit.conn), visit.now)
    asked = visit.asked("month")
    if asked and asked not in shown:
        raise NeedsAttention(
            Message("that month is not public: a month is shown once the scores of all units are published")
        )
    if not shown:
        return page(visit, "public_nothing.html.j2")
    month = month_of(asked or shown[0])
    document = editions.get(
        (make, month, visit.lang),
        lambda: make(visit, Asked(month, visit.lang, visit.now, public=True)).document,
        visit.now,
    )
    cut, parts = table_page(document, "", visit.page_number)
    return document_page(
        visit, "public.html.j2", cut, parts=parts, month=month, months=list(map(month_of, shown)), kinds=KINDS
    )


def _units(visit: RequestContext, asked: Asked) -> Made:
    return report_facts.unit(visit.conn, asked)
