"""The page of a unit's running day: who is in, late, missing or not known yet, before anything of it was scored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.board.conftest import EVIL, EVIL_NIP, HEAD, LATE, OTHER, County
from tests.board.test_pages import Reading, looks
from tests.journey.conftest import Installation

Enter = Callable[..., TestClient]
DAY = "2026-09-30"


@pytest.fixture
def punched(county: County, tmp_path: Path, county_url: str) -> Callable[..., None]:
    """Punches of today in central, and up to when the terminal is known."""
    installation = Installation(tmp_path, county_url)

    def _punched(*rows: tuple[int, str], known_until: str) -> None:
        punches = [{"terminal": "a", "pin": str(pin), "clock": f"{DAY} {clock}:00"} for pin, clock in rows]
        installation.load("punches", punches, "--complete-until", f"{DAY} {known_until}")

    return _punched


def test_who_is_in_late_or_missing_is_told_before_any_scoring(
    county: County, punched: Callable[..., None], enter: Enter
) -> None:
    browser = enter("kepala", "head", nip=HEAD)
    punched((1, "07:10"), (2, "08:40"), known_until="08:50")
    assert f"/unit/PKM/{DAY}" in browser.get("/").text
    waits = Reading(browser.get(f"/unit/PKM/{DAY}").text)
    assert EVIL in waits.text
    assert "script" not in waits.tags
    assert browser.get(f"/unit/PKM/{DAY}?state=pending").text.count('class="nip"') == 1
    page = Reading(browser.get(f"/unit/DINKES/{DAY}").text)
    for said in ("Budi", "08:40", "70", "Kepala", "07:10", "30 September 2026 pukul 10.00 WITA"):
        assert said in page.text
    late = browser.get(f"/unit/DINKES/{DAY}?state=late").text
    assert ("Budi" in late, "Kepala" in late) == (True, False)
    assert "Budi" not in Reading(browser.get(f"/unit/DINKES/{DAY}?q=KEPA").text).text
    assert LATE in browser.get(f"/unit/DINKES/{DAY}?q={LATE[:16]}").text

    punched((1, "09:00"), known_until="09:55")
    assert browser.get(f"/unit/PKM/{DAY}?state=pending").text.count('class="nip"') == 1  # read within the minute
    county.later(minutes=1)
    assert browser.get(f"/unit/PKM/{DAY}?state=missing").text.count('class="nip"') == 1
    assert {look[1:] for look in looks(county)} == {("look", "PKM"), ("look", "DINKES")}


def test_the_running_day_of_another_unit_is_refused_and_of_no_unit_is_empty(county: County, enter: Enter) -> None:
    assert enter("kepala", "head", nip=HEAD).get(f"/unit/DISDIK/{DAY}").status_code == 403
    operator = enter("op", "operator")
    assert "Cici" in operator.get(f"/unit/DISDIK/{DAY}").text
    answer = operator.get(f"/unit/NONE/{DAY}")
    assert answer.status_code == 200
    assert OTHER not in answer.text


def test_the_day_runs_by_the_calendar_of_the_unit(county: County, enter: Enter) -> None:
    """At 17:00 in London it is the next day in Makassar already."""
    county.later(hours=15)
    browser = enter("op", "operator")
    assert "/unit/DISDIK/2026-10-01" in browser.get("/").text
    assert EVIL_NIP in browser.get("/unit/PKM/2026-10-01").text
