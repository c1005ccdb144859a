"""The shipped rules say what `regulations` says, value by value."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import (
    AbsenceDay,
    Base,
    Bound,
    Ceremony,
    DayHours,
    Factors,
    LeaveStep,
    MassAnomaly,
    Missing,
    Performance,
    PlanEffect,
    Productivity,
    Profile,
    RuleBook,
    Scan,
    Schedule,
    Settled,
    SilenceRule,
    Target,
)

SEPTEMBER = date(2026, 9, 7)
BANDS = [(1, 30, 5_000), (31, 60, 10_000), (61, 90, 12_500), (91, None, 15_000)]


@pytest.fixture(scope="module")
def book(shipped: Path) -> RuleBook:
    return load_rulebook(shipped)


def bands(timeline: object) -> list[tuple[int, int | None, int]]:
    return [(band.from_min, band.to_min, band.deduction_ppm) for band in timeline.on(SEPTEMBER).value]  # type: ignore[attr-defined]


def costs(profile: Profile) -> dict[str, tuple[tuple[int, ...], bool, Base]]:
    """What events of a profile cost, those that cost nothing left out."""
    return {
        kind: (cost.weekdays_ppm, cost.in_ramadan, cost.base)
        for kind, cost in profile.events.on(SEPTEMBER).value.items()
        if any(cost.weekdays_ppm)
    }


def days_of(schedule: Schedule, day: date = SEPTEMBER) -> tuple[DayHours | None, ...]:
    assert schedule.week is not None
    return schedule.week.on(day).value.days


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
        assert sum(map(net_minutes, days_of(schedule, day))) == 2250
        assert sum(map(net_minutes, schedule.ramadan_week.on(day).value.days)) == 1950
    friday = days_of(schedule)[4]
    assert friday == DayHours(time(7, 30), time(16, 30), time(11, 30), time(13))


def test_the_hours_change_their_source_with_the_decree(book: RuleBook) -> None:
    week = book.schedule("five-day-national").week
    assert week is not None
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
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(15_000)
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(30_000)
    assert profile.base.on(SEPTEMBER).value is Base.DISCIPLINE
    assert profile.day_cap.on(SEPTEMBER).value is None
    assert profile.month_cap.on(SEPTEMBER).value is None
    assert profile.flexible_start.on(SEPTEMBER).value is None
    assert costs(profile) == {"apel": ((20_000, 0, 0, 0, 0, 0, 0), False, Base.DISCIPLINE)}
    assert profile.ceremonies.on(SEPTEMBER).value == ()
    assert profile.factors.on(SEPTEMBER).value == Factors(100, {"cpns": 80}, 20)
    assert profile.prorate_transfers.on(SEPTEMBER).value is False
    assert profile.corrections_per_month.on(SEPTEMBER).value is None
    assert profile.mass_anomaly.on(SEPTEMBER).value == MassAnomaly(800_000, 10)
    assert profile.performance.on(SEPTEMBER).value == Performance(Productivity.PROPORTIONAL, {}, None)
    assert profile.lineage == ("tpp-model",)
    split = profile.split.on(SEPTEMBER).value
    assert (split.discipline_ppm, split.performance_ppm) == (400_000, 600_000)
    assert profile.target.on(SEPTEMBER).value == Target(6750, None, None, 900_000)
    arrive, leave = profile.scans.on(SEPTEMBER).value
    assert (arrive.scan, arrive.opens, arrive.closes) == (Scan.ARRIVE, Bound(-90), Bound(0, from_middle=True))
    assert (leave.scan, leave.opens, leave.closes) == (Scan.LEAVE, Bound(0, from_middle=True), Bound(479))
    assert (arrive.take_last, leave.take_last) == (False, True)
    assert {kind.credited_minutes for kind in profile.absences.on(SEPTEMBER).value.values()} == {0}


def test_hsu(book: RuleBook) -> None:
    profile = book.profile("hsu")
    assert bands(profile.late) == bands(profile.early) == bands(profile.break_late) == bands(profile.break_early) == []
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(0)
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(10_000)
    assert profile.day_cap.on(SEPTEMBER).value == 10_000
    assert costs(profile) == {}
    assert profile.lineage == ("hsu", "tpp-model")
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


REGENCIES = ["banyuwangi", "mempawah", "hsu", "magetan", "badung"]


@pytest.mark.parametrize("name", [*REGENCIES, "banjarmasin"])
def test_the_five_regencies_and_banjarmasin_credit_six_hours_for_duty_elsewhere(book: RuleBook, name: str) -> None:
    kinds = book.profile(name).absences.on(SEPTEMBER).value.values()
    credited = {kind.kind: kind.credited_minutes for kind in kinds if kind.credited_minutes}
    assert credited == {"dinas_luar": 360, "diklat": 360, "cuti_tahunan": 360}
    assert not any(kind.deduction_ppm or kind.pay or kind.late_child_pay for kind in kinds)


@pytest.mark.parametrize("name", REGENCIES)
def test_the_five_regencies_do_not_count_minutes_that_attendance_contradicts(book: RuleBook, name: str) -> None:
    rule = book.profile(name).activities.on(SEPTEMBER).value
    assert rule == replace(book.profile("tpp-model").activities.on(SEPTEMBER).value, doubtful_count=False)


def test_what_silence_does_is_a_rule(book: RuleBook) -> None:
    def silence(name: str) -> SilenceRule:
        return book.profile(name).superior_silence.on(SEPTEMBER).value

    assert silence("tpp-model") == silence("hsu") == SilenceRule(3, 5, Settled.APPROVED)
    assert silence("banjarmasin") == SilenceRule(None, 5, Settled.APPROVED)
    waits = {name: profile.request_silence.on(SEPTEMBER).value for name, profile in book.profiles.items()}
    assert {name: days for name, days in waits.items() if days is not None} == {"tulang-bawang": 4}


def test_banyuwangi_announces_its_ceremony_and_takes_nothing_for_it(book: RuleBook) -> None:
    profile = book.profile("banyuwangi")
    assert profile.ceremonies.on(SEPTEMBER).value == (
        Ceremony("HKN", "upacara", 17, time(7), time(8), frozenset({(8, 17)})),
    )
    assert "upacara" not in costs(profile)
    assert [name for name in book.profiles if book.profile(name).ceremonies.on(SEPTEMBER).value] == ["banyuwangi"]


@pytest.mark.parametrize("name", ["banyuwangi", "mempawah", "magetan", "badung"])
def test_what_a_regency_did_not_publish_is_as_in_the_tpp_model(book: RuleBook, name: str) -> None:
    profile, model = book.profile(name), book.profile("tpp-model")
    own = {"name", "title", "lineage", "absences", "ceremonies", "events", "plans", "sakip", "activities"}
    for value in set(type(profile).__dataclass_fields__) - own:
        assert getattr(profile, value) == getattr(model, value)
    assert costs(profile) == costs(model)


def test_tulang_bawang_takes_of_the_whole(book: RuleBook) -> None:
    profile = book.profile("tulang-bawang")
    classes = [(1, 30, 2_000), (31, 60, 4_000), (61, 90, 5_000), (91, None, 6_000)]
    assert bands(profile.late) == bands(profile.early) == classes
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(6_000)
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(6_000)
    assert profile.base.on(SEPTEMBER).value is Base.WHOLE


def test_bulukumba_counts_a_missing_scan_as_minutes_and_has_apel_every_day(book: RuleBook) -> None:
    profile = book.profile("bulukumba")
    assert bands(profile.late) == BANDS
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(0, as_minutes=90)
    assert costs(profile) == {"apel": ((20_000, *[2_500] * 6), False, Base.DISCIPLINE)}


def test_banjarmasin_takes_a_share_of_presence_and_pays_all_or_nothing(book: RuleBook) -> None:
    profile = book.profile("banjarmasin")
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(0, presence_share=True)
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(15_000)
    assert profile.performance.on(SEPTEMBER).value.mode is Productivity.THRESHOLD
    assert profile.factors.on(SEPTEMBER).value == Factors(87, {"cpns": 80}, 20)


def test_jambi_takes_of_both_parts_and_pays_by_rating(book: RuleBook) -> None:
    profile = book.profile("jambi")
    assert bands(profile.late) == BANDS
    assert bands(profile.early) == [*BANDS[:3], (91, None, 15_500)]
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(0, as_minutes=91)
    assert profile.base.on(SEPTEMBER).value is Base.BOTH
    assert costs(profile)["apel"][2] is Base.DISCIPLINE
    kinds = profile.absences.on(SEPTEMBER).value
    assert {kind for kind in kinds if kinds[kind].deduction_ppm == 30_000} == {
        "cuti_tahunan",
        "cuti_sakit",
        "cuti_besar",
        "cuti_melahirkan",
        "cuti_alasan_penting",
    }
    performance = profile.performance.on(SEPTEMBER).value
    assert (performance.mode, performance.unrated_ppm) == (Productivity.RATING, 400_000)
    assert performance.ratios_ppm == {
        "sangat_baik": 1_000_000,
        "baik": 1_000_000,
        "cukup": 900_000,
        "butuh_perbaikan": 900_000,
        "kurang": 750_000,
        "sangat_kurang": 500_000,
    }


def test_permenaker_counts_minutes_and_reduces_leave_by_tables(book: RuleBook) -> None:
    profile = book.profile("permenaker-15-2024")
    for timeline, code in ((profile.late, "TLM"), (profile.early, "PSWM")):
        (band,) = timeline.on(SEPTEMBER).value
        assert (band.code, band.deduction_ppm, band.per_minute) == (code, 100, True)
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(10_000)
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(30_000)
    assert costs(profile) == {"upacara": ((30_000,) * 7, True, Base.DISCIPLINE)}
    split = profile.split.on(SEPTEMBER).value
    assert (split.discipline_ppm, split.performance_ppm) == (300_000, 700_000)
    performance = profile.performance.on(SEPTEMBER).value
    assert (performance.mode, performance.unrated_ppm) == (Productivity.RATING, None)
    assert list(performance.ratios_ppm.values()) == [1_000_000, 1_000_000, 850_000, 600_000, 600_000]
    pay = {kind.kind: kind.pay for kind in profile.absences.on(SEPTEMBER).value.values() if kind.pay}
    assert {kind: [(step.first, step.last, step.paid_ppm) for step in table.steps] for kind, table in pay.items()} == {
        "cuti_besar": [(1, 1, 500_000), (2, 2, 250_000), (3, None, 100_000)],
        "cuti_sakit": [(1, 1, 1_000_000), (2, 2, 500_000), (3, 3, 250_000), (4, None, 0)],
        "keguguran": [(1, 1, 1_000_000), (2, None, 990_000)],
        "cltn": [(1, None, 0)],
        "tugas_belajar": [(1, None, 800_000)],
    }
    assert pay["keguguran"].steps[1] == LeaveStep(2, None, 990_000, 10_000)
    assert {kind for kind, table in pay.items() if table.short_case_ppm is not None} == {"cuti_besar"}
    assert not any(table.by_length for table in pay.values())


def test_kemenkeu_has_a_flexible_start(book: RuleBook) -> None:
    profile = book.profile("kemenkeu")
    flexible = profile.flexible_start.on(SEPTEMBER).value
    assert flexible is not None
    assert flexible.minutes == 90
    classes = [(1, 30, 10_000), (31, 60, 12_500), (61, None, 25_000)]
    assert [(band.from_min, band.to_min, band.deduction_ppm) for band in flexible.bands] == classes
    assert [band.code for band in flexible.bands] == ["KT1", "KT2", "KT3"]
    assert bands(profile.late) == bands(profile.early) == classes
    assert profile.missing_scan.on(SEPTEMBER).value == Missing(25_000)
    assert profile.absence_day.on(SEPTEMBER).value == AbsenceDay(0)
    assert profile.base.on(SEPTEMBER).value is Base.WHOLE
    assert sum(map(net_minutes, days_of(book.schedule(profile.schedule)))) == 42 * 60 + 45
    with pytest.raises(NoRule):
        profile.base.on(date(2021, 12, 30))


def test_bali_takes_the_last_scan_of_every_window(book: RuleBook) -> None:
    scans = book.profile("bali-last").scans.on(SEPTEMBER).value
    assert [scan.scan for scan in scans] == [Scan.ARRIVE, Scan.LEAVE]
    assert all(scan.take_last for scan in scans)


def test_a_week_of_six_days_is_37_and_a_half_hours(book: RuleBook) -> None:
    schedule = book.schedule("six-day-penajam")
    assert sum(map(net_minutes, days_of(schedule))) == 2250
    assert days_of(schedule)[5] == DayHours(time(7, 30), time(13, 30))
    assert schedule.ramadan_week is not None
    assert schedule.ramadan_week.on(SEPTEMBER).value.days[4] == DayHours(
        time(8), time(14, 30), time(11, 30), time(12, 30)
    )


def test_three_shifts_reach_across_midnight(book: RuleBook) -> None:
    schedule = book.schedule("three-shifts")
    assert schedule.week is None
    assert schedule.shifts is not None
    assert schedule.shifts.on(SEPTEMBER).value == {
        "pagi": DayHours(time(8), time(14)),
        "siang": DayHours(time(14), time(21)),
        "malam": DayHours(time(21), time(8)),
    }


FIRST_DAYS = {"kemenkeu": date(2021, 12, 31), "permenaker-15-2024": date(2025, 1, 1)}


def test_every_profile_is_whole_from_its_first_day_on_and_knows_the_kinds_of_absence(book: RuleBook) -> None:
    kinds = (
        "dinas_luar diklat wfa cuti_tahunan cuti_sakit cuti_besar cuti_melahirkan keguguran cuti_alasan_penting cltn "
        "izin tugas_belajar kartu_kendali"
    )
    assert set(book.profiles) == {
        *REGENCIES,
        *("tpp-model", "four-scan-example", "tulang-bawang", "bulukumba", "banjarmasin", "jambi"),
        *("permenaker-15-2024", "kemenkeu", "bali-last"),
    }
    for name, profile in book.profiles.items():
        timelines = [
            getattr(profile, value)
            for value in type(profile).__dataclass_fields__
            if value not in ("name", "title", "lineage", "schedule")
        ]
        assert len(timelines) == 28
        first = max(timeline.entries[0].first for timeline in timelines)
        assert first == FIRST_DAYS.get(name, date(2021, 1, 1))
        assert {timeline.on(day).first for timeline in timelines for day in (first, SEPTEMBER)}
        assert set(profile.absences.on(SEPTEMBER).value) == set(kinds.split())
        assert profile.schedule in book.schedules


def test_plans_cost_nobody_anything_until_a_decree_says_so(book: RuleBook) -> None:
    for name, profile in book.profiles.items():
        rule = profile.plans.on(SEPTEMBER).value
        assert (rule.on_track_behind_ppm, rule.attention_behind_ppm, rule.gap_ppm) == (0, 100_000, 100_000)
        assert rule.effect == (PlanEffect(0, 0, 0) if name == "badung" else None)
        assert profile.indicators.on(SEPTEMBER).value is None


def test_workload_and_sakip_are_counted_as_regulations_say(book: RuleBook) -> None:
    for name, profile in book.profiles.items():
        workload, sakip = profile.workload.on(SEPTEMBER).value, profile.sakip.on(SEPTEMBER).value
        assert (workload.year_minutes, workload.times) == (75_000, {"day": 250, "week": 50, "month": 12, "year": 1})
        assert [(one.code, one.from_ppm // 10_000) for one in workload.classes] == [
            *(("A", 100), ("B", 90), ("C", 70), ("D", 50), ("E", 0)),
        ]
        assert workload.logged_day_minutes == 450
        assert len(sakip.weights_ppm) == 6
        assert (sakip.target, sakip.target_share_ppm) == ("A", 500_000 if name == "magetan" else 0)


def test_values_carry_the_names_of_the_file(book: RuleBook) -> None:
    profile = book.profile("four-scan-example")
    names = [profile.late.name, profile.early.name, profile.break_late.name, profile.break_early.name]
    assert names == ["late_early_classes", "late_early_classes", "break_late_classes", "break_early_classes"]
    assert [profile.missing_scan.name, profile.absence_day.name] == ["missing_scan", "absence_day"]
    assert [profile.target.name, profile.prorate_transfers.name] == ["target_minutes", "transfers"]
    assert book.schedule("three-shifts").shifts.name == "shifts of three-shifts"  # type: ignore[union-attr]


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
