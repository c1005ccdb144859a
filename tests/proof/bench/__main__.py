"""The command behind `scripts/bench`: measures, prints a table, ends with 1 if something is not as wanted."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proof.bench import decoding, serving, spooling, tails
from tests.proof.bench.findings import Finding, table

PARTS = ("decode", "tail", "spool", "office", "thousand")


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures ratios, in one run on one computer.")
    parser.add_argument("subject", choices=["collect"], help="what is measured")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part only; may be repeated")
    parser.add_argument(
        "--minutes", type=float, default=5, help="how long to watch a thousand terminals (5; at least 2)"
    )
    asked = parser.parse_args()
    if asked.minutes < 2:
        parser.error("--minutes must be at least 2: a punch may take more than one to arrive")
    measures: dict[str, Callable[[Path], Iterable[Finding]]] = {
        "decode": lambda _: decoding.measure(),
        "tail": tails.measure,
        "spool": spooling.measure,
        "office": serving.small_office,
        "thousand": lambda folder: serving.thousand_terminals(folder, asked.minutes),
    }
    findings: list[Finding] = []
    for part in asked.only or PARTS:
        sys.stderr.write(f"measuring: {part}\n")
        with _folder() as folder:
            findings += measures[part](folder)
    sys.stdout.write(table(findings) + "\n")
    return int(any(finding.met is False for finding in findings))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ekinerja-bench-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
