"""What the terminal is: its clock, people and log, and that it tells the truth about what was punched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator import Device, Model, Record, populate

NOON = datetime(2026, 9, 7, 4, 0, 0, tzinfo=UTC)


class Hands:
    """A simulated host clock."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def makassar(**others: object) -> Device:
    return Device(now=Hands(), zone=ZoneInfo("Asia/Makassar"), **others)  # type: ignore[arg-type] - passed through


def test_the_clock_shows_the_place_and_its_own_error() -> None:
    device = makassar(offset_s=90)
    assert device.clock().isoformat() == "2026-09-07T12:01:30"


def test_a_set_clock_goes_on_from_there() -> None:
    hands = Hands()
    device = Device(now=hands, zone=ZoneInfo("Asia/Makassar"))
    device.set_clock(device.clock() - timedelta(minutes=5))
    hands.at += timedelta(hours=1)
    assert device.offset_s == -300
    assert device.clock().isoformat() == "2026-09-07T12:55:00"


def test_a_punch_shows_the_terminals_clock_whether_told_as_instant_or_as_local_time() -> None:
    device = makassar(offset_s=60)
    early = datetime(2026, 9, 7, 7, 30)
    records = [device.punch("1"), device.punch("1", NOON), device.punch("1", early)]
    assert [record.clock.isoformat() for record in records if record] == [
        "2026-09-07T12:01:00",
        "2026-09-07T12:01:00",
        "2026-09-07T07:31:00",
    ]


def test_slots_are_reused_and_the_log_keeps_the_slot() -> None:
    device = makassar(model=Model(layout=8))
    device.punch("1001")
    device.delete_user("1001")
    assert device.enrol("2002").uid == 1
    assert device.log[0].uid == 1
    assert device.log[0].pin == "1001"


def test_a_slot_belongs_to_one_pin() -> None:
    device = makassar()
    device.enrol("1001", uid=5)
    with pytest.raises(WrongUsage, match="slot 5"):
        device.enrol("1002", uid=5)
    assert device.enrol("1001", "BUDI", uid=6).uid == 6
    assert device.enrol("1002", uid=5).uid == 5


def test_the_lowest_free_slot_is_taken() -> None:
    device = makassar()
    for pin, uid in (("1001", 1), ("1002", 3), ("1003", 4)):
        device.enrol(pin, uid=uid)
    assert device.enrol("1004").uid == 2


def test_rows_of_users_follow_the_model() -> None:
    for model, row_bytes in ((Model(layout=16), 28), (Model(), 72), (Model(layout=40, user_size=28), 28)):
        device = makassar(model=model)
        device.enrol("1001")
        assert len(device.user_table()) == 4 + row_bytes


def test_a_terminal_full_of_users_takes_no_more() -> None:
    device = makassar(model=Model(user_capacity=1))
    device.enrol("1001")
    with pytest.raises(WrongUsage, match="holds 1 users"):
        device.enrol("1002")


def test_a_pin_that_the_model_cannot_hold_is_refused_when_it_is_enrolled() -> None:
    with pytest.raises(WrongUsage, match="does not fit"):
        makassar(model=Model(layout=16)).punch("0123")
    with pytest.raises(WrongUsage, match="does not fit"):
        makassar(model=Model(layout=40, event_size=12)).punch("0123")


def test_an_event_size_that_no_terminal_sends_is_refused() -> None:
    with pytest.raises(WrongUsage, match="events of 33 bytes"):
        Model(event_size=33)


def test_a_full_log_that_deletes_loses_its_oldest_but_the_history_does_not() -> None:
    device = makassar(model=Model(capacity=10, oldest_deleted=4))
    punched = [device.punch("1001", NOON + timedelta(minutes=n)) for n in range(11)]
    assert device.log == punched[4:]
    assert device.history == punched
    assert len(device.log_table()) == 4 + 7 * 40


def test_a_full_log_that_refuses_counts_what_it_refused() -> None:
    device = makassar(model=Model(capacity=2, when_full="refuse"))
    assert [device.punch("1001") is None for _ in range(3)] == [False, False, True]
    assert device.refused_punches == 1
    assert len(device.history) == 2


def test_a_locked_terminal_refuses_punches_until_its_time_is_over() -> None:
    hands = Hands()
    device = Device(now=hands)
    device.disable(60)
    assert device.punch("1001") is None
    hands.at += timedelta(seconds=60)
    assert device.punch("1001") is not None


def test_some_models_take_punches_while_locked() -> None:
    device = makassar(model=Model(punches_while_disabled=True))
    device.disable(0)
    assert device.punch("1001") is not None


def test_without_power_nothing_is_recorded() -> None:
    device = makassar()
    device.power_off()
    assert device.punch("1001") is None
    assert not device.history
    assert device.refused_punches == 1


def test_clear_empties_the_log_and_keeps_people_and_history() -> None:
    device = makassar()
    record = device.punch("1001")
    device.clear()
    assert device.log == []
    assert device.log_table() == b"\0\0\0\0"
    assert list(device.users) == ["1001"]
    assert device.history == [record]


@given(
    st.lists(st.sampled_from(["punch", "delete", "range", "clear", "insert"]), max_size=30),
    st.sampled_from([8, 16, 40, 49]),
)
def test_the_table_is_always_the_log(deeds: list[str], layout: int) -> None:
    device = makassar(model=Model(layout=layout, capacity=8, oldest_deleted=3))  # type: ignore[arg-type] - sampled
    for number, deed in enumerate(deeds):
        if deed == "punch":
            device.punch("1001", NOON + timedelta(seconds=number))
        elif deed == "delete":
            device.delete_oldest(2)
        elif deed == "range":
            before = list(device.log)
            device.delete_range(1, 3)
            assert device.log == before[:1] + before[3:]
        elif deed == "clear":
            device.clear()
        else:
            device.write(Record(1, "1001", number), position=len(device.log) // 2)
    assert len(device.log) <= 8
    twin = makassar(model=Model(layout=layout))  # type: ignore[arg-type] - sampled
    for record in device.log:
        twin.write(record)
    assert device.log_table() == twin.log_table()


def test_a_listener_hears_records_until_it_stops() -> None:
    device, heard = makassar(), []
    stop = device.listen(heard.append)
    first = device.punch("1001")
    stop()
    stop()
    device.punch("1001")
    assert heard == [first]


def test_populated_records_are_the_newest_workdays_in_order_and_the_same_every_time() -> None:
    one, two = makassar(), makassar()
    for device in (one, two):
        populate(device, users=7, records=500)
    assert one.log_table() == two.log_table()
    clocks = [record.clock for record in one.log]
    assert len(clocks) == 500
    assert clocks == sorted(clocks)
    assert clocks[-1] <= one.clock()
    assert {clock.isoweekday() for clock in clocks} == {1, 2, 3, 4, 5}
    assert {record.pin for record in one.log} == {str(pin) for pin in range(1001, 1008)}
    full_days = {clock.date() for clock in clocks} - {clocks[0].date(), clocks[-1].date()}
    for day in full_days:
        assert sum(clock.date() == day for clock in clocks) == 4 * 7


@pytest.mark.parametrize(("users", "records", "words"), [(0, 1, "at least one user"), (1, 40_000, "fewer than 40000")])
def test_records_that_nobody_could_leave_are_refused(users: int, records: int, words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        populate(makassar(), users=users, records=records)
