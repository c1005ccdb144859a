"""An activity of a day of which nobody knows the duty is not rejected by a file: it waits, and the file is told why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.rules import RuleBook, Timeline
from ekinerja_agent.usecases.importing.reading.judging import Draft
from tests.county.test_duties import ANI, PROFILE, book, facts

__all__ = ["book"]


def test_an_activity_of_a_day_without_a_roster_row_waits_for_the_superior(
    judge: Callable[..., Draft], book: RuleBook
) -> None:
    header = "id,nip,date,start,end,description,status,entered_at"
    rows = [f"A{day},{ANI},2026-09-0{day},10:00,11:00,x,pending,2026-09-0{day}" for day in (7, 8, 9)]
    known = facts("three-shifts", d6="OFF", d7="pagi", d8="OFF")
    draft = judge("activities", "\n".join([header, *rows]), known, rules=book, profile=PROFILE)
    assert draft.problems == []
    assert [(warning.line, warning.message) for warning in draft.warnings] == [
        (
            4,
            (
                "nobody knows yet whether 10:00-11:00 lies in the duty hours of 2026-09-09 (no roster row); it is not "
                "rejected, it waits for the superior"
            ),
        ),
    ]
    assert [(row["activity_id"], row["status"], row["reason"]) for row in draft.rows] == [
        ("A7", "pending", None),
        ("A8", "rejected", "10:00-11:00 is not inside the duty hours of 2026-09-08"),
        ("A9", "pending", None),
    ]


@pytest.mark.parametrize(
    ("spell", "unit", "day", "why"),
    [
        ({"schedule": "three-shifts"}, {}, "2026-09-09", "no roster row"),
        ({}, {"valid_to": date(2026, 9, 8)}, "2026-09-09", "no row of unit RSUD covers 2026-09-09"),
        ({"schedule": "gone"}, {}, "2026-09-09", "no schedule is called 'gone'"),
        ({}, {}, "2016-09-09", "the holidays of 2016 are not in config/rules/holidays"),
    ],
)
def test_whatever_nobody_knows_of_the_duty_is_no_reason_to_reject(
    judge: Callable[..., Draft], book: RuleBook, spell: dict[str, Any], unit: dict[str, Any], day: str, why: str
) -> None:
    known = facts(None)
    known["employees"][0] |= spell
    known["units"][0] |= unit
    always = [replace(one, first=date(2010, 1, 1)) for one in book.profiles[PROFILE].activities][:1]
    changed = replace(book.profiles[PROFILE], activities=Timeline("activities", tuple(always)))
    rules = replace(book, profiles={**book.profiles, PROFILE: changed})
    text = f"id,nip,date,start,end,description,status,entered_at\nA,{ANI},{day},20:00,21:00,x,pending,{day}"
    draft = judge("activities", text, known, rules=rules, profile=PROFILE)
    assert (draft.problems, draft.rejected) == ([], [])
    assert [row["status"] for row in draft.rows] == ["pending"]
    (warning,) = draft.warnings
    assert why in warning.message
