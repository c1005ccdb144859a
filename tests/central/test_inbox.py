"""Deliveries into central: each punch once, in one transaction, and coverage only over what is here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Table, select

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.engine import in_transaction, reading, transaction
from ekinerja_agent.central.store.tables.recorded import (
    clock_readings,
    coverage,
    punches,
    quarantine,
    slot_owners,
    stale_days,
    terminal_facts,
    terminal_status,
)
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact, TerminalStatus

NOW = datetime(2026, 9, 8, tzinfo=UTC)
CLOCK = datetime(2026, 9, 7, 7, 30)
DAY = datetime(2026, 9, 7, tzinfo=UTC)


def punch(n: int = 0, *, pin: str = "1001", terminal: str = "lobby") -> Punch:
    clock = CLOCK + timedelta(seconds=n)
    at = (clock - timedelta(hours=8)).replace(tzinfo=UTC)
    return Punch(terminal, pin, clock, 1, at, -3, 1, 255, 2**32 - 1, Source.POLL, b"\x00\xff\\\n\t")


def rows(engine: Engine, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    with reading(engine) as conn:
        query = select(*(table.c[name] for name in columns)).order_by(*(table.c[name] for name in columns))
        return [tuple(row) for row in conn.execute(query)]


def notes(engine: Engine, *given: Note) -> None:
    deliver(engine, Delivery((), given), NOW)


def test_a_punch_arrives_with_everything_it_carries(central: Engine) -> None:
    receipt = deliver(central, Delivery((punch(pin="a\tb\\c\n'é"),)), NOW)
    assert receipt.rejected == {}
    names = "terminal pin clock occurrence at offset_s verify state work_code source raw corrected".split()
    at = datetime(2026, 9, 6, 23, 30, tzinfo=UTC)
    assert rows(central, punches, *names, "received_at", "batch") == [
        ("lobby", "a\tb\\c\n'é", CLOCK, 1, at, -3, 1, 255, 2**32 - 1, "poll", b"\x00\xff\\\n\t", False, NOW, 0)
    ]
    assert rows(central, punches, "punch_id") == [(receipt.accepted[0],)]


def test_the_same_delivery_again_is_accepted_and_changes_nothing(central: Engine) -> None:
    delivery = Delivery(tuple(punch(n) for n in range(5)), (Coverage("lobby", None, DAY),))
    first = deliver(central, delivery, NOW)
    before = rows(central, punches, "punch_id", "received_at")
    assert deliver(central, delivery, NOW + timedelta(hours=1)) == first
    assert rows(central, punches, "punch_id", "received_at") == before
    assert len(rows(central, coverage, "terminal")) == 1


def test_what_is_known_and_what_is_new_travel_together(central: Engine) -> None:
    deliver(central, Delivery((punch(0), punch(2))), NOW)
    receipt = deliver(central, Delivery(tuple(punch(n) for n in range(4))), NOW)
    assert len(receipt.accepted) == 4
    assert len(rows(central, punches, "punch_id")) == 4


def test_one_bad_punch_among_many_is_rejected_with_its_reason_and_the_others_go_in(central: Engine) -> None:
    many = [punch(n) for n in range(40)]
    bad = many[17]._replace(work_code=2**70)
    receipt = deliver(central, Delivery((*many[:17], bad, *many[18:])), NOW)
    assert list(receipt.rejected) == [bad.punch_id]
    assert "central cannot store it" in receipt.rejected[bad.punch_id]
    assert len(receipt.accepted) == len(rows(central, punches, "punch_id")) == 39


def test_a_nul_that_postgresql_cannot_hold_is_rejected_not_lost(central: Engine) -> None:
    receipt = deliver(central, Delivery((punch(pin="1\x00"), punch())), NOW)
    taken = central.dialect.name == "sqlite"
    assert len(receipt.accepted) == (2 if taken else 1)
    assert len(receipt.rejected) == (0 if taken else 1)


def test_coverage_of_a_terminal_with_a_rejected_punch_is_not_taken(central: Engine) -> None:
    bad = punch()._replace(work_code=2**70)
    stretches = (Coverage("lobby", None, DAY), Coverage("gate", None, DAY))
    deliver(central, Delivery((bad, punch(terminal="gate")), stretches), NOW)
    assert rows(central, coverage, "terminal") == [("gate",)]


def test_every_kind_of_note_is_kept_once(central: Engine) -> None:
    given: tuple[Note, ...] = (
        Coverage("lobby", None, DAY),
        Coverage("lobby", DAY, NOW, "silent"),
        Quarantined("lobby", Source.POLL, 7, b"\x01\x02", "30 February", NOW),
        SlotOwner("lobby", 7, "0123", DAY),
        ClockReading("lobby", DAY, 2**33, trusted=False),
        TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=DAY),
    )
    notes(central, *given)
    notes(central, *given)
    assert rows(central, coverage, "terminal", "end", "kind") == [("lobby", DAY, "proven"), ("lobby", NOW, "silent")]
    assert rows(central, quarantine, "position", "raw", "reason") == [(7, b"\x01\x02", "30 February")]
    assert rows(central, slot_owners, "uid", "pin", "seen_at") == [(7, "0123", DAY)]
    assert rows(central, clock_readings, "offset_s", "trusted") == [(2**33, False)]
    assert rows(central, terminal_facts, "office", "timezone", "enabled", "since") == [
        ("DINKES", "Asia/Makassar", True, DAY)
    ]


def status(state: str, contact: datetime | None, firmware: str = "6.60") -> TerminalStatus:
    return TerminalStatus("lobby", "10.0.0.1", "1", firmware, 5, 100, 2, -3, contact, state)


def test_the_newest_status_of_a_terminal_is_shown_whatever_comes_late(central: Engine) -> None:
    notes(central, status("ok", NOW))
    notes(central, status("old", DAY))
    assert rows(central, terminal_status, "state") == [("ok",)]
    notes(central, status("later", NOW + timedelta(minutes=1), "6.60\x00garbage"))
    assert rows(central, terminal_status, "state", "firmware") == [("later", "6.60\N{REPLACEMENT CHARACTER}garbage")]


def test_a_note_that_cannot_be_stored_stops_no_other_and_is_kept_for_a_person(central: Engine) -> None:
    bad = SlotOwner("lobby", 2**70, "9", DAY)
    notes(central, SlotOwner("lobby", 1, "1", DAY), bad, SlotOwner("lobby", 2, "2", DAY))
    assert rows(central, slot_owners, "uid") == [(1,), (2,)]
    ((reason, raw),) = rows(central, quarantine, "reason", "raw")
    assert "could not store this SlotOwner" in reason
    assert str(2**70).encode() in raw


def test_each_punch_marks_its_day_and_the_one_before(central: Engine) -> None:
    deliver(central, Delivery((punch(), punch(1))), NOW)
    assert rows(central, stale_days, "terminal", "day") == [("lobby", date(2026, 9, 6)), ("lobby", date(2026, 9, 7))]


def test_a_corrected_punch_marks_the_day_its_clock_showed_and_the_true_one(central: Engine) -> None:
    corrected = punch()._replace(offset_s=10 * 86400, corrected=True)
    deliver(central, Delivery((corrected,)), NOW)
    assert {day for _, day in rows(central, stale_days, "terminal", "day")} == {
        date(2026, 9, 7),
        date(2026, 9, 6),
        date(2026, 8, 28),
        date(2026, 8, 27),
    }


def test_coverage_marks_the_days_that_it_decides_in_the_terminals_zone(central: Engine) -> None:
    fact = TerminalFact("lobby", "DINKES", "Asia/Jayapura", enabled=True, since=NOW)
    late = datetime(2026, 9, 7, 16, tzinfo=UTC)  # 01:00 of the 8th in Jayapura
    notes(central, fact)
    with transaction(central) as conn:
        conn.execute(stale_days.delete())
    notes(central, Coverage("lobby", late, late + timedelta(hours=1)))
    assert [day for _, day in rows(central, stale_days, "terminal", "day")] == [date(2026, 9, 7), date(2026, 9, 8)]


def test_a_mark_set_while_a_month_is_scored_survives_the_run(central: Engine) -> None:
    deliver(central, Delivery((punch(),)), NOW)
    with reading(central) as conn:
        seen = changed_days.read(conn, date(2026, 9, 1), date(2026, 9, 30))
    assert seen.days == (date(2026, 9, 6), date(2026, 9, 7))
    deliver(central, Delivery((punch(86400),)), NOW)
    in_transaction(central, lambda conn: changed_days.clear(conn, seen))
    assert [day for _, day in rows(central, stale_days, "terminal", "day")] == [date(2026, 9, 7), date(2026, 9, 8)]


def test_two_agents_that_bring_the_same_punches_in_any_order_both_succeed(central: Engine) -> None:
    log = [punch(n) for n in range(200)]
    deliveries = [Delivery(tuple(log)), Delivery(tuple(reversed(log)))] * 3
    with ThreadPoolExecutor(6) as agents:
        receipts = list(agents.map(lambda each: deliver(central, each, NOW), deliveries))
    assert all(len(receipt.accepted) == len(log) for receipt in receipts)
    assert len(rows(central, punches, "punch_id")) == len(log)


def test_an_empty_delivery_is_settled(central: Engine) -> None:
    receipt = deliver(central, Delivery(), NOW)
    assert (receipt.accepted, receipt.rejected) == ((), {})


def test_a_naive_instant_is_a_mistake_of_the_caller(central: Engine) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        deliver(central, Delivery((punch(),)), NOW.replace(tzinfo=None))


def test_a_terminal_that_is_away_keeps_what_was_last_heard_of_it(central: Engine) -> None:
    heard = TerminalStatus("lobby", "10.0.0.1:4370", "A1", "Ver 6.60", 735, 100_000, 10, 3, NOW, "ok")
    away = TerminalStatus("lobby", "10.0.0.1:4370", "", "", None, None, None, None, NOW, "cannot be reached")
    for status in (heard, away):
        deliver(central, Delivery(notes=(status,)), NOW)
    with central.connect() as conn:
        row = conn.execute(select(terminal_status)).one()
    assert (row.serial, row.firmware, row.records, row.clock_offset_s) == ("A1", "Ver 6.60", 735, 3)
    assert row.state == "cannot be reached"
