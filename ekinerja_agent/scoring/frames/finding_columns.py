"""What was found of a duty, on its way to a finding: the columns that all who find something share.

Does not know who found it, nor what caps and rupiah make of it.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from ekinerja_agent.rules import CORRECTION
from ekinerja_agent.scoring.frames.schemas import Schema

ABSENCE_RANK, SCAN_RANK, FLEXIBLE_RANK, EVENT_RANK, DOCUMENT_RANK = range(5)
"""In which order findings of a duty stand: the absence of a day, scans, time not made good, events, documents."""

FOUND: Schema = {
    "duty": pl.UInt32,
    "rank": pl.Int8,
    "scan_order": pl.Int8,  # null: it concerns the duty as a whole, likewise scan
    "scan": pl.String,
    "minutes": pl.Int64,
    "punch_id": pl.String,
    "reference": pl.String,
    "code": pl.String,
    "deduction_ppm": pl.Int64,
    "by_share": pl.Boolean,  # it costs its share of the month's presence instead
    "base": pl.String,
    "rule": pl.String,
    "source": pl.String,
    "place": pl.String,
}
HELD: Schema = {"duty": pl.UInt32, "reason": pl.String}
"""Duties that must wait."""


def as_found(rows: pl.LazyFrame, rank: int, *untold: str) -> pl.LazyFrame:
    """Given rows with the columns of FOUND but the `untold` ones, return all of them; what the rows do not say is
    null.
    """
    of_correction = pl.when(pl.col("punch_id").str.starts_with(CORRECTION)).then("punch_id")
    return rows.select(_columns(rank, untold)).with_columns(
        pl.col("by_share").fill_null(value=False), reference=pl.coalesce("reference", of_correction)
    )


@cache
def _columns(rank: int, untold: tuple[str, ...]) -> list[pl.Expr]:
    known = {name: pl.col(name) for name in FOUND if name not in untold} | {"rank": pl.lit(rank)}
    return [known.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in FOUND.items()]
