"""Empties the spool into central, oldest first, in batches that each settle completely.

A crash between delivery and settlement repeats a delivery; central ignores what it has. Behind them it learns which
agent owns the terminals that were read, and becomes the owner of those that had none. Does not decide what central
accepts, and does not wait: an unreachable central is an error that the caller tries again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected import inbox, owners
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.instants import utc_now

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
    older_copy: bool = False
    """Central does not have the end of its audit log that it had at an earlier delivery."""


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
    terminals_read: set[str] = set()
    while not stop():
        with _collector_paused():
            delivery = spool.waiting(BATCH_PUNCHES)
            if not delivery.punches and not delivery.notes:
                break
            receipt = inbox.deliver(engine, delivery, now())
            spool.settle(delivery, receipt)
        delivered += len(receipt.accepted)
        rejected += len(receipt.rejected)
        terminals_read |= _terminals_read(delivery)
        if not delivery.punches and len(receipt.kept) == len(delivery.notes):
            break  # all that is left is what central takes once a person has let it in
    # Those that others own are asked for as well: what was learned of them may be old.
    asked = terminals_read | spool.owned_elsewhere().keys()
    if asked:
        spool.learn_owners(owners.claim(engine, spool.agent, asked, now()))
    return Forwarded(delivered, rejected, bool(delivered) and not _note_head(spool, engine))


def _note_head(spool: Spool, engine: Engine) -> bool:
    """Note under which end of the audit log this was delivered; tell whether the one noted before is still there. If it
    is not, it stays noted: it is what proves that central is an older copy.
    """
    noted, head = spool.audit_head(), audit.head(engine)
    if noted is not None and not audit.holds(engine, audit.End.read(noted[0])):
        return False
    if noted is None or noted[0] != str(head):
        spool.note_audit_head(str(head))
    return True


def _terminals_read(delivery: Delivery) -> set[str]:
    """The terminals that somebody has read to bring this; a line of devices.yaml or a failed try is no reading."""
    punched = {punch.terminal for punch in delivery.punches}
    return punched | {note.terminal for note in delivery.notes if isinstance(note, (Coverage, ClockReading))}


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
