"""Every record that a terminal holds is in central, or is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, delete

from ekinerja_agent.central.collected.retention import purge
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.central.store.tables.recorded import doubtful_punches, punches
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.simulator import FAULTS, Device
from ekinerja_agent.simulator.faults import Fault, at_request
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.care.clear import clear
from ekinerja_agent.usecases.care.verify import verify
from tests.care.conftest import Post

ZONE = ZoneInfo("Asia/Makassar")


def test_a_log_that_was_never_read_is_read_brought_home_and_found_in_central(post: Post) -> None:
    with post.served() as terminal:
        result = verify(terminal, post.desk())
    assert (result.on_terminal, result.in_central, result.missing) == (5, 5, ())


def test_a_record_that_central_lost_is_named(post: Post) -> None:
    with post.served() as terminal:
        verify(terminal, post.desk())
        lose_one(post)
        result = verify(terminal, post.desk())
    assert (result.on_terminal, result.in_central) == (5, 4)
    assert result.missing == ("lobby/1001/2026-09-30T07:20:00/1",)


def test_a_record_that_is_no_punch_counts_by_its_kept_bytes(post: Post) -> None:
    post.device.punch("1001", datetime(2000, 1, 1, 0, 3))
    with post.served(FAULTS["feb30"]) as terminal:
        result = verify(terminal, post.desk())
    assert (result.on_terminal, result.in_central) == (7, 7)


def test_a_punch_while_the_log_is_verified_is_brought_home_and_disturbs_nothing(post: Post) -> None:
    with post.served(Fault(strike=at_request(8, lambda device: device.punch("1002")))) as terminal:
        result = verify(terminal, post.desk())
    assert result.missing == ()
    assert len(post.device.history) == 6
    assert len(post.in_central()) == 6


def test_two_equal_records_are_two(post: Post) -> None:
    post.device.punch("1001", datetime(2026, 9, 30, 7, 20))
    with post.served() as terminal:
        assert verify(terminal, post.desk()).on_terminal == 6
        assert verify(terminal, post.desk()).missing == ()


OLD, RESET = "lobby/1001/2024-03-04T07:00:00/1", "lobby/1002/2024-03-04T07:00:00/1"


@pytest.fixture
def aged(make_post_of: Callable[[Device], Post]) -> Post:
    """A terminal that holds a record of March 2024, which central got in time, five of today, and one of a clock that
    was reset today. Then punches before April 2024 were purged.
    """
    clock = [datetime(2024, 3, 5, tzinfo=UTC)]
    device = Device(serial="CARE1", zone=ZONE, now=lambda: clock[0])
    device.punch("1001", datetime(2024, 3, 4, 7))
    post = make_post_of(device)
    with post.served() as terminal:
        verify(terminal, post.desk())
        clock[0] = datetime(2026, 9, 30, 2, tzinfo=UTC)
        for minute in range(5):
            device.punch("1003", datetime(2026, 9, 30, 7, 20 + minute))
        device.punch("1002", datetime(2024, 3, 4, 7))
        assert verify(terminal, post.desk()).in_central == 7
    purge(post.engine, date(2024, 4, 1), account=post.officer, now=clock[0])
    return post


def test_what_retention_took_is_not_missing_and_what_was_lost_is(aged: Post) -> None:
    with aged.served() as terminal:
        result = verify(terminal, aged.desk())
        assert (result.on_terminal, result.in_central, result.purged, result.missing) == (7, 6, (OLD,), ())
        with pytest.raises(Refused, match="1 records that retention took from central"):
            clear(terminal, aged.desk(), account=aged.officer)
        lose_one(aged, RESET, doubtful_punches)  # of a clock that was turned back: it waits for people
        result = verify(terminal, aged.desk())
    assert (result.purged, result.missing) == ((OLD,), (RESET,))


def test_a_host_that_never_brought_a_record_home_does_not_say_that_retention_took_it(
    aged: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ekinerja_agent.usecases.care.verify.forward", lambda *_, **__: None)
    with aged.served() as terminal, Spool(aged.directory / "fresh.db") as fresh:
        result = verify(terminal, replace(aged.desk(), spool=fresh))
    assert (result.purged, result.missing) == ((), (OLD,))


def lose_one(post: Post, name: str = "lobby/1001/2026-09-30T07:20:00/1", table: Table = punches) -> None:
    """As a restored backup would: the guard is taken away by somebody who owns the database."""
    with transaction(post.engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(f"alter table {table} disable trigger user")
        else:
            conn.exec_driver_sql(f"drop trigger {table}_keep_delete")
        assert conn.execute(delete(table).where(table.c.punch_id == name)).rowcount == 1
