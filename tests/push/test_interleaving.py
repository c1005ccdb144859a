"""Whatever happens in whatever order, what was punched is stored, once, and no claim is made of what is not."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Receipt
from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.simulator.push_device import PushRecord
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.push import Receiver
from tests.push.conftest import ZONE, pushing

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("punch"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.integers(1, 900)),
        st.tuples(st.just("upload"), st.integers(1, 5)),
        st.tuples(st.just("lost answer"), st.integers(1, 5)),
        st.tuples(st.just("cut"), st.integers(1, 200)),
        st.tuples(st.sampled_from(["poll", "repeat", "anew", "restart", "beat", "settle"]), st.just(0)),
    ),
    max_size=30,
)


class Machine:
    """A terminal with one log that is read and pushes, and the service that takes both."""

    def __init__(self, directory: Path, device: Device, endpoint: Endpoint | None) -> None:
        self.directory = directory
        self.device = device
        self.now = datetime(2026, 9, 7, tzinfo=UTC)
        self.log: list[PushRecord] = []
        self.sent = 0
        where = {"transport": "tcp", "address": f"{endpoint.host}:{endpoint.port}"} if endpoint else {}
        self.terminal = pushing("t1", device.serial if endpoint else "S1", **where)
        self.spool = Spool(directory / "spool.db")
        self.settled: Counter[tuple[str, datetime]] = Counter()
        self.coverage: list[Coverage] = []
        self.start()
        self.greet()

    def start(self) -> None:
        self.receiver = Receiver(
            self.spool, [self.terminal], tolerance_s=120, host_clock_trusted=lambda: False, most_body_bytes=1 << 20
        )

    def close(self) -> None:
        self.receiver.close()
        self.spool.close()

    def greet(self) -> None:
        if "ATTLOGStamp=0\n" in self.receiver.options(self.terminal, self.now):
            self.sent = 0

    def do(self, step: str, number: int) -> None:
        actions = {
            "punch": self.punch,
            "wait": self.wait,
            "upload": lambda lines: self.acknowledge(self.send(self.sent, self.sent + lines)),
            "lost answer": lambda lines: self.send(self.sent, self.sent + lines),
            "cut": lambda length: self.take(self.body(self.sent, len(self.log))[:length], complete=False),
            "poll": lambda _: self.poll(),
            "repeat": lambda _: self.send(max(0, self.sent - 4), self.sent),
            "anew": lambda _: self.anew(),
            "restart": lambda _: self.restart(),
            "beat": lambda _: self.receiver.contact(self.terminal, self.now),
            "settle": lambda _: self.settle(),
        }
        actions[step](number)

    def punch(self, people: int) -> None:
        """Several in one second, and the same one more than once: that comes in one upload."""
        self.wait(1)
        for _ in range(people):
            record = self.device.punch(str(1000 + people), self.now)
            self.log.append(PushRecord(record.pin, record.clock.replace(microsecond=0)))

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def acknowledge(self, sent: int) -> None:
        self.sent = sent

    def anew(self) -> None:
        self.spool.ask("t1", "reupload", by="siti")
        self.greet()

    def restart(self) -> None:
        self.close()
        self.spool = Spool(self.directory / "spool.db")
        self.start()

    def body(self, first: int, end: int) -> bytes:
        return "".join(record.line() + "\n" for record in self.log[first:end]).encode()

    def send(self, first: int, end: int) -> int:
        end = min(end, len(self.log))
        while 0 < end < len(self.log) and self.log[end].clock == self.log[end - 1].clock:
            end += 1
        if first < end:
            self.take(self.body(first, end), complete=True)
        return max(first, end)

    def take(self, body: bytes, *, complete: bool) -> None:
        self.receiver.receive(self.terminal, body, complete=complete, arrived_at=self.now)
        if complete:
            self.receiver.acknowledged(self.terminal, "ATTLOG", str(self.sent + 1))

    def poll(self) -> None:
        if self.terminal.transport != "none":
            collect.poll(
                self.terminal,
                self.spool,
                state_dir=self.directory,
                tolerance_s=120,
                reply_timeout_s=5,
                host_clock_trusted=False,
                full=True,
                now=lambda: self.now,
            )

    def settle(self) -> None:
        delivery = self.spool.waiting(10_000)
        self.settled.update((punch.pin, punch.clock) for punch in delivery.punches)
        self.coverage += [note for note in delivery.notes if isinstance(note, Coverage)]
        self.spool.settle(delivery, Receipt(accepted=delivery.ids))

    def stored(self) -> Counter[tuple[str, datetime]]:
        waiting = Counter((punch.pin, punch.clock) for punch in self.spool.waiting(10_000).punches)
        return waiting + self.settled

    def check_claims(self) -> None:
        stored, zone = self.stored(), ZoneInfo(ZONE)
        punched = Counter((record.pin, record.clock) for record in self.log)
        notes = [note for note in self.spool.waiting(10_000).notes if isinstance(note, Coverage)] + self.coverage
        for (pin, clock), times in punched.items():
            at = clock.replace(tzinfo=zone)
            if stored[pin, clock] < times:
                assert not any(note.start is not None and note.start <= at < note.end for note in notes)


@pytest.mark.parametrize("polled", [False, True])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_any_interleaving_stores_what_was_punched_and_claims_no_more(
    polled: bool, steps: list[tuple[str, int]]
) -> None:
    device = Device(zone=ZoneInfo(ZONE))
    with tempfile.TemporaryDirectory() as directory:
        if polled:
            with serve(device) as endpoint:
                _play(Machine(Path(directory), device, endpoint), steps)
        else:
            _play(Machine(Path(directory), device, None), steps)


def _play(machine: Machine, steps: list[tuple[str, int]]) -> None:
    try:
        for step, number in steps:
            machine.do(step, number)
            machine.check_claims()
            assert not machine.stored() - Counter((record.pin, record.clock) for record in machine.log)
        machine.sent = machine.send(machine.sent, len(machine.log))
        machine.check_claims()
        assert machine.stored() == Counter((record.pin, record.clock) for record in machine.log)
    finally:
        machine.close()
