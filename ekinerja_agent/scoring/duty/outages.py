"""What it changes that a terminal could not record: nobody loses money because a machine failed.

An approved outage of any terminal that a person scans at excuses a missing scan in whose window it lies; lateness does
not count the time of the outage, and who left early is taken to have left at its end, or on time. Nothing gets worse
by an outage. Does not know percent or rupiah. Source: regulations section 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.scoring.frames.schemas import COVERAGE, Schema, as_columns, empty
from ekinerja_agent.scoring.frames.steps import collect, left_join_or_null

_US_PER_MINUTE = 60_000_000
_APPROVED: Schema = {"duty": pl.UInt32, "from_us": pl.Int64, "to_us": pl.Int64}
_UNDECIDED: Schema = {"duty": pl.UInt32, "terminal": pl.String, "from_us": pl.Int64, "to_us": pl.Int64}
_TOUCHING: Schema = {
    "duty": pl.UInt32,
    "scan_order": pl.Int8,
    **dict.fromkeys(("lost_us", "owed_lost_us", "gone_us"), pl.Int64),
    "touched": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Outages:
    """By duty, in microseconds, half-open.

    `approved`: duty, from_us, to_us; stretches of one duty never touch. `undecided`: duty, terminal, from_us, to_us.
    """

    approved: pl.DataFrame
    undecided: pl.DataFrame


def outages_of(outages: pl.DataFrame, needed: pl.DataFrame) -> Outages:
    """Given OUTAGES and the terminals of each duty, return the outages of each duty's terminals."""
    if outages.is_empty():
        return Outages(empty(_APPROVED), empty(_UNDECIDED))
    approved, undecided = (_with(status, outages, needed) for status in (EntryStatus.APPROVED, EntryStatus.PENDING))
    return Outages(collect(_merged(approved)), collect(undecided))


def nothing_missing(outages: pl.DataFrame) -> pl.DataFrame:
    """Given OUTAGES, return the approved ones as COVERAGE: what could not be recorded is not missing either."""
    if outages.is_empty():
        return empty(COVERAGE)
    approved = outages.lazy().filter(pl.col("status") == EntryStatus.APPROVED).with_columns(kind=pl.lit("proven"))
    return collect(approved.select(as_columns(COVERAGE)))


def relieved(scans: pl.LazyFrame, outages: Outages) -> pl.LazyFrame:
    """Given one row per expected scan (duty, scan_order, latest, due, opens, closes, at, excused, tolerance_min,
    flexible_min), return them with `minutes` (late or early that count, null without punch), `owed_minutes` (late, but
    to be made good at the end) and `excused`, as approved outages leave them, and whether one `touched` the window.
    """
    counted_us = pl.col("due").to_physical() + pl.col("flexible_min") * _US_PER_MINUTE
    counted = scans.with_columns(counted_us=counted_us)
    if outages.approved.height:
        counted = collect(counted).lazy()
    due_us, at_us = pl.col("due").to_physical(), pl.col("at").to_physical()
    left_us = pl.when(pl.col("at").is_not_null()).then(pl.max_horizontal(at_us, "gone_us"))
    late_us = at_us - pl.col("counted_us") - pl.col("lost_us").fill_null(0)
    owed_us = at_us - due_us - pl.col("owed_lost_us").fill_null(0)
    minutes = _whole_minutes(pl.when("latest").then(late_us).otherwise(due_us - left_us))
    return (
        left_join_or_null(counted, _touching(counted, outages.approved), "duty", "scan_order")
        .with_columns(
            minutes=pl.when(minutes <= pl.col("tolerance_min")).then(0).otherwise(minutes),
            owed_minutes=pl.when(pl.col("at").is_null())
            .then(0)
            .otherwise(pl.min_horizontal(_whole_minutes(owed_us), "flexible_min")),
            excused=pl.col("excused") | (pl.col("at").is_null() & pl.col("touched").fill_null(value=False)),
            touched=pl.col("touched").fill_null(value=False),
        )
        .drop("lost_us", "owed_lost_us", "gone_us", "counted_us")
    )


def _touching(counted: pl.LazyFrame, approved: pl.DataFrame) -> pl.DataFrame:
    """What approved outages change of the scans whose windows they touch: _TOUCHING."""
    if approved.is_empty():
        return empty(_TOUCHING)
    return collect(
        counted.join(approved.lazy(), on="duty", how="inner")
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


def _lost_since(start: str) -> pl.Expr:
    """The time from a start to the punch in which a terminal could not record."""
    return (pl.min_horizontal("to_us", "at") - pl.max_horizontal("from_us", start)).clip(lower_bound=0).sum()


def _whole_minutes(span_us: pl.Expr) -> pl.Expr:
    return (span_us // _US_PER_MINUTE).clip(lower_bound=0)


def _with(status: EntryStatus, outages: pl.DataFrame, needed: pl.DataFrame) -> pl.LazyFrame:
    of_terminal = (
        outages.lazy()
        .filter(pl.col("status") == status)
        .select("terminal", from_us=pl.col("start").to_physical(), to_us=pl.col("end").to_physical())
    )
    return needed.lazy().join(of_terminal, on="terminal", how="inner").select("duty", "terminal", "from_us", "to_us")


def _merged(stretches: pl.LazyFrame) -> pl.LazyFrame:
    """Two terminals that failed together count once."""
    reached = pl.col("to_us").cum_max().shift(1).over("duty")
    return (
        stretches.sort("duty", "from_us", "to_us")
        .with_columns(run=(reached.is_null() | (pl.col("from_us") > reached)).cum_sum())
        .group_by("duty", "run")
        .agg(pl.col("from_us").min(), pl.col("to_us").max())
        .select("duty", "from_us", "to_us")
    )
