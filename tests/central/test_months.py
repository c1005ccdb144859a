"""Punches by month on PostgreSQL: each in the table of its clock's month, none lost, none twice, none to be changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store import partitions
from ekinerja_agent.central.store.engine import connect, in_transaction, reading, transaction
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Punch, Source

NOW = utc_now()


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Engine]:
    engine = connect(postgres_url)
    require_current(engine)
    yield engine
    engine.dispose()


def at_clock(clock: datetime) -> Punch:
    return Punch(
        terminal="lobby",
        pin="7",
        clock=clock,
        occurrence=1,
        at=clock.replace(tzinfo=UTC),
        offset_s=0,
        verify=1,
        state=0,
        work_code=0,
        source=Source.POLL,
        raw=b"raw",
        corrected=False,
    )


def tables_of_punches(engine: Engine) -> dict[str, int]:
    """How many punches each table holds."""
    with reading(engine) as conn:
        held = conn.exec_driver_sql("select tableoid::regclass::text, count(*) from punches group by 1").all()
        return {str(name): int(count) for name, count in held}


def names_of_months(engine: Engine) -> set[str]:
    with reading(engine) as conn:
        rows = conn.exec_driver_sql(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'punches'::regclass"
        )
        return {name for (name,) in rows}


def months_back(count: int) -> datetime:
    return (NOW.replace(tzinfo=None, day=15, microsecond=0) - timedelta(days=30.4 * count)).replace(day=15)


def test_a_new_database_has_this_month_and_the_next_three(postgresql: Engine) -> None:
    first = date(NOW.year, NOW.month, 1)
    wanted = {(first + timedelta(days=31 * n)).replace(day=1) for n in range(1, 4)} | {first}
    assert len(names_of_months(postgresql)) == 5
    assert f"punches_{first:%Y_%m}" in names_of_months(postgresql)
    assert f"punches_{max(wanted):%Y_%m}" in names_of_months(postgresql)


def test_a_batch_makes_the_months_it_needs_and_no_others(postgresql: Engine) -> None:
    clocks = [months_back(14), months_back(2), datetime(2000, 1, 1), datetime(2099, 5, 5)]
    before = names_of_months(postgresql)
    deliver(postgresql, Delivery(tuple(map(at_clock, clocks)), ()), NOW)
    assert tables_of_punches(postgresql) == {
        f"punches_{months_back(14):%Y_%m}": 1,
        f"punches_{months_back(2):%Y_%m}": 1,
        "punches_default": 2,
    }
    assert len(names_of_months(postgresql) - before) == 2
    check(postgresql)


def test_what_came_before_its_month_was_made_stays_where_it_is_and_counts_once(postgresql: Engine) -> None:
    punch = at_clock(months_back(20))
    with transaction(postgresql) as conn:
        conn.exec_driver_sql("alter function ekinerja_punch_month(date) rename to another")
        conn.exec_driver_sql(
            "create function ekinerja_punch_month(date) returns boolean language sql as 'select false'"
        )
    deliver(postgresql, Delivery((punch,), ()), NOW)
    with transaction(postgresql) as conn:
        conn.exec_driver_sql("drop function ekinerja_punch_month(date)")
        conn.exec_driver_sql("alter function another(date) rename to ekinerja_punch_month")
    deliver(postgresql, Delivery((punch,), ()), NOW)
    assert tables_of_punches(postgresql) == {"punches_default": 1}


def test_collectors_that_need_the_same_month_at_once_are_all_served(postgresql: Engine) -> None:
    punches = [at_clock(months_back(8) + timedelta(seconds=n)) for n in range(40)]
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda punch: deliver(postgresql, Delivery((punch,), ()), NOW), punches * 2))
    assert tables_of_punches(postgresql) == {f"punches_{months_back(8):%Y_%m}": 40}


def test_a_reader_that_takes_long_holds_up_no_delivery(postgresql: Engine) -> None:
    punch = at_clock(months_back(9))
    with reading(postgresql) as conn, ThreadPoolExecutor(1) as collector:
        conn.exec_driver_sql("select count(*) from punches").scalar()
        collector.submit(deliver, postgresql, Delivery((punch,), ()), NOW).result()
    assert sum(tables_of_punches(postgresql).values()) == 1


@pytest.mark.parametrize("statement", ["update {} set pin = '2'", "delete from {}", "truncate {}"])
def test_no_month_lets_its_punches_be_changed(postgresql: Engine, statement: str) -> None:
    deliver(postgresql, Delivery((at_clock(months_back(3)), at_clock(datetime(2000, 1, 1))), ()), NOW)
    for table in ("punches", *tables_of_punches(postgresql)):
        with pytest.raises(Refused, match="punches refuses"), transaction(postgresql) as conn:
            conn.exec_driver_sql(statement.format(table))
    assert sum(tables_of_punches(postgresql).values()) == 2


def test_months_are_made_ahead_once(postgresql: Engine) -> None:
    later = (NOW + timedelta(days=62)).date()
    assert in_transaction(postgresql, lambda conn: partitions.make_ahead(conn, later)) == 2
    assert in_transaction(postgresql, lambda conn: partitions.make_ahead(conn, later)) == 0
