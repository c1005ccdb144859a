"""How many people the tasks of an office need (ABK), and how busy those look who are there.

Need comes from tasks, never from logged minutes, which are an indicator. Source of the readings: regulations sections
7 and 9. Does not know names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.rules import WHOLE_PPM, Workload

E4 = 10_000
"""Loads are whole 1/10,000 minutes: hundredths of a volume times hundredths of a minute."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a job: `volume_e2` hundredths per day, week, month or year (`per`), each taking `standard_e2`
    hundredths of a minute.
    """

    unit: str
    job: str
    task: str
    volume_e2: int
    per: str
    standard_e2: int


@dataclass(frozen=True, slots=True)
class JobNeed:
    """A job of a unit. `load_e4` is 1/10,000 minutes a year, `need` people, rounded half up once for all its tasks.

    None where nothing was told: `load_e4` and `need` without tasks, `staff` without a count. `gap` is staff minus need.
    `class_code` is that of the effectiveness load / (minutes of a year x staff); None without staff or load.
    """

    unit: str
    job: str
    load_e4: int | None
    need: int | None
    staff: int | None
    gap: int | None
    effectiveness_ppm: int | None
    class_code: str | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Some jobs together. Shortages and surpluses stand apart and are never netted."""

    need: int
    staff: int
    shortage: int
    surplus: int


@dataclass(frozen=True, slots=True)
class Logged:
    """Approved minutes of one person on the days of a month on which they were present; a day without entry has 0."""

    job: str
    minutes: tuple[int, ...]


def load_e4(tasks: Iterable[Task], rule: Workload) -> int:
    """Given tasks, return their minutes of a year in 1/10,000 minutes, exact."""
    return sum(task.volume_e2 * task.standard_e2 * rule.times[task.per] for task in tasks)


def needs(tasks: Iterable[Task], staff: Mapping[tuple[str, str], int], rule: Workload) -> tuple[JobNeed, ...]:
    """Given tasks and how many people each unit and job has, return every unit and job of both, in order."""
    by_job: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        by_job[task.unit, task.job].append(task)
    return tuple(_need(key, by_job.get(key), staff.get(key), rule) for key in sorted(by_job.keys() | staff.keys()))


def _need(key: tuple[str, str], tasks: Sequence[Task] | None, staff: int | None, rule: Workload) -> JobNeed:
    load = need = gap = effectiveness_ppm = class_code = None
    if tasks is not None:
        load = load_e4(tasks, rule)
        need = half_up(load, rule.year_minutes * E4)
        gap = None if staff is None else staff - need
        if staff:
            effectiveness = Fraction(load, rule.year_minutes * staff * E4)
            effectiveness_ppm = half_up(effectiveness.numerator * WHOLE_PPM, effectiveness.denominator)
            class_code = next(one.code for one in rule.classes if effectiveness * WHOLE_PPM >= one.from_ppm)
    return JobNeed(*key, load, need, staff, gap, effectiveness_ppm, class_code)


def balance(jobs: Iterable[JobNeed]) -> Balance:
    """Given jobs, return their sums; a job of which need or staff is not told counts in what is told."""
    listed = list(jobs)
    gaps = [job.gap for job in listed if job.gap is not None]
    return Balance(
        need=sum(job.need or 0 for job in listed),
        staff=sum(job.staff or 0 for job in listed),
        shortage=sum(-gap for gap in gaps if gap < 0),
        surplus=sum(gap for gap in gaps if gap > 0),
    )


def logged_medians(people: Iterable[Logged], rule: Workload) -> dict[str, int]:
    """Given people's logged minutes, return by job the median of their minutes per present day, rounded half up.

    A day counts at most the rule's minutes. Who was never present says nothing.
    """
    means: dict[str, list[Fraction]] = defaultdict(list)
    for person in people:
        if person.minutes:
            counted = sum(min(minutes, rule.logged_day_minutes) for minutes in person.minutes)
            means[person.job].append(Fraction(counted, len(person.minutes)))
    found = {}
    for job, values in sorted(means.items()):
        middle = median(values)
        found[job] = half_up(middle.numerator, middle.denominator)
    return found
