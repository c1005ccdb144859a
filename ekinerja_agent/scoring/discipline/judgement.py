"""What each duty comes to: late and early minutes, missing scans, absence, and the day's state.

A day without any scan and without document is one absence, never four missing scans. A scan is judged once
its window has closed; a day without scans once all have. Does not know coverage or rupiah.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.rules import Scan
from ekinerja_agent.scoring.discipline.prices import ABSENT, FLEXIBLE, MISSING, UNTIMELY
from ekinerja_agent.scoring.duty.documents import Documents
from ekinerja_agent.scoring.duty.hours import SCAN_ORDER
from ekinerja_agent.scoring.duty.outages import Outages, relieved
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.exact import percent_text
from ekinerja_agent.scoring.frames.finding_columns import ABSENCE_RANK, FLEXIBLE_RANK, SCAN_RANK, as_found
from ekinerja_agent.scoring.frames.steps import collect, left_join_or_null

_LEAVE_ORDER = SCAN_ORDER[Scan.LEAVE]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, before anybody asks whether the data were complete.

    `scans`: one row per duty and expected scan: duty, scan_order, plan, scan, latest, opens, closes, take_last, at,
    punch_id, minutes (late or early; null without punch), owed_minutes (late, but to be made good at the end), closed,
    excused, touched (by an approved outage).
    `states`: one row per duty: duty, state (exempt, excused, unexcused, future or present).
    `findings`: one row per finding in the columns of FOUND, scan_order null for an absence. Each costs something.
    """

    scans: pl.DataFrame
    states: pl.DataFrame
    findings: pl.DataFrame


JudgeAgain = Callable[[Roster, pl.DataFrame], Judgement]
"""What a roster comes to with what serves each scan (duty, scan_order, at, punch_id), all else as it was."""


def judge(
    roster: Roster,
    matched: pl.DataFrame,
    approved: Documents,
    outages: Outages,
    prices: Mapping[str, pl.DataFrame],
    now: datetime,
    through: date,
) -> Judgement:
    """Given who serves which scan, approved documents and outages, return the judgement at the instant `now` of the
    days up to `through`.
    """
    lived = pl.col("date") <= through
    scans = _scans(roster, matched, approved, outages, lived & (pl.col("closes") <= pl.lit(now)))
    states = _states(roster, scans, approved, ~lived | (pl.col("closes") > pl.lit(now)))
    return Judgement(scans, states, _findings(roster, scans, states, prices))


def otherwise_found(
    kinder: pl.DataFrame, roster: Roster, judgement: Judgement, judge_again: JudgeAgain
) -> pl.DataFrame:
    """Given kinder instants for scans that are served (duty, scan_order, kinder_at), return the scans of which with all
    of them a finding would be another, or at another price: duty, scan_order.
    """
    duties = kinder.select("duty").unique()
    served = (
        judgement.scans.lazy()
        .filter(pl.col("at").is_not_null())
        .join(duties.lazy(), on="duty", how="semi")
        .join(kinder.lazy(), on=["duty", "scan_order"], how="left")
        .select("duty", "scan_order", pl.coalesce("kinder_at", "at").alias("at"), "punch_id")
    )
    of_these = replace(roster, duties=roster.duties.join(duties, on="duty", how="semi", maintain_order="left"))
    same = judge_again(of_these, collect(served)).findings.select("duty", "rank", "scan_order", "code", "deduction_ppm")
    standing = pl.col("rank").is_in([SCAN_RANK, FLEXIBLE_RANK])
    changed = collect(
        judgement.findings.lazy()
        .filter(standing)
        .join(duties.lazy(), on="duty", how="semi")
        .join(same.lazy(), on=same.columns, how="anti")
        .select("duty", "rank", "scan_order")
    )
    return pl.concat([changed.select("duty", "scan_order"), collect(also_arriving(changed.lazy()))])


def also_arriving(findings: pl.LazyFrame) -> pl.LazyFrame:
    """Time that was not made good would be less with an earlier arrival too: duty, scan_order of these arrivals."""
    owing = findings.filter(pl.col("rank") == FLEXIBLE_RANK)
    return owing.select("duty", scan_order=pl.lit(SCAN_ORDER[Scan.ARRIVE], pl.Int8))


def day_frame(roster: Roster, scans: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Given scans and final states (duty, state, accepted), return one row per duty in the shape of DAYS,
    with `duty`, `plan`, `accepted`, and for each scan NAME_sure: no document or outage casts doubt on its time.

    Late and early minutes are those that count: 0 where a document excuses the scan or the day, where the
    window is still open, for the exempt, and on a day whose missing data a person accepted. Worked minutes
    are net of the part of the break that lies between arrive and leave.
    """
    breaks = roster.plans.lazy().select("plan", "break_from", "break_to")
    days = roster.duties.lazy().join(states.lazy(), on="duty", how="left").join(breaks, on="plan", how="left")
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
                (pl.col("closed") & ~pl.col("excused") & ~pl.col("touched")).alias(f"{scan}_sure"),
            )
        )
        days = days.join(served, on="duty", how="left")
    waived = pl.col("state").is_in([DayState.EXEMPT, DayState.EXCUSED]) | pl.col("accepted")
    return collect(
        days.join(_missing(scans), on="duty", how="left")
        .with_columns(
            missing_scans=pl.when((pl.col("state") == DayState.PRESENT) & ~waived).then("missing").fill_null(0),
            late_minutes=_waive(f"{Scan.ARRIVE}_minutes", waived),
            early_minutes=_waive(f"{Scan.LEAVE}_minutes", waived),
            worked_minutes=_worked_minutes(),
        )
        .sort("duty")
    )


def costs_of(findings: pl.DataFrame) -> pl.DataFrame:
    """Given findings before any cap, return in words what each duty with one would cost: duty, would_cost."""
    price = pl.col("deduction_ppm")
    percent = price.replace_strict(*_priced(findings), return_dtype=pl.String, default=None)
    told = pl.when(pl.col("by_share")).then("code").otherwise(pl.format("{} {} %", "code", percent))
    return collect(
        findings.lazy()
        .sort("duty", "rank", "scan_order")
        .with_columns(told=told)
        .group_by("duty", maintain_order=True)
        .agg(would_cost=pl.col("told").str.join(", "))
    )


def _priced(findings: pl.DataFrame) -> tuple[list[int], list[str]]:
    prices = findings["deduction_ppm"].drop_nulls().unique().to_list()
    return prices, [percent_text(price) for price in prices]


def _missing(scans: pl.DataFrame) -> pl.LazyFrame:
    """Arrive and leave scans that nobody made and nothing excuses, of each duty that lacks any: duty, missing."""
    lacking = scans.lazy().filter(
        pl.col("scan_order").is_in([SCAN_ORDER[Scan.ARRIVE], _LEAVE_ORDER]),
        pl.col("at").is_null() & pl.col("closed") & ~pl.col("excused"),
    )
    return lacking.group_by("duty").agg(missing=pl.len().cast(pl.Int64))


def _waive(minutes: str, waived: pl.Expr) -> pl.Expr:
    return pl.when(waived & pl.col(minutes).is_not_null()).then(0).otherwise(pl.col(minutes))


def _worked_minutes() -> pl.Expr:
    arrive, leave = pl.col(f"{Scan.ARRIVE}_at"), pl.col(f"{Scan.LEAVE}_at")
    rest = pl.min_horizontal(leave, "break_to") - pl.max_horizontal(arrive, "break_from")
    rest_us = pl.when(pl.col("break_from").is_null()).then(0).otherwise(rest.dt.total_microseconds())
    net_us = (leave - arrive).dt.total_microseconds() - rest_us.clip(lower_bound=0)
    return (net_us // 60_000_000).clip(lower_bound=0)


def _scans(
    roster: Roster, matched: pl.DataFrame, approved: Documents, outages: Outages, closed: pl.Expr
) -> pl.DataFrame:
    excuses = approved.partial.select("duty", "scan_order").unique().with_columns(excused=pl.lit(value=True))
    expected = (
        roster.duties.lazy()
        .select("duty", "plan", "date")
        .join(roster.plan_scans.lazy().drop("due_day", "due_time"), on="plan", how="inner")
        .join(matched.lazy(), on=["duty", "scan_order"], how="left")
        .pipe(left_join_or_null, excuses, "duty", "scan_order")
        .with_columns(closed=closed, excused=pl.col("excused").fill_null(value=False))
        .drop("date")
    )
    made = (pl.col("at") - pl.col("due")).dt.total_microseconds() // 60_000_000
    return collect(
        relieved(expected, outages)
        .with_columns(made_minutes=pl.when(pl.col("scan_order") == _LEAVE_ORDER).then(made.clip(lower_bound=0)))
        .drop("due", "tolerance_min", "flexible_min")
    )


def _states(roster: Roster, scans: pl.DataFrame, approved: Documents, to_come: pl.Expr) -> pl.DataFrame:
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
    whole = approved.whole.select("duty").unique().with_columns(documented=pl.lit(value=True))
    no_trace = ~pl.col("any_scan") & ~pl.col("any_excused")
    return collect(
        roster.duties.lazy()
        .select("duty", "attendance", "plan", "date")
        .join(roster.plans.lazy().select("plan", "planned", "closes"), on="plan", how="left")
        .join(tally, on="duty", how="left")
        .pipe(left_join_or_null, whole, "duty")
        .select(
            "duty",
            state=pl.when(pl.col("attendance") == "exempt")
            .then(pl.lit(DayState.EXEMPT))
            .when(~pl.col("any_closed") | (~pl.col("planned") & to_come))
            .then(pl.lit(DayState.FUTURE))
            .when(pl.col("documented").is_not_null() | pl.col("all_excused"))
            .then(pl.lit(DayState.EXCUSED))
            .when(no_trace & pl.col("all_closed"))
            .then(pl.lit(DayState.UNEXCUSED))
            # Until the last window closes nobody can tell an absence from missing scans.
            .when(no_trace)
            .then(pl.lit(DayState.FUTURE))
            .otherwise(pl.lit(DayState.PRESENT)),
        )
    )


def _findings(
    roster: Roster, scans: pl.DataFrame, states: pl.DataFrame, prices: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """All that costs something, each at its full price."""
    in_state = states.lazy().select("duty", "state")
    present = in_state.filter(pl.col("state") == DayState.PRESENT).select("duty")
    judged = collect(
        scans.lazy().filter(pl.col("closed") & ~pl.col("excused")).join(present, on="duty", how="semi")
    ).lazy()
    untimely = _in_bands(judged.filter(pl.col("minutes") > 0), prices[UNTIMELY])
    missing = judged.filter(pl.col("minutes").is_null()).join(
        prices[MISSING].lazy(), on=["plan", "scan_order"], how="inner"
    )
    absent = (
        roster.duties.lazy()
        .select("duty", "plan")
        .join(in_state.filter(pl.col("state") == DayState.UNEXCUSED), on="duty", how="semi")
        .join(prices[ABSENT].lazy(), on="plan", how="inner")
    )
    found = [as_found(part, SCAN_RANK, "reference") for part in (untimely, missing)]
    if prices[FLEXIBLE].height:
        owing = _not_made_good(judged).filter(pl.col("minutes") > 0)
        found.append(as_found(_in_bands(owing, prices[FLEXIBLE]), FLEXIBLE_RANK, "reference"))
    found.append(as_found(absent, ABSENCE_RANK, "scan", "minutes", "punch_id", "reference"))
    return collect(pl.concat(found))


def _in_bands(untimely: pl.LazyFrame, bands: pl.DataFrame) -> pl.LazyFrame:
    """Scans with the band that holds their minutes, at its price for all of them."""
    cost = pl.when("per_minute").then(pl.col("deduction_ppm") * pl.col("minutes")).otherwise("deduction_ppm")
    return (
        untimely.join(bands.lazy(), on=["plan", "scan_order"], how="inner")
        .filter(
            pl.col("from_min") <= pl.col("minutes"),
            pl.col("to_min").is_null() | (pl.col("minutes") <= pl.col("to_min")),
        )
        .with_columns(deduction_ppm=cost)
    )


def _not_made_good(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Leave scans with the minutes that were owed since arriving and not made good by leaving later."""
    owed = judged.filter(pl.col("owed_minutes") > 0).select("duty", owed="owed_minutes")
    return (
        judged.filter(pl.col("made_minutes").is_not_null())
        .join(owed, on="duty", how="inner")
        .with_columns(minutes=pl.col("owed") - pl.col("made_minutes"))
    )
