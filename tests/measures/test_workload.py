"""Need of staff by tasks, and what logged minutes indicate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.measures.workload import E4, Balance, Logged, Task, balance, load_e4, logged_medians, needs
from ekinerja_agent.rules import LoadClass, Workload

CLASSES = (("A", 1_000_000), ("B", 900_000), ("C", 700_000), ("D", 500_000), ("E", 0))
RULE = Workload(
    75_000,
    {"day": 250, "week": 50, "month": 12, "year": 1},
    tuple(LoadClass(code, from_ppm) for code, from_ppm in CLASSES),
    450,
)


def task(volume_e2: int, standard_e2: int = 100, per: str = "year", job: str = "Analis", name: str = "t") -> Task:
    return Task("DINKES", job, name, volume_e2, per, standard_e2)


@pytest.mark.parametrize(("per", "minutes"), [("year", 30), ("month", 360), ("week", 1_500), ("day", 7_500)])
def test_a_volume_counts_as_often_as_its_period_comes(per: str, minutes: int) -> None:
    assert load_e4([task(250, 1_200, per)], RULE) == minutes * E4


@pytest.mark.parametrize(
    ("minutes", "need"), [(0, 0), (37_499, 0), (37_500, 1), (75_000, 1), (112_499, 1), (112_500, 2), (187_500, 3)]
)
def test_need_is_rounded_half_up(minutes: int, need: int) -> None:
    (job,) = needs([task(minutes * 100)], {}, RULE)
    assert (job.need, job.staff, job.gap, job.class_code) == (need, None, None, None)


def test_need_is_rounded_once_for_all_tasks_of_a_job() -> None:
    halves = [task(37_499_00, name="a"), task(37_499_00, name="b")]
    (job,) = needs(halves, {}, RULE)
    assert job.need == 1  # each alone would need nobody
    thirds = [task(40_000_00, name=name) for name in "abc"]
    assert needs(thirds, {}, RULE)[0].need == 2  # each alone would need one


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        (150_001, "A"),
        (150_000, "A"),
        (149_999, "B"),
        (135_000, "B"),
        (134_999, "C"),
        (105_000, "C"),
        (104_999, "D"),
        (75_000, "D"),
        (74_999, "E"),
        (0, "E"),
    ],
)
def test_the_limits_of_effectiveness_for_two_people(minutes: int, code: str) -> None:
    (job,) = needs([task(minutes * 100)], {("DINKES", "Analis"): 2}, RULE)
    assert job.class_code == code


def test_shortages_and_surpluses_are_never_netted() -> None:
    jobs = needs(
        [task(225_000_00), task(75_000_00, job="Sopir"), task(75_000_00, job="Arsiparis")],
        {("DINKES", "Analis"): 1, ("DINKES", "Sopir"): 4, ("DINKES", "Pengemudi"): 2, ("DINKES", "Arsiparis"): 0},
        RULE,
    )
    assert [(job.job, job.need, job.gap) for job in jobs] == [
        ("Analis", 3, -2),
        ("Arsiparis", 1, -1),
        ("Pengemudi", None, None),  # no task was told: that is no surplus
        ("Sopir", 1, 3),
    ]
    assert jobs[1].class_code is None
    assert balance(jobs) == Balance(need=5, staff=7, shortage=3, surplus=3)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**5)), min_size=1, max_size=6))
def test_another_task_never_lowers_the_need(told: list[tuple[int, int]]) -> None:
    tasks = [task(volume, standard, name=str(n)) for n, (volume, standard) in enumerate(told)]
    fewer = needs(tasks[:-1], {}, RULE)[0].need or 0 if tasks[:-1] else 0
    assert fewer <= (needs(tasks, {}, RULE)[0].need or 0)


def test_logged_minutes_are_the_median_per_present_day_of_a_job() -> None:
    people = [
        Logged("Analis", (450, 0)),  # 225 a day
        Logged("Analis", (900,)),  # counts 450
        Logged("Analis", ()),  # never present: says nothing
        Logged("Analis", (300, 301)),  # 300.5
        Logged("Sopir", (100,)),
        Logged("Sopir", (101,)),
    ]
    assert logged_medians(people, RULE) == {"Analis": 301, "Sopir": 101}
    assert logged_medians(people, replace(RULE, logged_day_minutes=10)) == {"Analis": 10, "Sopir": 10}
    assert logged_medians([], RULE) == {}
