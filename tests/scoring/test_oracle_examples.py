"""The oracle alone knows the worked examples, from rules written by hand: it must not be right only with the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from ekinerja_agent.rules import (
    Base,
    EventCost,
    Missing,
    Performance,
    Productivity,
    Profile,
    RuleBook,
)
from tests.proof import oracle
from tests.proof.oracle.books import CLASSES, TWO_SCANS, always, bands, four_scans, made_up_book, model
from tests.proof.oracle.building import NIP, MonthBuilder
from tests.proof.oracle.rows import FindingRow, OracleResult

MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)
Found = list[tuple[str, int]]


def book(profile: Profile) -> RuleBook:
    return replace(made_up_book(), profiles={profile.name: profile})


def one_day(profile: Profile, day: date, *clocks: str, kind: str | None = None) -> OracleResult:
    """A person who serves on one day only."""
    built = MonthBuilder(month=day.replace(day=1), profile=profile.name).person(valid_from=day, valid_to=day)
    built.punch(day, *clocks)
    if kind:
        built.absence(day, kind=kind)
    return oracle.score(built.facts(), book(profile))


def costs(findings: list[FindingRow]) -> Found:
    return [(finding.code, finding.deduction_ppm) for finding in findings]


@pytest.mark.parametrize(
    ("arrive", "late", "expected"),
    [
        ("07:15:00", 0, []),
        ("07:30:00", 0, []),
        ("07:30:59", 0, []),
        ("07:31:00", 1, [("TL1", 5_000)]),
        ("08:00:59", 30, [("TL1", 5_000)]),
        ("08:01:00", 31, [("TL2", 10_000)]),
        ("08:30:59", 60, [("TL2", 10_000)]),
        ("08:31:00", 61, [("TL3", 12_500)]),
        ("09:00:59", 90, [("TL3", 12_500)]),
        ("09:01:00", 91, [("TL4", 15_000)]),
        ("11:00:00", 210, [("TL4", 15_000)]),
        (None, None, [("TAM", 15_000)]),
    ],
)
def test_s01_lateness_classes_at_every_boundary(arrive: str | None, late: int | None, expected: Found) -> None:
    result = one_day(model(), MONDAY, *([arrive] if arrive else []), "16:00")
    assert (result.days[0].late_minutes, costs(result.findings)) == (late, expected)


@pytest.mark.parametrize(
    ("day", "leave", "early", "expected"),
    [
        (MONDAY, "16:00:00", 0, []),
        (MONDAY, "15:59:30", 0, []),
        (MONDAY, "15:59:00", 1, [("PSW1", 5_000)]),
        (MONDAY, "15:30:00", 30, [("PSW1", 5_000)]),
        (MONDAY, "15:29:00", 31, [("PSW2", 10_000)]),
        (MONDAY, "15:00:00", 60, [("PSW2", 10_000)]),
        (MONDAY, "14:59:00", 61, [("PSW3", 12_500)]),
        (MONDAY, "14:30:00", 90, [("PSW3", 12_500)]),
        (MONDAY, "14:29:00", 91, [("PSW4", 15_500)]),
        (FRIDAY, "16:30:00", 0, []),
        (FRIDAY, "16:00:00", 30, [("PSW1", 5_000)]),
        (FRIDAY, "15:29:00", 61, [("PSW3", 12_500)]),
    ],
)
def test_s02_early_leaving_classes_with_the_fourth_of_jambi(day: date, leave: str, early: int, expected: Found) -> None:
    jambi = replace(model(), early=always("early", bands("PSW", *CLASSES[:3], 15_500)))
    result = one_day(jambi, day, "07:30", leave)
    assert (result.days[0].early_minutes, costs(result.findings)) == (early, expected)


def test_s03_friday_late_and_early() -> None:
    result = one_day(model(), FRIDAY, "07:45:20", "16:00:00")
    day = result.days[0]
    assert (day.late_minutes, day.early_minutes, day.worked_minutes, day.required_minutes) == (15, 30, 404, 450)
    assert result.people[0].discipline_deduction_ppm == 10_000
    assert result.people[0].bank_minutes_year == 45


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 2, 18), (28, 59, 15_000)), (date(2026, 2, 19), (0, 0, 0))])
def test_s04_ramadan_starts_by_the_isbat_decision(day: date, expected: tuple[int, int, int]) -> None:
    result = one_day(model(), day, "07:58", "15:01")
    seen = result.days[0]
    assert (seen.late_minutes, seen.early_minutes, result.people[0].discipline_deduction_ppm) == expected


@pytest.mark.parametrize(
    ("day", "attended", "document", "expected"),
    [
        (date(2026, 9, 7), False, None, [("APEL", 20_000)]),
        (date(2026, 9, 8), False, None, [("APEL", 2_500)]),
        (date(2026, 9, 9), True, None, []),
        (date(2026, 9, 14), False, "dinas_luar", []),
        (date(2026, 2, 23), False, None, []),
    ],
)
def test_s07_apel_by_weekday_with_its_exemptions(
    day: date, attended: bool, document: str | None, expected: Found
) -> None:
    built = MonthBuilder(month=day.replace(day=1), profile="plain", zone="Asia/Makassar")
    built.person(valid_from=day, valid_to=day).punch(day, "07:20", "16:40")
    built.add("events", event="apel", kind="apel", unit="*", day=day, opens=time(7, 15), closes=time(7, 45))
    built.add("event_attendance", event="apel", nip=NIP if attended else "somebody else", mark="present")
    if document:
        built.absence(day, kind=document)
    assert costs(oracle.score(built.facts(), made_up_book()).findings) == expected


@pytest.mark.parametrize(
    ("clocks", "document", "expected"),
    [
        (("07:28", "12:05", "12:55", "16:02"), None, []),
        (("07:28", "12:05", "13:12", "16:02"), None, [("IST1", 5_000)]),
        (("07:28", "16:02"), None, [("TAK", 15_000), ("TAI", 15_000)]),
        (("07:28", "12:00"), None, [("TAI", 15_000), ("TAP", 15_000)]),
        (("07:28", "16:02"), "kartu_kendali", []),
    ],
    ids="ABCDE",
)
def test_s08_four_scans_a_day(clocks: tuple[str, ...], document: str | None, expected: Found) -> None:
    assert costs(one_day(four_scans(model()), MONDAY, *clocks, kind=document).findings) == expected


@pytest.mark.parametrize(("take_last", "late", "expected"), [(False, 0, []), (True, 10, [("TL1", 5_000)])])
def test_s09_first_or_last_of_several_scans(take_last: bool, late: int, expected: Found) -> None:
    rules = tuple(replace(rule, take_last=take_last) for rule in TWO_SCANS)
    result = one_day(replace(model(), scans=always("scans", rules)), MONDAY, "07:25:10", "07:25:14", "07:40", "16:01")
    assert (result.days[0].late_minutes, costs(result.findings)) == (late, expected)


def september(profile: str, *minutes: int) -> MonthBuilder:
    """S11: 3 TL1, TL3, 2 PSW1, one leave scan missing, one absence, one Monday's apel missed, 3 days with documents."""
    unusual = {
        **dict.fromkeys((1, 2, 3), ("07:45", "16:00")),
        4: ("08:45", "16:30"),
        **dict.fromkeys((7, 8), ("07:30", "15:45")),
        9: ("07:30",),
        **dict.fromkeys((10, 11, 14, 15), ()),
    }
    built = MonthBuilder(profile=profile).person()
    for day in (date(2026, 9, number) for number in range(1, 31)):
        built.punch(day, *unusual.get(day.day, ("07:20", "16:40")))
    built.absence(FRIDAY, kind="dinas_luar").absence(date(2026, 9, 14), date(2026, 9, 15), kind="cuti_tahunan")
    monday = date(2026, 9, 21)
    built.add("events", event="apel", kind="apel", unit="*", day=monday, opens=time(7, 30), closes=time(7, 45))
    built.add("event_attendance", event="apel", nip="somebody else", mark="present")
    for day, done in zip(range(1, 31), minutes, strict=False):
        built.add("activities", nip=NIP, day=date(2026, 9, day), minutes=done)
    return built


FULL = (*(450,) * 4, 0, 0, *(450,) * 5, 0, 0, *(450,) * 5, 0, 0, 450, 270)


def test_s11_one_month_of_forty_and_sixty() -> None:
    person = oracle.score(september("plain", *FULL).facts(), made_up_book()).people[0]
    assert person.approved_minutes == 7_020
    assert (person.working_days, person.days_excused, person.unexcused_days) == (22, 3, 1)
    assert (person.discipline_deduction_ppm, person.discipline_score_ppm) == (102_500, 897_500)
    assert (person.discipline_rp, person.performance_rp, person.payable_rp) == (1_436_000, 2_400_000, 3_836_000)


@pytest.mark.parametrize(
    ("mode", "share_ppm", "payable_rp"),
    [(Productivity.PROPORTIONAL, 900_000, 3_596_000), (Productivity.THRESHOLD, 0, 1_436_000)],
)
def test_s12_fewer_minutes_in_proportion_or_nothing(mode: Productivity, share_ppm: int, payable_rp: int) -> None:
    profile = replace(model(), performance=always("performance", Performance(mode, {}, None)))
    fewer = (*FULL[:14], *(450,) * 3, 225)
    person = oracle.score(september("plain", *fewer).facts(), book(profile)).people[0]
    assert (person.approved_minutes, person.target_minutes) == (6_075, 6_750)
    assert (person.performance_score_ppm, person.payable_rp) == (share_ppm, payable_rp)


def test_s19_minutes_become_days_and_the_remainder_is_kept() -> None:
    built = MonthBuilder().person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:30", "16:00")
    for number, (missed, minutes) in enumerate([(True, 0), (True, 0), (False, 620), (False, 310)]):
        built.add(
            "earlier_days",
            nip=NIP,
            day=date(2026, 3, 2 + number),
            unexcused=missed,
            bank_minutes=minutes,
            missing_scans=0,
        )
    built.profile = "plain"
    person = oracle.score(built.facts(), made_up_book()).people[0]
    assert (person.bank_minutes_year, person.converted_days, person.days_this_year) == (930, 2, 4)
    rung = made_up_book().unexcused.on(MONDAY).value.rungs[1]
    assert (rung.from_days, rung.to_days, person.threshold) == (4, 6, rung.code)


@pytest.mark.parametrize("days", [2, 3, 4, 6, 7, 10, 11, 13, 14, 16, 17, 20, 21, 24, 25, 27, 28])
def test_s19_every_rung_begins_and_ends_where_the_law_says(days: int) -> None:
    built = MonthBuilder(profile="plain").person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:30", "16:00")
    for number in range(days):
        missed = date(2026, 1 + number // 7, 1 + 2 * (number % 7))
        built.add("earlier_days", nip=NIP, day=missed, unexcused=True, bank_minutes=0, missing_scans=0)
        built.add(
            "earlier_days",
            nip=NIP,
            day=missed.replace(day=missed.day + 1),
            unexcused=False,
            bank_minutes=0,
            missing_scans=0,
        )
    person = oracle.score(built.facts(), made_up_book()).people[0]
    edges = (3, 4, 7, 11, 14, 17, 21, 25, 28)
    rungs = made_up_book().unexcused.on(MONDAY).value.rungs
    reached = sum(days >= edge for edge in edges)
    assert person.days_this_year == days
    assert person.threshold == (rungs[reached - 1].code if reached else None)


@pytest.mark.parametrize(
    ("predicate", "jambi_rp"),
    [
        ("sangat_baik", 2_400_000),
        ("baik", 2_400_000),
        ("butuh_perbaikan", 2_160_000),
        ("kurang", 1_800_000),
        ("sangat_kurang", 1_200_000),
        (None, 960_000),
    ],
)
def test_s22_performance_by_rating(predicate: str | None, jambi_rp: int) -> None:
    ratios = {"sangat_baik": 100, "baik": 100, "butuh_perbaikan": 90, "kurang": 75, "sangat_kurang": 50}
    rule = Performance(Productivity.RATING, {name: pct * 10_000 for name, pct in ratios.items()}, 400_000)
    profile = replace(model(), performance=always("performance", rule))
    built = MonthBuilder(profile="plain").person(valid_from=MONDAY, valid_to=MONDAY).punch(MONDAY, "07:30", "16:00")
    if predicate:
        built.add("ratings", nip=NIP, predicate=predicate, valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
    person = oracle.score(built.facts(), book(profile)).people[0]
    assert (person.rating, person.performance_rp) == (predicate, jambi_rp)


def test_a_missing_scan_may_cost_what_so_many_minutes_do() -> None:
    bulukumba = replace(model(), missing_scan=always("missing_scan", Missing(0, as_minutes=90)))
    assert costs(one_day(bulukumba, MONDAY, "16:00").findings) == [("TAM", 12_500)]


def test_flexible_time_that_is_not_made_good_costs_apart_from_lateness() -> None:
    profile = made_up_book().profiles["flexible"]
    built = MonthBuilder(profile="flexible").person(valid_from=MONDAY, valid_to=MONDAY)
    built.punch(MONDAY, "08:45", "16:25").add("ratings", nip=NIP, predicate="baik")
    result = oracle.score(built.facts(), book(profile))
    # 75 minutes after 07:30: 60 flexible and 15 late; 25 made good after 16:00, so that 35 are owed.
    assert [(found.code, found.minutes) for found in result.findings] == [("TL1", 15), ("KT2", 35)]


def test_an_event_may_be_of_another_base_than_the_day() -> None:
    krida = EventCost("krida", (0, 0, 0, 0, 10_000, 0, 0), in_ramadan=True, base=Base.WHOLE)
    profile = replace(model(), events=always("events", {"krida": krida}))
    built = MonthBuilder(profile="plain").person(valid_from=FRIDAY, valid_to=FRIDAY).punch(FRIDAY, "07:20", "16:40")
    built.add(
        "events", event="k", kind="krida", unit="*", day=FRIDAY, opens=time(7), closes=time(7, 15), terminal="HALL"
    )
    result = oracle.score(built.facts(), book(profile))
    assert [(found.code, found.base, found.deduction_rp) for found in result.findings] == [("KRIDA", "whole", 40_000)]
