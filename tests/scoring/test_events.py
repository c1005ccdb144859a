"""Apel, ceremonies and sports: who was there, who was not, and of whom nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from ekinerja_agent.rules import Base, Ceremony, EventCost, RuleBook
from ekinerja_agent.scoring import MonthResult, score_month
from ekinerja_agent.scoring.discipline.ceremonies import ceremony_day
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
Changed = Callable[..., RuleBook]
NIP = "199001012015011001"
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)
APEL = EventCost("apel", (20_000, 2_500, 2_500, 2_500, 2_500, 0, 0), in_ramadan=False, base=Base.DISCIPLINE)


@pytest.fixture
def rules_with_apel(rules: RuleBook, changed: Changed) -> RuleBook:
    return changed(rules, events={"apel": APEL})


def apel(month: MonthBuilder, day: date = MONDAY, **changes: Any) -> MonthBuilder:
    usual = {"kind": "apel", "unit": "*", "opens": time(7, 15), "closes": time(7, 45), "terminal": "T"}
    return month.add("events", **{"event": f"APEL-{day}", "day": day, **usual, **changes})


def on_time(build: Build, day: date = MONDAY, *clocks: str, **month: Any) -> MonthBuilder:
    return build(**month).person(valid_from=day, valid_to=day).punch(day, *(clocks or ("07:10", "16:00")))


def codes(result: MonthResult) -> list[tuple[str, int, str]]:
    return result.findings.select("code", "deduction_ppm", "reference").rows()


@pytest.mark.parametrize(("day", "ppm"), [(MONDAY, 20_000), (TUESDAY, 2_500)])
def test_a_missed_apel_costs_by_weekday(build: Build, rules_with_apel: RuleBook, day: date, ppm: int) -> None:
    result = score_month(apel(on_time(build, day), day).facts(), rules_with_apel)
    assert codes(result) == [("APEL", ppm, f"APEL-{day}")]


@pytest.mark.parametrize("clock", ["07:15:00", "07:45:59"])
def test_a_punch_serves_a_scan_and_an_event(build: Build, rules_with_apel: RuleBook, clock: str) -> None:
    result = score_month(apel(on_time(build, MONDAY, "07:10", clock, "16:00")).facts(), rules_with_apel)
    assert result.findings.is_empty()


@pytest.mark.parametrize("mark", ["present", "excused"])
def test_a_row_of_attendance_speaks_for_a_person(build: Build, rules_with_apel: RuleBook, mark: str) -> None:
    month = apel(on_time(build)).add("event_attendance", event=f"APEL-{MONDAY}", nip=NIP, mark=mark)
    assert score_month(month.facts(), rules_with_apel).findings.is_empty()


def test_an_event_without_terminal_and_without_any_row_is_pending(build: Build, rules_with_apel: RuleBook) -> None:
    result = score_month(apel(on_time(build), terminal=None).facts(), rules_with_apel)
    assert result.pending["reason"].to_list() == [f"nobody told who was at APEL-{MONDAY}"]


def test_a_row_of_another_person_makes_silence_an_absence(build: Build, rules_with_apel: RuleBook) -> None:
    month = apel(on_time(build), terminal=None)
    month.add("event_attendance", event=f"APEL-{MONDAY}", nip="another", mark="present")
    assert codes(score_month(month.facts(), rules_with_apel)) == [("APEL", 20_000, f"APEL-{MONDAY}")]


def test_a_terminal_that_was_not_complete_during_the_event_makes_the_day_pending(
    build: Build, rules_with_apel: RuleBook
) -> None:
    month = apel(on_time(build), terminal="field")
    month.covered(None, month.at(MONDAY, "07:30"), terminal="field")
    month.covered(None, datetime(2100, 1, 1, tzinfo=UTC))
    result = score_month(month.facts(), rules_with_apel)
    assert result.pending["reason"].to_list() == [f"field not complete during APEL-{MONDAY}"]
    assert result.findings.is_empty()


def test_a_terminal_without_power_during_the_event_does_not_speak_against_anybody(
    build: Build, rules_with_apel: RuleBook
) -> None:
    month = apel(on_time(build), terminal="field")
    month.covered(month.at(MONDAY, "05:00"), month.at(MONDAY, "07:20"), terminal="field", kind="silent")
    month.covered(month.at(MONDAY, "07:20"), datetime(2100, 1, 1, tzinfo=UTC), terminal="field")
    month.covered(None, datetime(2100, 1, 1, tzinfo=UTC))
    assert score_month(month.facts(), rules_with_apel).days["state"].to_list() == ["pending"]


def test_a_day_that_is_absent_or_excused_has_no_event_finding(build: Build, rules_with_apel: RuleBook) -> None:
    absent = apel(build().person(valid_from=MONDAY, valid_to=MONDAY))
    assert score_month(absent.facts(), rules_with_apel).findings["code"].to_list() == ["TK"]
    travelling = apel(on_time(build)).absence(MONDAY, kind="dinas_luar")
    assert score_month(travelling.facts(), rules_with_apel).findings.is_empty()


def test_a_document_for_its_hours_exempts(build: Build, rules_with_apel: RuleBook) -> None:
    month = apel(on_time(build)).absence(MONDAY, from_time=time(7), to_time=time(7, 20))
    assert score_month(month.facts(), rules_with_apel).findings.is_empty()


@pytest.mark.parametrize("hours", [{}, {"from_time": time(7), "to_time": time(7, 20)}])
def test_a_request_that_nobody_decided_makes_the_day_pending(
    build: Build, rules_with_apel: RuleBook, hours: dict[str, time]
) -> None:
    month = apel(on_time(build)).absence(MONDAY, status="pending", **hours)
    assert score_month(month.facts(), rules_with_apel).pending["reason"].to_list() == ["a request is undecided: 800/1"]


def test_there_is_no_apel_in_ramadan(build: Build, rules_with_apel: RuleBook) -> None:
    fasting = date(2026, 2, 23)
    month = apel(on_time(build, fasting, "07:55", "15:00", month=date(2026, 2, 1)), fasting)
    assert score_month(month.facts(), rules_with_apel).findings.is_empty()


def test_an_event_without_a_value_or_a_window_costs_nothing(build: Build, rules_with_apel: RuleBook) -> None:
    month = apel(on_time(build), kind="krida")
    apel(month, event="no window", opens=None)
    assert score_month(month.facts(), rules_with_apel).findings.is_empty()


def test_who_is_on_a_shift_outside_its_window_is_exempt(build: Build, rules_with_apel: RuleBook) -> None:
    month = build().person(schedule="three-shifts", valid_from=MONDAY, valid_to=MONDAY)
    month.add("rosters", nip=NIP, day=MONDAY, shift="siang").punch(MONDAY, "13:50", "21:00")
    assert score_month(apel(month).facts(), rules_with_apel).findings.is_empty()


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        ({"unit": "DINKES"}, True),
        ({"unit": "BKD"}, False),
        ({"audience": ["cpns", NIP]}, True),
        ({"audience": ["pns"]}, True),
        ({"audience": ["pppk"]}, False),
    ],
)
def test_only_who_is_called_can_miss_it(
    build: Build, rules_with_apel: RuleBook, changes: dict[str, Any], called: bool
) -> None:
    result = score_month(apel(on_time(build), **changes).facts(), rules_with_apel)
    assert bool(result.findings.height) is called


def test_an_event_is_not_judged_before_its_window_has_closed(build: Build, rules_with_apel: RuleBook) -> None:
    early = datetime(2026, 9, 7, 0, 40, tzinfo=UTC)  # 07:40 in Jakarta
    result = score_month(apel(on_time(build, MONDAY, "07:10", now=early)).facts(), rules_with_apel)
    assert result.findings.is_empty()


HKN = Ceremony("HKN", "upacara", 17, time(7), time(8), frozenset({(8, 17)}))


def test_v02_the_ceremony_of_the_17th_moves_to_the_next_working_day(rules: RuleBook) -> None:
    off = {date(2026, 1, 16), date(2026, 2, 16), date(2026, 2, 17), date(2026, 8, 17)}

    def is_working(day: date) -> bool:
        return day.weekday() < 5 and day not in off

    held = [ceremony_day(HKN, date(2026, month, 1), is_working).isoformat() for month in range(1, 13)]
    assert held == [
        *("2026-01-19", "2026-02-18", "2026-03-17", "2026-04-17", "2026-05-18", "2026-06-17"),
        *("2026-07-17", "2026-08-17", "2026-09-17", "2026-10-19", "2026-11-17", "2026-12-17"),
    ]


def test_an_announced_ceremony_is_an_event_and_an_imported_one_replaces_it(
    build: Build, rules: RuleBook, changed: Changed
) -> None:
    cost = EventCost("upacara", (30_000,) * 7, in_ramadan=True, base=Base.WHOLE)
    announcing = changed(rules, events={"upacara": cost}, ceremonies=(HKN,))
    thursday = date(2026, 9, 17)
    month = on_time(build, thursday)
    month.add("event_attendance", event="HKN-2026-09-17", nip="another", mark="present")
    result = score_month(month.facts(), announcing)
    assert codes(result) == [("UPACARA", 30_000, "HKN-2026-09-17")]
    assert result.people["whole_deduction_rp"].item() == 120_000
    month = apel(on_time(build, thursday, "07:20", "16:00"), thursday, kind="upacara", event="UPACARA-17")
    assert score_month(month.facts(), announcing).findings.is_empty()


def test_the_window_is_local_to_the_unit(build: Build, rules_with_apel: RuleBook) -> None:
    month = apel(on_time(build, MONDAY, "07:20", "16:00", zone="Asia/Jayapura"))
    assert month.rows["punches"][0]["at"] == datetime(2026, 9, 6, 22, 20, tzinfo=UTC)
    assert score_month(month.facts(), rules_with_apel).findings.is_empty()
