"""A terminal that pushes and is read as well: what reads vouch for, whatever its uploads do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.simulator import Device, Record, serve
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.push import Receiver
from tests.push.conftest import ZONE, pushing

SEVEN = datetime(2026, 9, 6, 23, 0, tzinfo=UTC)
"""Seven in the morning in Makassar."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Both:
    """A terminal and the service that reads it and takes its uploads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.spool = Spool(directory / "spool.db")
        self.now = SEVEN
        self.use(self.terminal())

    def terminal(self, serial: str = "S1") -> Device:
        return Device(serial=serial, zone=ZoneInfo(ZONE), now=lambda: self.now)

    def use(self, device: Device) -> None:
        self.device = device
        self.config = pushing("t1", device.serial, transport="tcp", address="127.0.0.1:9")
        self.receiver = Receiver(
            self.spool, [self.config], tolerance_s=120, host_clock_trusted=lambda: True, most_body_bytes=1 << 20
        )

    def punch(self, at: datetime) -> Record:
        self.now = at
        record = self.device.punch("1001", at)
        assert record is not None
        return record

    def upload(self, *records: Record) -> None:
        body = "".join(f"{record.pin}\t{record.clock:%Y-%m-%d %H:%M:%S}\t0\t1\n" for record in records)
        self.receiver.receive(self.config, body.encode(), complete=True, arrived_at=self.now)

    def poll(self, at: datetime) -> list[Coverage]:
        """Read all of the log; return what that vouches for."""
        self.now = at
        before = self.notes(Coverage)
        with serve(self.device) as endpoint:
            place = {"transport": "tcp", "address": f"{endpoint.host}:{endpoint.port}"}
            collect.poll(
                pushing("t1", self.device.serial, **place),
                self.spool,
                state_dir=self.directory,
                tolerance_s=120,
                reply_timeout_s=5,
                host_clock_trusted=True,
                full=True,
                now=lambda: self.now,
            )
        return [note for note in self.notes(Coverage) if note not in before]

    def notes(self, kind: type) -> list:
        return [note for note in self.spool.waiting(1_000).notes if isinstance(note, kind)]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    both = Both(tmp_path)
    yield both
    both.receiver.close()
    both.spool.close()


def test_what_was_pushed_shows_a_read_that_the_terminal_had_power(both: Both) -> None:
    both.punch(SEVEN)
    both.poll(SEVEN + MINUTE)
    both.upload(both.punch(SEVEN + 9 * MINUTE))
    (found,) = both.poll(SEVEN + 18 * MINUTE)  # 17 minutes without contact, and less than ten to the record
    assert (found.start, found.end, found.kind) == (SEVEN + MINUTE, SEVEN + 18 * MINUTE, "proven")


def test_what_was_pushed_shows_a_read_nothing_of_the_hours_beside_it(both: Both) -> None:
    both.punch(SEVEN)
    both.poll(SEVEN + MINUTE)
    both.upload(both.punch(SEVEN + HOUR))
    found = both.poll(SEVEN + 2 * HOUR)
    assert [(each.start, each.end, each.kind) for each in found] == [
        (SEVEN + MINUTE, SEVEN + HOUR, "silent"),
        (SEVEN + HOUR, SEVEN + 2 * HOUR, "silent"),
    ]


def test_what_was_pushed_before_the_read_before_shows_nothing(both: Both) -> None:
    both.device.offset_s = 100  # within the tolerance: the record looks as if it were made after the read
    both.upload(both.punch(SEVEN))
    both.poll(SEVEN + MINUTE)
    (found,) = both.poll(SEVEN + 2 * HOUR)
    assert found.kind == "silent"


def test_reads_vouch_for_a_terminal_that_does_not_keep_the_order_of_its_log(both: Both) -> None:
    both.receiver.options(both.config, SEVEN)
    asked = both.receiver.next_command(both.config, SEVEN)
    assert asked is not None
    both.receiver.results(both.config, f"ID={asked.number}&Return=-1&CMD=VERIFY SUM".encode(), SEVEN)
    both.upload(both.punch(SEVEN))
    both.upload(both.punch(SEVEN + 20 * MINUTE))
    old, new = both.punch(SEVEN + 30 * MINUTE), both.punch(SEVEN + 40 * MINUTE)
    both.upload(new)
    both.upload(old)
    assert both.spool.push_trust("t1", "S1").old_lines == (SEVEN + 40 * MINUTE,)
    (found,) = both.poll(SEVEN + 41 * MINUTE)
    assert (found.start, found.end, found.kind) == (SEVEN, SEVEN + 41 * MINUTE, "proven")


def test_a_replaced_terminal_that_pushed_first_does_not_vouch_for_the_one_before(both: Both) -> None:
    both.punch(SEVEN)
    both.poll(SEVEN + MINUTE)
    both.receiver.close()
    both.use(both.terminal("S2"))
    both.upload(both.punch(SEVEN + HOUR))
    both.punch(SEVEN + HOUR + MINUTE)
    assert both.poll(SEVEN + HOUR + 2 * MINUTE) == []
    (status,) = both.notes(TerminalStatus)
    assert "another terminal" in status.state
    both.punch(SEVEN + HOUR + 3 * MINUTE)
    (found,) = both.poll(SEVEN + HOUR + 4 * MINUTE)
    assert found.start == SEVEN + HOUR + 2 * MINUTE
