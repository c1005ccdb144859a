"""What a visitor computes who has every public page of every month, paper and a pencil."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import ceil, floor
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.measures.public import hidden_names
from ekinerja_agent.measures.workload import JobNeed
from ekinerja_agent.reports.document import WITHHELD, Document, Edition
from ekinerja_agent.reports.kinds import unit as unit_report
from ekinerja_agent.reports.kinds import workload as workload_report
from ekinerja_agent.reports.privacy import LEAST_PEOPLE, withheld_units
from ekinerja_agent.rulebook import load_rulebook
from tests.journey.conftest import RULES

MONTH = date(2026, 9, 1)
EDITION = Edition(MONTH, datetime(2026, 10, 1, tzinfo=UTC), public=True)
ENGLISH = Formats("en")
ABK = load_rulebook(RULES).profile("tpp-model").workload.on(MONTH).value
MOST = 10**6
Terms = Mapping[str, int | float]


@dataclass
class Adversary:
    """Unknown whole numbers, none of them negative, and sums of them that are known."""

    low: dict[str, int] = field(default_factory=dict)
    high: dict[str, int] = field(default_factory=dict)
    sums: list[tuple[Terms, float]] = field(default_factory=list)

    def knows(self, total: float, terms: Terms) -> None:
        """Learn that these unknowns, each so many times, make up the total."""
        for name in terms:
            self.low.setdefault(name, 0)
            self.high.setdefault(name, MOST)
        self.sums.append((terms, total))

    def solve(self) -> None:
        """Reduce the sums, then narrow what each unknown can be until nothing changes."""
        self.sums += self._reduced()
        for _ in range(50):
            if not sum(self._narrowed(terms, total) for terms, total in self.sums):
                break

    def _reduced(self) -> list[tuple[Terms, float]]:
        rows, done = list(self.sums), []
        for pivot in sorted(self.low):
            place = next((place for place, (terms, _) in enumerate(rows) if pivot in terms), None)
            if place is None:
                continue
            terms, total = rows.pop(place)
            chosen = {name: value / terms[pivot] for name, value in terms.items()}, total / terms[pivot]
            rows = [_without(pivot, row, chosen) for row in rows]
            done = [*(_without(pivot, row, chosen) for row in done), chosen]
        return done

    def _narrowed(self, terms: Terms, total: float) -> bool:
        changed = False
        for name, times in terms.items():
            ends = [
                sorted((value * self.low[other], value * self.high[other]))
                for other, value in terms.items()
                if other != name
            ]
            bounds = sorted((total - sum(end[place] for end in ends)) / times for place in (0, 1))
            low, high = max(self.low[name], ceil(bounds[0] - 1e-9)), min(self.high[name], floor(bounds[1] + 1e-9))
            changed |= (low, high) != (self.low[name], self.high[name])
            self.low[name], self.high[name] = low, high
        return changed


def _without(pivot: str, row: tuple[Terms, float], chosen: tuple[Terms, float]) -> tuple[Terms, float]:
    times = row[0].get(pivot, 0)
    names = row[0].keys() | chosen[0].keys()
    terms = {name: row[0].get(name, 0) - times * chosen[0].get(name, 0) for name in names} if times else dict(row[0])
    return {name: value for name, value in terms.items() if abs(value) > 1e-9}, row[1] - times * chosen[1]


Jobs = Mapping[str, Sequence[tuple[int, int]]]
"""By unit the need and the staff of its jobs."""


def published(county: Jobs, withheld: frozenset[str] = frozenset()) -> Document:
    jobs = [
        JobNeed(unit, f"job {place}", need * 1_000, need, staff, staff - need, None, None)
        for unit, members in county.items()
        for place, (need, staff) in enumerate(members)
    ]
    names = {unit: unit for unit in county}
    return workload_report.lay_out(
        workload_report.WorkloadReport(EDITION, ABK, jobs, names, None, withheld=withheld), ENGLISH
    )


def rows_of(document: Document, key: str) -> list[dict[str, Any]]:
    (table,) = (table for section in document.sections for table in section.tables if table.key == key)
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def reader(county: Jobs, document: Document) -> Adversary:
    """Somebody who has read the page, knows how its numbers hang together, and the county's staff from another page."""
    adversary = Adversary()
    everybody = [f"{unit}/job {place}" for unit, members in county.items() for place in range(len(members))]
    adversary.knows(
        sum(staff for jobs in county.values() for _, staff in jobs), {f"staff {job}": 1 for job in everybody}
    )
    for row in rows_of(document, "jobs"):
        job = f"{row['unit']}/{row['job']}"
        adversary.knows(row["need"], {f"staff {job}": 1, f"short {job}": 1, f"over {job}": -1})
        if row["staff"] is not WITHHELD:
            adversary.knows(row["staff"], {f"staff {job}": 1})
        if row["gap"] is not WITHHELD:
            adversary.knows(row["gap"], {f"over {job}": 1, f"short {job}": -1})
    for row in rows_of(document, "units"):
        own = [job for job in everybody if job.startswith(f"{row['unit']}/")]
        adversary.knows(0, {f"staff {row['unit']}": -1, **{f"staff {job}": 1 for job in own}})
        for key, name in (("staff", "staff"), ("shortage", "short"), ("surplus", "over")):
            if row[key] is not WITHHELD:
                adversary.knows(row[key], {f"{name} {job}": 1 for job in own})
    for figure, name in zip(document.figures[1:], ("staff", "short", "over"), strict=True):
        if figure.value is not WITHHELD:
            adversary.knows(int(str(figure.value)), {f"{name} {job}": 1 for job in everybody})
    adversary.solve()
    return adversary


COUNTIES = st.dictionaries(
    st.sampled_from("ABCD"),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), min_size=1, max_size=4),
    min_size=1,
    max_size=3,
)


@given(COUNTIES)
@example({"A": [(2, 2), (3, 3), (9, 9)]})
@example({"A": [(2, 2), (3, 3)], "B": [(9, 20)]})
@example({"A": [(4, 3)], "B": [(6, 7)], "C": [(9, 9)]})
def test_t30_no_staff_of_few_is_computed_from_all_numbers_of_the_page(county: Jobs) -> None:
    """Before, of an office with two jobs that need two and three people, and have them:

        unit A: need 5, staff 5, missing 0, too many 0; jobs: need 2, staff •; need 3, staff •

    Nobody is missing and nobody too many, so each job has the staff that it needs: two, and three.
    """
    adversary = reader(county, published(county))
    few = [
        f"staff {unit}/job {place}"
        for unit, members in county.items()
        for place, (_, staff) in enumerate(members)
        if 0 < staff < LEAST_PEOPLE
    ]
    few += [
        f"staff {unit}" for unit, members in county.items() if 0 < sum(staff for _, staff in members) < LEAST_PEOPLE
    ]
    if sum(staff for members in county.values() for _, staff in members) < LEAST_PEOPLE:
        return  # of so few the total, which the reader was given here, stands on no page
    for name in few:
        assert (adversary.low[name], adversary.high[name] >= LEAST_PEOPLE) == (0, True), name


def test_t30_the_reader_of_this_file_can_compute() -> None:
    adversary = Adversary()
    adversary.knows(7, {"a": 1, "b": 1, "c": 1})
    adversary.knows(5, {"a": 1, "b": 1})
    adversary.knows(1, {"a": 1, "b": -1})
    adversary.knows(0, {"d": 1, "e": 1})
    adversary.solve()
    assert adversary.low == adversary.high == {"a": 3, "b": 2, "c": 2, "d": 0, "e": 0}


PEOPLE = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 12), min_size=1)


@given(PEOPLE, st.randoms())
def test_t30_the_same_units_are_withheld_whatever_the_order_of_a_page(people: dict[str, int], random: Random) -> None:
    """Before: of B and C with seven people each beside A with three, one report withheld B and another C, as their
    rows stood; what both told together was A.
    """
    shuffled = list(people.items())
    random.shuffle(shuffled)
    assert withheld_units(dict(shuffled)) == withheld_units(people)


@given(PEOPLE, PEOPLE)
def test_t30_what_the_scores_withhold_the_staff_does_not_tell(people: dict[str, int], staff: dict[str, int]) -> None:
    """Before: staff and published people were judged apart, and told of each other's units."""
    by_scores = withheld_units(people)
    county = {unit: [(3, count)] for unit, count in staff.items()}
    document = published(county, by_scores)
    told = {row["unit"] for row in rows_of(document, "units") if row["staff"] is not WITHHELD}
    assert not told & by_scores & staff.keys()
    if by_scores & staff.keys():
        hidden = hidden_names(staff, LEAST_PEOPLE, by_scores)
        rest = sum(staff[unit] for unit in hidden)
        assert rest >= LEAST_PEOPLE or hidden >= {unit for unit, count in staff.items() if count}


MONTHS = (date(2026, 8, 1), MONTH)


@given(st.dictionaries(st.sampled_from("ABCDE"), st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2))
def test_t30_a_month_that_withholds_a_unit_is_not_told_by_the_page_of_another(
    people: dict[str, tuple[int, int]],
) -> None:
    """The change since the month before, and the columns of the trend, are of months with pages of their own."""
    rows = [
        unit_report.UnitMonth(f"{month:%Y-%m}", unit, unit, counts[place], "90", "80", f"{70 + place}", 0)
        for unit, counts in people.items()
        for place, month in enumerate(MONTHS)
    ]
    hidden = [withheld_units({unit: counts[place] for unit, counts in people.items()}) for place in (0, 1)]
    document = unit_report.lay_out(unit_report.UnitReport(EDITION, MONTHS, rows, {}, ()), ENGLISH)
    for row in rows_of(document, "units"):
        unit = row["unit_code"]
        assert (row["employees"] is WITHHELD) == (unit in hidden[1])
        assert (row["performance_change_points"] is WITHHELD) == (unit in hidden[0] | hidden[1])
    for key in ("performance", "discipline"):
        for row in rows_of(document, key):
            for place, month in enumerate(MONTHS):
                assert (row[f"{month:%Y-%m}"] is WITHHELD) == (row["unit_code"] in hidden[place])
