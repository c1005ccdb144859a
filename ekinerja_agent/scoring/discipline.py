"""What each duty comes to: late and early minutes, missing scans, absence, and the day's state.

A day without any scan and without document is one absence, never four missing scans. A scan is judged once
its window has closed; a day without scans once all have. Does not know coverage or rupiah.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ekinerja_agent.rules import Scan
from ekinerja_agent.scoring.documents import Documents
from ekinerja_agent.scoring.hours import SCAN_ORDER
from ekinerja_agent.scoring.outages import Outages, relieved
from ekinerja_agent.scoring.schedule import Roster

_MINUTE = timedelta(minutes=1)
_DAY_AS_A_WHOLE = -1
"""Sorts what concerns the whole day before its scans."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, before anybody asks whether the data were complete.

    `scans`: one row per duty and expected scan: duty, scan_order, plan, scan, opens, closes, take_last, at,
    punch_id, minutes (late or early; null without punch), closed, excused.
    `states`: one row per duty: duty, state (exempt, excused, unexcused, future or present).
    `findings`: one row per finding: duty, scan_order (null for an absence), scan, minutes, punch_id, code,
    deduction_ppm (under the day's cap), base, rule, source, place. Each costs something before the cap.
    """

    scans: pl.DataFrame
    states: pl.DataFrame
    findings: pl.DataFrame


def judge(
    roster: Roster, matched: pl.DataFrame, approved: Documents, outages: Outages, prices: pl.DataFrame, now: datetime
) -> Judgement:
    """Given who serves which scan, approved documents and outages, return the judgement at the instant `now`."""
    scans = _scans(roster, matched, approved, outages, now)
    states = _states(roster, scans, approved)
    return Judgement(scans, states, _capped(_findings(roster, scans, states, prices), roster))


def day_frame(roster: Roster, scans: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Given scans and final states (duty, state, accepted), return one row per duty in the shape of DAYS,
    with `duty`.

    Late and early minutes are those that count: 0 where a document excuses the scan or the day, where the
    window is still open, for the exempt, and on a day whose missing data a person accepted. Worked minutes
    are net of the part of the break that lies between arrive and leave.
    """
    days = (
        roster.duties.lazy()
        .join(states.lazy(), on="duty", how="left")
        .join(roster.plans.lazy().select("plan", "break_from", "break_to"), on="plan", how="left")
    )
    for scan, order in SCAN_ORDER.items():
        counted = pl.when(pl.col("closed") & ~pl.col("excused")).then("minutes").otherwise(0)
        served = (
            scans.lazy()
            .filter(pl.col("scan_order") == order, pl.col("at").is_not_null())
            .select(
                "duty",
                pl.col("at").alias(f"{scan}_at"),
                pl.col("punch_id").alias(f"{scan}_punch"),
                counted.alias(f"{scan}_minutes"),
            )
        )
        days = days.join(served, on="duty", how="left")
    waived = pl.col("state").is_in(["exempt", "excused"]) | pl.col("accepted")
    return (
        days.with_columns(
            late_minutes=_waive(f"{Scan.ARRIVE}_minutes", waived),
            early_minutes=_waive(f"{Scan.LEAVE}_minutes", waived),
            worked_minutes=_worked_minutes(),
        )
        .sort("duty")
        .collect()
    )


def _waive(minutes: str, waived: pl.Expr) -> pl.Expr:
    return pl.when(waived & pl.col(minutes).is_not_null()).then(0).otherwise(pl.col(minutes))


def _worked_minutes() -> pl.Expr:
    arrive, leave = pl.col(f"{Scan.ARRIVE}_at"), pl.col(f"{Scan.LEAVE}_at")
    rest = pl.min_horizontal(leave, "break_to") - pl.max_horizontal(arrive, "break_from")
    rest_us = pl.when(pl.col("break_from").is_null()).then(0).otherwise(rest.dt.total_microseconds())
    net_us = (leave - arrive).dt.total_microseconds() - rest_us.clip(lower_bound=0)
    return (net_us // 60_000_000).clip(lower_bound=0)


def _scans(roster: Roster, matched: pl.DataFrame, approved: Documents, outages: Outages, now: datetime) -> pl.DataFrame:
    excuses = approved.partial.lazy().select("duty", "scan_order").unique().with_columns(excused=pl.lit(True))
    expected = (
        roster.duties.lazy()
        .select("duty", "plan")
        .join(roster.plan_scans.lazy().drop("due_day", "due_time"), on="plan", how="inner")
        .join(matched.lazy(), on=["duty", "scan_order"], how="left")
        .join(excuses, on=["duty", "scan_order"], how="left")
        .with_columns(closed=pl.col("closes") <= pl.lit(now), excused=pl.col("excused").fill_null(value=False))
    )
    return relieved(expected, outages).drop("latest", "due").collect()


def _states(roster: Roster, scans: pl.DataFrame, approved: Documents) -> pl.DataFrame:
    tally = (
        scans.lazy()
        .group_by("duty")
        .agg(
            any_closed=pl.col("closed").any(),
            all_closed=pl.col("closed").all(),
            any_scan=pl.col("at").is_not_null().any(),
            any_excused=pl.col("excused").any(),
            all_excused=pl.col("excused").all(),
        )
    )
    whole = approved.whole.lazy().select("duty").unique().with_columns(documented=pl.lit(True))
    no_trace = ~pl.col("any_scan") & ~pl.col("any_excused")
    return (
        roster.duties.lazy()
        .select("duty", "attendance")
        .join(tally, on="duty", how="left")
        .join(whole, on="duty", how="left")
        .select(
            "duty",
            state=pl.when(pl.col("attendance") == "exempt")
            .then(pl.lit("exempt"))
            .when(~pl.col("any_closed"))
            .then(pl.lit("future"))
            .when(pl.col("documented").is_not_null() | pl.col("all_excused"))
            .then(pl.lit("excused"))
            .when(no_trace & pl.col("all_closed"))
            .then(pl.lit("unexcused"))
            # Until the last window closes nobody can tell an absence from missing scans.
            .when(no_trace)
            .then(pl.lit("future"))
            .otherwise(pl.lit("present")),
        )
        .collect()
    )


def _findings(roster: Roster, scans: pl.DataFrame, states: pl.DataFrame, prices: pl.DataFrame) -> pl.LazyFrame:
    """All that costs something, each at its full price."""
    present = states.lazy().filter(pl.col("state") == "present").select("duty")
    judged = (scans.lazy().filter(pl.col("closed") & ~pl.col("excused")).join(present, on="duty", how="semi")).select(
        "duty", "plan", "scan_order", "scan", "minutes", "punch_id"
    )
    price = prices.lazy()
    bands = price.filter(pl.col("from_min").is_not_null())
    untimely = (
        judged.filter(pl.col("minutes") > 0)
        .join(bands, on=["plan", "scan_order"], how="inner")
        .filter(
            pl.col("from_min") <= pl.col("minutes"),
            pl.col("to_min").is_null() | (pl.col("minutes") <= pl.col("to_min")),
        )
    )
    of_missing = price.filter(pl.col("scan_order").is_not_null() & pl.col("from_min").is_null())
    missing = judged.filter(pl.col("minutes").is_null()).join(of_missing, on=["plan", "scan_order"], how="inner")
    of_absence = price.filter(pl.col("scan_order").is_null()).drop("scan_order")
    absent = (
        roster.duties.lazy()
        .select("duty", "plan")
        .join(states.lazy().filter(pl.col("state") == "unexcused"), on="duty", how="semi")
        .with_columns(
            scan_order=pl.lit(None, pl.Int8),
            scan=pl.lit(None, pl.String),
            minutes=pl.lit(None, pl.Int64),
            punch_id=pl.lit(None, pl.String),
        )
        .join(of_absence, on="plan", how="inner")
    )
    columns = (
        *("duty", "plan", "scan_order", "scan", "minutes", "punch_id"),
        *("code", "deduction_ppm", "rule", "source", "place"),
    )
    return pl.concat([part.select(columns) for part in (untimely, missing, absent)])


def _capped(findings: pl.LazyFrame, roster: Roster) -> pl.DataFrame:
    """Findings keep their percent in scan order until the day's cap; later ones get the remainder, or 0."""
    before = pl.col("deduction_ppm").cum_sum().over("duty") - pl.col("deduction_ppm")
    room = (pl.col("day_cap_ppm") - before).clip(lower_bound=0)
    return (
        findings.join(roster.plans.lazy().select("plan", "base", "day_cap_ppm"), on="plan", how="left")
        .sort("duty", pl.col("scan_order").fill_null(_DAY_AS_A_WHOLE))
        .with_columns(
            deduction_ppm=pl.when(pl.col("day_cap_ppm").is_null())
            .then("deduction_ppm")
            .otherwise(pl.min_horizontal("deduction_ppm", room))
        )
        .drop("plan", "day_cap_ppm")
        .collect()
    )
