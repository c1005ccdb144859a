"""Findings of a month as a whole: what plans and indicators take from the performance part.

They stand on the first working day, whose rules pay, behind the findings of that day, and outside the caps of days and
months, which are those of attendance. Does not know why they cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ekinerja_agent.rules import Base, Dated
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import Schema


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a person's month loses of the performance part: by which rule, under which code, led back to `reference`."""

    nip: str
    code: str
    deduction_ppm: int
    rule: str
    dated: Dated[Any]
    reference: str


def with_shortfalls(costing: pl.DataFrame, shortfalls: Sequence[Shortfall], roster: Roster) -> pl.DataFrame:
    """Given settled findings, add shortfalls in their order, in the columns of the findings."""
    if not shortfalls:
        return costing
    shape: Schema = dict.fromkeys(("nip", "code", "rule", "source", "place", "reference"), pl.String)
    rows = [
        (one.nip, one.code, one.rule, one.dated.citation.source, one.dated.citation.place, one.reference)
        for one in shortfalls
    ]
    told = (
        pl.DataFrame(rows, schema=shape, orient="row")
        .with_columns(
            deduction_ppm=pl.Series([one.deduction_ppm for one in shortfalls], dtype=pl.Int64),
            base=pl.lit(Base.PERFORMANCE.value),
        )
        .join(roster.people.select("nip", "person", date="pay_day"), on="nip", how="left", maintain_order="left")
    )
    columns = (
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in costing.schema.items()
    )
    both = pl.concat([costing, told.select(*columns)])
    return both.sort("nip", "date", maintain_order=True)
