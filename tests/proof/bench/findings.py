"""What a measurement found, and the table that shows it. Does not know what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was measured, ours, the peer's or the limit, and whether it is as `wanted`; None: only shown."""

    what: str
    ours: str
    peer: str
    ratio: str
    wanted: str = ""
    met: bool | None = None


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Given work, do it and return how long it took in seconds, and its result."""
    began_s = perf_counter()
    result = work()
    return perf_counter() - began_s, result


def best_of(times: int, work: Callable[[], float]) -> float:
    """Given how often, and work that returns seconds, return the fewest: what others did to the computer adds."""
    return min(work() for _ in range(times))


def best_of_each(times: int, *works: Callable[[], float]) -> list[float]:
    """Given how often, and works that return seconds, do them in turn and return the fewest of each.

    In turn: a computer that others use for a minute is then as slow for the one as for the other.
    """
    return [min(taken_s) for taken_s in zip(*([work() for work in works] for _ in range(times)), strict=True)]


def table(findings: Sequence[Finding]) -> str:
    """Given findings, return them as lines of text in columns."""
    verdicts = {None: "", True: "yes", False: "NO"}
    rows = [("what", "ours", "peer or limit", "ratio", "wanted", "met")]
    rows += [(f.what, f.ours, f.peer, f.ratio, f.wanted, verdicts[f.met]) for f in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
