"""Steps on frames, worked out together: one by one each would cost several times its work where a frame is short.

Does not know what the steps are.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

MONTHS_KEPT = 32
"""What rules make of so many months and kinds of offices is kept: it is the same for each person and each office."""
_AS_WRITTEN = pl.QueryOptFlags.none(simplify_expression=True)


def collect(steps: pl.LazyFrame) -> pl.DataFrame:
    """Given steps on frames, return what they come to, each done as it is written; only expressions are made simpler.

    To look for a better order takes longer than the steps of one person's month. What is used twice is worked out
    before, or it is done twice.
    """
    return steps.collect(engine="in-memory", optimizations=_AS_WRITTEN)


def collect_all(steps: Sequence[pl.LazyFrame]) -> list[pl.DataFrame]:
    """Given several steps on frames, none of which needs another's outcome, return what they come to."""
    return pl.collect_all(steps, engine="in-memory", optimizations=_AS_WRITTEN)


def left_join_or_null(steps: pl.LazyFrame, found: pl.DataFrame, *on: str) -> pl.LazyFrame:
    """Given steps and what was found for some of their rows, return them in their order with its columns, null where
    there is none. Mostly nothing was found, and to look for it takes longer than the other steps.
    """
    if found.is_empty():
        return steps.with_columns(
            pl.lit(None, kind).alias(name) for name, kind in found.schema.items() if name not in on
        )
    return steps.join(found.lazy(), on=on, how="left", maintain_order="left")


def anti_join(steps: pl.LazyFrame, found: pl.DataFrame, *on: str) -> pl.LazyFrame:
    """Given steps and what was found for some of their rows, return the other rows."""
    return steps if found.is_empty() else steps.join(found.lazy(), on=on, how="anti", maintain_order="left")


def covers(day: str, first: str = "valid_from", last: str = "valid_to") -> pl.Expr:
    """Given column names, tell whether a day lies in dates that are both included; a null date is open."""
    after_start = pl.col(first).is_null() | (pl.col(first) <= pl.col(day))
    return after_start & (pl.col(last).is_null() | (pl.col(day) <= pl.col(last)))
