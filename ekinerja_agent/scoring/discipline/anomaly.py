"""When many of an office share one finding at one terminal, a machine may be the cause: a person looks before it costs.

Says who must wait, and how near others are to it. An outage of the terminal that somebody decided, either way, answers
the question. Does not know percent or rupiah.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import WHOLE_PPM, RuleBook
from ekinerja_agent.scoring.discipline.judgement import Judgement
from ekinerja_agent.scoring.duty.hours import SCAN_ORDER
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.finding_columns import HELD
from ekinerja_agent.scoring.frames.reasons import because
from ekinerja_agent.scoring.frames.schemas import SHARED, Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

_LIMITS: Schema = {"plan": pl.UInt32, "share_ppm": pl.Int64, "least_people": pl.Int64}
_GROUP = ("unit", "date", "scan_order", "terminal")
_SCANS = {order: scan.value for scan, order in SCAN_ORDER.items()}


def hold_anomalies(
    roster: Roster, judgement: Judgement, needed: pl.DataFrame, outages: pl.DataFrame, rules: RuleBook
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given the judgement, the terminals of each duty and OUTAGES, return the duties that wait (duty, reason), and
    SHARED.

    Fewer people than any profile takes for a mass anomaly share nothing.
    """
    limits = _limits(roster, rules)
    if not limits or roster.people.height < min(least for *_, least in limits):
        return empty(HELD), empty(SHARED)
    terminals = needed.lazy().select("duty", "terminal")
    scans = collect(_looked_at(roster, judgement, limits).join(terminals, on="duty", how="inner")).lazy()
    groups = scans.group_by(*_GROUP).agg(
        # People, not scans: who has two duties on a day is one.
        expected=pl.col("person").n_unique().cast(pl.Int64),
        affected=pl.col("person").filter("affected").n_unique().cast(pl.Int64),
        share_ppm=pl.col("share_ppm").max(),
        least_people=pl.col("least_people").max(),
    )
    undecided = collect(_undecided(scans, outages)).lazy()
    groups = collect(groups.join(undecided.select(_GROUP).unique(), on=_GROUP, how="semi")).lazy()
    shared = groups.with_columns(scan=pl.col("scan_order").replace_strict(_SCANS, return_dtype=pl.String))
    in_order = shared.select(*SHARED).sort("unit", "date", "scan", "terminal")
    return collect(_held(undecided, groups)), collect(in_order)


def _held(undecided: pl.LazyFrame, groups: pl.LazyFrame) -> pl.LazyFrame:
    """The duties with an undecided scan whose finding too many share: duty, reason."""
    reason = because(
        "{affected} of {expected} in {unit} share a finding at {terminal} on {date}: decide whether it failed "
        "(import outages, approved or rejected)",
        affected="affected",
        expected="expected",
        unit="unit",
        terminal="terminal",
        date="date",
    )
    suspicious = groups.filter(
        pl.col("affected") >= pl.col("least_people"),
        pl.col("affected") * WHOLE_PPM >= pl.col("share_ppm") * pl.col("expected"),
    )
    return (
        undecided.filter("affected")
        .join(suspicious.with_columns(reason=reason), on=_GROUP, how="inner")
        .sort("duty", "scan_order", "terminal")
        .unique("duty", keep="first", maintain_order=True)
        .select("duty", "reason")
    )


def _limits(roster: Roster, rules: RuleBook) -> list[tuple[int, int, int]]:
    """Plan, share_ppm and least_people, for the plans whose profile looks for anomalies."""
    looking = (rules.profile(plan.profile).mass_anomaly.on(plan.day).value for plan in roster.plan_keys)
    return [(n, rule.share_ppm, rule.least_people) for n, rule in enumerate(looking) if rule is not None]


def _suspects(judgement: Judgement) -> pl.LazyFrame:
    """Scans that would cost, and all scans of an absence: duty, scan_order, affected."""
    absent = judgement.states.lazy().filter(pl.col("state") == DayState.UNEXCUSED).select("duty")
    found = judgement.findings.lazy().drop_nulls("scan_order").select("duty", "scan_order")
    missing = judgement.scans.lazy().join(absent, on="duty", how="semi").select("duty", "scan_order")
    return pl.concat([found, missing]).unique().with_columns(affected=pl.lit(value=True))


def _looked_at(roster: Roster, judgement: Judgement, limits: list[tuple[int, int, int]]) -> pl.LazyFrame:
    """Scans of people who use terminals, where the rule looks for anomalies; `affected` tells whether it would cost."""
    judged = (
        judgement.states.lazy().filter(pl.col("state").is_in([DayState.PRESENT, DayState.UNEXCUSED])).select("duty")
    )
    return (
        judgement.scans.lazy()
        .filter(pl.col("closed") & ~pl.col("excused"))
        .select("duty", "scan_order", "plan", "opens", "closes")
        .join(judged, on="duty", how="semi")
        .join(pl.LazyFrame(limits, schema=_LIMITS, orient="row"), on="plan", how="inner")
        .join(
            roster.duties.lazy().filter(pl.col("attendance") == "terminal").select("duty", "person", "unit", "date"),
            on="duty",
            how="inner",
        )
        .join(_suspects(judgement), on=["duty", "scan_order"], how="left")
        .with_columns(pl.col("affected").fill_null(value=False))
    )


def _undecided(scans: pl.LazyFrame, outages: pl.DataFrame) -> pl.LazyFrame:
    """The scans in whose window nobody decided about an outage of the terminal."""
    known = outages.filter(pl.col("status").is_in([EntryStatus.APPROVED, EntryStatus.REJECTED])).select(
        "terminal", "start", "end"
    )
    if known.is_empty():
        return scans
    window = ("terminal", "opens", "closes")
    decided = (
        scans.select(window)
        .unique()
        .join(known.lazy(), on="terminal", how="inner")
        .filter(pl.col("start") < pl.col("closes"), pl.col("end") > pl.col("opens"))
    )
    return scans.join(decided.select(window).unique(), on=window, how="anti")
