"""The shipped rules say what `regulations` says, value by value."""

from __future__ import annotations

import pickle
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.errors import NoRule
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import Base, Bound, DayHours, RuleBook, Scan

SEPTEMBER = date(2026, 9, 7)
BANDS = [(1, 30, 5_000), (31, 60, 10_000), (61, 90, 12_500), (91, None, 15_000)]


@pytest.fixture(scope="module")
def book(shipped: Path) -> RuleBook:
    return load_rulebook(shipped)


def bands(timeline: object) -> list[tuple[int, int | None, int]]:
    return [(band.from_min, band.to_min, band.deduction_ppm) for band in timeline.on(SEPTEMBER).value]  # type: ignore[attr-defined]


def net_minutes(day: DayHours | None) -> int:
    def minutes(at: time | None) -> int:
        return at.hour * 60 + at.minute if at else 0

    return minutes(day.end) - minutes(day.start) - minutes(day.break_end) + minutes(day.break_start) if day else 0


def test_2026_has_240_five_day_working_days(book: RuleBook) -> None:
    first = date(2026, 1, 1)
    days = [first + timedelta(days=n) for n in range(365)]
    working = [day for day in days if day.weekday() < 5 and day not in book.holidays]
    months = [sum(day.month == month for day in working) for month in range(1, 13)]
    assert months == [20, 18, 17, 21, 16, 20, 23, 19, 22, 22, 21, 21]
    assert len(working) == 240


def test_a_year_of_the_national_week_is_37_and_a_half_hours_and_32_and_a_half_in_ramadan(book: RuleBook) -> None:
    schedule = book.schedule("five-day-national")
    assert schedule.ramadan_week is not None
    for day in (date(2021, 5, 3), date(2023, 4, 11), date(2023, 4, 12), SEPTEMBER):
        assert sum(map(net_minutes, schedule.week.on(day).value.days)) == 2250
        assert sum(map(net_minutes, schedule.ramadan_week.on(day).value.days)) == 1950
    friday = schedule.week.on(SEPTEMBER).value.days[4]
    assert friday == DayHours(time(7, 30), time(16, 30), time(11, 30), time(13))


def test_the_hours_change_their_source_with_the_decree(book: RuleBook) -> None:
    week = book.schedule("five-day-national").week
    assert week.on(date(1995, 9, 27)).citation.source == "Keppres 68/1995"
    assert week.on(date(2023, 4, 11)).citation.source == "Keppres 68/1995"
    assert week.on(date(2023, 4, 12)).citation.source == "Perpres 21/2023 Ps 3-4"
    with pytest.raises(NoRule):
        week.on(date(1995, 9, 26))


def test_ramadan_follows_the_isbat(book: RuleBook) -> None:
    assert book.ramadan_on(date(2026, 2, 18)) is None
    assert book.ramadan_on(date(2026, 2, 19)) is not None
    assert book.ramadan_on(date(2026, 3, 20)) is not None
    assert book.ramadan_on(date(2026, 3, 21)) is None
    assert [month.first.year for month in book.ramadans] == list(range(2018, 2027))
    with pytest.raises(NoRule):
        book.ramadan_on(date(2027, 2, 1))


def test_tpp_model(book: RuleBook) -> None:
    profile = book.profile("tpp-model")
    assert bands(profile.late) == bands(profile.early) == BANDS
    assert [band.code for band in profile.late.on(SEPTEMBER).value] == ["TL1", "TL2", "TL3", "TL4"]
    assert [band.code for band in profile.early.on(SEPTEMBER).value] == ["PSW1", "PSW2", "PSW3", "PSW4"]
    assert bands(profile.break_late) == bands(profile.break_early) == []
    assert profile.missing_scan.on(SEPTEMBER).value == 15_000
    assert profile.absence_day.on(SEPTEMBER).value == 30_000
    assert profile.base.on(SEPTEMBER).value is Base.DISCIPLINE
    assert profile.day_cap.on(SEPTEMBER).value is None
    split = profile.split.on(SEPTEMBER).value
    assert (split.discipline_ppm, split.performance_ppm) == (400_000, 600_000)
    target = profile.target.on(SEPTEMBER).value
    assert (target.minutes, target.duty_cap_ppm) == (6750, 900_000)
    arrive, leave = profile.scans.on(SEPTEMBER).value
    assert (arrive.scan, arrive.opens, arrive.closes) == (Scan.ARRIVE, Bound(-90), Bound(0, from_middle=True))
    assert (leave.scan, leave.opens, leave.closes) == (Scan.LEAVE, Bound(0, from_middle=True), Bound(479))
    assert (arrive.take_last, leave.take_last) == (False, True)
    assert {kind.credited_minutes for kind in profile.absences.on(SEPTEMBER).value.values()} == {0}


def test_hsu(book: RuleBook) -> None:
    profile = book.profile("hsu")
    assert bands(profile.late) == bands(profile.early) == bands(profile.break_late) == bands(profile.break_early) == []
    assert profile.missing_scan.on(SEPTEMBER).value == 0
    assert profile.absence_day.on(SEPTEMBER).value == profile.day_cap.on(SEPTEMBER).value == 10_000
    assert profile.base.on(SEPTEMBER).value is Base.WHOLE
    assert profile.split == book.profile("tpp-model").split
    credited = {kind.kind for kind in profile.absences.on(SEPTEMBER).value.values() if kind.credited_minutes == 360}
    assert credited == {"dinas_luar", "diklat", "cuti_tahunan"}


def test_four_scan_example(book: RuleBook) -> None:
    profile = book.profile("four-scan-example")
    assert (
        bands(profile.late) == bands(profile.early) == bands(profile.break_late) == bands(profile.break_early) == BANDS
    )
    assert profile.break_late.on(SEPTEMBER).value[0].code == "IST1"
    assert profile.break_early.on(SEPTEMBER).value[3].code == "ISC4"
    assert profile.day_cap.on(SEPTEMBER).value == 30_000
    assert profile.schedule == "five-day-national"


@pytest.mark.parametrize("name", ["hsu", "four-scan-example"])
def test_four_scans_have_the_windows_of_the_regulations(book: RuleBook, name: str) -> None:
    due = {Scan.ARRIVE: 450, Scan.BREAK_OUT: 720, Scan.BREAK_IN: 780, Scan.LEAVE: 960}
    windows = {
        rule.scan: tuple(divmod(due[rule.scan] + bound.minutes, 60) for bound in (rule.opens, rule.closes))
        for rule in book.profile(name).scans.on(SEPTEMBER).value
    }
    assert windows == {
        Scan.ARRIVE: ((6, 0), (11, 59)),
        Scan.BREAK_OUT: ((12, 0), (12, 30)),
        Scan.BREAK_IN: ((12, 31), (13, 30)),
        Scan.LEAVE: ((15, 0), (23, 59)),
    }
    assert [rule.take_last for rule in book.profile(name).scans.on(SEPTEMBER).value] == [False, False, False, True]


def test_every_profile_begins_with_2021_and_knows_the_kinds_of_absence(book: RuleBook) -> None:
    kinds = (
        "dinas_luar diklat wfa cuti_tahunan cuti_sakit cuti_besar cuti_melahirkan keguguran cuti_alasan_penting cltn "
        "izin tugas_belajar kartu_kendali"
    )
    for profile in book.profiles.values():
        timelines = [
            getattr(profile, name)
            for name in type(profile).__dataclass_fields__
            if name not in ("name", "title", "schedule")
        ]
        assert len(timelines) == 12
        for timeline in timelines:
            assert timeline.on(date(2021, 1, 1))
            with pytest.raises(NoRule):
                timeline.on(date(2020, 12, 31))
        assert set(profile.absences.on(SEPTEMBER).value) == set(kinds.split())


def test_values_carry_the_names_of_the_file(book: RuleBook) -> None:
    profile = book.profile("four-scan-example")
    names = [profile.late.name, profile.early.name, profile.break_late.name, profile.break_early.name]
    assert names == ["late_early_classes", "late_early_classes", "break_late_classes", "break_early_classes"]
    assert [profile.missing_scan.name, profile.absence_day.name] == ["missing_scan", "absence_day"]
    assert profile.target.name == "target_minutes"


def test_citations_lead_to_the_line_of_the_value(book: RuleBook, shipped: Path) -> None:
    citations = [
        book.profile("hsu").absence_day.on(SEPTEMBER).citation,
        book.profile("hsu").split.on(SEPTEMBER).citation,
    ]
    citations += [holiday.citation for holiday in book.holidays.values()]
    citations += [month.citation for month in book.ramadans]
    citations.append(book.unexcused.on(SEPTEMBER).citation)
    for citation in citations:
        name, _, line = citation.place.rpartition(":")
        written = (shipped / name).read_text().splitlines()[int(line) - 1]
        assert written.lstrip().startswith("- "), citation
    assert citations[1].place.startswith("profiles/tpp-model.yaml:")


def test_pp_94_follows_pp_53(book: RuleBook) -> None:
    old, new = (book.unexcused.on(date(2021, 8, 30)), book.unexcused.on(date(2021, 8, 31)))
    assert (old.citation.source, new.citation.source) == ("PP 53/2010", "PP 94/2021")
    rule = new.value
    ladder = {days: next(rung.text for rung in rule.rungs if days <= (rung.to_days or days)) for days in (3, 4, 10, 28)}
    assert ladder == {
        3: "ringan: teguran lisan",
        4: "ringan: teguran tertulis",
        10: "ringan: pernyataan tidak puas tertulis",
        28: "berat: PDHTAPS",
    }
    assert (rule.minutes_per_day, rule.run_days, rule.statuses) == (450, 10, {"pns", "cpns"})
    assert [rung.from_days for rung in old.value.rungs] == [5, 6, 11, 16, 21, 26, 31, 36, 41, 46]
    assert old.value.run_days is None


def test_a_holiday_of_every_year_is_there_with_its_kind(book: RuleBook) -> None:
    assert book.holiday_years == {2021, 2022, 2023, 2024, 2025, 2026}
    for year in book.holiday_years:
        assert book.holidays[date(year, 8, 17)].kind == "libur_nasional"
    assert book.holidays[date(2026, 3, 20)].kind == "cuti_bersama"
    assert "SKB 3 Menteri" in book.holidays[date(2026, 3, 20)].citation.source


def test_a_rule_book_travels_to_another_process(book: RuleBook) -> None:
    assert pickle.loads(pickle.dumps(book)) == book  # noqa: S301 - our own bytes
