"""The monthly evaluation: who is at the maximum and who falls short, who wrote nothing down, which programmes are done.

Scores are those of `score show`, programmes those of `plan_status_v1`, meetings and innovations those of their
registers.
Source: regulations section 0 (Banyuwangi, Mempawah, Badung, HSU).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.scorecard import Scorecard
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
from ekinerja_agent.reports.kinds.programmes import Programme, counted
from ekinerja_agent.reports.kinds.programmes import table as programme_table
from ekinerja_agent.reports.labels import bar_percent
from ekinerja_agent.rules import WHOLE_PPM
from ekinerja_agent.scoring.frames.exact import percent_text


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person entered of one day: minutes claimed, and of them those of activities that name a plan."""

    minutes: int
    planned_minutes: int


@dataclass(frozen=True, slots=True)
class Innovation:
    """An innovative programme of a unit, as its register has it."""

    unit: str
    code: str
    name: str
    started: date
    ended: date | None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """`entered` by NIP and day; `meetings` counts evaluation meetings of the month by unit; `units` names all units."""

    edition: Edition
    scores: Sequence[Scorecard]
    entered: Mapping[tuple[str, date], Entered]
    programmes: Sequence[Programme]
    meetings: Mapping[str, int]
    innovations: Sequence[Innovation]


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the month. `silent` are the present days without any entry."""

    score: Scorecard
    silent: int
    minutes: int
    planned_minutes: int

    @property
    def at_maximum(self) -> bool:
        """Nothing is missing from either score."""
        return min(self.score.discipline.score_ppm, self.score.performance.score_ppm) >= WHOLE_PPM

    @property
    def sum_ppm(self) -> int:
        """Both scores together: what the list of those who fall short is ordered by."""
        return self.score.discipline.score_ppm + self.score.performance.score_ppm


def people_of(report: EvaluationReport) -> tuple[Person, ...]:
    """Given the report, return its people by unit, name and NIP."""
    by_nip: dict[str, dict[date, Entered]] = defaultdict(dict)
    for (nip, day), one in report.entered.items():
        by_nip[nip][day] = one
    found = []
    for score in sorted(report.scores, key=lambda one: (one.unit, one.name.casefold(), one.nip)):
        own = by_nip.get(score.nip, {})
        present = {scored.day for scored in score.days if scored.state is DayState.PRESENT}
        found.append(
            Person(
                score,
                silent=len(present - own.keys()),
                minutes=sum(one.minutes for one in own.values()),
                planned_minutes=sum(one.planned_minutes for one in own.values()),
            )
        )
    return tuple(found)


def lay_out(report: EvaluationReport, written: Formats) -> Document:
    """Given the report and a language, return its document. A public edition has published people's sums alone."""
    gettext = written.words.gettext
    public = report.edition.public
    people = people_of(report)
    unpublished = sorted({one.score.unit for one in people if not one.score.is_published})
    if public:
        people = tuple(one for one in people if one.score.is_published)
    notices = []
    if unpublished:
        notices.append(Notice(gettext("Not yet published:"), f"{', '.join(unpublished)}.", warn=True))
    if not people:
        notices.append(Notice(gettext("There are no scores for this month."), "", warn=True))
    return Document(
        title=gettext("Monthly evaluation"),
        period=written.month(report.edition.month),
        facts=((gettext("Report made"), written.instant(report.edition.made_at)),),
        sections=_sections(report, people, written),
        main="units" if public else "people",
        notices=tuple(notices),
        figures=_figures(report, people, written),
        internal=not public,
    )


def _figures(report: EvaluationReport, people: Sequence[Person], written: Formats) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    top = sum(one.at_maximum for one in people)
    counts: tuple[Cell, ...] = (top, len(people) - top, sum(one.silent > 0 for one in people))
    if report.edition.public:
        counts = (WITHHELD, WITHHELD) if _tells_few(people) else counts[:2]
    done, missing, coming = counted(report.programmes)
    labels = (
        gettext("At the maximum"),
        gettext("Fall short"),
        gettext("People with days without entry"),
    )
    return (
        *(Figure(label, count) for label, count in zip(labels, counts, strict=False)),
        Figure(gettext("Programmes done"), done),
        Figure(gettext("Programmes not done"), missing),
        Figure(gettext("Programmes to do"), coming),
    )


def _tells_few(people: Sequence[Person]) -> bool:
    """Whether those of all offices who are at the maximum, less those of the offices that are told, are about few."""
    members = _by_unit(people)
    hidden = _hidden_tops(members)
    tops = [one.at_maximum for unit in hidden for one in members[unit]]
    rest = (sum(tops), len(tops) - sum(tops))
    everybody = sum(one.at_maximum for one in people)
    return bool(privacy.withheld([everybody, len(people) - everybody])) or (
        bool(hidden) and (len(hidden) < 2 or min(rest) < privacy.LEAST_PEOPLE)
    )


def _sections(report: EvaluationReport, people: Sequence[Person], written: Formats) -> tuple[Section, ...]:
    gettext = written.words.gettext
    sections = [_units(report, people, written)]
    if not report.edition.public:
        sections.append(_people(people, written))
        sections.append(_silent(people, written))
    programmes = programme_table(report.programmes, written)
    sections.append(Section("programmes", gettext("Programmes"), tables=(programmes,)))
    if report.innovations:
        sections.append(_innovations(report.innovations, written))
    return tuple(sections)


def _by_unit(people: Iterable[Person]) -> dict[str, list[Person]]:
    members: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        members[one.score.unit].append(one)
    return members


def _hidden_units(members: Mapping[str, Sequence[Person]]) -> frozenset[str]:
    return privacy.withheld_units({unit: len(of_unit) for unit, of_unit in members.items()})


def _hidden_tops(members: Mapping[str, Sequence[Person]]) -> frozenset[str]:
    """Units whose share at the maximum is not told: times its people it would count few who are there, or are not."""
    tops = {unit: sum(one.at_maximum for one in of_unit) for unit, of_unit in members.items()}
    few = {
        unit
        for unit, top in tops.items()
        if privacy.total_withheld(top) or privacy.total_withheld(len(members[unit]) - top)
    }
    return _hidden_units(members) | few


def _about_many(counted: Iterable[int], share: str | None, public: bool) -> Cell:
    """A share of what people have; in public not told if few of them have any."""
    return WITHHELD if public and privacy.total_withheld(sum(one > 0 for one in counted)) else share


def _share(part: int, whole: int) -> str | None:
    return percent_of(Fraction(part, whole)) if whole else None


def _units(report: EvaluationReport, people: Sequence[Person], written: Formats) -> Section:
    gettext = written.words.gettext
    public = report.edition.public
    members = _by_unit(people)
    hidden = _hidden_units(members) if public else frozenset()
    hidden_tops = _hidden_tops(members) if public else frozenset()
    rows: list[tuple[Cell, ...]] = []
    bars: list[tuple[str, float]] = []
    for unit, of_unit in members.items():
        top = sum(one.at_maximum for one in of_unit)
        present = sum(one.score.days_present for one in of_unit)
        told: tuple[Cell, ...] = (
            len(of_unit),
            *(() if public else (top, len(of_unit) - top)),
            WITHHELD if unit in hidden_tops else _share(top, len(of_unit)),
            _about_many(
                (one.score.days_present for one in of_unit), _share(sum(one.silent for one in of_unit), present), public
            ),
            _about_many(
                (one.minutes for one in of_unit),
                _share(sum(one.planned_minutes for one in of_unit), sum(one.minutes for one in of_unit)),
                public,
            ),
        )
        if unit in hidden:
            told = (WITHHELD,) * len(told)
        if unit not in hidden_tops:
            bars.append((unit, float(_share(top, len(of_unit)) or 0)))
        rows.append(
            (
                unit,
                max(one.score.unit_name for one in of_unit),
                *told,
                *counted([p for p in report.programmes if p.unit == unit]),
                report.meetings.get(unit, 0),
            )
        )
    bars.sort(key=lambda bar: bar[1])
    shown = bars[: charts.MOST_ROWS]
    chart = charts.Chart(
        "maximum",
        gettext("People at the maximum by office"),
        gettext("One bar for each office, the lowest share first."),
        [unit for unit, _ in shown],
        [pct for _, pct in shown],
        bar_percent(written),
    )
    counts = (
        ()
        if public
        else (Column("at_maximum", gettext("At the maximum"), "whole"), Column("short", gettext("Fall short"), "whole"))
    )
    columns = (
        Column("unit", gettext("Office")),
        Column("unit_name", gettext("Name"), beneath=True),
        Column("people", gettext("People"), "whole"),
        *counts,
        Column("at_maximum_pct", gettext("Share at the maximum"), "percent"),
        Column("silent_pct", gettext("Days without entry"), "percent"),
        Column("planned_pct", gettext("Planned activities"), "percent"),
        Column("programmes_done", gettext("Programmes done"), "whole"),
        Column("programmes_not_done", gettext("Programmes not done"), "whole"),
        Column("programmes_to_do", gettext("Programmes to do"), "whole"),
        Column("meetings", gettext("Evaluation meetings"), "whole"),
    )
    return Section(
        "units",
        gettext("Offices"),
        (
            gettext(
                "At the maximum is who has 100% in discipline and in performance. Days without entry are the share "
                "of days present of which nothing was entered; planned activities the share of minutes entered that "
                "name a plan."
            ),
        ),
        (Picture(chart, "rows"),) if any(pct for _, pct in shown) else (),
        (Table("units", gettext("Offices"), columns, tuple(rows), wide=True),),
    )


def _people(people: Sequence[Person], written: Formats) -> Section:
    gettext = written.words.gettext
    columns = (
        Column("name", gettext("Name")),
        Column("nip", gettext("NIP"), beneath=True),
        Column("unit", gettext("Office")),
        Column("discipline_pct", gettext("Discipline"), "percent"),
        Column("performance_pct", gettext("Performance"), "percent"),
        Column("days_present", gettext("Present"), "whole"),
        Column("payable_rp", gettext("Payable (Rp)"), "rupiah"),
    )
    short = sorted((one for one in people if not one.at_maximum), key=lambda one: one.sum_ppm)
    top = [one for one in people if one.at_maximum]
    everybody = Table(
        "people",
        gettext("All people"),
        (*columns, Column("at_maximum", gettext("At the maximum"))),
        tuple((*_cells(one), gettext("yes") if one.at_maximum else gettext("no")) for one in people),
        on_page=False,
    )
    lists = [
        Table(key, title, columns, tuple(map(_cells, listed)), wide=True)
        for key, title, listed in (
            ("maximum", gettext("At the maximum"), top),
            ("short", gettext("Fall short"), short),
        )
        if listed
    ]
    return Section("people", gettext("People"), tables=(*lists, everybody), titled=True)


def _cells(one: Person) -> tuple[Cell, ...]:
    score = one.score
    return (
        score.name,
        score.nip,
        score.unit,
        percent_text(score.discipline.score_ppm),
        percent_text(score.performance.score_ppm),
        score.days_present,
        score.allowance.payable_rp,
    )


def _silent(people: Iterable[Person], written: Formats) -> Section:
    gettext = written.words.gettext
    found = sorted((one for one in people if one.silent), key=lambda one: -one.silent)
    return Section(
        "silent",
        gettext("Days present without any activity"),
        () if found else (gettext("Everybody entered something on each day present."),),
        tables=(
            Table(
                "silent",
                gettext("Days without entry"),
                (
                    Column("name", gettext("Name")),
                    Column("nip", gettext("NIP"), beneath=True),
                    Column("unit", gettext("Office")),
                    Column("days_present", gettext("Present"), "whole"),
                    Column("silent_days", gettext("Days without entry"), "whole"),
                ),
                tuple(
                    (
                        one.score.name,
                        one.score.nip,
                        one.score.unit,
                        one.score.days_present,
                        one.silent,
                    )
                    for one in found
                ),
            ),
        )
        if found
        else (),
    )


def _innovations(found: Sequence[Innovation], written: Formats) -> Section:
    gettext = written.words.gettext
    return Section(
        "innovations",
        gettext("Innovative programmes"),
        tables=(
            Table(
                "innovations",
                gettext("Innovative programmes"),
                (
                    Column("code", gettext("Code"), unbroken=True),
                    Column("name", gettext("Name")),
                    Column("unit", gettext("Office")),
                    Column("started", gettext("Began"), "date"),
                    Column("ended", gettext("Ended"), "date"),
                ),
                tuple(
                    (
                        one.code,
                        one.name,
                        one.unit,
                        one.started,
                        one.ended,
                    )
                    for one in found
                ),
            ),
        ),
    )
