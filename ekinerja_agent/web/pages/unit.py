"""The people of a unit: what became of them on a day, and their scores in a month. Fifty on a page."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from ekinerja_agent.central import board
from ekinerja_agent.central.board import Wanted
from ekinerja_agent.central.facts import last_day
from ekinerja_agent.errors import WrongUsage
from ekinerja_agent.reports.daily import STATES
from ekinerja_agent.reports.labels import STATUSES
from ekinerja_agent.web.access import Look
from ekinerja_agent.web.drawing import page, sorry
from ekinerja_agent.web.visit import heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ekinerja_agent.web.visit import Site, Visit

TREND_MONTHS = 6
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def routes(site: Site) -> list[Route]:
    """Given what pages share, return a unit's day and a unit's month."""
    return [
        Route(r"/unit/{unit}/{when}", heard(site, _unit, sorry)),
    ]


def month_of(text: str) -> date:
    """Given `2026-09`, return its first day. Raise WrongUsage for anything else."""
    return day_of(f"{text}-01")


def day_of(text: str) -> date:
    """Given `2026-09-07`, return the day. Raise WrongUsage for anything else."""
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError as error:
        raise WrongUsage("the address names no month (2026-09) and no day (2026-09-07)") from error


def _unit(visit: Visit) -> Response:
    unit, when = visit.request.path_params["unit"], visit.request.path_params["when"]
    return _month(visit, unit, month_of(when)) if len(when) == len("2026-09") else _day(visit, unit, day_of(when))


def _day(visit: Visit, unit: str, day: date) -> Response:
    visit.require(Look.UNIT, day, unit, unit=unit)
    wanted = _wanted(visit, STATES)
    listed = board.unit_day(visit.engine, unit, day, wanted)
    for row in listed.rows:
        zone = ZoneInfo(row["timezone"])
        for scan in ("arrive_at", "leave_at"):
            row[scan] = None if row[scan] is None else f"{row[scan].astimezone(zone):%H:%M}"
    return page(
        visit,
        "unit_day.html.j2",
        unit=unit,
        name=board.unit_names(visit.engine, day).get(unit, unit),
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        listed=listed,
        wanted=wanted,
        labels=STATES,
    )


def _month(visit: Visit, unit: str, month: date) -> Response:
    last = last_day(month)
    visit.require(Look.UNIT, last, unit, unit=unit)
    wanted = _wanted(visit, STATUSES)
    first = month
    for _ in range(TREND_MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return page(
        visit,
        "unit_month.html.j2",
        unit=unit,
        name=board.unit_names(visit.engine, last).get(unit, unit),
        month=month,
        before=month - timedelta(days=1),
        after=last + timedelta(days=1),
        last=last,
        listed=board.unit_month(visit.engine, unit, month, wanted),
        wanted=wanted,
        labels=STATUSES,
        trend=board.unit_trend(visit.engine, unit, first, month),
    )


def _wanted(visit: Visit, states: Mapping[str, str]) -> Wanted:
    state = visit.asked("state")
    return Wanted(visit.asked("q"), state if state in states else None, visit.page_number())
