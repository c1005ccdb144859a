"""The first page: the live state for operators, units for those who see some, for others their own month."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.status import HTTP_303_SEE_OTHER

from ekinerja_agent.central.collected import terminal_counts
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.imported.doubtful_punches import count_undecided
from ekinerja_agent.central.scored import board
from ekinerja_agent.county.access import Deed, anywhere
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.reports import charts
from ekinerja_agent.web.cache import Cache
from ekinerja_agent.web.live import COUNTED_EVERY, Counts, counts
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.request_context import heard

if TYPE_CHECKING:
    from markupsafe import Markup

    from ekinerja_agent.web.request_context import RequestContext, Site

_PUNCHES = msgid("Punches by hour, today")


def routes(site: Site) -> list[Route]:
    """Given what pages share, return the first page."""
    return [Route("/", heard(site, partial(_start, Cache(COUNTED_EVERY, waits=True)), sorry))]


def _start(live: Cache[Counts], visit: RequestContext) -> Response:
    day = visit.now.date()
    if not anywhere(visit.account, Deed.SEE_UNIT):
        return RedirectResponse("/me", HTTP_303_SEE_OTHER)
    names = organisation.unit_names(visit.conn, day)
    shown = {code: name for code, name in names.items() if visit.may(Deed.SEE_UNIT, day, unit=code)}
    days = {
        code: visit.now.astimezone(ZoneInfo(zone)).date()
        for code, zone in organisation.unit_zones(visit.conn, day).items()
    }
    month = board.newest_month(visit.conn) or f"{day:%Y-%m}"
    seen = _seen(live, visit) if visit.may(Deed.SEE_TERMINALS, day) else None
    return page(visit, "start.html.j2", units=shown, month=month, days=days, live=seen)


def _seen(live: Cache[Counts], visit: RequestContext) -> dict[str, object]:
    measured = visit.site.snapshot()
    facts = {} if measured is None else {one.id: one for one in measured.terminals}
    zone = min((one.zone for one in facts.values()), key=str, default=visit.now.tzinfo)
    today = visit.now.astimezone(zone)
    counted = live.get(today.date(), lambda: counts(visit.conn, today.date()), visit.now)
    by_hour = counted.by_hour
    return {
        "terminals": terminal_counts.terminals(visit.conn),
        "facts": facts,
        "measured": measured,
        "zone": zone,
        "today": today,
        "punches": sum(by_hour.values()),
        "chart": _chart(visit, by_hour) if by_hour else None,
        "counts": by_hour,
        "unmatched": counted.unmatched,
        "doubtful": sum(count_undecided(visit.conn).values()),
    }


def _chart(visit: RequestContext, by_hour: Mapping[int, int]) -> Markup:
    hours = range(min(by_hour), max(by_hour) + 1)
    title = visit.written.words.gettext(_PUNCHES)
    return charts.columns(
        charts.Chart(
            "punches",
            title,
            title,
            [f"{hour:02}" for hour in hours],
            [by_hour.get(hour, 0) for hour in hours],
            lambda number: visit.written.whole(round(number)),
        )
    )
