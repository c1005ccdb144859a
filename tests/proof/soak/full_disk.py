"""The disk under the spool fills up, stays full, and is freed: what was added is there, the rest is told to try again.

A limit on the size of this process's files stands for the disk, so it runs in a process of its own and as any user:
`python -m tests.proof.soak.full_disk SPOOL`. Raises PunchesDiffer if a punch is lost. Prints how many were refused.
"""

from __future__ import annotations

import resource
import sys
from itertools import count
from pathlib import Path

from ekinerja_agent.nouns.delivery import Delivery, Receipt
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.spool import Spool
from tests.proof.soak.made import made_punches
from tests.proof.soak.truth import PunchesDiffer

BATCH = 50
DISK_BYTES = 400_000
TRIES = 3


def run(spool_path: Path) -> int:
    """Given the spool's path, fill the disk under it, free it and go on; return how many batches were refused."""
    spool = Spool(spool_path)
    _, most_bytes = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_BYTES, most_bytes))
    added = next(number for number in count() if not _is_added(spool, number))
    refused = 1 + sum(not _is_added(spool, added) for _ in range(TRIES))
    _require(spool, added)
    waiting = spool.waiting(BATCH)
    try:  # a delivery cannot be settled either; whether SQLite finds room for it or not, nothing may be forgotten
        spool.settle(waiting, Receipt())
    except TemporarilyUnavailable:
        refused += 1
    _require(spool, added)
    spool.close()

    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    with Spool(spool_path) as freed:
        _require(freed, added)
        if not _is_added(freed, added):
            raise PunchesDiffer("the spool still refuses, although the disk was freed")
        _require(freed, added + 1)
        freed.check()
    return refused


def _is_added(spool: Spool, batch: int) -> bool:
    try:
        spool.add(made_punches(batch * BATCH, (batch + 1) * BATCH))
    except TemporarilyUnavailable:
        return False
    return True


def _require(spool: Spool, batches: int) -> None:
    held: Delivery = spool.waiting(1_000_000)
    wanted = tuple(made_punches(0, batches * BATCH))
    if held.punches != wanted:
        raise PunchesDiffer(f"the spool holds {len(held.punches)} punches, {len(wanted)} were added")


if __name__ == "__main__":
    sys.stdout.write(str(run(Path(sys.argv[1]))))
