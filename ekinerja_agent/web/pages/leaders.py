"""What leaders look at: the monthly evaluation, workload and SAKIP of the units that they see, as the reports have it.

A look costs what one unit has: the evaluation is of one unit always, and minutes that people logged are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.scored import board
from ekinerja_agent.county.access import Deed
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.usecases.reporting import report_facts
from ekinerja_agent.usecases.reporting.report_facts import Asked
from ekinerja_agent.web.page_templates import document_page, page, sorry
from ekinerja_agent.web.pages.unit import month_of
from ekinerja_agent.web.request_context import heard
from ekinerja_agent.web.table_page import table_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ekinerja_agent.reports.document import Table
    from ekinerja_agent.usecases.reporting.report_facts import Made
    from ekinerja_agent.web.request_context import RequestContext, Site

EVERY_UNIT = "*"
"""What the audit log calls all units that an account sees."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A page of leaders. `of_one`: of one unit at a time; `personal`: it names persons or counts few of them."""

    title: str
    made: Callable[[RequestContext, Asked], Made]
    of_one: bool = False
    personal: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """Month (its first day) and unit (None: all of `units`) that are looked at; `units` are those that may be chosen,
    by code.
    """

    month: date
    unit: str | None
    units: Mapping[str, str]


def routes(site: Site) -> list[Route]:
    """Given what pages share, return the pages of leaders."""
    return [
        Route(address, heard(site, partial(_shown, kind), sorry))
        for address, kind in (
            ("/evaluation", Kind(msgid("Monthly evaluation"), _evaluation, of_one=True)),
            ("/workload", Kind(msgid("Workload and staff"), workload)),
            ("/sakip", Kind(msgid("Accountability (SAKIP)"), sakip, personal=False)),
        )
    ]


def _shown(kind: Kind, visit: RequestContext) -> Response:
    chosen = _chosen(kind, visit)
    choice: dict[str, Any] = {
        "chosen": chosen,
        "before": chosen.month - timedelta(days=1),
        "after": last_day(chosen.month) + timedelta(days=1),
        "searched": visit.asked("q"),
    }
    if kind.of_one and chosen.unit is None:
        return page(visit, "leaders_units.html.j2", title=kind.title, **choice)
    units = frozenset(chosen.units) if chosen.unit is None else frozenset({chosen.unit})
    made = kind.made(visit, Asked(chosen.month, visit.lang, visit.now, offices=units))
    document, parts = table_page(made.document, choice["searched"], visit.page_number)
    return document_page(
        visit,
        "leaders.html.j2",
        document,
        parts=parts,
        of_one=kind.of_one,
        address=partial(_address, chosen.month),
        **choice,
    )


def _chosen(kind: Kind, visit: RequestContext) -> Chosen:
    """What is looked at, once it is allowed and written down."""
    asked = visit.asked("month") or board.newest_month(visit.conn) or f"{visit.now:%Y-%m}"
    month = month_of(asked)
    last = last_day(month)
    names = organisation.unit_names(visit.conn, last)
    seen = {code: name for code, name in names.items() if visit.may(Deed.SEE_UNIT, last, unit=code)}
    unit = visit.asked("unit") or (_own_unit(visit, month, seen) if kind.of_one else None)
    if unit is not None:
        visit.require(Deed.SEE_UNIT, last, unit, unit=unit)
    elif not seen:
        visit.require(Deed.SEE_COUNTY, last, EVERY_UNIT)
    elif kind.personal and not kind.of_one:
        visit.note(Deed.SEE_UNIT, last, EVERY_UNIT, allowed=True)
    return Chosen(month, unit, seen)


def _own_unit(visit: RequestContext, month: date, seen: Mapping[str, str]) -> str | None:
    """Of the units that are seen the reader's own, or the only one."""
    account = visit.account
    own = account.unit if account.nip is None else board.unit_of(visit.conn, account.nip, month)
    return own if own in seen else next(iter(seen)) if len(seen) == 1 else None


def _evaluation(visit: RequestContext, asked: Asked) -> Made:
    return report_facts.evaluation(visit.conn, asked, visit.site.rules(), profile=visit.site.profile())


def workload(visit: RequestContext, asked: Asked) -> Made:
    """Given what is asked for, return the workload: of one unit with the minutes that its people logged."""
    of_one = asked.offices is not None and len(asked.offices) == 1
    rules, profile = visit.site.rules(), visit.site.profile()
    return report_facts.workload(visit.conn, asked, rules, profile=profile, logged=of_one)


def sakip(visit: RequestContext, asked: Asked) -> Made:
    """Given what is asked for, return accountability."""
    return report_facts.sakip(visit.conn, asked, visit.site.rules(), profile=visit.site.profile())


def _address(month: date, table: Table, row: tuple[object, ...]) -> str | None:
    """Where a row leads: to a person's month, where it is about one."""
    place = next((place for place, column in enumerate(table.columns) if column.key == "nip"), None)
    return None if place is None else f"/person/{quote(str(row[place]), safe='')}/{month:%Y-%m}"
