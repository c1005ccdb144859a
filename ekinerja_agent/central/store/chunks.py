"""Many values asked in parts: a statement has room for so many and no more. Does not know what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 500


def chunks(values: Sequence[T], at_once: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Given values in their order, yield them in parts of at most so many."""
    for start in range(0, len(values), at_once):
        yield values[start : start + at_once]
