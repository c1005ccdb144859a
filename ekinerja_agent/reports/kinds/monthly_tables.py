"""The monthly report as a document: for its workbook and csv file, and whole for its public edition.

The figures are those of the page (figures.py); the internal page has a layout of its own (monthly.py). The public
edition has published people alone, and of them no more than sums and means of groups.
"""

from __future__ import annotations

from collections.abc import Iterable

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.nouns.scorecard import Scorecard
from ekinerja_agent.reports import charts, figures, privacy
from ekinerja_agent.reports.codes import meaning
from ekinerja_agent.reports.document import (
    WITHHELD,
    Cell,
    Column,
    Document,
    Figure,
    Notice,
    Picture,
    Section,
    Table,
)
from ekinerja_agent.reports.figures import Figures, Office
from ekinerja_agent.reports.kinds.monthly import MonthlyReport
from ekinerja_agent.reports.labels import STATUSES, band_label, bar_percent
from ekinerja_agent.scoring.frames.exact import percent_text


def lay_out(report: MonthlyReport, *, public: bool, written: Formats) -> Document:
    """Given the report and a language, return the document of the edition."""
    gettext = written.words.gettext
    scores = report.scores
    unpublished = sorted({score.unit for score in scores if not score.is_published})
    if public:
        scores = [score for score in scores if score.is_published]
    found = figures.count(scores)
    notices = []
    if unpublished:
        notices.append(Notice(gettext("Not yet published:"), f"{', '.join(unpublished)}.", warn=True))
    if not public:
        notices += [
            Notice(closing.unit, gettext("Days without complete data were accepted: ") + closing.accepted_pending)
            for closing in report.closings
            if closing.accepted_pending is not None
        ]
    if not scores:
        notices.append(Notice(gettext("There are no scores for this month."), "", warn=True))
    return Document(
        title=gettext("Discipline and performance"),
        period=written.month(report.month),
        facts=_facts(report, found, written),
        sections=_public(found, written) if public else _internal(found, written),
        main="offices" if public else "people",
        notices=tuple(notices),
        figures=_key_figures(found, written, public=public) if scores else (),
        internal=not public,
    )


def _facts(report: MonthlyReport, found: Figures, written: Formats) -> tuple[tuple[str, str], ...]:
    gettext = written.words.gettext
    made = (gettext("Report made"), written.instant(report.printed_at))
    if report.computed_at is None or not found.offices:
        return (made,)
    return (
        (gettext("Computed"), written.instant(report.computed_at)),
        (gettext("Rule profile"), ", ".join(found.profiles)),
        (gettext("Rules digest"), ", ".join(found.rules_digests)),
        made,
    )


def _key_figures(found: Figures, written: Formats, *, public: bool) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    totals = found.totals
    shown = (
        Figure(gettext("People"), totals.people),
        Figure(gettext("Mean discipline score"), totals.mean_discipline_pct, "percent"),
        Figure(gettext("Mean performance score"), totals.mean_performance_pct, "percent"),
    )
    if public:
        if privacy.total_withheld(totals.people):
            return tuple(Figure(figure.label, WITHHELD, figure.kind) for figure in shown)
        return (*shown, Figure(gettext("Total payable"), totals.payable_rp, "rupiah"))
    return (
        *shown,
        Figure(gettext("Days absent without reason (TK)"), totals.unexcused_days),
        Figure(gettext("Pending days"), totals.pending_days),
        Figure(gettext("Total payable"), totals.payable_rp, "rupiah"),
    )


def _internal(found: Figures, written: Formats) -> tuple[Section, ...]:
    gettext = written.words.gettext
    return (
        Section("people", gettext("Scores of all people"), tables=(_people(found, written),)),
        Section("offices", gettext("Offices"), tables=(_offices(found, written),)),
        Section("findings", gettext("What was found"), tables=(_codes(found, written),)),
        Section("pending", gettext("Pending days"), tables=(_pending(found, written),)),
        Section("discipline", gettext("Discipline"), tables=(_bands(found, written, public=False),)),
    )


def _public(found: Figures, written: Formats) -> tuple[Section, ...]:
    gettext = written.words.gettext
    hidden = privacy.withheld_units({office.unit: office.totals.people for office in found.offices})
    told = [office for office in found.offices if office.unit not in hidden]
    told.sort(key=lambda office: float(office.totals.mean_performance_pct or 0))
    chart = charts.Chart(
        name="offices",
        title=gettext("Mean performance score by office"),
        description=gettext("One bar for each office, the lowest mean first."),
        labels=[office.unit for office in told[: charts.MOST_ROWS]],
        values=[float(office.totals.mean_performance_pct or 0) for office in told[: charts.MOST_ROWS]],
        written=bar_percent(written),
    )
    return (
        Section(
            "offices",
            gettext("Offices"),
            pictures=(Picture(chart, "rows"),) if told else (),
            tables=(_public_offices(found, hidden, written),),
        ),
        Section("discipline", gettext("People by discipline score"), tables=(_bands(found, written, public=True),)),
    )


def _people(found: Figures, written: Formats) -> Table:
    gettext = written.words.gettext
    return Table(
        "people",
        gettext("People"),
        (
            Column("nip", gettext("NIP")),
            Column("name", gettext("Name")),
            Column("unit", gettext("Office")),
            Column("status", gettext("Status")),
            Column("working_days", gettext("Working days"), "whole"),
            Column("days_present", gettext("Present"), "whole"),
            Column("days_excused", gettext("Excused"), "whole"),
            Column("unexcused_days", gettext("TK days"), "whole"),
            Column("pending_days", gettext("Pending days"), "whole"),
            Column("discipline_pct", gettext("Discipline"), "percent"),
            Column("performance_pct", gettext("Performance"), "percent"),
            Column("base_rp", gettext("Base (Rp)"), "rupiah"),
            Column("discipline_rp", gettext("Discipline (Rp)"), "rupiah"),
            Column("performance_rp", gettext("Performance (Rp)"), "rupiah"),
            Column("payable_rp", gettext("Payable (Rp)"), "rupiah"),
        ),
        tuple(_person(score, written) for office in found.offices for score in office.scores),
        wide=True,
    )


def _person(score: Scorecard, written: Formats) -> tuple[Cell, ...]:
    allowance = score.allowance
    return (
        score.nip,
        score.name,
        score.unit,
        written.words.gettext(STATUSES[score.status]),
        score.working_days,
        score.days_present,
        score.days_excused,
        score.unexcused.days,
        len(score.pending),
        percent_text(score.discipline.score_ppm),
        percent_text(score.performance.score_ppm),
        allowance.base_rp,
        allowance.discipline_rp,
        allowance.performance_rp,
        allowance.payable_rp,
    )


def _offices(found: Figures, written: Formats) -> Table:
    gettext = written.words.gettext
    return Table(
        "offices",
        gettext("Offices"),
        (
            Column("unit", gettext("Office")),
            Column("unit_name", gettext("Name"), beneath=True),
            Column("people", gettext("People"), "whole"),
            Column("discipline_pct", gettext("Discipline"), "percent"),
            Column("performance_pct", gettext("Performance"), "percent"),
            Column("unexcused_days", gettext("TK days"), "whole"),
            Column("pending_days", gettext("Pending days"), "whole"),
            Column("payable_rp", gettext("Payable (Rp)"), "rupiah"),
            Column("status", gettext("Status")),
        ),
        tuple(
            (
                *_means(office),
                office.totals.unexcused_days,
                office.totals.pending_days,
                office.totals.payable_rp,
                ", ".join(written.words.gettext(STATUSES[status]) for status in office.statuses),
            )
            for office in found.offices
        ),
    )


def _public_offices(found: Figures, hidden: frozenset[str], written: Formats) -> Table:
    gettext = written.words.gettext
    rows = []
    for office in found.offices:
        unit, name, *numbers = (*_means(office), office.totals.payable_rp)
        rows.append((unit, name, *(WITHHELD if unit in hidden else number for number in numbers)))
    return Table(
        "offices",
        gettext("Offices"),
        (
            Column("unit", gettext("Office")),
            Column("unit_name", gettext("Name"), beneath=True),
            Column("people", gettext("People"), "whole"),
            Column("discipline_pct", gettext("Discipline"), "percent"),
            Column("performance_pct", gettext("Performance"), "percent"),
            Column("payable_rp", gettext("Payable (Rp)"), "rupiah"),
        ),
        tuple(rows),
    )


def _means(office: Office) -> tuple[Cell, ...]:
    totals = office.totals
    return (office.unit, office.name, totals.people, totals.mean_discipline_pct, totals.mean_performance_pct)


def _codes(found: Figures, written: Formats) -> Table:
    gettext = written.words.gettext
    return Table(
        "findings",
        gettext("Findings by code"),
        (
            Column("code", gettext("Code")),
            Column("meaning", gettext("Meaning")),
            Column("findings", gettext("Findings"), "whole"),
            Column("people", gettext("People"), "whole"),
            Column("minutes", gettext("Minutes"), "whole"),
            Column("deductions_points", gettext("Sum of deductions"), "points"),
            Column("source", gettext("Source of the rule")),
        ),
        tuple(
            (
                total.code,
                meaning(total.code, written.words),
                total.findings,
                total.people,
                total.minutes,
                total.points_pct,
                "; ".join(total.sources),
            )
            for total in found.codes
        ),
    )


def _pending(found: Figures, written: Formats) -> Table:
    gettext = written.words.gettext
    return Table(
        "pending",
        gettext("Pending days"),
        (
            Column("date", gettext("Day"), "day"),
            Column("unit", gettext("Office")),
            Column("reason", gettext("Reason")),
            Column("people", gettext("People"), "whole"),
            Column("names", gettext("Names")),
        ),
        tuple(
            (day.day, day.unit, written.said(day.reason), len(day.names), "; ".join(day.names)) for day in found.pending
        ),
    )


def _bands(found: Figures, written: Formats, *, public: bool) -> Table:
    gettext = written.words.gettext
    people: Iterable[Cell] = [band.people for band in found.bands]
    if public:
        hidden = privacy.withheld([band.people for band in found.bands])
        people = [WITHHELD if place in hidden else band.people for place, band in enumerate(found.bands)]
    return Table(
        "bands",
        gettext("People by discipline score"),
        (Column("score", gettext("Score")), Column("people", gettext("People"), "whole")),
        tuple((band_label(band, written), count) for band, count in zip(found.bands, people, strict=True)),
    )
