"""The daily report: who was there on each day of a month, by unit; of one day also who, and when.

Every number counts the days of `score show --days`. A duty is counted once, in the unit in which its person stands; who
has two duties on a date is counted twice. Why somebody was excused is not in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.duty import DayState, Scan, ShownState
from ekinerja_agent.nouns.scorecard import Scorecard, ScoredDay
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

STATES: dict[str, str] = {
    ShownState.PRESENT: msgid("present"),
    ShownState.LATE: msgid("late"),
    ShownState.UNEXCUSED: msgid("absent"),
    ShownState.EXCUSED: msgid("excused"),
    ShownState.PENDING: msgid("pending"),
    ShownState.EXEMPT: msgid("exempt"),
    ShownState.FUTURE: msgid("to come"),
}


@dataclass(frozen=True, slots=True)
class Attendance:
    """Duties by what became of them. `late` are among the present; `future` ones are not over and counted nowhere."""

    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    pending: int = 0
    exempt: int = 0

    @property
    def duties(self) -> int:
        """All that are over."""
        return self.present + self.absent + self.excused + self.pending + self.exempt

    @property
    def share_pct(self) -> str | None:
        """Present among those who were expected and judged; None if there is nobody."""
        expected = self.present + self.absent
        return percent_of(Fraction(self.present, expected)) if expected else None


@dataclass(frozen=True, slots=True)
class DailyReport:
    """`day` None means the whole month."""

    edition: Edition
    scores: Sequence[Scorecard]
    day: date | None = None


def attendance(days: Iterable[ScoredDay]) -> Attendance:
    """Given days, return what became of them."""
    states: Counter[DayState] = Counter()
    late = 0
    for scored in days:
        states[scored.state] += 1
        late += scored.counted_late_minutes > 0
    return Attendance(
        present=states[DayState.PRESENT],
        late=late,
        absent=states[DayState.UNEXCUSED],
        excused=states[DayState.EXCUSED],
        pending=states[DayState.PENDING],
        exempt=states[DayState.EXEMPT],
    )


def lay_out(report: DailyReport, written: Formats) -> Document:
    """Given the report and a language, return its document. A public edition has the month's shares of each unit."""
    gettext = written.words.gettext
    edition = report.edition
    sections: tuple[Section, ...]
    if edition.public:
        sections, main = (_public_units(report, written),), "units"
    elif report.day is not None:
        sections, main = (_units_of(report, report.day, written), _people_of(report, report.day, written)), "people"
    else:
        sections, main = (_days(report, written), _units_of(report, None, written)), "units_by_day"
    scores = [score for score in report.scores if not edition.public or score.is_published]
    total = attendance(day for score in scores for day in _days_of(score, report.day))
    return Document(
        title=gettext("Attendance"),
        period=written.month(edition.month) if report.day is None else written.day(report.day),
        facts=((gettext("Report made"), written.instant(edition.made_at)),),
        sections=sections,
        main=main,
        notices=_notices(report, written),
        figures=_figures(total, written) if not edition.public else (),
        internal=not edition.public,
    )


def _notices(report: DailyReport, written: Formats) -> tuple[Notice, ...]:
    gettext = written.words.gettext
    if not report.scores:
        return (Notice(gettext("There are no scores for this month."), "", warn=True),)
    unpublished = sorted({score.unit for score in report.scores if not score.is_published})
    if not unpublished:
        return ()
    return (Notice(gettext("Not yet published:"), f"{', '.join(unpublished)}.", warn=True),)


def _figures(total: Attendance, written: Formats) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    return (
        Figure(gettext("Attendance"), total.share_pct, "percent"),
        Figure(gettext("Present"), total.present),
        Figure(gettext("Late arrivals"), total.late),
        Figure(gettext("Absent without reason (TK)"), total.absent),
        Figure(gettext("Excused"), total.excused),
        Figure(gettext("Pending"), total.pending),
    )


def _days_of(score: Scorecard, day: date | None) -> list[ScoredDay]:
    return [scored for scored in score.days if day in {None, scored.day}]


def _counted(written: Formats) -> tuple[Column, ...]:
    gettext = written.words.gettext
    return (
        Column("duties", gettext("On duty"), "whole"),
        Column("present", gettext("Present"), "whole"),
        Column("late", gettext("Late"), "whole"),
        Column("absent", gettext("Absent"), "whole"),
        Column("excused", gettext("Excused"), "whole"),
        Column("pending", gettext("Pending"), "whole"),
        Column("exempt", gettext("Exempt"), "whole"),
        Column("attendance_pct", gettext("Attendance"), "percent"),
    )


def _cells(found: Attendance) -> tuple[Cell, ...]:
    return (
        found.duties,
        found.present,
        found.late,
        found.absent,
        found.excused,
        found.pending,
        found.exempt,
        found.share_pct,
    )


def _days(report: DailyReport, written: Formats) -> Section:
    gettext = written.words.gettext
    by_day: dict[date, list[ScoredDay]] = defaultdict(list)
    for score in report.scores:
        for scored in score.days:
            by_day[scored.day].append(scored)
    found = {day: counted for day, rows in sorted(by_day.items()) if (counted := attendance(rows)).duties}

    def chart(name: str, title: str, description: str, count: Callable[[Attendance], int]) -> Picture:
        return Picture(
            charts.Chart(
                name,
                title,
                description,
                [str(day.day) for day in found],
                [count(counted) for counted in found.values()],
                lambda people: written.whole(int(people)),
            ),
            "columns",
        )

    pictures = (
        chart(
            "late",
            gettext("Late arrivals by day"),
            gettext("One column for each day; its height is the number of people who came late."),
            lambda counted: counted.late,
        ),
        chart(
            "absent",
            gettext("Absences without reason by day"),
            gettext("One column for each day; its height is the number of people absent without reason."),
            lambda counted: counted.absent,
        ),
    )
    return Section(
        "days",
        gettext("Day by day"),
        (
            gettext(
                "Attendance is the share of those present among those present and absent: who was excused, exempt or "
                "is pending is in neither. Late arrivals are among the present."
            ),
        ),
        pictures if found else (),
        (
            Table(
                "days",
                gettext("Day by day"),
                (Column("date", gettext("Day"), "day"), *_counted(written)),
                tuple((day, *_cells(counted)) for day, counted in found.items()),
            ),
        ),
    )


def _units_by_day(report: DailyReport, written: Formats) -> Table:
    gettext = written.words.gettext
    rows: dict[tuple[date, str], list[ScoredDay]] = defaultdict(list)
    for score in report.scores:
        for scored in score.days:
            rows[scored.day, score.unit].append(scored)
    counted = {key: attendance(days) for key, days in sorted(rows.items())}
    return Table(
        "units_by_day",
        gettext("By day and office"),
        (Column("date", gettext("Day"), "day"), Column("unit", gettext("Office")), *_counted(written)),
        tuple((day, unit, *_cells(found)) for (day, unit), found in counted.items() if found.duties),
        on_page=False,
    )


def _by_unit(scores: Iterable[Scorecard]) -> dict[tuple[str, str], list[Scorecard]]:
    members: dict[tuple[str, str], list[Scorecard]] = defaultdict(list)
    for score in scores:
        members[score.unit, score.unit_name].append(score)
    return dict(sorted(members.items()))


def _units_of(report: DailyReport, day: date | None, written: Formats) -> Section:
    """What became of the duties of each office on the day; of the whole month with each day for the workbook."""
    gettext = written.words.gettext
    rows = tuple(
        (unit, name, *_cells(attendance(scored for score in scores for scored in _days_of(score, day))))
        for (unit, name), scores in _by_unit(report.scores).items()
    )
    columns = (
        Column("unit", gettext("Office")),
        Column("unit_name", gettext("Name"), beneath=True),
        *_counted(written),
    )
    total = Table("units", gettext("Offices"), columns, rows)
    return Section("units", gettext("Offices"), tables=(total,) if day else (total, _units_by_day(report, written)))


def _people_of(report: DailyReport, day: date, written: Formats) -> Section:
    gettext = written.words.gettext
    rows = []
    for (unit, _), scores in _by_unit(report.scores).items():
        for score in sorted(scores, key=lambda score: (score.name.casefold(), score.nip)):
            for scored in _days_of(score, day):
                state = ShownState.LATE if scored.counted_late_minutes else scored.state
                rows.append(
                    (
                        score.name,
                        score.nip,
                        unit,
                        written.words.gettext(STATES[state]),
                        *(_clock(scored.local(scan)) for scan in (Scan.ARRIVE, Scan.LEAVE)),
                        scored.late_minutes,
                        scored.early_minutes,
                    )
                )
    return Section(
        "people",
        gettext("People"),
        tables=(
            Table(
                "people",
                gettext("People"),
                (
                    Column("name", gettext("Name")),
                    Column("nip", gettext("NIP"), beneath=True),
                    Column("unit", gettext("Office")),
                    Column("state", gettext("State")),
                    Column("arrive", gettext("Arrived")),
                    Column("leave", gettext("Left")),
                    Column("late_minutes", gettext("Minutes late"), "whole"),
                    Column("early_minutes", gettext("Minutes early"), "whole"),
                ),
                tuple(rows),
                wide=True,
            ),
        ),
    )


def _clock(local: time | None) -> str | None:
    return None if local is None else local.isoformat()


def _of_whom(scores: Iterable[Scorecard], *states: DayState) -> int:
    """How many people have such a day: a share is about them, however many the office has."""
    return sum(any(scored.state in states for scored in score.days) for score in scores)


def _public_units(report: DailyReport, written: Formats) -> Section:
    gettext = written.words.gettext
    members: dict[str, list[Scorecard]] = defaultdict(list)
    for score in sorted(report.scores, key=lambda score: score.unit):
        if score.is_published:
            members[score.unit].append(score)
    hidden = privacy.withheld_units({unit: len(scores) for unit, scores in members.items()})
    rows: list[tuple[Cell, ...]] = []
    chart: list[tuple[str, float]] = []
    for unit, scores in members.items():
        found = attendance(scored for score in scores for scored in score.days)
        late_pct: Cell = percent_of(Fraction(found.late, found.present)) if found.present else None
        share_pct: Cell = found.share_pct
        if privacy.total_withheld(_of_whom(scores, DayState.PRESENT)):
            late_pct = WITHHELD
        if privacy.total_withheld(_of_whom(scores, DayState.PRESENT, DayState.UNEXCUSED)):
            share_pct = WITHHELD
        numbers: tuple[Cell, ...] = (len(scores), share_pct, late_pct)
        rows.append((unit, max(score.unit_name for score in scores), *((WITHHELD,) * 3 if unit in hidden else numbers)))
        if unit not in hidden and isinstance(share_pct, str):
            chart.append((unit, float(share_pct)))
    chart.sort(key=lambda bar: bar[1])
    shown = chart[: charts.MOST_ROWS]
    picture = charts.Chart(
        "attendance",
        gettext("Attendance by office"),
        gettext("One bar for each office, the lowest first."),
        [unit for unit, _ in shown],
        [pct for _, pct in shown],
        bar_percent(written),
    )
    return Section(
        "units",
        gettext("Offices"),
        (gettext("Attendance is the share of days present among days present and absent, over the whole month."),),
        (Picture(picture, "rows"),) if shown else (),
        (
            Table(
                "units",
                gettext("Offices"),
                (
                    Column("unit", gettext("Office")),
                    Column("unit_name", gettext("Name"), beneath=True),
                    Column("people", gettext("People"), "whole"),
                    Column("attendance_pct", gettext("Attendance"), "percent"),
                    Column("late_pct", gettext("Late among the days present"), "percent"),
                ),
                tuple(rows),
            ),
        ),
    )
