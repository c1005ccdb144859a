"""What a measurement found, and the table that shows it. Does not know what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
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


def in_turn(times: int, *works: Callable[[], float]) -> list[list[float]]:
    """Given how often, and works that return seconds, do them in turn; return the seconds of each, in order.

    In turn: a computer that others use for a minute is then as slow for the one as for the other, and the ratio of two
    that stand side by side holds.
    """
    return [list(taken_s) for taken_s in zip(*([work() for work in works] for _ in range(times)), strict=True)]


def ratio(limit_s: Sequence[float], ours_s: Sequence[float]) -> float:
    """Given the seconds of two works that were done in turn, return the median of how fast ours is beside the limit."""
    return median(limit / ours for limit, ours in zip(limit_s, ours_s, strict=True))


def table(findings: Sequence[Finding]) -> str:
    """Given findings, return them as lines of text in columns."""
    verdicts = {None: "", True: "yes", False: "NO"}
    rows = [("what", "ours", "peer or limit", "ratio", "wanted", "met")]
    rows += [(f.what, f.ours, f.peer, f.ratio, f.wanted, verdicts[f.met]) for f in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
