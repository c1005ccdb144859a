"""The figures are what a person would count with the scores in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.reports.figures import count, mean_text
from tests.reports.conftest import make_score

Maker = Callable[..., Any]


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=50))
def test_a_mean_is_exact_until_it_is_rounded_half_up_once(found: list[int]) -> None:
    text = mean_text(found)
    assert text is not None
    exact = Fraction(sum(found), len(found)) / 10_000
    assert abs(Fraction(text) - exact) <= Fraction(1, 200)
    assert Decimal(text) == Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert not ("." in text and text.endswith(("0", ".")))


def test_a_mean_half_way_goes_up_and_nobody_has_no_mean() -> None:
    assert mean_text([987_500, 987_600]) == "98.76"
    assert mean_text([999_900, 1_000_000, 1_000_000]) == "100"
    assert mean_text([1_000_000]) == "100"
    assert mean_text([0]) == "0"
    assert mean_text([]) is None


@given(st.lists(st.integers(0, 1_000_000), max_size=60))
def test_every_person_is_in_exactly_one_band(found: list[int]) -> None:
    nobody = make_score(1)
    scores = [replace(nobody, discipline=replace(nobody.discipline, score_ppm=ppm)) for ppm in found]
    bands = count(scores).bands
    assert sum(band.people for band in bands) == len(found)
    assert bands[0].people == found.count(1_000_000)
    assert bands[-1].people == sum(ppm < 800_000 for ppm in found)


def test_lateness_counts_only_on_days_that_are_judged(a_score: Maker) -> None:
    score = a_score(1, late=[10, 20, 30])  # Tuesday, Wednesday, Thursday
    first, excused, pending, *others = score.days
    days = (first, replace(excused, state=DayState.EXCUSED), replace(pending, state=DayState.PENDING), *others)
    score = replace(score, days=days)
    late = {weekday.number: (weekday.late_arrivals, weekday.late_minutes) for weekday in count([score]).weekdays}
    assert late == {0: (0, 0), 1: (1, 10), 2: (0, 0), 3: (0, 0), 4: (0, 0)}


def test_offices_add_up_to_the_whole(a_month: Maker) -> None:
    found = count(a_month(40))
    for name in ("people", "base_rp", "discipline_rp", "performance_rp", "payable_rp", "pending_days"):
        assert sum(getattr(office.totals, name) for office in found.offices) == getattr(found.totals, name)
    assert [office.unit for office in found.offices] == ["BKPSDM", "DINKES", "DISDIK"]


def test_two_sources_of_one_code_are_both_named(a_score: Maker) -> None:
    one, other = a_score(1, late=[10]), a_score(2, late=[10])
    (finding,) = other.findings
    of_perbup = replace(other.discipline, findings=(replace(finding, source="Perbup 7/2024 Pasal 12"),))
    (total,) = count([one, replace(other, discipline=of_perbup)]).codes
    assert total.sources == ("Keputusan Mendagri 900-4700/2020, Lampiran", "Perbup 7/2024 Pasal 12")
    assert (total.findings, total.people, total.minutes, total.points_pct) == (2, 2, 20, "1")


def test_nobody_is_nothing_everywhere() -> None:
    found = count([])
    assert found.totals.people == found.totals.payable_rp == 0
    assert found.totals.mean_discipline_pct is None
    assert (found.offices, found.codes, found.pending, found.weekdays) == ((), (), (), ())
