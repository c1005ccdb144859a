"""The command behind `scripts/soak`: progress while it runs, one line of findings per part, 1 if a punch was lost."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.proof.databases import postgres_database, postgres_server
from tests.proof.soak.rounds import Progress, run_kills, run_schedules
from tests.proof.soak.truth import PunchesDiffer

EVERY_S = 10.0


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description="Tries to lose a punch, and counts.")
    parser.add_argument("--schedules", type=int, default=1000, help="random schedules on each database (1000)")
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs of a running service, on both databases (200)")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="punches that wait for central (1000000)")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first schedule (0)")
    asked = parser.parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ekinerja-soak-")))
            server = stack.enter_context(postgres_server())
            _schedules(range(asked.seed, asked.seed + asked.schedules), folder, server)
            if asked.kills:
                centrals = _centrals(stack, folder, server)
                _summary("kills", run_kills(asked.kills, asked.seed, centrals, _reporter("kills")))
            if asked.waiting:
                _backlog(asked.waiting, folder, stack.enter_context(postgres_database(server)))
    except PunchesDiffer as error:
        sys.stdout.write(f"LOST: {error}\n")
        return 1
    sys.stdout.write("stored = punched in all of them\n")
    return 0


def _schedules(seeds: range, folder: Path, server: str) -> None:
    if seeds:
        url = f"sqlite:///{folder / 'schedules.db'}"
        _summary("schedules on SQLite", run_schedules(seeds, url, _reporter("schedules on SQLite")))
        with postgres_database(server) as url:
            _summary("schedules on PostgreSQL", run_schedules(seeds, url, _reporter("schedules on PostgreSQL")))


def _centrals(stack: ExitStack, folder: Path, server: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"sqlite:///{folder / f'central-{number}.db'}"
        yield stack.enter_context(postgres_database(server))


def _backlog(punches: int, folder: Path, central_url: str) -> None:
    command = [sys.executable, "-m", "tests.proof.soak.backlog", str(folder / "backlog.db"), central_url, str(punches)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise PunchesDiffer(f"a backlog of {punches} punches did not all arrive, oldest first")
    sys.stdout.write(f"backlog: {done.stdout}\n")


def _reporter(part: str) -> Progress:
    began_s = said_s = time.monotonic()

    def told(tally: Counter[str]) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= EVERY_S:
            said_s = time.monotonic()
            sys.stderr.write(f"{said_s - began_s:6.0f} s  {part}: {_words(tally)}\n")

    return told


def _summary(part: str, tally: Counter[str]) -> None:
    sys.stdout.write(f"{part}: {_words(tally)}\n")
    sys.stdout.flush()


def _words(tally: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(tally.items()))


if __name__ == "__main__":
    sys.exit(main())
