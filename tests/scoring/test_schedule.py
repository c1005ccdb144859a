"""Who is on duty when, and when the windows of the scans open and close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ekinerja_agent.nouns.errors import NeedsAttention, NoRule
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.duty.hours import Plan, duty_of
from ekinerja_agent.scoring.duty.schedule import plan_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)
NIP = "199001012015011001"


def windows(rules: RuleBook, day: date, profile: str, *, ramadan: bool = False) -> dict[str, str]:
    """Windows in local time, as the minutes they include first and exclude last."""
    duty = duty_of(Plan(day, profile, "five-day", "UTC", ramadan), rules)
    return {str(window.scan): f"{window.opens:%H:%M}-{window.closes:%H:%M}" for window in duty.windows}


@pytest.mark.parametrize(
    ("day", "ramadan", "expected"),
    [
        (MONDAY, False, {"arrive": "06:00-11:45", "leave": "11:45-00:01"}),
        (FRIDAY, False, {"arrive": "06:00-12:00", "leave": "12:00-00:31"}),
        (MONDAY, True, {"arrive": "06:30-11:30", "leave": "11:30-23:01"}),
    ],
)
def test_two_windows_meet_in_the_middle_of_the_day(
    rules: RuleBook, day: date, ramadan: bool, expected: dict[str, str]
) -> None:
    assert windows(rules, day, "tpp-model", ramadan=ramadan) == expected


@pytest.mark.parametrize(
    ("day", "ramadan", "expected"),
    [
        (MONDAY, False, ["06:00-12:00", "12:00-12:31", "12:31-13:31", "15:00-00:00"]),
        (FRIDAY, False, ["06:00-11:30", "11:30-12:01", "12:31-13:31", "15:30-00:30"]),
        (MONDAY, True, ["06:30-12:00", "12:00-12:15", "12:15-13:01", "14:00-23:00"]),
        (FRIDAY, True, ["06:30-11:30", "11:30-12:01", "12:01-13:01", "14:30-23:30"]),
    ],
)
def test_four_windows_never_overlap_and_break_in_waits_for_the_middle_of_the_break(
    rules: RuleBook, day: date, ramadan: bool, expected: list[str]
) -> None:
    assert list(windows(rules, day, "four-scan-example", ramadan=ramadan).values()) == expected


def test_a_closing_minute_belongs_to_its_window_whole(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example").person(valid_from=MONDAY, valid_to=MONDAY)
    month.punch(MONDAY, "11:59:59", "12:30:59", "13:30:59", "23:59:59")
    day = score_month(month.facts(), rules).days.row(0, named=True)
    assert all(day[f"{scan}_at"] for scan in ("arrive", "break_out", "break_in", "leave"))


def test_a_day_without_break_expects_no_break_scans(build: Build, rules: RuleBook) -> None:
    short = rules.schedules["nights"]
    [entry] = short.week.entries
    hours = replace(entry.value.days[0], break_start=None, break_end=None)
    week = replace(short.week, entries=(replace(entry, value=replace(entry.value, days=(hours,) * 7)),))
    rules = replace(rules, schedules={**rules.schedules, "nights": replace(short, week=week)})
    duty = duty_of(Plan(MONDAY, "four-scan-example", "nights", "UTC", ramadan=False), rules)
    assert [str(window.scan) for window in duty.windows] == ["arrive", "leave"]
    assert duty.break_from is None


def test_a_night_duty_belongs_to_the_date_it_starts(build: Build, rules: RuleBook) -> None:
    month = build(profile="four-scan-example", zone="Asia/Jayapura")
    month.person(schedule="nights", valid_from=MONDAY, valid_to=MONDAY)
    tuesday = date(2026, 9, 8)
    month.punch(MONDAY, "20:55").punch(tuesday, "02:05", "02:31", "08:10")
    result = score_month(month.facts(), rules)
    day = result.days.row(0, named=True)
    assert (day["date"], day["required_minutes"], day["state"]) == (MONDAY, 630, "present")
    assert day["leave_at"] == datetime(2026, 9, 7, 23, 10, tzinfo=UTC)
    assert [(row["code"], row["minutes"]) for row in result.findings.iter_rows(named=True)] == [("IST1", 1)]


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Jakarta", 7), ("Asia/Pontianak", 7), ("Asia/Makassar", 8), ("Asia/Jayapura", 9)]
)
def test_a_day_is_judged_in_the_units_own_zone(build: Build, rules: RuleBook, zone: str, hours: int) -> None:
    month = build(zone=zone).person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:31", "16:00")
    result = score_month(month.facts(), rules)
    day = result.days.row(0, named=True)
    assert day["timezone"] == zone
    assert day["leave_at"] == datetime(2026, 9, 7, 16 - hours, tzinfo=UTC)
    assert result.findings["code"].to_list() == ["TL1"]


def test_the_units_own_calendar_row_beats_everyones_and_both_beat_the_decree(build: Build, rules: RuleBook) -> None:
    august = date(2026, 8, 17)
    month = build(month=date(2026, 8, 1)).unit("DINKES").unit("RSUD").unit("BKD")
    for number, unit in enumerate(("DINKES", "RSUD", "BKD")):
        month.person(f"{number:018}", unit=unit)
    month.add("calendar", day=august, unit="RSUD", kind="kerja", name="jaga", source="SK")
    month.add("calendar", day=date(2026, 8, 18), unit="*", kind="libur_daerah", name="hari jadi", source="SK")
    month.add("calendar", day=date(2026, 8, 18), unit="BKD", kind="kerja", name="piket", source="SK")
    days = score_month(month.facts(), rules).days
    units_on = {day: set(days.filter(date=day)["unit"]) for day in (august, date(2026, 8, 18))}
    assert units_on == {august: {"RSUD"}, date(2026, 8, 18): {"BKD"}}


def test_a_calendar_row_can_mark_ramadan(build: Build, rules: RuleBook) -> None:
    month = build(month=date(2026, 2, 1)).person(valid_from=date(2026, 2, 18), valid_to=date(2026, 2, 18))
    month.add("calendar", day=date(2026, 2, 18), unit="*", kind="ramadan", name="1 Ramadan", source="SE")
    assert score_month(month.facts(), rules).days["required_minutes"].to_list() == [390]


def test_a_person_has_the_own_schedule_else_the_units_else_the_profiles(build: Build, rules: RuleBook) -> None:
    month = build().unit("DINKES").unit("RSUD", schedule="nights")
    month.person("1", unit="DINKES").person("2", unit="RSUD").person("3", unit="RSUD", schedule="five-day")
    days = score_month(month.facts(), rules).days
    assert dict(days.select("nip", "schedule").unique().iter_rows()) == {
        "1": "five-day",
        "2": "nights",
        "3": "five-day",
    }


def test_a_transfer_gives_one_person_judged_by_the_unit_of_the_day(build: Build, rules: RuleBook) -> None:
    month = build().unit("DINKES").unit("RSUD", profile="four-scan-example", timezone="Asia/Makassar")
    month.person(unit="DINKES", valid_to=date(2026, 9, 14))
    month.person(unit="RSUD", valid_from=date(2026, 9, 15), allowance_rp=9_000_000)
    month.punch(date(2026, 9, 14), "07:45", "16:00").punch(date(2026, 9, 15), "06:45", "15:00")
    result = score_month(month.facts(), rules)
    person = result.people.row(0, named=True)
    assert result.people.height == 1
    assert (person["unit"], person["profile"], person["base_rp"]) == ("DINKES", "tpp-model", 4_000_000)
    assert (person["working_days"], person["target_minutes"]) == (22, 6_750)
    assert result.findings.filter(date=date(2026, 9, 14))["code"].to_list() == ["TL1"]
    assert result.findings.filter(date=date(2026, 9, 15))["code"].to_list() == ["TL1", "TAK", "TAI"]
    assert dict(result.days.group_by("unit").len().iter_rows()) == {"DINKES": 10, "RSUD": 12}


def test_a_reorganised_unit_is_judged_by_its_row_of_the_day(build: Build, rules: RuleBook) -> None:
    month = build().unit(valid_to=date(2026, 9, 10))
    month.unit(valid_from=date(2026, 9, 11), unit_name="Dinas Baru", profile="hsu").person()
    result = score_month(month.facts(), rules)
    costs = dict(result.findings.select("date", "deduction_ppm").iter_rows())
    assert (costs[date(2026, 9, 10)], costs[date(2026, 9, 11)]) == (30_000, 10_000)
    assert result.people["unit_name"].item() == "Unit DINKES"


def test_where_spells_overlap_the_later_one_has_the_day(build: Build, rules: RuleBook) -> None:
    month = build().unit("DINKES").unit("RSUD").person(unit="DINKES")
    month.person(unit="RSUD", valid_from=date(2026, 9, 15))
    result = score_month(month.facts(), rules)
    assert result.days.height == 22
    assert result.days.filter(date=date(2026, 9, 15))["unit"].item() == "RSUD"


def test_a_unit_without_a_row_for_the_day_is_for_a_person_to_mend(build: Build, rules: RuleBook) -> None:
    month = build().unit(valid_from=date(2026, 9, 8)).person()
    with pytest.raises(NeedsAttention, match="unit DINKES on 2026-09-01"):
        score_month(month.facts(), rules)
    with pytest.raises(NeedsAttention, match="unit RSUD"):
        score_month(build().person(unit="RSUD").facts(), rules)


def test_an_unknown_zone_is_for_a_person_to_mend(build: Build, rules: RuleBook) -> None:
    with pytest.raises(NeedsAttention, match="Asia/Banjarbaru"):
        score_month(build(zone="Asia/Jakarta").unit(timezone="Asia/Banjarbaru").person().facts(), rules)


@pytest.mark.parametrize(
    ("month", "words"),
    [
        (date(2020, 6, 1), "no value of (scans|late_early_classes|missing_scan) covers 2020-06-01"),
        (date(2024, 6, 1), "holidays of 2024"),
    ],
)
def test_a_day_without_a_rule_is_an_error(build: Build, rules: RuleBook, month: date, words: str) -> None:
    with pytest.raises(NoRule, match=words):
        score_month(build(month=month).person().facts(), rules)


def test_a_year_whose_ramadan_is_not_decided_is_an_error(build: Build, rules: RuleBook) -> None:
    rules = replace(rules, ramadans=rules.ramadans[:1])
    with pytest.raises(NoRule, match="Ramadan 2026 are not decided"):
        score_month(build().person().facts(), rules)


def test_nobody_on_duty_is_an_empty_result_with_all_columns(build: Build, rules: RuleBook) -> None:
    result = score_month(build().facts(), rules)
    assert (result.people.height, result.days.height) == (0, 0)
    assert "payable_rp" in result.people.columns


def test_a_spell_on_a_weekend_only_has_no_working_day(build: Build, rules: RuleBook) -> None:
    saturday = date(2026, 9, 12)
    person = score_month(build().person(valid_from=saturday, valid_to=saturday).facts(), rules).people
    assert person["working_days"].item() == 0
    assert person["unit_name"].item() == "Unit DINKES"


def test_the_spell_of_the_first_working_day_pays(build: Build, rules: RuleBook) -> None:
    month = build().unit("DINKES").unit("RSUD")
    month.person(unit="DINKES", valid_from=date(2026, 9, 5), valid_to=date(2026, 9, 6))
    month.person(unit="RSUD", valid_from=date(2026, 9, 7), allowance_rp=9_000_000)
    people = score_month(month.facts(), rules).people
    assert people.select("unit", "base_rp").row(0) == ("RSUD", 9_000_000)


def test_what_is_kept_of_rules_serves_no_other_rules(build: Build, rules: RuleBook) -> None:
    facts = build(profile="tpp-model").person().facts()
    other = replace(rules, profiles={**rules.profiles, "tpp-model": rules.profiles["four-scan-example"]})
    assert 2 * plan_month(facts, rules).plan_scans.height == plan_month(facts, other).plan_scans.height
