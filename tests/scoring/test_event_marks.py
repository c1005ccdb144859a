"""Who came to an event: what the report shows of it agrees with what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.discipline.event_marks import MARKS, mark_events
from ekinerja_agent.scoring.frames import schemas
from tests.proof.oracle.books import made_up_book
from tests.proof.oracle.building import MonthBuilder
from tests.proof.oracle.months import months

Build = Callable[..., MonthBuilder]
NIP = "199001012015011001"
MONDAY = date(2026, 9, 7)


def krida(month: MonthBuilder, **changes: Any) -> MonthBuilder:
    usual = {"kind": "krida", "unit": "*", "opens": time(7, 15), "closes": time(7, 45), "terminal": "T"}
    return month.add("events", **{"event": "KRIDA-1", "day": MONDAY, **usual, **changes})


def one_day(build: Build, *clocks: str) -> MonthBuilder:
    return build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, *clocks)


def marked(facts: schemas.MonthFacts, rules: RuleBook) -> pl.DataFrame:
    days = score_month(facts, rules).days
    return mark_events(facts, rules, days.select("nip", "date", "state").rows())


def mark(month: MonthBuilder, rules: RuleBook) -> list[str]:
    return list(marked(month.facts(), rules)["mark"])


def test_an_event_that_costs_nothing_is_shown_all_the_same(build: Build, rules: RuleBook) -> None:
    assert mark(krida(one_day(build, "07:20", "16:00")), rules) == ["present"]
    assert mark(krida(one_day(build, "07:10", "16:00")), rules) == ["missed"]


@pytest.mark.parametrize("told", ["present", "excused"])
def test_a_row_says_who_was_there_and_who_was_excused(build: Build, rules: RuleBook, told: str) -> None:
    month = krida(one_day(build, "07:10", "16:00"), terminal=None)
    month.add("event_attendance", event="KRIDA-1", nip=NIP, mark=told)
    assert mark(month, rules) == [told]


def test_nobody_is_missed_where_nobody_told(build: Build, rules: RuleBook) -> None:
    assert mark(krida(one_day(build, "07:10", "16:00"), terminal=None), rules) == ["pending"]


def test_who_is_absent_without_reason_missed_it_too(build: Build, rules: RuleBook) -> None:
    assert mark(krida(one_day(build)), rules) == ["missed"]


def test_a_document_excuses_and_a_duty_at_another_time_exempts(build: Build, rules: RuleBook) -> None:
    away = krida(one_day(build)).absence(MONDAY)
    assert mark(away, rules) == ["excused"]
    evening = krida(one_day(build, "07:10", "16:00"), opens=time(19, 0), closes=time(20, 0))
    assert mark(evening, rules) == ["exempt"]


def test_an_event_to_come_and_one_for_others_are_not_shown(build: Build, rules: RuleBook) -> None:
    others = krida(one_day(build, "07:10", "16:00"), audience=["pppk"])
    assert marked(others.facts(), rules).is_empty()
    coming = replace(krida(one_day(build, "07:10", "16:00")).facts(), now=datetime(2026, 9, 6, 23, 30, tzinfo=UTC))
    assert mark_events(coming, rules, []).is_empty()


@pytest.mark.parametrize("profile", sorted(made_up_book().profiles))
def test_who_pays_for_an_event_is_marked_as_missing_it(profile: str) -> None:
    rules = made_up_book()
    seen: set[str] = set()

    @given(facts=months(rules, profile))
    @settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))
    def both_agree(facts: schemas.MonthFacts) -> None:
        result = score_month(facts, rules)
        states = result.days.select("nip", "date", "state").rows()
        marks = mark_events(facts, rules, states)
        assert dict(marks.schema) == MARKS
        assert marks.select("event", "nip").is_duplicated().sum() == 0
        seen.update(marks["mark"])
        by_key = {(event, nip): mark for event, nip, mark in marks.select("event", "nip", "mark").iter_rows()}
        paid = result.findings.filter(pl.col("code").is_in(["APEL", "UPACARA", "KRIDA"]))
        for event, nip in paid.select("reference", "nip").iter_rows():
            assert by_key[event, nip] == "missed"
        waiting = result.pending.filter(pl.col("reason").str.starts_with("nobody told who was at "))
        for reason, nip in waiting.select("reason", "nip").iter_rows():
            assert by_key[reason.removeprefix("nobody told who was at "), nip] == "pending"

    both_agree()
    assert "missed" in seen
    assert len(seen) >= 3
