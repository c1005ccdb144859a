"""Many schedules and many kills, on both databases: the same for `scripts/soak` and for the tests.

Promises that the same first number gives the same schedules, and that the first failure ends all, with its number.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.simulator import Switchboard
from tests.proof.soak.door import Door
from tests.proof.soak.kills import Office
from tests.proof.soak.refusals import prepare
from tests.proof.soak.schedule import Schedule

KILLS_OF_ONE_OFFICE = 20
"""Then another office begins with empty databases, so that first starts and first reads are killed as well."""

Progress = Callable[[Counter[str]], None]


def run_schedules(seeds: range, central_url: str, told: Progress) -> Counter[str]:
    """Given the numbers of the schedules and an empty central, run each; return what happened in all of them.

    `told` is called with the tally after each. Raise PunchesDiffer.
    """
    tally: Counter[str] = Counter()
    central = connect(central_url)
    try:
        require_current(central)
        prepare(central)
        with Switchboard() as board, Door() as door:
            for seed in seeds:
                with _folder() as folder:
                    schedule = Schedule(seed, central, board, door, folder)
                    schedule.run()
                tally += schedule.tally + Counter(schedules=1)
                told(tally)
    finally:
        central.dispose()
    return tally


def run_kills(kills: int, seed: int, central_urls: Iterator[str], told: Progress) -> Counter[str]:
    """Given how often a service is to be killed, and an empty central for each office, do it; return what happened.

    `told` is called with the tally after each office. Raise PunchesDiffer.
    """
    tally: Counter[str] = Counter()
    while tally["kills"] < kills:
        with Switchboard() as board, _folder() as folder:
            office = Office(seed + tally["kills"], folder, next(central_urls), board)
            office.run(min(KILLS_OF_ONE_OFFICE, kills - tally["kills"]))
        tally += office.tally + Counter(offices=1)
        told(tally)
    return tally


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ekinerja-soak-") as folder:
        yield Path(folder)
