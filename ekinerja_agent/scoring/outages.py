"""What it changes that a terminal could not record: nobody loses money because a machine failed.

An approved outage of any terminal that a person scans at excuses a missing scan in whose window it lies; lateness does
not count the time of the outage, and who left early is taken to have left at its end, or on time. Nothing gets worse
by an outage. Does not know percent or rupiah. Source: regulations section 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from ekinerja_agent.scoring.frames import COVERAGE

_US_PER_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Outages:
    """By duty, in microseconds, half-open.

    `approved`: duty, from_us, to_us; stretches of one duty never touch. `undecided`: duty, terminal, from_us, to_us.
    """

    approved: pl.DataFrame
    undecided: pl.DataFrame


def outages_of(outages: pl.DataFrame, needed: pl.DataFrame) -> Outages:
    """Given OUTAGES and the terminals of each duty, return the outages of each duty's terminals."""
    return Outages(_merged(_with("approved", outages, needed)), _with("pending", outages, needed))


def nothing_missing(outages: pl.DataFrame) -> pl.DataFrame:
    """Given OUTAGES, return the approved ones as COVERAGE: what could not be recorded is not missing either."""
    approved = outages.filter(pl.col("status") == "approved")
    return approved.select("terminal", "start", "end", kind=pl.lit("proven")).select(
        pl.col(name).cast(dtype) for name, dtype in COVERAGE.items()
    )


def relieved(scans: pl.DataFrame, outages: Outages) -> pl.DataFrame:
    """Given one row per expected scan (duty, scan_order, latest, due, opens, closes, at, excused, tolerance_min,
    flexible_min), return them with `minutes` (late or early that count, null without punch), `owed_minutes` (late, but
    to be made good at the end) and `excused`, as approved outages leave them.
    """
    counted_us = pl.col("due").to_physical() + pl.col("flexible_min") * _US_PER_MINUTE
    scans = scans.with_columns(counted_us=counted_us)
    touching = (
        scans.join(outages.approved, on="duty", how="inner")
        .with_columns(pl.col("due", "opens", "closes", "at").to_physical())
        .filter(pl.col("from_us") < pl.col("closes"), pl.col("to_us") > pl.col("opens"))
        .group_by("duty", "scan_order")
        .agg(
            lost_us=_lost_since("counted_us"),
            owed_lost_us=_lost_since("due"),
            gone_us=pl.min_horizontal("to_us", "due").filter(pl.col("to_us") > pl.col("at")).max(),
            touched=pl.lit(value=True).first(),
        )
    )
    due_us, at_us = pl.col("due").to_physical(), pl.col("at").to_physical()
    left_us = pl.when(pl.col("at").is_not_null()).then(pl.max_horizontal(at_us, "gone_us"))
    late_us = at_us - pl.col("counted_us") - pl.col("lost_us").fill_null(0)
    owed_us = at_us - due_us - pl.col("owed_lost_us").fill_null(0)
    minutes = _whole_minutes(pl.when("latest").then(late_us).otherwise(due_us - left_us))
    return (
        scans.join(touching, on=["duty", "scan_order"], how="left")
        .with_columns(
            minutes=pl.when(minutes <= pl.col("tolerance_min")).then(0).otherwise(minutes),
            owed_minutes=pl.when(pl.col("at").is_null())
            .then(0)
            .otherwise(pl.min_horizontal(_whole_minutes(owed_us), "flexible_min")),
            excused=pl.col("excused") | (pl.col("at").is_null() & pl.col("touched").fill_null(value=False)),
        )
        .drop("lost_us", "owed_lost_us", "gone_us", "touched", "counted_us")
    )


def _lost_since(start: str) -> pl.Expr:
    """The time from a start to the punch in which a terminal could not record."""
    return (pl.min_horizontal("to_us", "at") - pl.max_horizontal("from_us", start)).clip(lower_bound=0).sum()


def _whole_minutes(span_us: pl.Expr) -> pl.Expr:
    return (span_us // _US_PER_MINUTE).clip(lower_bound=0)


def _with(status: Literal["pending", "approved"], outages: pl.DataFrame, needed: pl.DataFrame) -> pl.DataFrame:
    of_terminal = outages.filter(pl.col("status") == status).select(
        "terminal", from_us=pl.col("start").to_physical(), to_us=pl.col("end").to_physical()
    )
    return needed.join(of_terminal, on="terminal", how="inner").select("duty", "terminal", "from_us", "to_us")


def _merged(stretches: pl.DataFrame) -> pl.DataFrame:
    """Two terminals that failed together count once."""
    reached = pl.col("to_us").cum_max().shift(1).over("duty")
    return (
        stretches.sort("duty", "from_us", "to_us")
        .with_columns(run=(reached.is_null() | (pl.col("from_us") > reached)).cum_sum())
        .group_by("duty", "run")
        .agg(pl.col("from_us").min(), pl.col("to_us").max())
        .select("duty", "from_us", "to_us")
    )
