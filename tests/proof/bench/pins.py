"""A county in which every terminal numbers its PINs from 1, against the same county in which no PIN stands twice.

Both are scored in the same run, in turn, each time by a process of its own: what one needed at most is not counted
against the other.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.month import score
from tests.proof.bench.county import MONTH, PROFILE, office
from tests.proof.bench.database import fill
from tests.proof.bench.findings import Finding, timed
from tests.proof.bench.scoring import RULES
from tests.proof.databases import execute, postgres_database, postgres_server

OFFICES = 40
EMPLOYEES = 10_000
TIMES = 3
MOST = 1.2
_NOW = datetime(2026, 10, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the whole month of a county cost: seconds, and the most memory that the process ever had."""

    taken_s: float
    peak_mb: float


def measure(folder: Path, employees: int = EMPLOYEES, times: int = TIMES) -> Iterator[Finding]:
    """Given an empty directory, yield the findings, of SQLite and of PostgreSQL."""
    files = [f"sqlite:///{folder / name}.db" for name in ("same", "own")]
    yield from _compared("SQLite", files, employees, times)
    with postgres_server(durable=True) as server, ExitStack() as stack:
        urls = [stack.enter_context(postgres_database(server)) for _ in files]
        yield from _compared("PostgreSQL", urls, employees, times)


def county(url: str, employees: int, *, own_pins: bool) -> None:
    """Given the URL of an empty database, fill it with a month of so many people in forty offices."""
    engine = connect(url)
    require_current(engine)
    made = (office(number, employees // OFFICES) for number in range(OFFICES))
    fill(engine, *(replace(one, activities=one.activities.clear()) for one in made), own_pins=own_pins)
    engine.dispose()
    if not url.startswith("sqlite"):
        execute(url.replace("+psycopg2", ""), "vacuum analyze")  # as PostgreSQL does by itself within minutes


def cost(url: str) -> Cost:
    """Given the URL of a filled database, score its month in a process of its own and return what that cost."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as executor:
        return executor.submit(_score, url).result()


def _compared(database: str, urls: list[str], employees: int, times: int) -> Iterator[Finding]:
    for url, own_pins in zip(urls, (False, True), strict=True):
        county(url, employees, own_pins=own_pins)
    same, own = zip(*([cost(url) for url in urls] for _ in range(times)), strict=True)
    what = f"{employees:,} people in {OFFICES} offices, every terminal's PINs from 1, {database}"
    for name, unit, mine, peer in (
        ("time", "s", [one.taken_s for one in same], [one.taken_s for one in own]),
        ("memory", "MB", [one.peak_mb for one in same], [one.peak_mb for one in own]),
    ):
        ratio = median(a / b for a, b in zip(mine, peer, strict=True))
        yield Finding(
            f"{what}: {name}",
            f"{median(mine):.1f} {unit}",
            f"no PIN twice: {median(peer):.1f} {unit}",
            f"{ratio:.2f}x",
            f"<= {MOST}x",
            ratio <= MOST,
        )


def _score(url: str) -> Cost:
    engine = connect(url)
    rules = load_rulebook(RULES)
    taken_s, done = timed(lambda: score.run(engine, rules, MONTH, profile=PROFILE, now=_NOW))
    engine.dispose()
    if not done.people:
        raise AssertionError("nobody was scored")
    return Cost(taken_s, _peak_mb())


def _peak_mb() -> float:
    """As the kernel counts it. What getrusage tells begins with the memory of the process that spawned this one."""
    status = Path("/proc/self/status").read_text()
    kib = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    return int(kib) / 1024
