"""Steps on frames, worked out together: one by one each would cost several times its work where a frame is short.

Does not know what the steps are.
"""

from __future__ import annotations

import polars as pl

MONTHS_KEPT = 32
"""What rules make of so many months and kinds of offices is kept: it is the same for each person and each office."""
_AS_WRITTEN = pl.QueryOptFlags.none(simplify_expression=True)


def worked_out(steps: pl.LazyFrame) -> pl.DataFrame:
    """Given steps on frames, return what they come to, each done as it is written; only expressions are made simpler.

    To look for a better order takes longer than the steps of one person's month. What is used twice is worked out
    before, or it is done twice.
    """
    return steps.collect(engine="in-memory", optimizations=_AS_WRITTEN)
