"""Central was away for long: a great number of punches waits in the spool, and then all of them travel.

Promises to measure memory in a process of its own, and to raise PunchesDiffer if the oldest do not leave first or one
is missing at the end. Run as `python -m tests.proof.soak.backlog SPOOL CENTRAL_URL PUNCHES`; prints JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, func, select

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables import recorded
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.forward import BATCH_PUNCHES, forward
from tests.proof.soak.made import made_punches
from tests.proof.soak.truth import PunchesDiffer

ADDED_AT_ONCE = 5_000
FIRST_BATCHES = 2


@dataclass(frozen=True, slots=True)
class Backlog:
    """What it cost. Memory is the most that was resident, in KiB: before the backlog, while it grew, while it left."""

    punches: int
    added_per_s: float
    forwarded_per_s: float
    memory_before_kib: int
    memory_added_kib: int
    memory_forwarded_kib: int


def run(spool_path: Path, central_url: str, punches: int) -> Backlog:
    """Given how many are to wait, let them wait and travel. Raise PunchesDiffer."""
    engine = connect(central_url)
    require_current(engine)
    with Spool(spool_path) as spool:
        before_kib = _most_resident_kib()
        began_s = time.perf_counter()
        for first in range(0, punches, ADDED_AT_ONCE):
            spool.add(made_punches(first, min(first + ADDED_AT_ONCE, punches)))
        added_s = time.perf_counter() - began_s
        added_kib = _most_resident_kib()
        batches = count(1)
        began_s = time.perf_counter()
        forward(spool, engine, stop=lambda: next(batches) > FIRST_BATCHES)
        _require_oldest(engine, min(FIRST_BATCHES * BATCH_PUNCHES, punches))
        forward(spool, engine)
        forwarded_s = time.perf_counter() - began_s
        _require_oldest(engine, punches)
        if spool.counts().waiting:
            raise PunchesDiffer(f"{spool.counts().waiting} punches wait although central took all it was given")
    engine.dispose()
    return Backlog(
        punches=punches,
        added_per_s=punches / added_s,
        forwarded_per_s=punches / forwarded_s,
        memory_before_kib=before_kib,
        memory_added_kib=added_kib,
        memory_forwarded_kib=_most_resident_kib(),
    )


def _require_oldest(engine: Engine, punches: int) -> None:
    """Made punches are one second apart, so the oldest are those up to a clock."""
    c = recorded.punches.c
    with reading(engine) as conn:
        number, latest = conn.execute(select(func.count(), func.max(c.clock))).one()
    last = next(iter(made_punches(punches - 1, punches)))
    if (number, latest) != (punches, last.clock):
        raise PunchesDiffer(f"central holds {number} punches up to {latest}; the oldest {punches} end at {last.clock}")


def _most_resident_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    spool_file, url, number_of_punches = sys.argv[1:]
    json.dump(asdict(run(Path(spool_file), url, int(number_of_punches))), sys.stdout)
