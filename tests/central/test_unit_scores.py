"""`unit_scores_v1` says what a person would count with the published scores in hand, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.scored.leaders import unit_scores
from ekinerja_agent.host import os_user
from ekinerja_agent.scoring.frames.exact import percent_text
from ekinerja_agent.scoring.frames.schemas import DAYS, FINDINGS, PENDING, PEOPLE, SHARED, MonthResult, empty

NOW = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
FULL = 1_000_000
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


def person(nip: str, unit: str, performance_ppm: int, **numbers: int) -> dict[str, Any]:
    zero: dict[str, Any] = {name: 0 if kind == pl.Int64 else None for name, kind in PEOPLE.items()}
    said = {"nip": nip, "name": nip, "unit": unit, "unit_name": f"Unit {unit}", "profile": "hsu"}
    kind = {"employment_status": "pns", "status": "draft"}
    return zero | said | kind | {"performance_score_ppm": performance_ppm, "discipline_score_ppm": FULL} | numbers


@pytest.fixture
def account(central: Engine) -> Account:
    return actor(central, os_user.acting(), NOW).account


def publish(engine: Engine, account: Account, month: date, unit: str, people: Sequence[dict[str, Any]]) -> None:
    result = MonthResult(
        people=pl.DataFrame(people, schema=PEOPLE),
        days=empty(DAYS),
        findings=empty(FINDINGS),
        pending=empty(PENDING),
        shared=empty(SHARED),
    )
    results.publish(
        engine,
        month,
        unit,
        result,
        account=account,
        accepted_pending=None,
        through=None,
        rules_digest="sha256:r",
        now=NOW,
    )


def rows(engine: Engine) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["unit_code"], row["period"]): row for row in unit_scores(engine, MONTHS[0], MONTHS[-1])}


def test_a_unit_is_shown_as_its_people_were_published(central: Engine, account: Account) -> None:
    people = [
        person("1", "A", 900_000, days_present=20, unexcused_days=1, discipline_score_ppm=897_500),
        person("2", "A", 800_001, days_present=9, days_excused=11, unexcused_days=0),
    ]
    publish(central, account, MONTHS[0], "A", people)
    assert unit_scores(central, MONTHS[0], MONTHS[0]) == [
        {
            "period": "2025-11",
            "unit_code": "A",
            "unit_name": "Unit A",
            "employees": 2,
            "attendance_pct": "96.6667",  # 29 of 30
            "discipline_pct": "94.875",
            "performance_pct": "85.0001",  # 85.00005, half up
            "trend_months_without_growth": 0,
        }
    ]
    assert unit_scores(central, MONTHS[1], MONTHS[-1]) == []


def test_who_was_never_expected_has_no_attendance(central: Engine, account: Account) -> None:
    publish(central, account, MONTHS[0], "A", [person("1", "A", FULL, days_excused=20)])
    assert rows(central)["A", "2025-11"]["attendance_pct"] is None


def test_drafts_are_nobodys_business(central: Engine) -> None:
    draft = MonthResult(
        people=pl.DataFrame([person("1", "A", FULL)], schema=PEOPLE),
        days=empty(DAYS),
        findings=empty(FINDINGS),
        pending=empty(PENDING),
        shared=empty(SHARED),
    )
    results.save_draft(central, MONTHS[0], draft, office="A", rules_digest="sha256:r", now=NOW)
    assert rows(central) == {}


def test_months_without_growth_count_the_people_of_both_months(central: Engine, account: Account) -> None:
    told = {
        # period: by NIP, the performance in unit A
        MONTHS[0]: {"1": 900_000, "2": 900_000},
        MONTHS[1]: {"1": 900_000, "2": 900_000, "3": FULL},  # the mean rises, but nobody of both months does better
        MONTHS[2]: {"1": 890_000, "3": FULL},  # who left is not compared: worse
        MONTHS[3]: {"1": 890_001, "3": FULL},  # one ppm more is growth
        MONTHS[4]: {"3": FULL},  # at the maximum, and stays there
    }
    for month, scores in told.items():
        publish(central, account, month, "A", [person(nip, "A", ppm) for nip, ppm in scores.items()])
    found = [rows(central)["A", f"{month:%Y-%m}"]["trend_months_without_growth"] for month in MONTHS]
    assert found == [0, 1, 2, 0, 0]


def test_a_month_that_is_not_published_begins_a_new_count(central: Engine, account: Account) -> None:
    for month in (MONTHS[0], MONTHS[1], MONTHS[3], MONTHS[4]):
        publish(central, account, month, "A", [person("1", "A", 500_000)])
    found = {period: row["trend_months_without_growth"] for (_, period), row in rows(central).items()}
    assert found == {"2025-11": 0, "2025-12": 1, "2026-02": 0, "2026-03": 1}


def test_the_latest_revision_of_a_person_counts(central: Engine, account: Account) -> None:
    publish(central, account, MONTHS[0], "A", [person("1", "A", 500_000)])

    another = accounts.add(central, "sari", roles=["operator"], by=account, now=NOW)
    periods.reopen(central, MONTHS[0], office="A", reason="r", account=another, now=NOW)
    publish(central, account, MONTHS[0], "A", [person("1", "A", 700_000)])
    assert rows(central)["A", "2025-11"]["performance_pct"] == "70"
    assert rows(central)["A", "2025-11"]["employees"] == 1


@pytest.mark.parametrize("seed", range(4))
def test_random_months_come_out_as_counted_by_hand(central: Engine, account: Account, seed: int) -> None:
    draw = random.Random(seed)
    published: dict[tuple[str, date], dict[str, dict[str, Any]]] = {}
    for month in MONTHS:
        homes = {str(number): draw.choice("ABC") for number in range(9)}
        for unit in "ABC":
            people = [
                person(
                    nip,
                    unit,
                    draw.choice([FULL, FULL, 990_000, 333_333, 500_000]),
                    days_present=draw.randrange(21),
                    unexcused_days=draw.randrange(2),
                    discipline_score_ppm=draw.randrange(FULL + 1),
                )
                for nip, home in homes.items()
                if home == unit
            ]
            if people and draw.random() < 0.85:
                publish(central, account, month, unit, people)
                published[unit, month] = {row["nip"]: row for row in people}
    found = rows(central)
    assert found.keys() == {(unit, f"{month:%Y-%m}") for unit, month in published}
    for (unit, month), people in published.items():
        row = found[unit, f"{month:%Y-%m}"]
        assert row["employees"] == len(people)
        for column, score in (("discipline_pct", "discipline_score_ppm"), ("performance_pct", "performance_score_ppm")):
            assert row[column] == half_up(Fraction(sum(one[score] for one in people.values()), len(people)))
        there = sum(one["days_present"] for one in people.values())
        expected = there + sum(one["unexcused_days"] for one in people.values())
        assert row["attendance_pct"] == (half_up(Fraction(FULL * there, expected)) if expected else None)
        assert row["trend_months_without_growth"] == standing(published, unit, month)


def half_up(ppm: Fraction) -> str:
    return percent_text((ppm + Fraction(1, 2)).__floor__())


def standing(published: dict[tuple[str, date], dict[str, dict[str, Any]]], unit: str, month: date) -> int:
    place = MONTHS.index(month)
    before = published.get((unit, MONTHS[place - 1]), {}) if place else {}
    both = before.keys() & published[unit, month].keys()
    if not both:
        return 0
    was, now = (
        sum(people[nip]["performance_score_ppm"] for nip in both) for people in (before, published[unit, month])
    )
    if now > was or now == FULL * len(both):
        return 0
    return 1 + standing(published, unit, MONTHS[place - 1])
