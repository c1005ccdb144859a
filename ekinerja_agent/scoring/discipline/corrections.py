"""Scans that a document adds or takes away, once another person approved it.

A correction adds an instant to a scan; of punch and correction the one kinder to the employee counts. Does not know
minutes or money, nor who may approve.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import APART, DOUBT
from ekinerja_agent.scoring.discipline.judgement import JudgeAgain, Judgement, otherwise_found
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.finding_columns import HELD
from ekinerja_agent.scoring.frames.reasons import because
from ekinerja_agent.scoring.frames.schemas import empty
from ekinerja_agent.scoring.frames.steps import anti_join, collect

_IS_DOUBT = pl.col("reference").str.contains(f"^(?:{DOUBT}|{APART})")
_PART = pl.col("reference").str.splitn("/", 4).struct
_SET_APART = because(
    "{terminal} recorded the person with event {code}, and nobody knows whether that is a presence: `punch quarantine "
    "--release {number}` if it is, `--dismiss {number} --reason TEXT` if not",
    terminal=_PART.field("field_2"),
    code=_PART.field("field_3"),
    number=_PART.field("field_1"),
)


def corrected(matched: pl.DataFrame, roster: Roster, corrections: pl.DataFrame) -> pl.DataFrame:
    """Given what serves each scan (duty, scan_order, at, punch_id) and CORRECTIONS, return what then does.

    A scan that a correction serves has its reference as punch_id. A scan that is taken away and not added has no row;
    its punch serves no other scan.
    """
    approved = corrections.filter(pl.col("status") == EntryStatus.APPROVED)
    if approved.is_empty():
        return matched
    added = collect(_added(roster, approved.filter(pl.col("action") == "add"))).lazy()
    kept = (
        matched.lazy()
        .pipe(anti_join, _voided(roster, approved.filter(pl.col("action") == "void")), "duty", "scan_order")
        .join(added.select("duty", "scan_order", "latest").unique(), on=["duty", "scan_order"], how="left")
        .with_columns(rank=pl.lit(0))
    )
    offered = pl.concat([kept, added.select(*matched.columns, "latest", "rank")])
    kind = pl.when(pl.col("latest")).then(pl.col("at").to_physical()).otherwise(-pl.col("at").to_physical())
    return collect(
        offered.sort("duty", "scan_order", kind, "rank", "punch_id")
        .unique(["duty", "scan_order"], keep="first", maintain_order=True)
        .select(matched.columns)
    )


def hold_uncorrected(
    roster: Roster, judgement: Judgement, corrections: pl.DataFrame, judge_again: JudgeAgain
) -> pl.DataFrame:
    """Given CORRECTIONS and how a duty is judged, return the duties with a finding that an undecided one would remove,
    or a doubtful record could change: duty, reason.
    """
    undecided = corrections.filter(pl.col("status") == EntryStatus.PENDING, pl.col("action") == "add")
    if undecided.is_empty():
        return empty(HELD)
    all_asked = collect(_scans_of(roster, undecided).pipe(_within_the_window))
    asked = _that_could_change(all_asked, roster, judgement, judge_again).lazy()
    absent = judgement.states.lazy().filter(pl.col("state") == DayState.UNEXCUSED).select("duty")
    touched = [
        asked.join(judgement.findings.lazy().select("duty", "scan_order"), on=["duty", "scan_order"], how="semi"),
        asked.join(absent, on="duty", how="semi"),
    ]
    return collect(
        pl.concat(touched)
        .group_by("duty")
        .agg(pl.col("reference").min())
        .select(
            "duty",
            reason=pl.when(pl.col("reference").str.starts_with(DOUBT))
            .then(because("a record that contradicts a proven log is undecided: {reference}", reference="reference"))
            .when(pl.col("reference").str.starts_with(APART))
            .then(_SET_APART)
            .otherwise(because("a correction is undecided: {reference}", reference="reference")),
        )
    )


def _within_the_window(asked: pl.LazyFrame) -> pl.LazyFrame:
    """A correction names its scan; a record that waits is asked for a scan only where its time lies in the window."""
    instants = [_instant(days_later) for days_later in (0, 1)]
    inside = [pl.when((pl.col("opens") <= at) & (at < pl.col("closes"))).then(at) for at in instants]
    return asked.with_columns(made_at=pl.coalesce(inside)).filter(~_IS_DOUBT | pl.col("made_at").is_not_null())


def _that_could_change(
    asked: pl.DataFrame, roster: Roster, judgement: Judgement, judge_again: JudgeAgain
) -> pl.DataFrame:
    """Of doubtful records for a scan that another punch serves those with which something else would be found."""
    doubts = asked.filter(_IS_DOUBT)
    served = judgement.scans.filter(pl.col("at").is_not_null()).select("duty", "scan_order", "at", later="latest")
    beside = doubts.select("duty", "scan_order", "made_at").join(served, on=["duty", "scan_order"], how="inner")
    if beside.is_empty():
        return asked
    kinder = (
        beside.group_by("duty", "scan_order", "at", "later")
        .agg(first=pl.col("made_at").min(), last=pl.col("made_at").max())
        .select(
            *("duty", "scan_order"),
            kinder_at=pl.when("later")
            .then(pl.min_horizontal("at", "first"))
            .otherwise(pl.max_horizontal("at", "last")),
        )
    )
    changed = otherwise_found(kinder, roster, judgement, judge_again)
    idle = anti_join(kinder.lazy(), changed, "duty", "scan_order").with_columns(is_idle=pl.lit(value=True))
    judged = asked.lazy().join(idle.select("duty", "scan_order", "is_idle"), on=["duty", "scan_order"], how="left")
    return collect(judged.filter(~_IS_DOUBT | pl.col("is_idle").is_null()))


def _instant(days_later: int) -> pl.Expr:
    """The local time of a row on its day, or on the day after."""
    local = pl.col("day").dt.combine(pl.col("time")) + pl.duration(days=days_later)
    return pl.col("due") + (local - pl.col("due_day").dt.combine(pl.col("due_time")))


def _scans_of(roster: Roster, corrections: pl.DataFrame) -> pl.LazyFrame:
    """One row per correction and scan that it may mean: every duty of its day that expects the scan."""
    return (
        roster.duties.lazy()
        .select("duty", "nip", "plan", day="date")
        .join(corrections.lazy(), on=["nip", "day"], how="inner")
        .join(roster.plan_scans.lazy(), on=["plan", "scan"], how="inner")
    )


def _voided(roster: Roster, corrections: pl.DataFrame) -> pl.DataFrame:
    """The scans that are taken away: duty, scan_order."""
    if corrections.is_empty():
        return empty({"duty": pl.UInt32, "scan_order": pl.Int8})
    return collect(_scans_of(roster, corrections).select("duty", "scan_order").unique())


def _added(roster: Roster, corrections: pl.DataFrame) -> pl.LazyFrame:
    """One row per added scan: duty, scan_order, at, punch_id, latest, rank.

    The local time is of the duty's day or of the day after it: that on which it lies in the scan's window, else that
    nearer to the due time. Of several duties it belongs to the one that is due nearest to it.
    """
    local = pl.col("day").dt.combine(pl.col("time")) + pl.duration(days="days_later")
    away = local - pl.col("due_day").dt.combine(pl.col("due_time"))
    return (
        _scans_of(roster, corrections)
        .join(pl.LazyFrame({"days_later": [0, 1]}), how="cross")
        .with_columns(at=pl.col("due") + away, away_us=away.abs().dt.total_microseconds())
        .with_columns(outside=~((pl.col("opens") <= pl.col("at")) & (pl.col("at") < pl.col("closes"))))
        .sort("reference", "duty", "outside", "away_us", "days_later")
        .unique(["reference", "duty"], keep="first", maintain_order=True)
        .sort("reference", "away_us", "duty")
        .unique("reference", keep="first", maintain_order=True)
        .select("duty", "scan_order", "at", "latest", punch_id="reference", rank=pl.lit(1))
    )
