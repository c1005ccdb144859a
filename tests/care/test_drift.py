"""The offset of a clock at the moment it showed a time: drifting, set, set back, and measured only around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import punches
from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.simulator import Device, Fault
from ekinerja_agent.simulator.faults import before
from ekinerja_agent.terminals.drift import Reading, offset_at, shown
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.usecases.care import clocks
from tests.care.conftest import Post

SET_TIME = 202
ZONE = ZoneInfo("Asia/Makassar")
DAY = datetime(2026, 9, 7)


def at(clock: str) -> datetime:
    return datetime.combine(DAY, datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007 - a terminal's clock


def measured(true_time: str, offset_s: int) -> Reading:
    return Reading(at(true_time) + timedelta(seconds=offset_s), offset_s)


def test_one_measurement_holds_for_every_clock() -> None:
    assert {offset_at([measured("08:00", 600)], at(clock)) for clock in ("00:00", "08:00", "23:00")} == {600}


def test_a_drift_is_interpolated() -> None:
    readings = [measured("08:00", 0), measured("18:00", 20)]
    assert [offset_at(readings, at(clock)) for clock in ("07:00", "08:00", "13:00", "18:00")] == [0, 0, 10, 20]


def test_a_clock_that_was_set_by_us_is_off_until_then_and_right_from_then_on() -> None:
    readings = [measured("08:00", 600), measured("09:00", 600), measured("09:00", 0), measured("10:00", 0)]
    assert [offset_at(readings, at(clock)) for clock in ("08:30", "09:05", "09:30")] == [600, 600, 0]


def test_a_clock_that_somebody_set_is_off_as_long_as_it_may_have_been() -> None:
    """The kinder of the two instants is then found by scoring, which weighs the clock itself too."""
    assert offset_at([measured("08:00", 600), measured("10:00", 0)], at("08:20")) == 600
    assert offset_at([measured("08:00", 0), measured("10:00", -600)], at("09:00")) == -600


def test_a_time_that_only_the_old_setting_can_have_shown_is_of_the_old_one() -> None:
    assert offset_at([measured("08:00", 600), measured("08:05", 0)], at("08:12")) == 600
    assert offset_at([measured("08:00", 600), measured("08:05", 0)], at("08:03")) == 0


@given(
    offsets=st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=5),
    minutes=st.lists(st.integers(1, 300), min_size=5, max_size=5),
    moment=st.integers(0, 1_500 * 60),
)
def test_the_true_offset_is_found_or_a_greater_one_that_is_possible_too(
    offsets: list[int], minutes: list[int], moment: int
) -> None:
    """Each setting is measured when it begins and when it ends."""
    times = [DAY]
    for length in minutes[: len(offsets)]:
        times.append(times[-1] + timedelta(minutes=length))
    readings = [
        Reading(time + timedelta(seconds=offset), offset)
        for (begin, end), offset in zip(pairwise(times), offsets, strict=True)
        for time in (begin, end)
    ]
    true = min(DAY + timedelta(seconds=moment), times[-1])
    truth = next(offset for end, offset in zip(times[1:], offsets, strict=True) if true <= end)
    clock = true + timedelta(seconds=truth)
    found = offset_at(readings, clock)
    assert found == truth or abs(found) >= abs(truth) - 2
    assert times[0] - timedelta(seconds=2) <= clock - timedelta(seconds=found) <= times[-1] + timedelta(seconds=2)


def test_a_measurement_is_what_the_clock_showed_in_its_zone() -> None:
    taken = ClockReading("lobby", datetime(2026, 9, 7, 0, 0, tzinfo=UTC), 600, trusted=True)
    assert shown(taken, ZONE) == Reading(datetime(2026, 9, 7, 8, 10), 600)
    assert shown(taken, ZONE).local == datetime(2026, 9, 7, 8, 0)


def test_the_rule_of_a_clock_takes_the_offset_of_each_clock() -> None:
    readings = (measured("08:00", 600), measured("09:00", 600), measured("09:00", 0), measured("10:00", 0))
    rule = ClockRule(ZONE, 0, 120, readings)
    assert rule.at(at("08:30")) == datetime(2026, 9, 7, 0, 20, tzinfo=UTC)
    assert rule.at(at("09:30")) == datetime(2026, 9, 7, 1, 30, tzinfo=UTC)
    assert ClockRule(ZONE, None, 120, readings).offset_of(at("08:30")) is None


def test_a_punch_just_before_a_clock_was_set_is_corrected_by_the_old_offset(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    """It comes after the read and before the setting; the next read finds it under a clock that is right."""
    device: Device = make_terminal()
    now = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
    device.now = lambda: now
    post = make_post(device)
    device.jump_clock(600)
    with post.served(Fault(strike=before(SET_TIME, lambda terminal: terminal.punch("1007")))) as terminal:
        clocks.set_clock(terminal, post.desk(), actor="siti")
        now += timedelta(minutes=30)
        device.punch("1008")
        post.desk().bring_home(terminal)
    with reading(post.engine) as conn:
        query = select(punches.c.pin, punches.c.at, punches.c.corrected)
        found = {row.pin: (row.at, row.corrected) for row in conn.execute(query)}
    assert found["1007"] == (datetime(2026, 9, 30, 2, 0, tzinfo=UTC), True)
    assert abs((found["1008"][0] - now).total_seconds()) <= 1
    assert found["1008"][1] is False
