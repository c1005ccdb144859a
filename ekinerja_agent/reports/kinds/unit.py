"""The units' report: how each unit does, whether it grows, and for how many months it has not.

Every number is one of the view `unit_scores_v1`, or the difference of two of them. Only published months are in it.
Source: regulations sections 0 and 9 (unit growth, HSU).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.reports import charts, privacy
from ekinerja_agent.reports.document import (
    WITHHELD,
    Cell,
    Column,
    Document,
    Edition,
    Figure,
    Notice,
    Picture,
    Section,
    Table,
)
from ekinerja_agent.reports.labels import bar_percent

MONTHS_SHOWN = 6
"""Columns of the trend: as many as fit on paper."""


@dataclass(frozen=True, slots=True)
class UnitMonth:
    """One row of `unit_scores_v1`; percentages are their exact text, `attendance_pct` None without an expected day."""

    period: str
    unit_code: str
    unit_name: str
    employees: int
    attendance_pct: str | None
    discipline_pct: str
    performance_pct: str
    trend_months_without_growth: int


@dataclass(frozen=True, slots=True)
class UnitReport:
    """`rows` are those of the months shown, in any order; `months` their first days, oldest first, the last reported.

    `heads` names who leads a unit, by unit code; `unpublished` are codes of units with people that are not in the month
    yet.
    """

    edition: Edition
    months: tuple[date, ...]
    rows: Sequence[UnitMonth]
    heads: Mapping[str, str]
    unpublished: tuple[str, ...]


def lay_out(report: UnitReport, written: Formats) -> Document:
    """Given the report and a language, return its document. Without published rows it says so."""
    gettext = written.words.gettext
    edition = report.edition
    of_month = [row for row in report.rows if row.period == f"{edition.month:%Y-%m}"]
    of_month.sort(key=lambda row: row.unit_code)
    hidden = _hidden(of_month) if edition.public else frozenset()
    notices = []
    if report.unpublished:
        told = ", ".join(report.unpublished)
        notices.append(Notice(gettext("Not yet published:"), f"{told}.", warn=True))
    if not of_month:
        notices.append(Notice(gettext("Nothing is published for this month."), "", warn=True))
    return Document(
        title=gettext("Units and their growth"),
        period=written.month(edition.month),
        facts=((gettext("Report made"), written.instant(edition.made_at)),),
        notices=tuple(notices),
        figures=_figures(of_month, hidden, written) if of_month else (),
        sections=_sections(report, of_month, hidden, written) if of_month else (_units(report, [], hidden, written),),
        main="units",
        internal=not edition.public,
    )


def _hidden(rows: Iterable[UnitMonth]) -> frozenset[str]:
    """The units of one month that a public edition does not tell of."""
    return privacy.withheld_units({row.unit_code: row.employees for row in rows})


def _figures(rows: Sequence[UnitMonth], hidden: frozenset[str], written: Formats) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    shown = [row for row in rows if row.unit_code not in hidden]
    people: Cell = sum(row.employees for row in rows)
    if hidden and privacy.total_withheld(sum(row.employees for row in rows)):
        people = WITHHELD
    return (
        Figure(gettext("Units"), len(rows)),
        Figure(gettext("People"), people),
        Figure(gettext("Units that did not grow"), sum(row.trend_months_without_growth > 0 for row in shown)),
        Figure(
            gettext("Longest time without growth (months)"),
            max((row.trend_months_without_growth for row in shown), default=0),
        ),
    )


def _sections(
    report: UnitReport, rows: Sequence[UnitMonth], hidden: frozenset[str], written: Formats
) -> tuple[Section, ...]:
    gettext = written.words.gettext
    trend = tuple(
        _trend(report, key, title, written)
        for key, title in (("performance", gettext("Performance")), ("discipline", gettext("Discipline")))
    )
    return (
        _units(report, rows, hidden, written),
        _growth(report, rows, hidden, written),
        Section("trend", gettext("Month by month"), tables=trend, titled=True),
    )


def _units(report: UnitReport, rows: Sequence[UnitMonth], hidden: frozenset[str], written: Formats) -> Section:
    gettext = written.words.gettext
    before = {row.unit_code: row for row in report.rows if row.period == f"{_month_before(report):%Y-%m}"}
    hidden_before = _hidden(before.values()) if report.edition.public else frozenset()
    cells = []
    for row in rows:
        earlier = before.get(row.unit_code)
        change: Cell = None
        if earlier is not None:
            change = f"{(Decimal(row.performance_pct) - Decimal(earlier.performance_pct)).normalize():f}"
            if row.unit_code in hidden_before:
                change = WITHHELD
        numbers: tuple[Cell, ...] = (
            row.employees,
            row.attendance_pct,
            row.discipline_pct,
            row.performance_pct,
            change,
            row.trend_months_without_growth,
        )
        cells.append((row.unit_code, row.unit_name, *_told(numbers, hide=row.unit_code in hidden)))
    lowest = sorted((row for row in rows if row.unit_code not in hidden), key=lambda row: float(row.performance_pct))
    chart = charts.Chart(
        name="performance",
        title=gettext("Mean performance score by unit"),
        description=gettext("One bar for each unit, the lowest mean first."),
        labels=[row.unit_code for row in lowest[: charts.MOST_ROWS]],
        values=[float(row.performance_pct) for row in lowest[: charts.MOST_ROWS]],
        written=bar_percent(written),
    )
    return Section(
        "units",
        gettext("Units"),
        paragraphs=(
            gettext(
                "Attendance is the share of days present among all working days that were neither excused nor pending. "
                "Scores are means over the unit's people, each counted alike."
            ),
        ),
        pictures=(Picture(chart, "rows"),) if lowest else (),
        tables=(
            Table(
                "units",
                gettext("Units"),
                (
                    Column("unit_code", gettext("Unit")),
                    Column("unit_name", gettext("Name"), beneath=True),
                    Column("employees", gettext("People"), "whole"),
                    Column("attendance_pct", gettext("Attendance"), "percent"),
                    Column("discipline_pct", gettext("Discipline"), "percent"),
                    Column("performance_pct", gettext("Performance"), "percent"),
                    Column("performance_change_points", gettext("Change of performance (points)"), "points"),
                    Column("trend_months_without_growth", gettext("Months without growth"), "whole"),
                ),
                tuple(cells),
            ),
        ),
    )


def _growth(report: UnitReport, rows: Sequence[UnitMonth], hidden: frozenset[str], written: Formats) -> Section:
    gettext = written.words.gettext
    standing = [row for row in rows if row.trend_months_without_growth > 0 and row.unit_code not in hidden]
    standing.sort(key=lambda row: (-row.trend_months_without_growth, row.unit_code))
    paragraphs = [
        gettext(
            "A unit grows when the mean performance score of the people who were published with it in both months "
            "rises, or stays at 100%. People who came or left change nothing. A month that is not published, or that "
            "has none of the people of the month before, begins a new count."
        )
    ]
    if not standing:
        return Section(
            "growth",
            gettext("Months without growth"),
            (*paragraphs, gettext("Every unit grew, or cannot be compared with the month before.")),
        )
    chart = charts.Chart(
        name="standing",
        title=gettext("Months without growth by unit"),
        description=gettext("One bar for each unit that did not grow, the longest time first."),
        labels=[row.unit_code for row in standing[: charts.MOST_ROWS]],
        values=[row.trend_months_without_growth for row in standing[: charts.MOST_ROWS]],
        written=lambda months: written.whole(int(months)),
    )
    head = () if report.edition.public else (Column("head", gettext("Head")),)
    table = Table(
        "growth",
        gettext("Months without growth"),
        (
            Column("unit_code", gettext("Unit")),
            Column("unit_name", gettext("Name"), beneath=True),
            *head,
            Column("trend_months_without_growth", gettext("Months without growth"), "whole"),
        ),
        tuple(
            (
                row.unit_code,
                row.unit_name,
                *((report.heads.get(row.unit_code),) if head else ()),
                row.trend_months_without_growth,
            )
            for row in standing
        ),
    )
    return Section(
        "growth", gettext("Months without growth"), tuple(paragraphs), (Picture(chart, "rows"),), tables=(table,)
    )


def _trend(report: UnitReport, score: str, title: str, written: Formats) -> Table:
    rows = {(row.unit_code, row.period): row for row in report.rows}
    names = {row.unit_code: row.unit_name for row in sorted(report.rows, key=lambda row: row.period)}
    hidden = {
        month: _hidden(row for row in report.rows if row.period == f"{month:%Y-%m}")
        if report.edition.public
        else frozenset()
        for month in report.months
    }
    cells = []
    for unit, name in sorted(names.items()):
        line: list[Cell] = [unit, name]
        for month in report.months:
            row = rows.get((unit, f"{month:%Y-%m}"))
            known = None if row is None else row.performance_pct if score == "performance" else row.discipline_pct
            line.append(WITHHELD if unit in hidden[month] else known)
        cells.append(tuple(line))
    return Table(
        score,
        title,
        (
            Column("unit_code", written.words.gettext("Unit")),
            Column("unit_name", written.words.gettext("Name"), beneath=True),
            *(Column(f"{month:%Y-%m}", written.short_month(month), "percent") for month in report.months),
        ),
        tuple(cells),
    )


def _told(numbers: tuple[Cell, ...], *, hide: bool) -> tuple[Cell, ...]:
    return tuple(number if number is None or not hide else WITHHELD for number in numbers)


def _month_before(report: UnitReport) -> date:
    return report.months[-2] if len(report.months) > 1 else date.min
