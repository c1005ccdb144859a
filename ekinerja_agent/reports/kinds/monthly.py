"""The monthly report: one HTML file that an office can open anywhere, print on A4 and file.

Promises that every number equals `score show`, that everything people wrote is escaped, and that the file needs no
network and no script. It is an internal report: it names persons with their NIP, and never why somebody was on leave.
Does not know the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import Language
from ekinerja_agent.nouns.scorecard import Scorecard
from ekinerja_agent.reports import charts, figures
from ekinerja_agent.reports.figures import Figures
from ekinerja_agent.reports.labels import STATUSES, band_label, bar_percent
from ekinerja_agent.reports.pages import environment, page_parts


@dataclass(frozen=True, slots=True)
class Closing:
    """When a unit's month was published, and the reason a person gave if days without complete data were accepted.

    `at` carries the zone in which it is shown.
    """

    unit: str
    at: datetime
    accepted_pending: str | None


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """What the page is made of. `month` is its first day; the instants carry the zone in which they are shown.

    `computed_at` is None without scores. `unmatched_pins` counts PINs with
    punches in the month that belong to no person, `unmatched_punches` their punches.
    """

    month: date
    scores: Sequence[Scorecard]
    closings: Sequence[Closing]
    unmatched_pins: int
    unmatched_punches: int
    computed_at: datetime | None
    printed_at: datetime


def render(report: MonthlyReport, lang: Language) -> str:
    """Given a report and a language, return the page as HTML text; without scores it says that there are none."""
    written = Formats(lang)
    found = figures.count(report.scores)
    jinja = environment(written)
    jinja.filters["status"] = lambda status: written.words.gettext(STATUSES[status])
    return jinja.get_template("monthly.html.j2").render(
        **page_parts(written),
        report=report,
        acceptances=_acceptances(report.closings),
        found=found,
        band_labels=[band_label(band, written) for band in found.bands],
        charts=_charts(found, written) if report.scores else {},
    )


def _acceptances(closings: Sequence[Closing]) -> list[tuple[str, datetime, list[str]]]:
    """Reason, instant and units of each time that somebody accepted days without complete data."""
    accepted: dict[tuple[str, datetime], list[str]] = {}
    for closing in closings:
        if closing.accepted_pending is not None:
            accepted.setdefault((closing.accepted_pending, closing.at), []).append(closing.unit)
    return [(reason, at, units) for (reason, at), units in accepted.items()]


def _charts(found: Figures, written: Formats) -> dict[str, Markup]:
    gettext = written.words.gettext
    lowest = sorted(found.offices, key=lambda office: float(office.totals.mean_discipline_pct or 0))[: charts.MOST_ROWS]
    return {
        "bands": charts.columns(
            charts.Chart(
                name="bands",
                title=gettext("People by discipline score"),
                description=gettext("One column for each band of scores; its height is the number of people."),
                labels=[band_label(band, written) for band in found.bands],
                values=[band.people for band in found.bands],
                written=lambda people: written.whole(int(people)),
            )
        ),
        "weekdays": charts.columns(
            charts.Chart(
                name="weekdays",
                title=gettext("Minutes late by weekday"),
                description=gettext("One column for each weekday; its height is the sum of all minutes late."),
                labels=[written.weekday(weekday.number) for weekday in found.weekdays],
                values=[weekday.late_minutes for weekday in found.weekdays],
                written=lambda minutes: written.whole(int(minutes)),
            )
        ),
        "offices": charts.rows(
            charts.Chart(
                name="offices",
                title=gettext("Mean discipline score by office"),
                description=gettext("One bar for each office, the lowest mean first."),
                labels=[office.unit for office in lowest],
                values=[float(office.totals.mean_discipline_pct or 0) for office in lowest],
                written=bar_percent(written),
            )
        ),
        "codes": charts.rows(
            charts.Chart(
                name="codes",
                title=gettext("Findings by code"),
                description=gettext("One bar for each code; its length is the number of findings."),
                labels=[total.code for total in found.codes],
                values=[total.findings for total in found.codes],
                written=lambda findings: written.whole(int(findings)),
            )
        ),
    }
