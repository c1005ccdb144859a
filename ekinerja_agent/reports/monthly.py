"""The monthly report: one HTML file that an office can open anywhere, print on A4 and file.

Promises that every number equals `score show`, that everything people wrote is escaped, and that the file needs no
network and no script. It is an internal report: it names persons with their NIP, and never why somebody was on leave.
Does not know the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ekinerja_agent import __version__
from ekinerja_agent.formats import Formats
from ekinerja_agent.language import Language, msgid
from ekinerja_agent.reports import charts, figures
from ekinerja_agent.reports.codes import meaning
from ekinerja_agent.reports.figures import Band, Figures, Score

MOST_OFFICES_IN_CHART = 20
"""More bars do not fit on a page; the table beside the chart always has every office."""

STATUSES = {
    "draft": msgid("draft"),
    "pending": msgid("pending"),
    "published": msgid("published"),
}

_HERE = Path(__file__).parent


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

    `scores` are those of `figures.Score`. `computed_at` is None without scores. `unmatched_pins` counts PINs with
    punches in the month that belong to no person, `unmatched_punches` their punches.
    """

    month: date
    scores: Sequence[Score]
    closings: Sequence[Closing]
    unmatched_pins: int
    unmatched_punches: int
    computed_at: datetime | None
    printed_at: datetime


def render(report: MonthlyReport, lang: Language) -> str:
    """Given a report and a language, return the page as HTML text; without scores it says that there are none."""
    written = Formats(lang)
    found = figures.count(report.scores)
    return (
        _environment(written)
        .get_template("monthly.html.j2")
        .render(
            lang=lang,
            version=__version__,
            css=Markup((_HERE / "page.css").read_text(encoding="utf-8") + charts.CHART_CSS),  # noqa: S704 ours
            report=report,
            acceptances=_acceptances(report.closings),
            found=found,
            band_labels=[_band_label(band, written) for band in found.bands],
            charts=_charts(found, written) if report.scores else {},
        )
    )


def _environment(written: Formats) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(written.words, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.filters.update(
        whole=written.whole,
        rupiah=written.rupiah,
        percent=written.percent,
        month=written.month,
        short_day=written.short_day,
        instant=written.instant,
        weekday=written.weekday,
        meaning=partial(meaning, words=written.words),
        status=lambda status: written.words.gettext(STATUSES[status]),
    )
    return environment


def _acceptances(closings: Sequence[Closing]) -> list[tuple[str, datetime, list[str]]]:
    """Reason, instant and units of each time that somebody accepted days without complete data."""
    accepted: dict[tuple[str, datetime], list[str]] = {}
    for closing in closings:
        if closing.accepted_pending is not None:
            accepted.setdefault((closing.accepted_pending, closing.at), []).append(closing.unit)
    return [(reason, at, units) for (reason, at), units in accepted.items()]


def _band_label(band: Band, written: Formats) -> str:
    if band.ceiling_pct is None:
        return written.percent(str(band.floor_pct))
    if band.floor_pct == 0:
        return f"<{band.ceiling_pct}%"
    return f"{band.floor_pct}–<{band.ceiling_pct}%"


def _charts(found: Figures, written: Formats) -> dict[str, Markup]:
    gettext = written.words.gettext
    lowest = sorted(found.offices, key=lambda office: float(office.totals.mean_discipline_pct or 0))[
        :MOST_OFFICES_IN_CHART
    ]
    return {
        "bands": charts.columns(
            charts.Chart(
                name="bands",
                title=gettext("People by discipline score"),
                description=gettext("One column for each band of scores; its height is the number of people."),
                labels=[_band_label(band, written) for band in found.bands],
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
                written=lambda pct: written.percent(f"{pct:g}"),
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
