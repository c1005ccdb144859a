"""The people of a unit: what became of them on a day, and their scores in a month. Fifty on a page.

The day that runs is read from the punches in central, any other from what was scored.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.scored import board
from ekinerja_agent.central.scored.board import PageQuery
from ekinerja_agent.county.access import Deed
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.duty import ShownState
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day, month_after
from ekinerja_agent.nouns.punch import YEARS
from ekinerja_agent.reports.kinds.daily import STATES
from ekinerja_agent.reports.labels import STATUSES
from ekinerja_agent.usecases.reporting.today import UnitToday, unit_today
from ekinerja_agent.web.cache import Cache
from ekinerja_agent.web.live import COUNTED_EVERY
from ekinerja_agent.web.page_templates import page, sorry
from ekinerja_agent.web.request_context import heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ekinerja_agent.web.request_context import RequestContext, Site

TREND_MONTHS = 6
TODAY = {ShownState.MISSING if state == ShownState.UNEXCUSED else state: label for state, label in STATES.items()} | {
    ShownState.MISSING: msgid("missing")
}
"""What is said of people on a day that runs: nobody is absent before it is over."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def routes(site: Site) -> list[Route]:
    """Given what pages share, return a unit's day and a unit's month."""
    return [
        Route(r"/unit/{unit:path}/{when}", heard(site, partial(_unit, Cache(COUNTED_EVERY, waits=True)), sorry)),
    ]


def month_of(text: str) -> date:
    """Given `2026-09`, return its first day. Raise WrongUsage for anything else."""
    return day_of(f"{text}-01")


def day_of(text: str) -> date:
    """Given `2026-09-07`, return the day. Raise WrongUsage for anything else."""
    with suppress(ValueError):
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
        if day.year in YEARS:
            return day
    raise WrongUsage(Message("the address names no month (2026-09) and no day (2026-09-07)"))


def _unit(live: Cache[UnitToday], visit: RequestContext) -> Response:
    unit, when = visit.request.path_params["unit"], visit.request.path_params["when"]
    if len(when) == len("2026-09"):
        return _month(visit, unit, month_of(when))
    day = day_of(when)
    visit.require(Deed.SEE_UNIT, day, unit, unit=unit)
    zone = organisation.unit_zones(visit.conn, day).get(unit)
    if zone is not None and visit.now.astimezone(ZoneInfo(zone)).date() == day:
        return _today(live, visit, unit, day, ZoneInfo(zone))
    return _day(visit, unit, day)


def _today(live: Cache[UnitToday], visit: RequestContext, unit: str, day: date, zone: ZoneInfo) -> Response:
    site = visit.site

    def read() -> UnitToday:
        return unit_today(visit.conn, site.rules(), unit, day, profile=site.profile(), now=visit.now)

    today = live.get((unit, day), read, visit.now)
    wanted = _wanted(visit, TODAY)
    return page(
        visit,
        "unit_today.html.j2",
        **_about(visit, unit, day),
        listed=today.listed(wanted),
        wanted=wanted,
        labels=TODAY,
        at=today.at.astimezone(zone),
        terminals={name: until and until.astimezone(zone) for name, until in today.terminals.items()},
    )


def _day(visit: RequestContext, unit: str, day: date) -> Response:
    wanted = _wanted(visit, STATES)
    listed = board.unit_day(visit.conn, unit, day, wanted)
    return page(visit, "unit_day.html.j2", **_about(visit, unit, day), listed=listed, wanted=wanted, labels=STATES)


def _about(visit: RequestContext, unit: str, day: date) -> dict[str, Any]:
    """What both pages of a day say of it."""
    return {
        "unit": unit,
        "name": organisation.unit_names(visit.conn, day).get(unit, unit),
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "clock": _clock,
    }


def _clock(at: datetime | None, zone: str) -> str | None:
    return None if at is None else f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def _month(visit: RequestContext, unit: str, month: date) -> Response:
    last = last_day(month)
    visit.require(Deed.SEE_UNIT, last, unit, unit=unit)
    wanted = _wanted(visit, STATUSES)
    return page(
        visit,
        "unit_month.html.j2",
        unit=unit,
        name=organisation.unit_names(visit.conn, last).get(unit, unit),
        month=month,
        before=month - timedelta(days=1),
        after=last + timedelta(days=1),
        last=last,
        listed=board.unit_month(visit.conn, unit, month, wanted),
        wanted=wanted,
        labels=STATUSES,
        trend=board.unit_trend(visit.conn, unit, month_after(month, 1 - TREND_MONTHS), month),
    )


def _wanted(visit: RequestContext, states: Mapping[str, str]) -> PageQuery:
    state = visit.asked("state")
    return PageQuery(visit.asked("q"), state if state in states else None, visit.page_number())
