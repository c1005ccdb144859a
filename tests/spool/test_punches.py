"""Punches in the spool: on disk, once, for ever known."""

from __future__ import annotations

import copy
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ekinerja_agent.spool.queue as spool_module
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery, Receipt
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import as_message
from ekinerja_agent.nouns.punch import Contradiction, Contradicts, Punch, Source
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.spool import Added, ShownClock, Spool, TerminalMemory
from ekinerja_agent.spool.rows import punch_row
from ekinerja_agent.spool.schema import STEPS

START = datetime(2026, 9, 7, 7, 30)  # a terminal's clock has no zone


def punch(n: int = 0, *, pin: str = "1001", terminal: str = "lobby", occurrence: int = 1) -> Punch:
    clock = START + timedelta(seconds=n)
    return Punch(
        terminal=terminal,
        pin=pin,
        clock=clock,
        occurrence=occurrence,
        at=(clock - timedelta(hours=8)).replace(tzinfo=UTC),
        offset_s=3,
        verify=1,
        state=0,
        work_code=0,
        source=Source.POLL,
        raw=bytes([n % 256]) * 40,
    )


def accepted(delivery: Delivery) -> Receipt:
    return Receipt(tuple(p.punch_id for p in delivery.punches))


def test_a_punch_gives_back_the_clock_and_the_instant_that_it_was_made_of() -> None:
    zone = timezone(timedelta(hours=8))
    clock = datetime(2026, 9, 7, 7, 28, 11, 5)
    made = Punch("lobby", "1001", clock, 1, clock.replace(tzinfo=zone), 3, 1, 0, 0, Source.POLL, b"raw")
    assert (made.clock, made.at) == (clock, clock.replace(tzinfo=zone))
    assert made == Punch("lobby", "1001", clock, 1, clock.replace(tzinfo=zone).astimezone(UTC), *made[5:])
    assert Punch("lobby", "1001", clock, 1, None, *made[5:]).at is None
    for copied in (copy.copy(made), copy.deepcopy(made)):
        assert copied == made
        assert copied.punch_id == "lobby/1001/2026-09-07T07:28:11/1"


def test_a_punch_whose_clock_has_a_zone_or_whose_instant_has_none_is_refused() -> None:
    for clock, at in ((START.replace(tzinfo=UTC), None), (START, START)):
        with pytest.raises(ValueError, match="an instant has one"):
            Punch("lobby", "1001", clock, 1, at, 3, 1, 0, 0, Source.POLL, b"raw")


def test_what_was_added_is_there_after_a_restart_unchanged_and_in_order(path: Path) -> None:
    punches = [punch(5), punch(1, pin="uid:7"), punch(3, pin="0\x00é")]
    with Spool(path) as spool:
        assert spool.add(punches) == Added(new=3, duplicate=0)
    with Spool(path) as spool:
        assert spool.waiting(10).punches == tuple(punches)


def test_a_punch_is_new_once_even_after_it_was_settled(spool: Spool) -> None:
    assert spool.add([punch(), punch(), punch(1)]) == Added(new=2, duplicate=1)
    delivery = spool.waiting(10)
    spool.settle(delivery, accepted(delivery))
    assert spool.waiting(10).punches == ()
    assert spool.add([punch(), punch(1), punch(2)]) == Added(new=1, duplicate=2)
    assert spool.waiting(10).punches == (punch(2),)


def test_known_counts_are_the_occurrences_from_the_first_on_and_stay_after_settling(spool: Spool) -> None:
    spool.add([punch(occurrence=1), punch(occurrence=2), punch(9, occurrence=2), punch(terminal="other")])
    delivery = spool.waiting(10)
    spool.settle(delivery, accepted(delivery))
    assert spool.known_counts("lobby") == {("1001", START): 2}
    assert spool.known_counts("other") == {("1001", START): 1}
    assert spool.known_counts("nobody") == {}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("123"), st.integers(1, 4)), max_size=30),
    st.sets(st.tuples(st.sampled_from("1234"), st.integers(0, 4))),
)
def test_some_counts_are_the_same_as_in_all_counts(
    added: list[tuple[int, str, int]], asked: set[tuple[str, int]]
) -> None:
    with Spool(":memory:") as spool:
        spool.add(punch(n, pin=pin, occurrence=occurrence) for n, pin, occurrence in added)
        keys = {(pin, START + timedelta(seconds=n)) for pin, n in asked}
        everything = spool.known_counts("lobby")
        assert spool.known_counts("lobby", keys) == {key: everything[key] for key in keys & everything.keys()}


def test_an_occurrence_that_came_before_its_predecessor_does_not_hide_it(spool: Spool) -> None:
    spool.add([punch(occurrence=2)])
    assert spool.known_counts("lobby") == {}
    assert spool.add([punch(occurrence=1), punch(occurrence=2)]) == Added(new=1, duplicate=1)
    assert spool.known_counts("lobby") == {("1001", START): 2}


def test_an_add_that_breaks_off_leaves_nothing(spool: Spool) -> None:
    def breaking() -> Iterator[Punch]:
        yield punch()
        raise RuntimeError("the log was unreadable")

    with pytest.raises(RuntimeError, match="unreadable"):
        spool.add(breaking(), memory=TerminalMemory("lobby", serial="1"))
    assert spool.waiting(10) == Delivery()
    assert spool.known_counts("lobby") == {}
    assert spool.state("lobby") is None
    assert spool.add([punch()]) == Added(new=1, duplicate=0)


def test_the_memory_of_a_terminal_comes_back_as_it_was(path: Path) -> None:
    at = datetime(2026, 9, 7, tzinfo=UTC)
    cursor = LogCursor("CKJN1", "Ver 6.60", "tcp", 40, 5_000, bytes(range(256)) * 10, START, True, at)
    memory = TerminalMemory("lobby", "CKJN1", 40, 5_000, at, "DINKES", "Asia/Makassar", True, at, cursor)
    memory = replace(memory, shown=ShownClock(START, START + timedelta(hours=1), at, at, at))
    with Spool(path) as spool:
        spool.add([punch()], memory=memory)
    with Spool(path) as spool:
        assert spool.state("lobby") == memory
        spool.remember(TerminalMemory("lobby"))
        assert spool.state("lobby") == TerminalMemory("lobby")
        assert spool.state("other") is None


FIRST_VERSION = """
PRAGMA application_id = 1162564432;
CREATE TABLE seen (
    terminal TEXT NOT NULL, clock TEXT NOT NULL, pin TEXT NOT NULL, occurrence INTEGER NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (terminal, clock, pin, occurrence)
) WITHOUT ROWID;
CREATE TABLE queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    terminal TEXT NOT NULL, pin TEXT NOT NULL, clock TEXT NOT NULL, occurrence INTEGER NOT NULL,
    at TEXT, offset_s INTEGER, verify INTEGER NOT NULL, state INTEGER NOT NULL, work_code INTEGER NOT NULL,
    source TEXT NOT NULL, raw BLOB NOT NULL, corrected INTEGER NOT NULL,
    added_s INTEGER NOT NULL, reason TEXT
);
CREATE INDEX queue_rejected ON queue (terminal, seq) WHERE reason IS NOT NULL;
CREATE TRIGGER queue_knows BEFORE INSERT ON queue WHEN EXISTS (
    SELECT 1 FROM seen WHERE terminal = NEW.terminal AND clock = NEW.clock AND pin = NEW.pin
    AND occurrence = NEW.occurrence)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER queue_remembers AFTER INSERT ON queue
BEGIN INSERT INTO seen VALUES (NEW.terminal, NEW.clock, NEW.pin, NEW.occurrence, NEW.seq); END;
CREATE TABLE notes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    terminal TEXT NOT NULL, kind TEXT NOT NULL, call INTEGER NOT NULL, after_seq INTEGER NOT NULL,
    body TEXT NOT NULL UNIQUE
);
CREATE INDEX notes_of_terminal ON notes (terminal, kind, call);
CREATE TABLE told (subject TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE memory (
    terminal TEXT PRIMARY KEY, serial TEXT, record_size INTEGER, records INTEGER, last_read_at TEXT,
    office TEXT, timezone TEXT, enabled INTEGER
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
"""The statements that released versions created a spool with."""


@pytest.fixture
def first_version(path: Path) -> Path:
    """A spool of the first version: of three punches one is settled, one waits and one is rejected."""
    with sqlite3.connect(path) as db:
        db.executescript(FIRST_VERSION)
        values = [punch_row(punch(number), number + 1, 0) for number in range(3)]
        db.executemany(f"INSERT INTO queue VALUES ({', '.join('?' * 14)}, NULL)", values)
        db.execute("UPDATE queue SET reason = 'the PIN holds a NUL' WHERE seq = 2")
        db.execute("DELETE FROM queue WHERE seq = 3")
        db.execute("INSERT INTO memory VALUES ('lobby', 'CKJN1', 40, 5000, NULL, NULL, NULL, NULL)")
    db.close()
    return path


def test_a_file_of_the_first_version_keeps_its_memory_and_learns_to_keep_cursors(first_version: Path) -> None:
    memory = TerminalMemory("lobby", serial="CKJN1", record_size=40, records=5_000)
    cursor = LogCursor("CKJN1", "Ver 6.60", "tcp", 40, 64, b"x" * 2_560, None, False, None)
    with Spool(first_version) as spool, Spool(first_version) as second:
        assert spool.state("lobby") == memory
        spool.remember(replace(memory, cursor=cursor))
        assert second.state("lobby") == replace(memory, cursor=cursor)
        second.remember(memory)
        assert spool.state("lobby") == memory


def test_a_file_of_the_first_version_keeps_its_punches_and_knows_those_that_left(first_version: Path) -> None:
    with Spool(first_version) as spool:
        assert spool.waiting(10).punches == (punch(0),)
        assert [r.punch for r in spool.rejected(10)] == [punch(1)]
        assert spool.add([punch(0), punch(1), punch(2), punch(3)]) == Added(new=1, duplicate=3)
        assert spool.waiting(10).punches == (punch(0), punch(3))


@pytest.fixture
def second_version(first_version: Path) -> Path:
    """The same spool after the steps that the second version took."""
    with sqlite3.connect(first_version, isolation_level=None) as db:
        for statement in STEPS[1]:
            db.execute(statement)
        db.execute("PRAGMA user_version = 2")
    db.close()
    return first_version


def test_a_file_of_the_second_version_keeps_its_punches_and_learns_who_owns_terminals(second_version: Path) -> None:
    with Spool(second_version) as spool, Spool(second_version) as second:
        assert spool.waiting(10).punches == (punch(0),)
        assert [r.punch for r in spool.rejected(10)] == [punch(1)]
        assert spool.add([punch(0), punch(1), punch(2), punch(3)]) == Added(new=1, duplicate=3)
        spool.learn_owners({"lobby": "another", "gate": spool.agent})
        assert second.owned_elsewhere() == {"lobby": "another"}


def test_an_agent_keeps_its_name_and_no_other_has_it(path: Path) -> None:
    spools = [Spool(path) for _ in range(4)]
    with ThreadPoolExecutor(4) as workers:
        names = set(workers.map(lambda spool: spool.agent, spools))
    for each in spools:
        each.close()
    with Spool(path) as again, Spool(path.with_name("other.db")) as other:
        assert names == {again.agent}
        assert other.agent != again.agent
        assert again.agent.startswith(socket.gethostname())


def test_what_was_last_told_of_owners_counts(spool: Spool) -> None:
    assert spool.owned_elsewhere() == {}
    spool.learn_owners({"lobby": "another", "gate": "another"})
    spool.learn_owners({"lobby": spool.agent, "yard": "third"})
    assert spool.owned_elsewhere() == {"gate": "another", "yard": "third"}


def test_a_delivery_that_is_settled_once_more_touches_no_later_punch(spool: Spool) -> None:
    spool.add([punch(0)])
    old = spool.waiting(10)
    spool.settle(old, accepted(old))
    spool.add([punch(1)])
    spool.settle(old, accepted(old))
    assert spool.waiting(10).punches == (punch(1),)


def test_rejected_punches_wait_apart_with_their_reason_until_somebody_retries(spool: Spool) -> None:
    spool.add([punch(0), punch(1), punch(2)])
    delivery = spool.waiting(2)
    spool.settle(delivery, Receipt((punch(0).punch_id,), {punch(1).punch_id: "the PIN holds a NUL"}))
    assert [(r.punch, r.reason) for r in spool.rejected(10)] == [(punch(1), "the PIN holds a NUL")]
    assert spool.waiting(10).punches == (punch(2),)
    counts = spool.counts()
    assert (counts.waiting, counts.rejected) == (1, 1)
    assert spool.retry() == 1
    assert spool.waiting(10).punches == (punch(1), punch(2))
    assert spool.rejected(10) == ()


@given(st.lists(st.sampled_from(["accept", "reject", "keep"]), min_size=1, max_size=12), st.data())
def test_settling_takes_exactly_what_was_accepted_whatever_lies_between(
    verdicts: list[str], data: st.DataObject
) -> None:
    """Others were rejected before, were known already, or are put back while the delivery travels."""
    log = [punch(n) for n in range(len(verdicts))]
    with Spool(":memory:") as spool:
        for each in log:
            spool.add([log[0], each])  # a duplicate leaves a gap in the numbers
        once = {each.punch_id: "bad" for each in log if data.draw(st.booleans())}
        spool.settle(spool.waiting(99), Receipt((), once))
        delivery = spool.waiting(99)
        if data.draw(st.booleans()):
            spool.retry()
            once = {}
        told = dict(zip(delivery.ids, verdicts, strict=False))
        refused = {name: "bad" for name, verdict in told.items() if verdict == "reject"}
        spool.settle(delivery, Receipt(tuple(n for n in told if told[n] == "accept"), refused))
        left = {each.punch_id for each in (*spool.waiting(99).punches, *(r.punch for r in spool.rejected(99)))}
        assert left == {each.punch_id for each in log} - {n for n in told if told[n] == "accept"}
        assert {r.punch.punch_id for r in spool.rejected(99)} == refused.keys() | once.keys()


def test_a_punch_that_central_neither_took_nor_rejected_waits_on(spool: Spool) -> None:
    spool.add([punch(0), punch(1)])
    spool.settle(spool.waiting(10), Receipt((punch(1).punch_id,)))
    assert spool.waiting(10).punches == (punch(0),)


def test_counts_tell_since_when_the_oldest_waits(path: Path) -> None:
    now = datetime(2026, 9, 7, 8, tzinfo=UTC)
    with Spool(path, now=lambda: now) as spool:
        assert spool.counts().oldest_added_at is None
        spool.add([punch()])
        assert spool.counts().oldest_added_at == now


def test_an_instant_without_zone_is_refused_and_nothing_is_kept(spool: Spool) -> None:
    def arriving() -> Iterator[Punch]:
        yield punch()
        yield Punch("lobby", "1", START, 1, START, None, 1, 0, 0, Source.POLL, b"")

    with pytest.raises(ValueError, match="no time zone"):
        spool.add(arriving())
    assert spool.waiting(10).punches == ()


@given(
    pin=st.text(st.characters(exclude_categories=["Cs"]), max_size=24),
    raw=st.binary(max_size=60),
    code=st.integers(0, 2**32 - 1),
)
def test_any_pin_and_bytes_come_back_as_they_were(pin: str, raw: bytes, code: int) -> None:
    given_punch = Punch("t", pin, START, 1, None, None, 255, 0, code, Source.FILE, raw, corrected=True)
    with Spool(":memory:") as spool:
        spool.add([given_punch])
        assert spool.waiting(1).punches == (given_punch,)


def test_threads_and_processes_that_bring_the_same_log_keep_each_punch_once(path: Path) -> None:
    log = [punch(n) for n in range(300)]
    spools = [Spool(path) for _ in range(3)]
    with ThreadPoolExecutor(6) as workers:
        added = list(workers.map(lambda n: spools[n % 3].add(log), range(6)))
    assert sum(each.new for each in added) == len(log)
    assert spools[0].waiting(1_000).punches == tuple(log)
    for each in spools:
        each.close()


KILLED = """
import sys
from datetime import datetime, timedelta
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.spool import Spool
spool, start = Spool(sys.argv[1]), datetime(2026, 9, 7)
for batch in range(100_000):
    spool.add(
        Punch("lobby", "1", start + timedelta(seconds=batch * 50 + n), 1, None, None, 1, 0, 0, Source.POLL, b"x" * 40)
        for n in range(50)
    )
    print(batch, flush=True)
"""


def test_a_process_killed_while_adding_loses_no_batch_that_it_reported_and_keeps_no_half_one(path: Path) -> None:
    for wanted in (3, 8):
        path = path.with_name(f"killed-{wanted}.db")  # where another run has left nothing
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        reported = -1
        for line in process.stdout:
            reported = int(line)
            if reported >= wanted:
                os.kill(process.pid, signal.SIGKILL)
                break
        rest = process.stdout.read().split()
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        reported = int(rest[-1]) if rest else reported
        with Spool(path) as spool:
            spool.check()
            kept = len(spool.waiting(10_000_000).punches)
            assert kept == len(spool.known_counts("lobby"))
        assert kept % 50 == 0
        assert (reported + 1) * 50 <= kept <= (reported + 2) * 50


def test_a_damaged_file_is_named_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is not a database, but it may hold something" * 100)
    before = path.read_bytes()
    with pytest.raises(NeedsAttention, match=r"spool\.db is damaged.*left as it is"):
        Spool(path)
    assert path.read_bytes() == before


def test_damage_inside_the_file_is_found_by_check(path: Path) -> None:
    with Spool(path) as spool:
        spool.add(punch(n) for n in range(2_000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with Spool(path) as spool, pytest.raises(NeedsAttention, match="damaged"):
        spool.check()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    Spool(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(NeedsAttention, match="newer version"):
        Spool(path)


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(NeedsAttention, match="another program"):
        Spool(path)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    db.close()


def test_who_only_looks_sees_all_and_can_change_nothing(path: Path) -> None:
    with Spool(path) as spool:
        spool.add([punch(n) for n in range(3)])
        name = spool.agent
    with Spool(path, read_only=True) as looker:
        assert (looker.counts().waiting, looker.known_agent) == (3, name)
        with pytest.raises(TemporarilyUnavailable, match="readonly"):
            looker.add([punch(4)])


def test_who_only_looks_makes_no_file_and_no_name(path: Path) -> None:
    with pytest.raises(TemporarilyUnavailable, match="unable to open"):
        Spool(path, read_only=True)
    assert not path.exists()
    Spool(path).close()
    with Spool(path, read_only=True) as looker:
        assert (looker.known_agent, looker.owned_elsewhere()) == (None, {})


def test_who_only_looks_takes_no_older_file_along(first_version: Path) -> None:
    before = first_version.read_bytes()
    with pytest.raises(NeedsAttention, match="restart the service"):
        Spool(first_version, read_only=True)
    assert first_version.read_bytes() == before


def test_a_locked_file_is_a_reason_to_try_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "BUSY_TIMEOUT_S", 0.1)
    with Spool(path) as spool:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(TemporarilyUnavailable, match="locked"):
            spool.add([punch()])
        blocker.execute("ROLLBACK")
        blocker.close()
        assert spool.add([punch()]).new == 1


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemporarilyUnavailable, match="nowhere"):
        Spool(tmp_path / "nowhere" / "spool.db")


def test_a_doubtful_record_waits_as_a_punch_does_and_is_told_with_its_reason(path: Path) -> None:
    doubt = Contradiction(Contradicts.READ, datetime(2026, 9, 7, 9, 10), datetime(2026, 9, 7, 9, 12))
    at = START.replace(tzinfo=UTC)
    vouching = Coverage("lobby", at - timedelta(hours=9), at)
    with Spool(path) as spool:
        assert spool.add([punch(0)], [vouching], doubtful=[(punch(1), doubt)]) == Added(new=2, duplicate=0)
        assert spool.add([punch(1)], doubtful=[(punch(1), doubt)]) == Added(new=0, duplicate=2)
    with Spool(path) as spool:
        waiting = spool.waiting(10)
        assert (waiting.punches, waiting.doubts) == ((punch(0), punch(1)), {punch(1).punch_id: doubt})
        assert len(spool.known_counts("lobby")) == 2
        spool.settle(waiting, Receipt((punch(0).punch_id,), {punch(1).punch_id: as_message("no")}))
        assert spool.waiting(10).notes == (), "what vouches for it is held back"
        spool.retry()
        assert spool.waiting(10).doubts == {punch(1).punch_id: doubt}
        spool.settle(spool.waiting(10), Receipt((punch(1).punch_id,)))
        assert spool.counts().waiting == 0
        assert spool.add([punch(1)]) == Added(new=0, duplicate=1)
