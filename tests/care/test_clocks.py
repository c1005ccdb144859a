"""A terminal's clock is set only by a host that can vouch, after its log was read; both offsets are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected import clock_votes
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import clock_readings
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Fault
from ekinerja_agent.simulator.faults import before
from ekinerja_agent.usecases.care import clocks
from ekinerja_agent.usecases.collecting.forward import forward
from tests.care.conftest import Post

SET_TIME = 202


@pytest.fixture
def fast(make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]) -> Post:
    """A terminal that is ten minutes fast, on the host's real clock."""
    device = make_terminal()
    device.now = utc_now
    device.jump_clock(600)
    return make_post(device)


def offsets(post: Post) -> list[tuple[int, bool]]:
    forward(post.spool, post.engine)
    with reading(post.engine) as conn:
        query = select(clock_readings.c.offset_s, clock_readings.c.trusted).order_by(clock_readings.c.at)
        return [(row.offset_s, row.trusted) for row in conn.execute(query)]


def test_measuring_keeps_the_reading_and_changes_nothing(fast: Post) -> None:
    with fast.served() as terminal:
        result = clocks.measure(terminal, fast.desk())
    assert abs(result.offset_s - 600) <= 1
    assert result.offset_after_s is None
    assert SET_TIME not in fast.sent()
    assert len(offsets(fast)) == 1


def test_setting_reads_the_log_first_and_records_before_and_after(fast: Post) -> None:
    last = fast.device.punch("1001")
    with fast.served() as terminal:
        result = clocks.set_clock(terminal, fast.desk(), actor="siti")
    assert abs(result.offset_s - 600) <= 1
    assert result.offset_after_s in (-1, 0, 1)
    assert abs(fast.device.error_s()) < 1.5
    assert last in fast.device.log
    kept = offsets(fast)
    assert [round(offset / 100) for offset, _ in kept] == [6, 6, 0]
    assert all(trusted for _, trusted in kept)
    row = list(audit.rows(fast.engine))[-1]
    assert (row["action"], row["subject"], row["actor"]) == ("terminal.clock", "lobby", "siti")
    assert set(row["details"]) == {"before_s", "after_s"}
    assert len(fast.in_central()) == len(fast.device.history)


def test_a_host_that_cannot_vouch_sets_no_clock(fast: Post) -> None:
    fast.trusted = False
    with fast.served() as terminal, pytest.raises(Refused) as caught:
        clocks.set_clock(terminal, fast.desk(), actor="siti")
    assert caught.value.exit_code == 7
    assert fast.sent() == []
    assert round(fast.device.error_s()) == 600


def test_the_daily_setting_leaves_seconds_alone(fast: Post) -> None:
    fast.device.jump_clock(-597)
    with fast.served() as terminal:
        assert clocks.set_if_off(terminal, fast.desk()).offset_after_s is None
        assert SET_TIME not in fast.sent()
        fast.device.jump_clock(60)
        assert clocks.set_if_off(terminal, fast.desk()).offset_after_s in (-1, 0, 1)
    assert next(reversed(list(audit.rows(fast.engine))))["actor"] == audit.SYSTEM


def test_a_terminal_that_takes_the_time_and_keeps_its_own_is_told_of(fast: Post) -> None:
    fast.device.set_clock = lambda _: None
    with fast.served() as terminal, pytest.raises(NeedsAttention, match="still"):
        clocks.set_clock(terminal, fast.desk(), actor="siti")


def test_a_clock_is_never_set_twice_for_a_lost_answer(fast: Post) -> None:
    silent = Fault(strike=before(SET_TIME, lambda device: device.power_off()))
    with fast.served(silent) as terminal, pytest.raises(Exception, match="lobby"):
        clocks.set_clock(terminal, fast.desk(), actor="siti")
    assert fast.sent().count(SET_TIME) <= 1


@pytest.fixture
def far(central: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Central as if its server stood elsewhere; that of the tests is on this host."""
    monkeypatch.setattr(clock_votes, "is_on_this_host", lambda _: False)
    return central


def test_a_central_database_on_this_host_is_no_second_clock(central: Engine) -> None:
    assert not clocks.host_vouches(central, utc_now(), synchronised=False)
    assert clocks.host_vouches(central, utc_now(), synchronised=True)
    assert clocks.doubt(central, utc_now() + timedelta(days=1), synchronised=False) is None


def test_a_host_vouches_if_a_central_server_elsewhere_does(far: Engine) -> None:
    """A SQLite file is no second clock."""
    assert clocks.host_vouches(far, utc_now(), synchronised=False) is (far.dialect.name == "postgresql")


def test_a_central_server_with_another_time_does_not_vouch(far: Engine) -> None:
    assert not clocks.host_vouches(far, utc_now() - timedelta(seconds=30), synchronised=False)


def read_at(engine: Engine, offsets_s: dict[str, int], at: datetime) -> None:
    with transaction(engine) as conn:
        rows = [{"terminal": name, "at": at, "offset_s": each, "trusted": False} for name, each in offsets_s.items()]
        conn.execute(insert(clock_readings), rows)


def test_nothing_contradicts_a_host_without_other_clocks(central: Engine) -> None:
    assert clocks.doubt(central, utc_now(), synchronised=False) is None


def test_terminals_contradict_a_host_whose_clock_jumped(central: Engine) -> None:
    now = utc_now()
    read_at(central, {"a": -7200, "b": -7300, "c": 20}, now - timedelta(hours=1))
    told = clocks.doubt(central, now, synchronised=False)
    assert told is not None
    assert "most terminals differ by 2 h" in told
    assert clocks.doubt(central, now, synchronised=True) is None, "a time service keeps it"


def test_one_wrong_terminal_of_many_contradicts_nobody_and_the_last_word_of_each_counts(central: Engine) -> None:
    now = utc_now()
    read_at(central, {"a": -9000, "b": -9000, "c": -9000}, now - timedelta(hours=2))
    read_at(central, {"a": -9000, "b": 3, "c": 0}, now - timedelta(hours=1))
    assert clocks.doubt(central, now, synchronised=False) is None


def test_a_central_server_contradicts_a_host_that_is_a_day_ahead(far: Engine) -> None:
    told = clocks.doubt(far, utc_now() + timedelta(days=1), synchronised=False)
    if far.dialect.name == "postgresql":
        assert told is not None
        assert "central's server differs by 24 h" in told
    else:
        assert told is None, "a SQLite file is no second clock"
