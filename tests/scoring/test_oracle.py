"""The columnar engine against a plain reading of the rules, day by day, that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month

Build = Callable[..., Any]
NIP = "199001012015011001"
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
PROFILES = ("tpp-model", "hsu", "four-scan-example")
MONTHS = {date(2026, 2, 1): 28, date(2026, 9, 1): 30}
MINUTE = timedelta(minutes=1)
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class Case:
    profile: str
    zone: str
    month: date
    punches: tuple[datetime, ...]  # local
    documents: tuple[tuple[date, time | None, time | None, bool], ...]  # approved, else undecided
    holes: tuple[Stretch, ...]  # local
    outages: tuple[tuple[datetime, datetime, bool], ...]  # local; approved, else undecided
    minutes: tuple[tuple[date, int], ...]
    now: datetime  # local


def times_of_day() -> st.SearchStrategy[time]:
    """Mostly near what the rules care about."""
    edges = ("07:30", "08:00", "11:30", "12:00", "12:30", "13:00", "15:00", "16:00", "16:30")
    around = st.builds(
        lambda text, off_s: (
            datetime.combine(date(2026, 1, 1), time.fromisoformat(text)) + timedelta(seconds=off_s)
        ).time(),
        st.sampled_from(edges),
        st.one_of(st.sampled_from((-60, -1, 0, 1, 59, 60)), st.integers(-6_000, 6_000)),
    )
    return st.one_of(around, st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    month = draw(st.sampled_from(sorted(MONTHS)))
    # Few days with much on them find more than many days with little.
    days = st.sampled_from([month + timedelta(days=number) for number in (8, 9, 10, 17, 18, 19, MONTHS[month] - 1)])
    moments = st.builds(datetime.combine, days, times_of_day())
    clock = st.one_of(st.none(), times_of_day().map(lambda at: at.replace(second=0)))
    holes = st.builds(lambda begin, hours: (begin, begin + timedelta(hours=hours)), moments, st.integers(1, 40))
    outages = st.builds(
        lambda begin, minutes, approved: (begin, begin + timedelta(minutes=minutes), approved),
        moments,
        st.one_of(st.integers(1, 120), st.integers(120, 1_500)),
        st.booleans(),
    )
    return Case(
        draw(st.sampled_from(PROFILES)),
        draw(st.sampled_from(ZONES)),
        month,
        tuple(draw(st.lists(moments, max_size=25, unique=True))),
        tuple(draw(st.lists(st.tuples(days, clock, clock, st.booleans()), max_size=4))),
        tuple(draw(st.lists(holes, max_size=2))),
        tuple(draw(st.lists(outages, max_size=3))),
        tuple(draw(st.lists(st.tuples(days, st.integers(1, 900)), max_size=4))),
        draw(st.one_of(st.just(datetime(2026, 12, 31)), moments)),
    )


def duty_hours(day: date) -> tuple[str, str, str, str] | None:
    if day.weekday() > 4 or day in (date(2026, 2, 16), date(2026, 2, 17)):
        return None
    friday = day.weekday() == 4
    if date(2026, 2, 19) <= day <= date(2026, 3, 20):
        return ("08:00", "11:30", "12:30", "15:30") if friday else ("08:00", "12:00", "12:30", "15:00")
    return ("07:30", "11:30", "13:00", "16:30") if friday else ("07:30", "12:00", "13:00", "16:00")


def expected_windows(case: Case, day: date) -> list[tuple[str, datetime, datetime, datetime]]:
    """Scan, due, first instant inside, first instant after; local."""
    hours = duty_hours(day)
    assert hours
    start, out, back, end = (datetime.combine(day, time.fromisoformat(text)) for text in hours)
    if case.profile == "tpp-model":
        middle = start + (end - start) / 2
        return [("arrive", start, start - 90 * MINUTE, middle), ("leave", end, middle, end + 481 * MINUTE)]
    windows = [
        ["arrive", start, start - 90 * MINUTE, start + 270 * MINUTE],
        ["break_out", out, out, out + 31 * MINUTE],
        ["break_in", back, max(back - 29 * MINUTE, out + (back - out) / 2), back + 31 * MINUTE],
        ["leave", end, end - 60 * MINUTE, end + 480 * MINUTE],
    ]
    for earlier, later in pairwise(windows):
        earlier[3] = min(earlier[3], later[2])
    return [tuple(window) for window in windows]  # type: ignore[misc]


def band(minutes: int) -> tuple[int, int]:
    return next(
        (n, cost)
        for top, n, cost in ((30, 1, 5_000), (60, 2, 10_000), (90, 3, 12_500), (10**9, 4, 15_000))
        if minutes <= top
    )


def excused_by(case: Case, due: datetime, day: date, *, approved: bool) -> bool:
    for on, begins, ends, is_approved in case.documents:
        if is_approved is not approved:
            continue
        if begins is None and ends is None:
            if on == day:
                return True
            continue
        first = datetime.combine(on, begins or time.min)
        last = datetime.combine(on, ends or time.max)
        if last < first:
            last += timedelta(days=1)
        if first <= due <= last:
            return True
    return False


Found = tuple[str, int | None, int, list[Stretch], bool]


def judge_day(case: Case, day: date) -> tuple[str, list[tuple[str, int | None, int]]]:
    windows = expected_windows(case, day)
    closed = [end <= case.now for *_, end in windows]
    if not any(closed):
        return "future", []
    whole = any(on == day and begins is None and ends is None and ok for on, begins, ends, ok in case.documents)
    used: list[datetime | None] = []
    excused = []
    for scan, due, opens, end in windows:
        inside = sorted(at for at in case.punches if opens <= at < end)
        used.append((inside[-1] if scan == "leave" else inside[0]) if inside else None)
        unseen = not inside and failed(case, opens, end, approved=True)
        excused.append(unseen or excused_by(case, due, day, approved=True))
    if whole or all(excused):
        return "excused", []
    if not any(used) and not any(excused):
        return judge_empty_day(case, day, over=all(closed))
    found = [
        finding
        for number, window in enumerate(windows)
        if closed[number] and not excused[number]
        for finding in judge_scan(case, day, window, used[number])
    ]
    if any(asked or must_wait(case, stretches) for *_, stretches, asked in found):
        return "pending", []
    left = 30_000 if case.profile == "four-scan-example" else 10**9
    costs = []
    for code, minutes, cost, *_ in found:
        costs.append((code, minutes, min(cost, left)))
        left -= min(cost, left)
    return "present", costs


def judge_empty_day(case: Case, day: date, *, over: bool) -> tuple[str, list[tuple[str, int | None, int]]]:
    if not over:
        return "future", []
    windows = expected_windows(case, day)
    asked = any(excused_by(case, due, day, approved=False) for _, due, *_ in windows)
    if asked or must_wait(case, [(opens, end) for *_, opens, end in windows]):
        return "pending", []
    return "unexcused", [("TK", None, 10_000 if case.profile == "hsu" else 30_000)]


def judge_scan(
    case: Case, day: date, window: tuple[str, datetime, datetime, datetime], at: datetime | None
) -> list[Found]:
    if case.profile == "hsu":
        return []
    scan, due, opens, end = window
    asked = excused_by(case, due, day, approved=False)
    if at is None:
        code = {"arrive": "TAM", "break_out": "TAK", "break_in": "TAI", "leave": "TAP"}[scan]
        return [(code, None, 15_000, [(opens, end)], asked)]
    off_s = late_s(case, due, at) if scan in ("arrive", "break_in") else early_s(case, due, at, opens, end)
    if off_s < 60:
        return []
    number, cost = band(off_s // 60)
    code = {"arrive": "TL", "break_out": "ISC", "break_in": "IST", "leave": "PSW"}[scan]
    stretch = (at, end) if scan == "leave" else (opens, at)
    return [(f"{code}{number}", off_s // 60, cost, [stretch], asked)]


def late_s(case: Case, due: datetime, at: datetime) -> int:
    """The seconds from due to punch in which the terminal worked."""
    late, reached = 0, due
    for begins, ends, _ in sorted(outage for outage in case.outages if outage[2]):
        late += max(0, int((min(begins, at) - reached).total_seconds()))
        reached = max(reached, ends)
    return late + max(0, int((at - reached).total_seconds()))


def early_s(case: Case, due: datetime, at: datetime, opens: datetime, end: datetime) -> int:
    """Whoever could not scan any more is taken to have stayed until the terminal worked again."""
    left = at
    for begins, ends, approved in case.outages:
        if approved and begins < end and ends > opens and ends > at:
            left = max(left, min(ends, due))
    return int((due - left).total_seconds())


def failed(case: Case, low: datetime, high: datetime, *, approved: bool) -> bool:
    return any(low < ends and high > begins for begins, ends, decided in case.outages if decided is approved)


def must_wait(case: Case, stretches: list[Stretch]) -> bool:
    """Data are missing for another reason than an approved outage, or an outage is undecided."""
    holes = list(case.holes)
    for begins, ends, approved in case.outages:
        if approved:
            cut = [((lost, min(gone, begins)), (max(lost, ends), gone)) for lost, gone in holes]
            holes = [hole for pair in cut for hole in pair if hole[0] < hole[1]]
    return any(
        failed(case, low, high, approved=False) or any(low < gone and high > lost for lost, gone in holes)
        for low, high in stretches
    )


def expected_pay(case: Case, duty: list[date], costs_ppm: int) -> int:
    base, hsu = Fraction(4_000_000), case.profile == "hsu"

    def net(day: date) -> int:
        start, out, back, end = (datetime.combine(day, time.fromisoformat(text)) for text in duty_hours(day) or ())
        return int((end - start - (back - out)) / MINUTE)

    target = min(6_750, sum(map(net, duty)) * 9 // 10)
    done = sum(min(net(day), sum(n for on, n in case.minutes if on == day)) for day in duty)
    credited = 360 * sum(
        hsu and any(on == day and begins is None and ends is None and ok for on, begins, ends, ok in case.documents)
        for day in duty
    )
    reached = min(Fraction(1), Fraction(done + credited, target))
    cost = Fraction(costs_ppm, 1_000_000)
    if hsu:
        total = base * (Fraction(2, 5) + Fraction(3, 5) * reached - cost)
    else:
        total = base * (Fraction(2, 5) * (1 - cost) + Fraction(3, 5) * reached)
    return int(total + Fraction(1, 2))


def build_case(build: Build, case: Case) -> Any:
    zone = ZoneInfo(case.zone)

    def instant(local: datetime) -> datetime:
        return local.replace(tzinfo=zone).astimezone(UTC)

    month = build(month=case.month, profile=case.profile, zone=case.zone, now=instant(case.now)).person()
    for at in case.punches:
        month.punch(at.date(), at.time().isoformat())
    for day, begins, ends, approved in case.documents:
        status = "approved" if approved else "pending"
        month.absence(day, kind="diklat", from_time=begins, to_time=ends, status=status)
    for day, minutes in case.minutes:
        month.add("activities", nip=NIP, day=day, minutes=minutes)
    for begins, ends, approved in case.outages:
        month.outage(instant(begins), instant(ends), status="approved" if approved else "pending")
    begin = None
    for lost, gone in sorted(case.holes):
        if begin is None or instant(lost) > begin:
            month.covered(begin, instant(lost))
        begin = max(instant(gone), begin) if begin else instant(gone)
    return month.covered(begin, datetime(2100, 1, 1, tzinfo=UTC))


@given(case=cases())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engine_finds_what_a_plain_reading_finds(build: Build, rules: RuleBook, case: Case) -> None:
    result = score_month(build_case(build, case).facts(), rules)
    duty = [day for day in (case.month + timedelta(days=n) for n in range(MONTHS[case.month])) if duty_hours(day)]
    expected = {day: judge_day(case, day) for day in duty}
    assert dict(result.days.select("date", "state").iter_rows()) == {day: state for day, (state, _) in expected.items()}
    found = list(result.findings.select("date", "code", "minutes", "deduction_ppm").iter_rows())
    assert found == [(day, *finding) for day in duty for finding in expected[day][1]]
    assert result.pending["date"].to_list() == [day for day in duty if expected[day][0] == "pending"]
    costs = sum(cost for _, findings in expected.values() for *_, cost in findings)
    assert result.people["payable_rp"].item() == expected_pay(case, duty, costs)


def test_the_plain_reading_itself_knows_the_worked_example() -> None:
    monday = date(2026, 9, 7)
    punches = tuple(datetime.combine(monday, time.fromisoformat(text)) for text in ("07:28", "12:05", "13:12", "16:02"))
    case = Case("four-scan-example", ZONES[1], date(2026, 9, 1), punches, (), (), (), (), datetime(2026, 12, 31))
    assert judge_day(case, monday) == ("present", [("IST1", 12, 5_000)])


@pytest.mark.parametrize("profile", PROFILES)
def test_a_month_without_anything_is_absent_every_day(build: Build, rules: RuleBook, profile: str) -> None:
    case = Case(profile, ZONES[0], date(2026, 9, 1), (), (), (), (), (), datetime(2026, 12, 31))
    result = score_month(build_case(build, case).facts(), rules)
    assert set(result.findings["code"]) == {"TK"}
    assert result.findings.height == 22
