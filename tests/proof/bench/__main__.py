"""The command behind `scripts/bench`: measures, prints a table, ends with 1 if something is not as wanted."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.proof.bench import (
    acting,
    activities,
    board,
    database,
    decoding,
    findings,
    pins,
    pushing,
    readers,
    scoring,
    serving,
    spooling,
    tails,
)
from tests.proof.bench.findings import Finding

Measure = Callable[[Path], Iterable[Finding]]


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures ratios, in one run on one computer.")
    parser.add_argument("subject", choices=["collect", "score", "board"], help="what is measured")
    parser.add_argument("--only", action="append", metavar="PART", help="this part only; may be repeated")
    parser.add_argument(
        "--minutes", type=float, default=5, help="collect: how long to watch a thousand terminals (5; at least 2)"
    )
    asked = parser.parse_args()
    if asked.minutes < 2:
        parser.error("--minutes must be at least 2: a punch may take more than one to arrive")
    measures = _measures(asked.subject, asked.minutes)
    parts = asked.only or list(measures)
    if unknown := set(parts) - measures.keys():
        parser.error(f"{asked.subject} has no part {', '.join(sorted(unknown))}; its parts: {', '.join(measures)}")
    found: list[Finding] = []
    for part in parts:
        sys.stderr.write(f"measuring: {part}\n")
        with _folder() as folder:
            found += measures[part](folder)
    sys.stdout.write(findings.table(found) + "\n")
    return int(any(finding.met is False for finding in found))


def _measures(subject: str, minutes: float) -> Mapping[str, Measure]:
    if subject == "score":
        return {
            "peers": lambda _: scoring.against_peers(),
            "database": database.measure,
            "pins": pins.measure,
            "activities": activities.measure,
            "growth": lambda _: scoring.per_employee(),
            "nation": lambda _: scoring.nation(),
        }
    if subject == "board":
        return {"pages": board.measure, "readers": readers.measure, "acting": acting.measure}
    return {
        "decode": lambda _: decoding.measure(),
        "tail": tails.measure,
        "spool": spooling.measure,
        "office": serving.small_office,
        "thousand": lambda folder: serving.thousand_terminals(folder, minutes),
        "away": lambda folder: serving.terminals_away(folder, minutes),
        "push": pushing.measure,
    }


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ekinerja-bench-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
