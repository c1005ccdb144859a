"""Every record that a terminal holds is in central, or is named."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete

from ekinerja_agent.central.engine import transaction
from ekinerja_agent.central.tables.recorded import punches
from ekinerja_agent.simulator import FAULTS
from ekinerja_agent.simulator.faults import Fault, at_request
from ekinerja_agent.usecases.verify import verify

Post = Any


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


def lose_one(post: Post) -> None:
    """As a restored backup would: the guard is taken away by somebody who owns the database."""
    with transaction(post.engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("alter table punches disable trigger user")
        else:
            conn.exec_driver_sql("drop trigger punches_keep_delete")
        conn.execute(delete(punches).where(punches.c.punch_id == "lobby/1001/2026-09-30T07:20:00/1"))
