"""What a collector costs while it serves: a small office, and a thousand terminals in one process.

The terminals are simulated in another process; central is a real PostgreSQL, as it is for a thousand terminals.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from sqlalchemy import select

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables import recorded
from tests.proof.bench.findings import Finding
from tests.proof.bench.service import running
from tests.proof.bench.simulators import fleet
from tests.proof.bench.switched_off import asked_in_vain, switched_off
from tests.proof.databases import postgres_database, postgres_server

SMALL_OFFICE = 5
SMALL_OFFICE_RECORDS = 5_000
SMALL_OFFICE_S = 20
TERMINALS = 1_000
EVERY_S = 60
WARM_S = 90
RECORDS = 200
PUNCHES_PER_S = 50.0
UNDERWAY_S = 80
"""A punch of the last seconds may still be on its way when the service is stopped; the late ones would be missing."""
JITTER_SHARE = 0.1
AWAY = 300


def small_office(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield what a collector of five terminals holds in memory, central's tables being there.

    (The first start that has to make them also loads the migrations, once.)
    """
    central_url = f"sqlite:///{folder / 'central.db'}"
    central = connect(central_url)
    require_current(central)
    central.dispose()
    with (
        fleet(SMALL_OFFICE, SMALL_OFFICE_RECORDS, punches_per_s=2) as terminals,
        running(folder, terminals.ports, every="2s", central_url=central_url) as service,
    ):
        time.sleep(SMALL_OFFICE_S)
        resident_mb, most_mb = (service.memory_kib(which) / 1000 for which in ("VmRSS", "VmHWM"))
        loaded = service.stop()
    foreign = sorted({"polars", "starlette"} & loaded)
    yield Finding(
        f"collector with {SMALL_OFFICE} terminals of {SMALL_OFFICE_RECORDS:,} records",
        f"{resident_mb:.0f} MB resident, {most_mb:.0f} MB at most",
        f"loaded: {', '.join(foreign) or 'neither Polars nor Starlette'}",
        "",
        "<= 70 MB",
        resident_mb <= 70 and not foreign,
    )


def thousand_terminals(folder: Path, minutes: float) -> Iterator[Finding]:
    """Given an empty directory and how long to watch, yield what a thousand terminals every minute cost."""
    with (
        postgres_server(durable=True) as server,
        postgres_database(server) as central_url,
        fleet(TERMINALS, RECORDS, PUNCHES_PER_S) as terminals,
        running(folder, terminals.ports, every=f"{EVERY_S}s", central_url=central_url) as service,
    ):
        time.sleep(WARM_S)
        began, began_cpu_s = time.time(), service.cpu_s
        time.sleep(60 * minutes)
        ended, share = time.time(), (service.cpu_s - began_cpu_s) / (60 * minutes)
        most_mb = service.memory_kib("VmHWM") / 1000
        service.stop()
        calls = terminals.stop()
        waited_s = _latencies_s(central_url, began, ended - UNDERWAY_S)
    gaps_s = [later - earlier for of_one in calls for earlier, later in pairwise(of_one) if began <= later <= ended]
    what = f"{TERMINALS:,} terminals every {EVERY_S} s in one process"
    yield Finding(what, f"{share:.0%} of a core", "one core", f"{share:.2f}", "<= 1", share <= 1)
    yield Finding(what, f"{most_mb:.0f} MB at most", "300 MB", f"{most_mb / 300:.2f}", "<= 1", most_mb <= 300)
    wanted_s = EVERY_S * (1 + 2 * JITTER_SHARE) + 1
    yield Finding(
        f"{len(gaps_s):,} polls on their schedule",
        f"{max(gaps_s):.1f} s at most between two",
        f"{wanted_s:.0f} s with jitter",
        f"{len(gaps_s) / (TERMINALS * (ended - began) / EVERY_S):.0%} of those due",
        "none late",
        max(gaps_s) <= wanted_s,
    )
    hundredths = quantiles(waited_s, n=100)
    yield Finding(
        f"finger to central, {len(waited_s):,} punches",
        f"p50 {hundredths[49]:.0f} s, p99 {hundredths[98]:.0f} s",
        f"a poll every {EVERY_S} s",
        "",
    )


def terminals_away(folder: Path, minutes: float) -> Iterator[Finding]:
    """Given an empty directory and how long to watch, yield how often a thousand terminals are tried of which AWAY have
    no power.
    """
    with (
        postgres_server() as server,
        postgres_database(server) as central_url,
        fleet(TERMINALS - AWAY, RECORDS) as terminals,
        switched_off(AWAY) as dead,
        running(folder, [*terminals.ports, *dead], every=f"{EVERY_S}s", central_url=central_url) as service,
    ):
        time.sleep(WARM_S)
        tries = asked_in_vain(dead, 60 * minutes)
        service.stop()
        calls = terminals.stop()
    between_s = [later - earlier for of_one in tries.values() for earlier, later in pairwise(of_one)]
    untried = sum(len(of_one) < 2 for of_one in tries.values())
    yield Finding(
        f"{AWAY} of {TERMINALS:,} terminals without power, {len(between_s):,} pauses between two tries",
        f"{max(between_s):.0f} s at most",
        "a minute",
        f"{untried} not tried twice, {sum(map(bool, calls))} of the others read",
        "<= 60 s, all",
        max(between_s) <= 60 and not untried and all(calls),
    )


def _latencies_s(central_url: str, began: float, ended: float) -> list[float]:
    """Seconds from the punch, as the terminal's whole second shows it, until central received it."""
    c = recorded.punches.c
    engine = connect(central_url)
    try:
        with reading(engine) as conn:
            rows = conn.execute(select(c.at, c.received_at)).all()
    finally:
        engine.dispose()
    return [(received_at - at).total_seconds() for at, received_at in rows if began <= at.timestamp() <= ended]
