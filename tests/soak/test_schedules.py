"""A small number of what `scripts/soak` runs in great number: random schedules, SIGKILLs, a backlog, a full disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.simulator import Device, Record
from ekinerja_agent.simulator.codec import pack_time
from ekinerja_agent.simulator.rows import record_encoder
from tests.proof.soak.rounds import run_kills, run_schedules
from tests.proof.soak.truth import PunchesDiffer, Truth

pytestmark = pytest.mark.long

ZONE = ZoneInfo("Asia/Makassar")
SCHEDULES = 20
KILLS = 2
MIB = 1024


def nobody(_: object) -> None:
    """Progress is for people."""


@pytest.mark.parametrize("first", [0, SCHEDULES // 2])
def test_what_was_punched_is_stored_whatever_happens(first: int, central_url: str) -> None:
    tally = run_schedules(range(first, first + SCHEDULES // 2), central_url, nobody)
    assert tally["schedules"] == SCHEDULES // 2
    assert tally["polls failed"] > 0
    assert tally["polls crashed"] > 0
    assert tally["deliveries cut"] > 0


def test_what_was_punched_is_stored_although_the_service_was_killed_again_and_again(central_url: str) -> None:
    tally = run_kills(KILLS, 1, iter([central_url]), nobody)
    assert tally["kills"] == KILLS
    assert tally["punches"] > 0


def test_a_backlog_leaves_oldest_first_and_needs_no_memory(central_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.proof.soak.backlog", str(tmp_path / "spool.db"), central_url, "20000"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    assert found["memory_added_kib"] - found["memory_before_kib"] < 20 * MIB
    assert found["memory_forwarded_kib"] - found["memory_before_kib"] < 60 * MIB


def test_a_full_disk_loses_nothing_and_recovers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.proof.soak.full_disk", str(tmp_path / "spool.db")]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert int(done.stdout) >= 4


class Wall:
    """A terminal that somebody punched twice at once, and once on February 30; central holds what a test puts there."""

    def __init__(self, central: Engine) -> None:
        self.central = central
        self.truth = Truth("lobby", Device(zone=ZONE))
        device = self.truth.device
        device.punch("1001")
        device.punch("1001", device.history[0].at)
        self.impossible = Record(1, "1001", pack_time((2026, 2, 30), (7, 0, 0)), at=device.history[0].at)
        device.write(self.impossible)
        self.truth.seen = self.truth.visible()
        encode = record_encoder(40)
        self.punches = [
            Punch("lobby", "1001", record.clock, number, record.at, 0, 1, 0, 0, Source.POLL, encode(record))
            for number, record in enumerate(device.history[:2], 1)
        ]
        self.kept = Quarantined("lobby", Source.POLL, 2, encode(self.impossible), "no such date", utc_now())

    def deliver(self, *, punches: list[Punch], notes: tuple[Coverage | Quarantined, ...]) -> None:
        deliver(self.central, Delivery(tuple(punches), notes), utc_now())

    def compare(self) -> None:
        with reading(self.central) as conn:
            self.truth.compare(conn, until=utc_now())

    def check_claims(self) -> None:
        with reading(self.central) as conn:
            self.truth.check_claims(conn)


@pytest.fixture
def wall(central: Engine) -> Wall:
    return Wall(central)


def test_the_proof_is_content_with_the_truth(wall: Wall) -> None:
    wall.deliver(punches=wall.punches, notes=(wall.kept, Coverage("lobby", None, utc_now())))
    wall.compare()
    wall.check_claims()


@pytest.mark.parametrize(
    "lose",
    [
        lambda wall: wall.deliver(punches=wall.punches[:1], notes=(wall.kept,)),
        lambda wall: wall.deliver(punches=wall.punches[1:], notes=(wall.kept,)),
        lambda wall: wall.deliver(punches=wall.punches, notes=()),
        lambda wall: wall.deliver(punches=[*wall.punches, _third(wall.punches[1])], notes=(wall.kept,)),
    ],
    ids=["the second is missing", "the first is missing", "February 30 is missing", "one too many"],
)
def test_the_proof_notices_what_is_wrong(wall: Wall, lose: Callable[[Wall], None]) -> None:
    lose(wall)
    with pytest.raises(PunchesDiffer):
        wall.compare()


def test_the_proof_notices_a_claim_without_its_punch(wall: Wall) -> None:
    wall.deliver(punches=[], notes=(wall.kept, Coverage("lobby", None, utc_now() + timedelta(seconds=1))))
    with pytest.raises(PunchesDiffer, match="coverage claims"):
        wall.check_claims()


def _third(second: Punch) -> Punch:
    at = second.at
    return Punch("lobby", "1001", second.clock, 3, at, 0, 1, 0, 0, Source.POLL, second.raw)
