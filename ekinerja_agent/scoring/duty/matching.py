"""Which punch serves which scan: at most one scan of a duty each, in time order.

A punch may end one duty and start the next. The terminal's state key is not believed, hence not read. Does
not know minutes, documents or money.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.steps import collect

_US_PER_DAY = 86_400_000_000
_MATCHED = ("duty", "scan_order", "at", "punch_id")


def match_punches(roster: Roster, punches: pl.DataFrame) -> pl.DataFrame:
    """Given a roster and PUNCHES, return what serves each scan: duty, scan_order, at, punch_id.

    `at` is the instant that counts. A punch whose two instants differ was made under a wrong terminal clock;
    in each window that holds any of the two, the one kinder to the employee counts. Scans that nothing serves
    have no row.
    """
    candidates = _candidates(roster, _instants(roster, punches))
    doubled = candidates["doubled"].any()
    taken = candidates.select("duty", "punch_id").clear()
    matched = [candidates.lazy().clear().select(_MATCHED)]
    for order in sorted(roster.plan_scans["scan_order"].unique()):
        free = candidates.lazy().filter(pl.col("scan_order") == order)
        if taken.height:
            free = free.join(taken.lazy(), on=["duty", "punch_id"], how="anti")
        chosen = free.sort("duty", "rank_us", "punch_id").unique("duty", keep="first", maintain_order=True)
        # Windows of a duty never overlap, so only a punch with two instants can reach a second one.
        if doubled:
            chosen = collect(chosen).lazy()
            taken = pl.concat([taken, collect(chosen.filter("doubled").select("duty", "punch_id"))])
        matched.append(chosen.select(_MATCHED))
    return collect(pl.concat(matched))


def _instants(roster: Roster, punches: pl.DataFrame) -> pl.DataFrame:
    """Each punch of a known person with its instant, or its two."""
    known = punches.lazy().join(roster.people.lazy().select("nip", "person"), on="nip", how="inner")
    known = known.with_columns(doubled=(pl.col("at") != pl.col("clock_at")).fill_null(value=False))
    columns = ("person", "punch_id", "at", "doubled")
    instants = [known.select(columns)]
    if (punches["at"] != punches["clock_at"]).any():
        instants.append(known.filter("doubled").with_columns(at=pl.col("clock_at")).select(columns))
    return collect(pl.concat(instants).with_columns(bucket=_bucket("at")))


def _candidates(roster: Roster, instants: pl.DataFrame) -> pl.DataFrame:
    """Every punch in every window that holds it. UTC days are the buckets of an equi-join; windows may span
    several.
    """
    scans = (
        roster.plan_scans.lazy()
        .select("plan", "scan_order", "latest", "take_last", "opens", "closes")
        .with_columns(
            bucket=pl.int_ranges(_bucket("opens"), _bucket("closes") + 1),
        )
        .explode("bucket")
    )
    windows = roster.duties.lazy().select("duty", "person", "plan").join(scans, on="plan", how="inner")
    inside = collect(
        instants.lazy()
        .join(windows, on=["person", "bucket"], how="inner")
        .filter(pl.col("opens") <= pl.col("at"), pl.col("at") < pl.col("closes"))
        .with_columns(at_us=pl.col("at").to_physical())
        .select(
            *("duty", "scan_order", "punch_id", "at", "doubled"),
            rank_us=pl.when("take_last").then(-pl.col("at_us")).otherwise(pl.col("at_us")),
            unkind_us=pl.when("latest").then(pl.col("at_us")).otherwise(-pl.col("at_us")),
        )
    )
    if not inside["doubled"].any():
        return inside.drop("unkind_us")
    kinder = (
        inside.filter("doubled")
        .sort("duty", "scan_order", "punch_id", "unkind_us")
        .unique(["duty", "scan_order", "punch_id"], keep="first", maintain_order=True)
    )
    return pl.concat([inside.filter(~pl.col("doubled")), kinder]).drop("unkind_us")


def _bucket(instant: str) -> pl.Expr:
    return pl.col(instant).to_physical() // _US_PER_DAY
