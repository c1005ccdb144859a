"""The worked examples that decide money, to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import MonthResult, percent_text, score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)


def pct(result: MonthResult, nip: str | None = None) -> str:
    people = result.people if nip is None else result.people.filter(nip=nip)
    return percent_text(people["discipline_deduction_ppm"].item())


def score_days(build: Build, rules: RuleBook, day: date, days: Sequence[Sequence[str]]) -> list[tuple[Any, ...]]:
    """One person with a one-day spell per entry; return late, early, worked minutes, percent and codes of
    each.
    """
    month = build(month=day.replace(day=1))
    for number, clocks in enumerate(days):
        nip = f"{number:018}"
        month.person(nip, valid_from=day, valid_to=day).punch(day, *clocks, nip=nip)
    result = score_month(month.facts(), rules)
    rows = []
    for number, shown in enumerate(result.days.iter_rows(named=True)):
        nip = f"{number:018}"
        codes = result.findings.filter(nip=nip)["code"].to_list()
        minutes = (shown["late_minutes"], shown["early_minutes"])
        rows.append((*minutes, pct(result, nip), codes))
    return rows


def test_s01_lateness_classes_at_every_boundary(build: Build, rules: RuleBook) -> None:
    expected = [
        ("07:15:00", 0, "0", []),
        ("07:30:00", 0, "0", []),
        ("07:30:59", 0, "0", []),
        ("07:31:00", 1, "0.5", ["TL1"]),
        ("08:00:59", 30, "0.5", ["TL1"]),
        ("08:01:00", 31, "1", ["TL2"]),
        ("08:30:59", 60, "1", ["TL2"]),
        ("08:31:00", 61, "1.25", ["TL3"]),
        ("09:00:59", 90, "1.25", ["TL3"]),
        ("09:01:00", 91, "1.5", ["TL4"]),
        ("11:00:00", 210, "1.5", ["TL4"]),
        (None, None, "1.5", ["TAM"]),
    ]
    rows = score_days(build, rules, MONDAY, [[clock, "16:00"] if clock else ["16:00"] for clock, *_ in expected])
    assert rows == [(late, 0, percent, codes) for _, late, percent, codes in expected]


@pytest.mark.parametrize(
    ("day", "leave", "early", "percent", "codes"),
    [
        (MONDAY, "16:00:00", 0, "0", []),
        (MONDAY, "15:59:30", 0, "0", []),
        (MONDAY, "15:59:00", 1, "0.5", ["PSW1"]),
        (MONDAY, "15:30:00", 30, "0.5", ["PSW1"]),
        (MONDAY, "15:29:00", 31, "1", ["PSW2"]),
        (MONDAY, "15:00:00", 60, "1", ["PSW2"]),
        (MONDAY, "14:59:00", 61, "1.25", ["PSW3"]),
        (MONDAY, "14:30:00", 90, "1.25", ["PSW3"]),
        (MONDAY, "14:29:00", 91, "1.5", ["PSW4"]),
        (FRIDAY, "16:30:00", 0, "0", []),
        (FRIDAY, "16:00:00", 30, "0.5", ["PSW1"]),
        (FRIDAY, "15:29:00", 61, "1.25", ["PSW3"]),
    ],
)
def test_s02_early_leaving_classes(
    build: Build, rules: RuleBook, day: date, leave: str, early: int, percent: str, codes: list[str]
) -> None:
    assert score_days(build, rules, day, [["07:30", leave]]) == [(0, early, percent, codes)]


def test_s03_friday_late_and_early(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=FRIDAY, valid_to=FRIDAY).punch(FRIDAY, "07:45:20", "16:00:00")
    result = score_month(month.facts(), rules)
    shown = result.days.row(0, named=True)
    assert (shown["late_minutes"], shown["early_minutes"]) == (15, 30)
    assert (shown["worked_minutes"], shown["required_minutes"]) == (404, 450)
    assert pct(result) == "1"
    assert result.people["bank_minutes_year"].item() == 45


@pytest.mark.parametrize(
    ("day", "late", "early", "percent"), [(date(2026, 2, 18), 28, 59, "1.5"), (date(2026, 2, 19), 0, 0, "0")]
)
def test_s04_ramadan_starts_by_the_isbat_decision(
    build: Build, rules: RuleBook, day: date, late: int, early: int, percent: str
) -> None:
    [(late_seen, early_seen, percent_seen, _)] = score_days(build, rules, day, [["07:58", "15:01"]])
    assert (late_seen, early_seen, percent_seen) == (late, early, percent)


@pytest.mark.parametrize(
    ("clocks", "document", "percent", "codes"),
    [
        (("07:28", "12:05", "12:55", "16:02"), False, "0", []),
        (("07:28", "12:05", "13:12", "16:02"), False, "0.5", ["IST1"]),
        (("07:28", "16:02"), False, "3", ["TAK", "TAI"]),
        (("07:28", "12:00"), False, "3", ["TAI", "TAP"]),
        (("07:28", "16:02"), True, "0", []),
    ],
    ids="ABCDE",
)
def test_s08_four_scans_a_day(
    build: Build, rules: RuleBook, clocks: tuple[str, ...], document: bool, percent: str, codes: list[str]
) -> None:
    month = build(profile="four-scan-example", zone="Asia/Makassar")
    month.person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, *clocks)
    if document:
        month.absence(MONDAY, kind="kartu_kendali")
    result = score_month(month.facts(), rules)
    assert pct(result) == percent
    assert result.findings["code"].to_list() == codes
    if "IST1" in codes:
        assert result.findings["minutes"].item() == 12


def september(build: Build, *, minutes_a_day: int, more_late: int = 0) -> MonthBuilder:
    """S11 without its apel: 3 TL1, TL3, 2 PSW1, one leave scan missing, one absence, 3 days with documents."""
    unusual = {
        **dict.fromkeys((1, 2, 3), ("07:45", "16:00")),
        4: ("08:45", "16:30"),
        **dict.fromkeys((7, 8), ("07:30", "15:45")),
        9: ("07:30",),
        10: (),
        **dict.fromkeys((11, 14, 15), ()),
        **dict.fromkeys(range(16, 16 + more_late), ("08:15", "16:30")),
    }
    month = build().person()
    for day in (date(2026, 9, number) for number in range(1, 31)):
        month.punch(day, *unusual.get(day.day, ("07:20", "16:40")))
    month.absence(date(2026, 9, 11), kind="dinas_luar")
    month.absence(date(2026, 9, 14), date(2026, 9, 15), kind="cuti_tahunan")
    for day in range(1, 29):
        month.add("activities", nip=month.rows["spells"][0]["nip"], day=date(2026, 9, day), minutes=minutes_a_day)
    return month


def test_s11_one_month_of_forty_and_sixty(build: Build, rules: RuleBook) -> None:
    result = score_month(september(build, minutes_a_day=351).facts(), rules)
    person = result.people.row(0, named=True)
    assert person["working_days"] == 22
    assert (person["days_present"], person["days_excused"], person["unexcused_days"]) == (18, 3, 1)
    assert percent_text(person["discipline_score_ppm"]) == "91.75"
    assert (person["approved_minutes"], person["target_minutes"]) == (7_020, 6_750)
    assert (person["discipline_rp"], person["performance_rp"]) == (1_468_000, 2_400_000)
    assert person["payable_rp"] == 3_868_000


def test_s12_fewer_minutes_are_paid_in_proportion(build: Build, rules: RuleBook) -> None:
    month = september(build, minutes_a_day=303, more_late=2)
    nip = month.rows["spells"][0]["nip"]
    month.add("activities", nip=nip, day=date(2026, 9, 1), minutes=6_075 - 20 * 303)
    person = score_month(month.facts(), rules).people.row(0, named=True)
    assert percent_text(person["discipline_score_ppm"]) == "89.75"
    assert (person["approved_minutes"], percent_text(person["performance_score_ppm"])) == (6_075, "90")
    assert (person["discipline_rp"], person["performance_rp"]) == (1_436_000, 2_160_000)
    assert person["payable_rp"] == 3_596_000


@pytest.mark.parametrize(
    ("first", "last", "minutes"),
    [(date(2026, 9, 7), date(2026, 9, 11), 2_250), (date(2026, 2, 23), date(2026, 2, 27), 1_950)],
    ids=["normal", "ramadan"],
)
def test_v01_a_week_has_its_net_minutes(build: Build, rules: RuleBook, first: date, last: date, minutes: int) -> None:
    month = build(month=first.replace(day=1)).person(valid_from=first, valid_to=last)
    days = score_month(month.facts(), rules).days
    assert days["required_minutes"].sum() == minutes
    assert days.height == 5


def test_a_finding_names_rule_source_place_and_punch(build: Build, rules: RuleBook) -> None:
    month = build().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "08:45")
    late, missing = score_month(month.facts(), rules).findings.iter_rows(named=True)
    assert (late["code"], late["scan"], late["minutes"]) == ("TL3", "arrive", 75)
    assert late["deduction_rp"] == 20_000
    assert late["rule"] == "late_early_classes"
    assert late["source"] == "source of late_early_classes"
    assert late["place"].endswith(":1")
    assert late["punch_ids"] == [month.rows["punches"][0]["punch_id"]]
    assert (missing["code"], missing["rule"], missing["minutes"]) == ("TAP", "missing_scan", None)
    assert missing["punch_ids"] == []
