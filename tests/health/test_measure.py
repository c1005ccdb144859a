"""What the service knows of itself, with a real spool, SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent import config
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.terminal import TerminalFact, TerminalStatus
from ekinerja_agent.simulator import Device, serve
from ekinerja_agent.usecases.collecting import collect, push_unread
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.collecting.push import HEARD_WITHIN, Receiver
from ekinerja_agent.usecases.watching.health import textfile
from ekinerja_agent.usecases.watching.health.facts import Limits, TerminalFacts
from ekinerja_agent.usecases.watching.health.journal import Journal
from ekinerja_agent.usecases.watching.health.measure import Measure

NOW = datetime(2026, 10, 5, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Bench:
    """An agent's directory, its spool and journal, and measuring with them."""

    def __init__(self, directory: Path, central: Engine) -> None:
        self.directory, self.central = directory, central
        self.now = NOW
        self.journal = Journal(lambda: self.now)
        self.spool = collect.open_spool(directory / "state" / "spool.db")
        self.away: Exception | None = None

    def measure(self, *roles: str, address: str = "127.0.0.1:9", pushes: bool = False) -> Measure:
        agent = {
            "roles": list(roles),
            "state_dir": "state",
            "devices": "devices.yaml",
            "health": {"away_after": "15m", "duty_days": ["sun"], "duty_hours": "08:00-12:00"},
            "clock": {"tolerance": "60s"},
        }
        lobby = {"id": "lobby", "office": "DINKES", "address": address, "timezone": "Asia/Makassar"}
        gate = {"id": "gate", "office": "DINKES", "transport": "none", "timezone": "Asia/Makassar"}
        gate |= {"push": True, "serial": "S1"}
        usb = {"id": "usb", "office": "DINKES", "transport": "none", "timezone": "Asia/Makassar"}
        off = lobby | {"id": "off", "enabled": False}
        (self.directory / "agent.yaml").write_text(json.dumps(agent))
        (self.directory / "devices.yaml").write_text(json.dumps({"terminals": [lobby, usb, off, *[gate] * pushes]}))
        self.config = config.load(self.directory / "agent.yaml", {})
        self.journal.reloaded({"lobby", "gate"}, {each.id for each in self.config.only_heard})
        return Measure(
            self.config,
            self.journal,
            spool=self.spool if self.config.fills_a_spool else None,
            central=self._engine,
            vouched=lambda: True,
            news=lambda: None,
            now=lambda: self.now,
        )

    def _engine(self) -> Engine:
        if self.away is not None:
            raise self.away
        return self.central

    def tell(self, *notes: Any) -> None:
        deliver(self.central, Delivery((), notes), NOW)


@pytest.fixture
def bench(tmp_path: Path, central: Engine) -> Iterator[Bench]:
    bench = Bench(tmp_path, central)
    yield bench
    bench.spool.close()


def only(terminals: tuple[TerminalFacts, ...]) -> TerminalFacts:
    (terminal,) = terminals
    return terminal


def test_a_collector_knows_what_its_terminals_told_and_what_waits(bench: Bench) -> None:
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        measure = bench.measure("collect", address=f"{endpoint.host}:{endpoint.port}")
        before = only(measure().terminals)
        assert (before.up, before.records, before.last_contact) == (None, None, None)
        result = collect.poll(
            bench.config.terminal("lobby"),
            bench.spool,
            state_dir=bench.directory / "state",
            tolerance_s=60,
            reply_timeout_s=5,
            host_clock_trusted=True,
        )
        bench.journal.answered(result.status, "lobby")
    snapshot = measure()
    lobby = only(snapshot.terminals)
    assert (lobby.id, lobby.office, lobby.up, lobby.records) == ("lobby", "DINKES", True, 1)
    assert lobby.capacity
    assert lobby.last_contact is not None
    assert snapshot.spool is not None
    assert (snapshot.spool.waiting, snapshot.spool.rejected) == (1, 0)
    assert snapshot.spool.size_bytes > 4096
    assert snapshot.central.reachable
    assert snapshot.scoring is None  # an office does not ask for drafts
    assert snapshot.host.free_bytes > 0
    assert snapshot.host.clock_vouches
    assert snapshot.limits == Limits(60, timedelta(minutes=15), frozenset({6}), bench.config.agent.health.duty_hours)


def test_after_a_start_the_last_contact_is_that_of_the_spool(bench: Bench) -> None:
    measure = bench.measure("collect")
    collect.announce(bench.spool, bench.config.terminals, now=NOW)
    memory = bench.spool.state("lobby")
    assert memory is not None
    bench.spool.remember(replace(memory, last_read_at=NOW - HOUR))
    lobby = only(measure().terminals)
    assert (lobby.up, lobby.last_contact) == (None, NOW - HOUR)


def test_a_terminal_that_fails_is_away_since_its_first_failure(bench: Bench) -> None:
    measure = bench.measure("collect")
    bench.journal.away("lobby")
    bench.now += HOUR
    bench.journal.away("lobby")
    lobby = only(measure().terminals)
    assert (lobby.up, lobby.away_since) == (False, NOW)
    bench.journal.answered(None, "lobby")
    assert only(measure().terminals).up
    bench.journal.forget("lobby")
    assert only(measure().terminals).up is None


def test_a_terminal_that_only_pushes_is_silent_since_it_was_heard_of(bench: Bench) -> None:
    measure = bench.measure("score", "web", pushes=True)
    terminal = bench.config.terminal("gate")
    before = only(measure().terminals)
    assert (before.id, before.pushes, before.up, before.away_since) == ("gate", True, None, None)
    bench.now += HOUR  # it could have come since the start, and did not
    assert replace(only(measure().terminals), zone=before.zone) == replace(before, up=False, away_since=NOW)
    receiver = Receiver(
        bench.spool, [terminal], tolerance_s=60, host_clock_trusted=lambda: True, most_body_bytes=1 << 20
    )
    receiver.described(terminal, bench.now, info="Ver 8.0.1,5,2,100,10.0.0.1")
    collect.announce(bench.spool, [terminal], now=bench.now)
    forward(bench.spool, bench.central)
    heard_at = bench.now
    bench.now += HEARD_WITHIN
    heard = only(measure().terminals)
    assert (heard.up, heard.away_since, heard.last_contact, heard.records) == (True, None, heard_at, 100)
    bench.now += timedelta(seconds=1)
    silent = only(measure().terminals)
    assert (silent.up, silent.away_since) == (False, heard_at)
    bench.journal = Journal(lambda: bench.now)  # a service that just started waits for it first
    assert only(bench.measure("score", "web", pushes=True)().terminals).up is None
    bench.spool.learn_owners({"gate": "another"})
    told = only(bench.measure("score", "web", pushes=True)().terminals)  # then central tells what the other agent said
    assert (told.pushes, told.up, told.last_contact) == (True, None, heard_at)
    receiver.close()


def test_what_a_terminal_uploads_and_nobody_reads_is_known_for_a_day(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = bench.measure("score", "web", pushes=True)
    terminal = bench.config.terminal("gate")
    assert only(measure().terminals).unread == ""
    receiver = Receiver(
        bench.spool, [terminal], tolerance_s=60, host_clock_trusted=lambda: True, most_body_bytes=1 << 20
    )
    receiver.keep_unread(terminal, "rtlog", b"pin=1", complete=True, arrived_at=bench.now)
    told = only(measure().terminals)
    assert (told.unread, told.unread_refused) == ("rtlog", False)
    monkeypatch.setattr(push_unread, "MOST_KEPT_MIB", 0)
    with pytest.raises(TemporarilyUnavailable):
        receiver.keep_unread(terminal, "rtstat", b"pin=2", complete=True, arrived_at=bench.now)
    told = only(measure().terminals)
    assert (told.unread, told.unread_refused) == ("rtstat", True)
    bench.now += timedelta(days=1)
    told = only(measure().terminals)
    assert (told.unread, told.unread_refused) == ("", False)
    receiver.close()


def test_central_that_is_away_cannot_tell_who_else_is(bench: Bench) -> None:
    measure = bench.measure("score")
    bench.tell(
        TerminalFact("far", "DISDIK", "Asia/Jayapura", True, NOW),
        TerminalStatus("far", "10.0.0.1:4370", "S", "F", 70, 100, 5, -3, NOW, "ok"),
    )
    assert only(measure().terminals).away_since == NOW
    bench.away = TemporarilyUnavailable("the database does not answer")
    bench.journal.central(reachable=False)
    bench.now += HOUR
    gone = only(measure().terminals)
    assert (gone.away_since, gone.last_contact) == (None, NOW)


def test_coverage_of_central_is_that_of_the_own_terminals(bench: Bench) -> None:
    measure = bench.measure("collect")
    bench.tell(
        Coverage("lobby", NOW - 9 * HOUR, NOW - 5 * HOUR, "proven"),
        Coverage("lobby", NOW - 4 * HOUR, NOW - HOUR, "proven"),
        Coverage("gate", NOW - 9 * HOUR, NOW, "proven"),
    )
    lobby = only(measure().terminals)
    assert (lobby.complete_until, lobby.holes) == (NOW - 5 * HOUR, 1)


def test_a_centre_knows_the_terminals_of_its_collectors_and_counts_drafts(bench: Bench) -> None:
    measure = bench.measure("score", "web")
    status = TerminalStatus("gate", "10.0.0.1:4370", "S", "F", 70, 100, 5, -3, NOW - HOUR, "ok")
    bench.tell(
        TerminalFact("gate", "DISDIK", "Asia/Jayapura", True, NOW),
        TerminalFact("gone", "DISDIK", "Asia/Jayapura", False, NOW),
        status,
        Coverage("gate", NOW - 9 * HOUR, NOW, "proven"),
    )
    snapshot = measure()
    gate = only(snapshot.terminals)
    assert (gate.id, gate.office, gate.zone.key, gate.up) == ("gate", "DISDIK", "Asia/Jayapura", None)
    assert (gate.away_since, gate.last_contact) == (NOW - HOUR, NOW - HOUR)
    assert (gate.records, gate.capacity, gate.clock_offset_s) == (70, 100, -3)
    assert (gate.complete_until, gate.holes) == (NOW, 0)
    assert snapshot.spool is None
    assert snapshot.scoring is not None
    assert (snapshot.scoring.computed_at, snapshot.scoring.people, snapshot.scoring.feed_waiting) == (None, 0, 0)


def test_central_that_is_away_is_a_fact_and_what_it_told_before_stays(bench: Bench) -> None:
    measure = bench.measure("score", "web")
    bench.away = TemporarilyUnavailable("the database does not answer")
    first = measure()
    assert (first.central.reachable, first.central.away_since) == (False, NOW)
    bench.now += HOUR
    assert measure().central.away_since == NOW
    bench.away = None
    back = measure()
    assert (back.central.reachable, back.central.away_since) == (True, None)
    assert back.scoring is not None


def test_forwarding_is_seen_as_delivery(bench: Bench) -> None:
    bench.measure("collect")
    moved = forward(bench.spool, bench.central)
    assert moved.delivered == 0
    bench.journal.central(reachable=True, delivered=True)
    bench.journal.central(reachable=False)
    assert bench.journal.central_facts.delivered_at == NOW


def test_jobs_are_counted_by_name_and_fail_by_subject(bench: Bench) -> None:
    journal = bench.journal

    def run(subject: str, *, ok: bool, lasts: bool = True) -> None:
        with journal.run("poll", subject) as outcome:
            if not ok:
                outcome.failed(lasts=lasts)

    run("a", ok=False)
    run("b", ok=False)
    run("c", ok=False, lasts=False)
    run("a", ok=True)
    (poll,) = journal.jobs()
    assert (poll.job, poll.failures, poll.failing, poll.succeeded_at) == ("poll", 3, 1, NOW)
    with pytest.raises(KeyError), journal.run("score"):
        raise KeyError
    assert [(job.job, job.failing) for job in journal.jobs()] == [("poll", 1), ("score", 1)]
    journal.reloaded({"a"})  # what failed before may be gone: neither well nor wrong until it runs
    assert [(job.job, job.failures, job.failing) for job in journal.jobs()] == [("poll", 3, None), ("score", 1, None)]
    run("a", ok=True)
    assert [(job.job, job.failing) for job in journal.jobs()] == [("poll", 0), ("score", None)]


def test_the_textfile_is_replaced_in_one_step_and_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "agent.prom"
    textfile.write(path, "a 1\n")
    with path.open() as old:
        textfile.write(path, "a 2\n")
        assert old.read() == "a 1\n"
    assert path.read_text() == "a 2\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["agent.prom"]


def test_a_textfile_without_a_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TemporarilyUnavailable, match=r"metrics\.textfile .* its directory must belong to the service"):
        textfile.write(tmp_path / "nowhere" / "agent.prom", "")
