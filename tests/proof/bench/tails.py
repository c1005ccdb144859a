"""A poll with five new punches on a log of 100,000 records, against reading that log whole: bytes and time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.collect import PollResult
from tests.proof.bench.findings import Finding, timed
from tests.proof.bench.simulators import ZONE, fleet

RECORDS = 100_000
NEW = 5
MOST_BYTES = 8 * 1024


def measure(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield the findings. Raise AssertionError if the poll was no tail read."""
    with fleet(1, RECORDS) as terminals, Spool(folder / "tails.db") as spool:
        config = TerminalConfig.model_validate(
            {"id": "t", "office": "A", "timezone": ZONE.key, "address": f"127.0.0.1:{terminals.ports[0]}"},
            context={"base": folder},
        )

        def poll(*, full: bool) -> PollResult:
            return collect.poll(
                config,
                spool,
                state_dir=folder,
                tolerance_s=120,
                reply_timeout_s=60.0,
                host_clock_trusted=True,
                full=full,
            )

        poll(full=True)
        full_s, whole = timed(lambda: poll(full=True))
        terminals.punch(NEW)
        tail_s, tail = timed(lambda: poll(full=False))
    if tail.mode != "tail" or tail.new != NEW:
        raise AssertionError(f"{tail} is not a tail read of {NEW} punches")
    share = tail.received_bytes / whole.received_bytes
    what = f"poll with {NEW} new punches on {RECORDS:,} records"
    yield Finding(
        what,
        f"{tail.received_bytes:,} bytes",
        f"full read {whole.received_bytes:,} bytes",
        f"{share:.2%}",
        "<= 8 KB and <= 2 %",
        tail.received_bytes <= MOST_BYTES and share <= 0.02,
    )
    yield Finding(
        what, f"{tail_s * 1000:.1f} ms", f"full read {full_s * 1000:,.0f} ms", f"{full_s / tail_s:.0f}x faster"
    )
