"""The workload report (ABK): how many people each job of a unit needs and has, where some are missing or too many.

Loads are those of `unit_workload_v1`, weighed by the rules (measures/workload.py). Shortages and surpluses are never
netted. Logged minutes are an indicator beside the need, not the need. Source: regulations sections 7 and 9.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.measures.workload import E4, Balance, JobNeed, Task, balance, needs
from ekinerja_agent.reports import charts
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
from ekinerja_agent.reports.privacy import total_withheld, withheld, withheld_units
from ekinerja_agent.rules import Workload
from ekinerja_agent.scoring.frames.exact import percent_text


@dataclass(frozen=True, slots=True)
class WorkloadReport:
    """`jobs` by unit and job; `names` of units by code; `logged` by unit and job: median minutes per present day.

    Without `logged` (None), and in public, there is no column for it. `withheld` are units of which the public edition
    of the newest month tells nothing.
    """

    edition: Edition
    rule: Workload
    jobs: Sequence[JobNeed]
    names: Mapping[str, str]
    logged: Mapping[tuple[str, str], int] | None
    withheld: frozenset[str] = frozenset()


def jobs_of(rows: Iterable[Mapping[str, Any]], rule: Workload) -> tuple[JobNeed, ...]:
    """Given rows of `unit_workload_v1` and the rule, return the jobs of all units."""
    tasks, staff = [], {}
    for row in rows:
        job = (row["unit_code"], row["job"])
        if row["staff"] is not None:
            staff[job] = row["staff"]
        if row["tasks"]:
            minutes_e4 = {per: int(Decimal(row[f"{per}_minutes"]) * E4) for per in rule.times}
            tasks += [Task(*job, per, e4, per, 1) for per, e4 in minutes_e4.items()]
    return needs(tasks, staff, rule)


def lay_out(report: WorkloadReport, written: Formats) -> Document:
    """Given the report and a language, return its document."""
    gettext = written.words.gettext
    total = balance(report.jobs)
    return Document(
        title=gettext("Workload and staff"),
        period=written.month(report.edition.month),
        facts=((gettext("Report made"), written.instant(report.edition.made_at)),),
        sections=(_units(report, written), _jobs(report, written)),
        main="units" if report.edition.public else "jobs",
        notices=() if report.jobs else (Notice(gettext("No tasks and no staff are told."), ""),),
        figures=_figures(report, total, written) if report.jobs else (),
        internal=not report.edition.public,
    )


def _figures(report: WorkloadReport, total: Balance, written: Formats) -> tuple[Figure, ...]:
    gettext = written.words.gettext
    few = report.edition.public and total_withheld(total.staff)
    unsure = few or bool(_hidden_jobs(report))
    return (
        Figure(gettext("Need"), total.need),
        Figure(gettext("Staff"), WITHHELD if few else total.staff),
        Figure(gettext("Missing"), WITHHELD if unsure else total.shortage),
        Figure(gettext("Too many"), WITHHELD if unsure else total.surplus),
    )


def _by_unit(report: WorkloadReport) -> dict[str, list[JobNeed]]:
    members: dict[str, list[JobNeed]] = defaultdict(list)
    for job in report.jobs:
        members[job.unit].append(job)
    return dict(sorted(members.items()))


def _hidden_units(report: WorkloadReport) -> frozenset[str]:
    if not report.edition.public:
        return frozenset()
    return withheld_units({unit: balance(jobs).staff for unit, jobs in _by_unit(report).items()}, report.withheld)


def _hidden_jobs(report: WorkloadReport) -> frozenset[tuple[str, str]]:
    """Unit and job of what a public edition does not tell of: of an office that is not told all its jobs."""
    if not report.edition.public:
        return frozenset()
    hidden_units = _hidden_units(report)
    return frozenset(
        (unit, jobs[place].job)
        for unit, jobs in _by_unit(report).items()
        for place in (range(len(jobs)) if unit in hidden_units else withheld([job.staff or 0 for job in jobs]))
    )


def _units(report: WorkloadReport, written: Formats) -> Section:
    gettext = written.words.gettext
    found = {unit: balance(jobs) for unit, jobs in _by_unit(report).items()}
    hidden = _hidden_units(report)
    unsure = {unit for unit, _ in _hidden_jobs(report)}
    rows: list[tuple[Cell, ...]] = []
    missing: list[tuple[str, int]] = []
    for unit, one in found.items():
        numbers: tuple[Cell, ...] = (one.staff, one.shortage, one.surplus)
        if unit in hidden:
            numbers = (WITHHELD,) * len(numbers)
        elif unit in unsure:  # with the needs of jobs, which are told, it would count the staff of those that are not
            numbers = (one.staff, WITHHELD, WITHHELD)
        elif one.shortage:
            missing.append((unit, one.shortage))
        rows.append((unit, report.names.get(unit), one.need, *numbers))
    missing.sort(key=lambda bar: -bar[1])
    chart = charts.Chart(
        "missing",
        gettext("People missing by office"),
        gettext("One bar for each office with jobs that lack people, the most first."),
        [unit for unit, _ in missing[: charts.MOST_ROWS]],
        [people for _, people in missing[: charts.MOST_ROWS]],
        lambda people: written.whole(int(people)),
    )
    return Section(
        "units",
        gettext("Offices"),
        (
            gettext(
                "Need is the minutes of a job's tasks in a year, divided by those that one person works, rounded for "
                "each job. Who is too many in one job does not make up for who is missing in another."
            ),
        ),
        (Picture(chart, "rows"),) if missing else (),
        (
            Table(
                "units",
                gettext("Offices"),
                (
                    Column("unit", gettext("Office")),
                    Column("unit_name", gettext("Name"), beneath=True),
                    Column("need", gettext("Need"), "whole"),
                    Column("staff", gettext("Staff"), "whole"),
                    Column("shortage", gettext("Missing"), "whole"),
                    Column("surplus", gettext("Too many"), "whole"),
                ),
                tuple(rows),
            ),
        ),
    )


def _jobs(report: WorkloadReport, written: Formats) -> Section:
    """Every job; in public those of an office are hidden together with what would give them away."""
    gettext = written.words.gettext
    hidden = _hidden_jobs(report)
    logged_minutes = None if report.edition.public else report.logged
    rows: list[tuple[Cell, ...]] = []
    for unit, jobs in _by_unit(report).items():
        for job in jobs:
            told: tuple[Cell, ...] = (
                job.staff,
                job.gap,
                None if job.effectiveness_ppm is None else percent_text(job.effectiveness_ppm),
                job.class_code,
            )
            if (unit, job.job) in hidden:
                told = (WITHHELD,) * len(told)
            logged = () if logged_minutes is None else (logged_minutes.get((unit, job.job)),)
            rows.append((unit, job.job, _minutes(job), job.need, *told, *logged))
    logged_column = (
        ()
        if logged_minutes is None
        else (Column("logged_minutes", gettext("Logged minutes per present day (median)"), "whole"),)
    )
    return Section(
        "jobs",
        gettext("Jobs"),
        (
            gettext(
                "Effectiveness is load divided by the minutes that the staff works in a year. Logged minutes are "
                "approved activities of people whose position is the job: an indicator, never the need."
            ),
        ),
        tables=(
            Table(
                "jobs",
                gettext("Jobs"),
                (
                    Column("unit", gettext("Office")),
                    Column("job", gettext("Job")),
                    Column("load_minutes", gettext("Load (minutes a year)"), "whole"),
                    Column("need", gettext("Need"), "whole"),
                    Column("staff", gettext("Staff"), "whole"),
                    Column("gap", gettext("Staff minus need"), "whole"),
                    Column("effectiveness_pct", gettext("Effectiveness"), "percent"),
                    Column("class", gettext("Class")),
                    *logged_column,
                ),
                tuple(rows),
                wide=True,
            ),
        ),
    )


def _minutes(job: JobNeed) -> int | None:
    """Whole minutes of the load, half up: what is shown; the need is made of the exact load."""
    return None if job.load_e4 is None else (2 * job.load_e4 + E4) // (2 * E4)
