"""What `config holidays YEAR` proposes can be kept as it is printed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rulebook.proposal import propose_holidays

Edited = Callable[..., Path]


@pytest.mark.parametrize("year", [1969, 2020, 2027, 2100])
def test_a_proposal_loads(edited: Edited, year: int) -> None:
    (edited() / f"holidays/{year}.yaml").write_text(propose_holidays(year))
    book = load_rulebook(edited())
    assert year in book.holiday_years
    assert date(year, 12, 25) in book.holidays


def test_cuti_bersama_is_told_apart_from_national_holidays(edited: Edited) -> None:
    (edited() / "holidays/2020.yaml").write_text(propose_holidays(2020))
    holidays = load_rulebook(edited()).holidays
    assert holidays[date(2020, 12, 24)].kind == "cuti_bersama"
    assert holidays[date(2020, 12, 25)].kind == "libur_nasional"


def test_an_estimate_says_so_in_its_mark_and_source(edited: Edited) -> None:
    (edited() / "holidays/2027.yaml").write_text(propose_holidays(2027))
    estimated = [holiday for holiday in load_rulebook(edited()).holidays.values() if "perkiraan" in holiday.name]
    assert estimated
    assert {holiday.citation.mark for holiday in estimated} == {"I"}


def test_a_year_without_cuti_bersama_says_that_the_decree_may_be_missing() -> None:
    assert "# The package knows no cuti bersama of 2040: the decree may not be out yet." in propose_holidays(2040)
    assert "knows no cuti bersama" not in propose_holidays(2026)


@pytest.mark.parametrize("year", [0, 1968, 2101])
def test_a_year_that_cannot_be_known_is_refused(year: int) -> None:
    with pytest.raises(WrongUsage, match="1969 to 2100"):
        propose_holidays(year)
