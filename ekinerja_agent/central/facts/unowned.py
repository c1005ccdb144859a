"""Coverage without the seconds in which a slot that nobody owns has a record: somebody was there, nobody knows who.

So whoever could have made that record waits, and a finding that it could not have changed stands. Once the owner is
known nothing is cut out any more. Does not know people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from ekinerja_agent.central.collected.unowned_slots import Span
from ekinerja_agent.nouns.coverage import outside
from ekinerja_agent.scoring.frames.schemas import COVERAGE

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)


def without_moments(stretches: pl.DataFrame, terminal: str, moments: Iterable[Span]) -> pl.DataFrame:
    """Given COVERAGE, return it without these moments, which are in order, of this terminal."""
    holes = list(moments)
    rows = [
        (terminal, None if since == _SINCE_EVER else since, until, kind)
        for _, start, end, kind in stretches.filter(terminal=terminal).iter_rows()
        for since, until in outside(holes, start or _SINCE_EVER, end)
    ]
    cut = pl.DataFrame(rows, schema=COVERAGE, orient="row")
    return pl.concat([stretches.filter(pl.col("terminal") != terminal), cut])
