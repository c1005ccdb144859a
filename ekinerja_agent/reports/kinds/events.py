"""The events' report: what share of those who were called came to each apel, ceremony and sport.

Who was excused, exempt or is pending stands apart and is in no share. A public edition has neither events nor days: it
sums those of one kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.nouns.duty import EventMark
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
from ekinerja_agent.reports.figures import percent_of
from ekinerja_agent.reports.labels import bar_percent


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one person's call to one event."""

    event: str
    kind: str
    day: date
    unit: str
    nip: str
    mark: EventMark


@dataclass(frozen=True, slots=True)
class EventReport:
    """`target_pct` is the share that is aimed for, exact text; None: none is. `marks` in any order.

    `uniforms`: by event, who was present in uniform and without, where somebody marked it (`event_uniform_v1`).
    `withheld` are units of which a public edition of the month tells nothing.
    """

    edition: Edition
    marks: Sequence[Mark]
    target_pct: str | None
    uniforms: Mapping[str, tuple[int, int]]
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Turnout:
    """Calls by what became of them."""

    present: int
    missed: int
    excused: int
    exempt: int
    pending: int

    @property
    def share_pct(self) -> str | None:
        """Present among those who were present or missed it; None if there is nobody."""
        expected = self.present + self.missed
        return percent_of(Fraction(self.present, expected)) if expected else None

    def reaches(self, target_pct: str) -> bool:
        """Tell whether the share is at least the target, compared exactly."""
        return self.present * 100 >= Decimal(target_pct) * (self.present + self.missed)


def turnout(marks: Iterable[Mark]) -> Turnout:
    """Given marks, return how many there are of each."""
    found = Counter(mark.mark for mark in marks)
    return Turnout(*(found[mark] for mark in EventMark))


def lay_out(report: EventReport, written: Formats) -> Document:
    """Given the report and a language, return its document."""
    gettext = written.words.gettext
    public = report.edition.public
    total = turnout(report.marks)
    figures = [
        Figure(gettext("Events"), len({mark.event for mark in report.marks})),
        Figure(gettext("Attendance"), total.share_pct, "percent"),
    ]
    if report.target_pct is not None:
        figures.append(Figure(gettext("Target"), report.target_pct, "percent"))
        figures.append(Figure(gettext("Events at the target"), _reached(report)))
    if public and privacy.total_withheld(len({mark.nip for mark in report.marks})):
        figures = []
    return Document(
        title=gettext("Attendance at events"),
        period=written.month(report.edition.month),
        facts=((gettext("Report made"), written.instant(report.edition.made_at)),),
        sections=(_kinds(report, written),) if public else (_events(report, written), _units(report, written)),
        main="kinds" if public else "units",
        notices=() if report.marks else (Notice(gettext("Nobody was called to an event in this month."), ""),),
        figures=tuple(figures) if report.marks else (),
        internal=not public,
    )


def _reached(report: EventReport) -> int:
    by_event = _grouped(report.marks, lambda mark: (mark.event,))
    found = [turnout(marks) for marks in by_event.values()]
    return sum(one.reaches(report.target_pct or "0") for one in found if one.share_pct is not None)


def _grouped(marks: Iterable[Mark], key: Callable[[Mark], tuple[str, ...]]) -> dict[tuple[str, ...], list[Mark]]:
    groups: dict[tuple[str, ...], list[Mark]] = defaultdict(list)
    for mark in marks:
        groups[key(mark)].append(mark)
    return dict(sorted(groups.items()))


def _counted(written: Formats) -> tuple[Column, ...]:
    gettext = written.words.gettext
    return (
        Column("present", gettext("Present"), "whole"),
        Column("missed", gettext("Not there"), "whole"),
        Column("excused", gettext("Excused"), "whole"),
        Column("exempt", gettext("Exempt"), "whole"),
        Column("pending", gettext("Pending"), "whole"),
        Column("attendance_pct", gettext("Attendance"), "percent"),
    )


def _cells(found: Turnout) -> tuple[Cell, ...]:
    return (found.present, found.missed, found.excused, found.exempt, found.pending, found.share_pct)


def _at_target(found: Turnout, report: EventReport, written: Formats) -> tuple[Cell, ...]:
    """Whether the target is reached, in words; no cell where there is no target."""
    if report.target_pct is None:
        return ()
    if found.share_pct is None:
        return (None,)
    gettext = written.words.gettext
    return (gettext("reached") if found.reaches(report.target_pct) else gettext("missed"),)


def _target_column(report: EventReport, written: Formats) -> tuple[Column, ...]:
    return () if report.target_pct is None else (Column("target", written.words.gettext("Target")),)


def _uniform_columns(report: EventReport, written: Formats) -> tuple[Column, ...]:
    if not report.uniforms:
        return ()
    gettext = written.words.gettext
    return (
        Column("in_uniform", gettext("In uniform"), "whole"),
        Column("without_uniform", gettext("Without uniform"), "whole"),
    )


def _uniformed(event: str, report: EventReport) -> tuple[Cell, ...]:
    return report.uniforms.get(event, (None, None)) if report.uniforms else ()


def _events(report: EventReport, written: Formats) -> Section:
    gettext = written.words.gettext
    by_event = _grouped(report.marks, lambda mark: (mark.day.isoformat(), mark.event, mark.kind))
    found = {key: turnout(marks) for key, marks in by_event.items()}
    shown = [(event, one.share_pct) for (_, event, _), one in found.items() if one.share_pct is not None]
    chart = charts.Chart(
        "events",
        gettext("Attendance by event"),
        gettext("One bar for each event, in order of date."),
        [event for event, _ in shown[: charts.MOST_ROWS]],
        [float(share) for _, share in shown[: charts.MOST_ROWS]],
        bar_percent(written),
    )
    return Section(
        "events",
        gettext("Events"),
        (
            gettext(
                "Attendance is the share of those present among those present and not there. Who was absent without "
                "reason all day was not there. Documents and outages excuse; who has no duty at that time is exempt."
            ),
        ),
        (Picture(chart, "rows"),) if shown else (),
        (
            Table(
                "events",
                gettext("Events"),
                (
                    Column("event", gettext("Event"), unbroken=True),
                    Column("kind", gettext("Kind")),
                    Column("date", gettext("Day"), "day"),
                    *_counted(written),
                    *_target_column(report, written),
                    *_uniform_columns(report, written),
                ),
                tuple(
                    (
                        event,
                        kind,
                        date.fromisoformat(day),
                        *_cells(one),
                        *_at_target(one, report, written),
                        *_uniformed(event, report),
                    )
                    for (day, event, kind), one in found.items()
                ),
                wide=True,
            ),
        ),
    )


def _units(report: EventReport, written: Formats) -> Section:
    gettext = written.words.gettext
    by_unit = _grouped(report.marks, lambda mark: (mark.day.isoformat(), mark.event, mark.unit))
    rows = []
    for (day, event, unit), marks in by_unit.items():
        found = turnout(marks)
        rows.append((event, date.fromisoformat(day), unit, *_cells(found), *_at_target(found, report, written)))
    return Section(
        "units",
        gettext("Events by office"),
        tables=(
            Table(
                "units",
                gettext("Events by office"),
                (
                    Column("event", gettext("Event"), unbroken=True),
                    Column("date", gettext("Day"), "day"),
                    Column("unit", gettext("Office")),
                    *_counted(written),
                    *_target_column(report, written),
                ),
                tuple(rows),
                wide=True,
            ),
        ),
    )


def _people(marks: Iterable[Mark]) -> int:
    return len({mark.nip for mark in marks})


def _kinds(report: EventReport, written: Formats) -> Section:
    """Shares by kind of event and office; an office's people are those who were called to any of them."""
    gettext = written.words.gettext
    rows: list[tuple[Cell, ...]] = []
    for (kind,), of_kind in _grouped(report.marks, lambda mark: (mark.kind,)).items():
        offices = _grouped(of_kind, lambda mark: (mark.unit,))
        hidden = privacy.withheld_units({unit: _people(marks) for (unit,), marks in offices.items()}, report.withheld)
        for (unit,), marks in offices.items():
            judged = [mark for mark in marks if mark.mark in (EventMark.PRESENT, EventMark.MISSED)]
            share_pct = WITHHELD if privacy.total_withheld(_people(judged)) else turnout(marks).share_pct
            told: tuple[Cell, ...] = (_people(marks), share_pct)
            rows.append((kind, unit, *((WITHHELD,) * 2 if unit in hidden else told)))
    return Section(
        "kinds",
        gettext("Attendance by kind of event"),
        tables=(
            Table(
                "kinds",
                gettext("Attendance by kind of event"),
                (
                    Column("kind", gettext("Kind")),
                    Column("unit", gettext("Office")),
                    Column("people", gettext("People"), "whole"),
                    Column("attendance_pct", gettext("Attendance"), "percent"),
                ),
                tuple(rows),
            ),
        ),
    )
