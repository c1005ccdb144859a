"""Whether a stretch of a day lies in somebody's duty, and that what nobody knows is no reason to reject."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.county.duties import DutyHours
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from tests.imports.conftest import Rows

ANI = "199001012015011001"
MONDAY, TUESDAY, SATURDAY = date(2026, 9, 7), date(2026, 9, 8), date(2026, 9, 12)
RULES = Path(__file__).parents[2] / "config" / "rules"
PROFILE = "banjarmasin"
"""It takes activities inside the duty hours alone."""
UNIT = {"code": "RSUD", "timezone": "Asia/Makassar", "valid_from": None, "valid_to": None}


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rulebook(RULES)


def facts(schedule: str | None, **rosters: str) -> dict[str, list[dict[str, Any]]]:
    """A nurse and, of some days of September (d7="pagi"), the roster."""
    spell = {"nip": ANI, "unit": "RSUD", "schedule": schedule, "valid_from": None, "valid_to": None}
    told = [
        {"nip": ANI, "date": date(2026, 9, int(day.removeprefix("d"))), "shifts": shifts}
        for day, shifts in rosters.items()
    ]
    return {"employees": [spell], "units": [UNIT | {"schedule": None, "profile": None}], "rosters": told}


def hold(book: RuleBook, known: dict[str, list[dict[str, Any]]], day: date, start: str, end: str) -> bool | None:
    rows = Rows(known).rows
    hours = DutyHours(rows, Posts(rows, PROFILE), book)
    return hours.hold(ANI, day, time.fromisoformat(start), time.fromisoformat(end)).inside


@pytest.mark.parametrize(
    ("day", "start", "end", "held"),
    [
        (MONDAY, "08:00", "09:00", True),
        (MONDAY, "06:00", "09:00", False),
        (MONDAY, "20:00", "21:00", False),
        (SATURDAY, "08:00", "09:00", False),
    ],
)
def test_a_working_week_is_known(book: RuleBook, day: date, start: str, end: str, held: bool) -> None:
    assert hold(book, facts(None), day, start, end) is held


@pytest.mark.parametrize(
    ("rosters", "start", "end", "held"),
    [
        ({"d7": "OFF", "d8": "pagi"}, "08:00", "14:00", True),
        ({"d7": "OFF", "d8": "pagi"}, "08:00", "14:01", False),
        ({"d7": "OFF", "d8": "OFF"}, "08:00", "09:00", False),
        ({"d7": "malam", "d8": "OFF"}, "06:00", "07:30", True),  # the night that began on Monday evening
        ({"d7": "malam", "d8": "OFF"}, "07:30", "08:30", False),
        ({"d7": "OFF", "d8": "pagi siang"}, "15:00", "16:00", True),
    ],
)
def test_a_shift_is_as_the_roster_says(
    book: RuleBook, rosters: dict[str, str], start: str, end: str, held: bool
) -> None:
    assert hold(book, facts("three-shifts", **rosters), TUESDAY, start, end) is held


@pytest.mark.parametrize(
    ("rosters", "start", "end"),
    [
        ({}, "10:00", "11:00"),
        ({"d7": "pagi"}, "03:00", "04:00"),  # of the day itself nothing is known
        ({"d7": "OFF", "d8": "sore"}, "16:00", "17:00"),  # no shift has this name
        ({"d8": "OFF"}, "06:00", "07:00"),  # the night before may have lasted so long
        ({"d7": "sore", "d8": "OFF"}, "06:00", "07:00"),
    ],
)
def test_where_the_roster_says_nothing_nobody_knows(
    book: RuleBook, rosters: dict[str, str], start: str, end: str
) -> None:
    assert hold(book, facts("three-shifts", **rosters), TUESDAY, start, end) is None


def test_the_night_before_reaches_no_further_than_a_night(book: RuleBook) -> None:
    assert hold(book, facts("three-shifts", d8="OFF"), TUESDAY, "10:00", "11:00") is False
