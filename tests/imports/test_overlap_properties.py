"""What must hold for any file: no minute of a person counts twice, and no day has two owners."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.usecases.importing.reading.judging import Draft

Judge = Callable[..., Draft]

NIPS = ("199001012015011001", "198609262015051001")
PEOPLE = {"employees": [{"nip": nip} for nip in NIPS]}
REUSED_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

Work = tuple[str, int, int, str, str]
WORK = st.tuples(
    st.sampled_from(NIPS),
    st.integers(0, 22),
    st.integers(1, 4),
    st.sampled_from(["2026-09-07", "2026-09-08"]),
    st.sampled_from(["pending", "approved", "rejected", "draft"]),
)


def half_hour(number: int) -> str:
    return f"{number // 2:02}:{number % 2 * 30:02}"


def activity_file(works: list[Work], prefix: str = "a") -> str:
    rows = [
        f"{prefix}{n},{nip},{day},{half_hour(start)},{half_hour(start + length)},x,{status}"
        for n, (nip, start, length, day, status) in enumerate(works)
    ]
    return "\n".join(["id,nip,date,start,end,description,status", *rows])


def share_a_minute(one: dict[str, Any], other: dict[str, Any]) -> bool:
    same = (one["nip"], one["date"]) == (other["nip"], other["date"])
    return bool(same and one["start"] < other["end"] and other["start"] < one["end"])


@REUSED_FIXTURE
@given(st.lists(WORK, min_size=1, max_size=12), st.lists(WORK, min_size=1, max_size=6))
def test_no_minute_counts_twice_and_what_is_stored_stays(judge: Judge, first: list[Work], second: list[Work]) -> None:
    before = judge("activities", activity_file(first), PEOPLE)
    after = judge("activities", activity_file(second, "b"), {**PEOPLE, "activities": before.rows})
    assert before.problems == after.problems == []
    counting = [row for row in before.rows + after.rows if row["status"] != "rejected"]
    assert not any(share_a_minute(one, other) for one, other in combinations(counting, 2))
    for draft in (before, after):
        for row in draft.rows:
            if row["reason"] is not None:
                assert any(share_a_minute(row, other) for other in counting)


@REUSED_FIXTURE
@given(st.lists(WORK, min_size=1, max_size=12))
def test_judging_the_same_activities_again_changes_no_row(judge: Judge, works: list[Work]) -> None:
    first = judge("activities", activity_file(works), PEOPLE)
    again = judge("activities", activity_file(works), {**PEOPLE, "activities": first.rows})
    assert again.rows == first.rows


DAYS = st.one_of(st.none(), st.integers(0, 9).map(lambda n: date(2026, 1, 1) + timedelta(days=n)))
SPAN = st.tuples(DAYS, DAYS).filter(lambda span: None in span or span[0] <= span[1])


@REUSED_FIXTURE
@given(st.lists(SPAN, min_size=1, max_size=6))
def test_enrolments_are_refused_exactly_if_two_share_a_day(
    judge: Judge, spans: list[tuple[date | None, date | None]]
) -> None:
    rows = [f"lobby,7,{NIPS[0]},{first or ''},{last or ''}" for first, last in spans]
    draft = judge("enrolments", "\n".join(["terminal,pin,nip,valid_from,valid_to", *rows]), PEOPLE)
    shared = any(
        (one[0] or date.min) <= (other[1] or date.max) and (other[0] or date.min) <= (one[1] or date.max)
        for one, other in combinations(spans, 2)
    )
    assert bool(draft.problems) == shared
