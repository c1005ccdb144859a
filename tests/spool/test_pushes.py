"""What the spool remembers of terminals that push, beside what it remembers of reads."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Receipt
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.spool import PushMemory, Spool, TerminalMemory, UnreadUploads

EIGHT = datetime(2026, 9, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = PushMemory(
    terminal="t1",
    serial="S1",
    attlog_stamp="82983982",
    operlog_stamp="9999",
    contact_at=EIGHT,
    first_at=EIGHT - MINUTE,
    covered_until=EIGHT,
    gaps=((EIGHT, EIGHT + MINUTE),),
    holes=((None, EIGHT), (EIGHT, None)),
    everything_asked=True,
    out_of_order=True,
    firmware="Ver 8",
    users=3,
    records=4,
    state="well",
)
UNREAD = UnreadUploads(
    terminal="t1",
    kind="rtlog",
    seen_at=EIGHT,
    refused=True,
    kept_bytes=7,
    kept_since=EIGHT - MINUTE,
    holes=((None, EIGHT), (EIGHT + MINUTE, EIGHT + 2 * MINUTE)),
)


def test_what_is_remembered_of_uploads_and_of_reads_does_not_mix(spool: Spool) -> None:
    reads = TerminalMemory("t1", serial="S1", records=7)
    spool.remember(reads)
    spool.add((), push=FULL)
    spool.remember(replace(reads, records=8))
    assert spool.push_state("t1") == FULL
    assert spool.state("t1") == replace(reads, records=8)
    spool.forget_push("t1")
    assert spool.push_state("t1") is None
    assert spool.state("t1") is not None


def test_an_instant_without_a_zone_is_refused_and_nothing_of_the_call_is_kept(spool: Spool) -> None:
    with pytest.raises(ValueError, match="time zone"):
        spool.add([_punch(EIGHT)], push=replace(FULL, contact_at=datetime(2026, 9, 7)))
    assert spool.waiting(9).punches == ()


def test_a_request_waits_until_its_terminal_answers(spool: Spool) -> None:
    number = spool.ask("t1", "info", by="siti")
    assert not spool.answered("t1", number, 0)  # nobody told it yet
    (request,) = spool.push_requests("t1")
    spool.sent(request)
    assert not spool.answered("t2", number, 0)
    assert spool.answered("t1", number, -1)
    assert not spool.answered("t1", number, 0)
    assert spool.push_requests("t1") == []
    assert [(each.number, each.returned) for each in spool.push_requests()] == [(number, -1)]


def test_coverage_that_holds_the_instant_of_a_rejected_punch_is_held_although_reads_came_between(spool: Spool) -> None:
    punch = _punch(EIGHT + 10 * MINUTE)
    spool.add([punch], [Coverage("t1", EIGHT, EIGHT + 8 * MINUTE)])
    spool.settle(spool.waiting(9), Receipt(rejected={punch.punch_id: "no"}))
    spool.add((), [Coverage("t1", EIGHT, EIGHT + 9 * MINUTE)])  # a read that began before the punch
    spool.add((), [Coverage("t1", EIGHT + 9 * MINUTE, EIGHT + 20 * MINUTE)])
    free = Coverage("t1", EIGHT + 20 * MINUTE, EIGHT + 30 * MINUTE)
    spool.add((), [free])
    assert spool.waiting(9).notes == (free,)


WITHOUT_DOUBTS = "ALTER TABLE memory DROP COLUMN shown; ALTER TABLE queue DROP COLUMN doubt"


def test_a_file_of_the_third_version_learns_to_remember_uploads(path: Path) -> None:
    with Spool(path) as spool:
        spool.add([_punch(EIGHT)])
    with sqlite3.connect(path) as db:
        db.executescript(
            f"DROP TABLE pushes; DROP TABLE push_requests; DROP TABLE unread_uploads; {WITHOUT_DOUBTS}; "
            "PRAGMA user_version = 3"
        )
    db.close()
    with Spool(path) as spool:
        spool.add((), push=FULL)
        assert spool.push_state("t1") == FULL
        assert len(spool.waiting(9).punches) == 1


def test_a_file_of_the_fourth_version_learns_to_remember_what_nobody_could_read(path: Path) -> None:
    with Spool(path) as spool:
        spool.add([_punch(EIGHT)], push=FULL)
    with sqlite3.connect(path) as db:
        db.executescript(f"DROP TABLE unread_uploads; {WITHOUT_DOUBTS}; PRAGMA user_version = 4")
    db.close()
    with Spool(path) as spool:
        assert spool.unread_uploads("t1") == UnreadUploads("t1")
        spool.add((), unread=UNREAD)
        assert spool.unread_uploads("t1") == UNREAD
        assert spool.push_state("t1") == FULL
        assert len(spool.waiting(9).punches) == 1


def test_what_nobody_could_read_is_remembered_whatever_becomes_of_the_other_uploads(spool: Spool) -> None:
    assert spool.unread_uploads("t1") == UnreadUploads("t1")
    spool.add((), push=FULL, unread=UNREAD)
    spool.forget_push("t1")
    spool.add((), push=replace(FULL, serial="S2", holes=()))
    assert spool.unread_uploads("t1") == UNREAD
    assert spool.unread_uploads("t2") == UnreadUploads("t2")
    with pytest.raises(ValueError, match="time zone"):
        spool.add([_punch(EIGHT)], unread=replace(UNREAD, seen_at=datetime(2026, 9, 7)))
    assert spool.waiting(9).punches == ()


def test_what_was_never_kept_is_told_apart_from_what_was_also_once_central_has_it(spool: Spool) -> None:
    one, other = (Quarantined("t1", Source.PUSH, 1, raw, "nobody reads it", EIGHT) for raw in (b"a", b"b"))
    assert spool.untold([one, replace(one, position=2), other]) == [one, other]
    spool.add((), [one])
    spool.settle(spool.waiting(9), Receipt())
    again = replace(one, position=7, found_at=EIGHT + MINUTE)
    assert spool.untold([again, other]) == [other]
    assert spool.untold([replace(one, terminal="t2"), replace(one, reason="another table")]) != []


def test_long_notes_travel_few_at_a_time_and_all_of_them(spool: Spool) -> None:
    records = [Quarantined("t1", Source.PUSH, number, b"x" * 1_000_000, str(number), EIGHT) for number in range(9)]
    spool.add([_punch(EIGHT)], records)
    travelled: list[object] = []
    while notes := spool.waiting(2_000).notes:
        assert len(notes) <= 3
        travelled += notes
        spool.settle(spool.waiting(2_000), Receipt())
    assert travelled == records


def _punch(at: datetime) -> Punch:
    clock = (at + timedelta(hours=8)).replace(tzinfo=None)
    return Punch("t1", "1", clock, 1, at, None, 0, 0, 0, Source.PUSH, b"x")
