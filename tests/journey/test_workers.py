"""Offices scored elsewhere: by processes, and by any executor of concurrent.futures."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.month import score
from tests.journey.conftest import Installation

MONTH, MONDAY = "2026-09", "2026-09-07"
OFFICES = ("DINKES", "DISDIK", "SETDA", "BKD")


@pytest.fixture
def county(installation: Installation, name_nip: Callable[[int], str]) -> Installation:
    """Four offices with one person each, who has PIN 1 on the office's terminal and is so many minutes late on one
    Monday.
    """
    installation.load("units", [{"code": unit, "name": unit, "timezone": "Asia/Jakarta"} for unit in OFFICES])
    people = {unit: name_nip(number) for number, unit in enumerate(OFFICES)}
    spell = {"allowance_rp": 4_000_000, "valid_from": MONDAY, "valid_to": MONDAY}
    installation.load("employees", [{"nip": nip, "name": nip, "unit": unit, **spell} for unit, nip in people.items()])
    terminals = {unit: unit.lower() for unit in OFFICES}
    installation.load(
        "enrolments", [{"terminal": terminals[unit], "pin": "1", "nip": people[unit]} for unit in OFFICES]
    )
    clocks = [(terminals[unit], f"{MONDAY} 07:{35 + 5 * number}:00") for number, unit in enumerate(OFFICES)]
    clocks += [(terminals[unit], f"{MONDAY} 16:00:00") for unit in OFFICES]
    rows = [{"terminal": terminal, "pin": "1", "clock": clock} for terminal, clock in clocks]
    installation.load("punches", rows, "--complete-until", "2026-10-02 12:00")
    return installation


def late_minutes(county: Installation) -> dict[str, int]:
    shown = json.loads(county.ok("score", "show", "--month", MONTH, "--format", "json"))
    return {document["unit"]: document["days"][0]["late_minutes"] for document in shown}


EXPECTED = {"DINKES": 5, "DISDIK": 10, "SETDA": 15, "BKD": 20}


def test_offices_are_scored_in_processes(county: Installation) -> None:
    county.ok("score", "run", "--month", MONTH, "--workers", "2")
    assert late_minutes(county) == EXPECTED


def test_offices_are_scored_by_any_executor(county: Installation) -> None:
    engine = connect(county.url if "://" in county.url else "")
    rules = load_rulebook(county.directory / "rules")
    try:
        with ThreadPoolExecutor(3) as executor:
            summary = score.run(
                engine,
                rules,
                date(2026, 9, 1),
                profile="tpp-model",
                now=datetime(2026, 10, 5, tzinfo=UTC),
                workers=3,
                executor=executor,
            )
    finally:
        engine.dispose()
    assert (summary.people, summary.pending) == (4, 0)
    assert late_minutes(county) == EXPECTED
