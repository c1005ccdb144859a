"""Empties the spool into central, oldest first, in batches that each settle completely.

A crash between delivery and settlement repeats a delivery; central ignores what it has. Does not decide what central
accepts, and does not wait: an unreachable central is an error that the caller tries again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central import inbox
from ekinerja_agent.model import utc_now

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.spool import Spool

BATCH_PUNCHES = 2_000
"""Punches of one transaction: large enough that the round trip does not matter, small enough to hold in memory.

Python keeps what the largest batch once needed: 5,000 would cost every office server 5 MB more for ever.
"""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What one run moved: punches now in central, and punches that central refused with a reason."""

    delivered: int
    rejected: int


def forward(
    spool: Spool,
    engine: Engine,
    *,
    now: Callable[[], datetime] = utc_now,
    stop: Callable[[], bool] = lambda: False,
) -> Forwarded:
    """Given a spool and central, deliver until nothing more can travel or `stop` says so; return the counts.

    Raise TemporarilyUnavailable if central does not answer; what was settled before stays settled.
    """
    delivered = rejected = 0
    while not stop():
        with _collector_paused():
            delivery = spool.waiting(BATCH_PUNCHES)
            if not delivery.punches and not delivery.notes:
                break
            receipt = inbox.deliver(engine, delivery, now())
            spool.settle(delivery, receipt)
        delivered += len(receipt.accepted)
        rejected += len(receipt.rejected)
    return Forwarded(delivered, rejected)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A batch makes a hundred thousand objects and no cycle: looking for cycles in it took a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
