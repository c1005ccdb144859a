"""Who is there on a day that is not over, by the plan, the punches, the documents and the coverage of that day.

Promises that nobody is called missing while a terminal that they use is not known up to a short while ago. Finds
nothing that costs anything: that takes the whole day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import polars as pl

from ekinerja_agent.nouns.duty import DayState, ShownState
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook, Scan
from ekinerja_agent.scoring.discipline.corrections import corrected, hold_uncorrected
from ekinerja_agent.scoring.discipline.coverage import hold_incomplete, hold_reported, hold_undecided, proven
from ekinerja_agent.scoring.discipline.judgement import Judgement, judge
from ekinerja_agent.scoring.discipline.prices import price_list
from ekinerja_agent.scoring.duty.documents import documents_with
from ekinerja_agent.scoring.duty.hours import SCAN_ORDER
from ekinerja_agent.scoring.duty.matching import match_punches
from ekinerja_agent.scoring.duty.needed_terminals import needed_terminals
from ekinerja_agent.scoring.duty.outages import nothing_missing, outages_of
from ekinerja_agent.scoring.duty.schedule import Roster, hold_unplanned, plan_month
from ekinerja_agent.scoring.frames.reasons import in_words
from ekinerja_agent.scoring.frames.schemas import INSTANT, MonthFacts, Schema

ON_ITS_WAY = timedelta(minutes=30)
"""So long a punch may take to central before its terminal counts as not known."""

SO_FAR: Schema = {
    # One row per duty of the day, in order of nip and time. state: present | late | missing | excused | pending |
    # exempt | future (nobody is late yet).
    "nip": pl.String,
    "name": pl.String,
    "schedule": pl.String,
    "timezone": pl.String,
    "state": pl.String,
    "arrive_at": INSTANT,
    "leave_at": INSTANT,  # the scan that would be the last one now
    "late_minutes": pl.Int64,  # as known now; null without arrive scan
    "reason": pl.String,  # why it is pending, in English, else null
    "message": pl.String,  # the same as `messages.pack` keeps it
}
KNOWN: Schema = {
    # One row per terminal that somebody uses: up to when it is proven complete; null = not within these days.
    "terminal": pl.String,
    "until": INSTANT,
}


def day_so_far(facts: MonthFacts, day: date, rules: RuleBook) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given the facts of a day and the instant `facts.now` in it, return SO_FAR and KNOWN.

    Who has no arrive scan is missing once they would be late. Raise as `score_month` does.
    """
    roster = plan_month(facts, rules, day)
    made = facts.punches.filter(pl.col("at") <= pl.lit(facts.now, INSTANT))
    matched = corrected(match_punches(roster, made), roster, facts.corrections)
    arriving = replace(roster, plan_scans=_arrivals(roster.plan_scans, facts.now))
    approved = documents_with(EntryStatus.APPROVED, facts.absences, arriving, facts.month)
    requests = documents_with(EntryStatus.PENDING, facts.absences, arriving, facts.month)
    needed = needed_terminals(roster, facts.duty_terminals)
    outages = outages_of(facts.outages, needed)
    coverage = pl.concat([facts.coverage, nothing_missing(facts.outages)])
    prices = price_list(roster.plan_keys, rules)

    def judge_with(duties: Roster, scans: pl.DataFrame) -> Judgement:
        return judge(duties, scans, approved, outages, prices, facts.now, day)

    judgement = judge_with(arriving, matched)
    # Of several reasons to wait the first is told.
    held = pl.concat(
        [
            hold_unplanned(arriving, judgement.states),
            hold_incomplete(arriving, judgement, coverage, needed, judge_with),
            hold_undecided(judgement, requests),
            hold_uncorrected(arriving, judgement, facts.corrections, judge_with),
            hold_reported(judgement, outages),
        ]
    ).unique("duty", keep="first", maintain_order=True)
    left = matched.filter(pl.col("scan_order") == SCAN_ORDER[Scan.LEAVE]).select("duty", leave_at="at")
    documented = approved.whole.select("duty").unique().with_columns(documented=pl.lit(value=True))
    told = (
        roster.duties.join(judgement.states, on="duty", how="left")
        .join(judgement.scans.select("duty", "minutes", "closed", "excused", arrive_at="at"), on="duty", how="left")
        .join(left, on="duty", how="left")
        .join(held, on="duty", how="left")
        .join(documented, on="duty", how="left")
        .join(roster.people.select("nip", "name"), on="nip", how="left")
        .with_columns(late_minutes=pl.when(pl.col("closed") & ~pl.col("excused")).then("minutes").otherwise(0))
        .with_columns(state=_state())
        .with_columns(
            late_minutes=pl.when(pl.col("state") == ShownState.LATE)
            .then("late_minutes")
            .when(pl.col("arrive_at").is_not_null())
            .then(0)
        )
        .sort("duty")
    )
    so_far = in_words(told).select(pl.col(name).cast(kind) for name, kind in SO_FAR.items())
    return so_far, _known(coverage, needed, facts.now)


def _arrivals(plan_scans: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The arrive scans, with windows that close when their outcome is known now: once who is not there is late, and no
    later than a punch would be in central.
    """
    grace_min = pl.max_horizontal("tolerance_min", "flexible_min") + 1
    late_from = pl.col("due") + pl.duration(minutes=grace_min)
    known_until = pl.lit(now - ON_ITS_WAY, INSTANT)
    return plan_scans.filter(pl.col("scan_order") == SCAN_ORDER[Scan.ARRIVE]).with_columns(
        closes=pl.min_horizontal("closes", pl.max_horizontal(late_from, known_until))
    )


def _state() -> pl.Expr:
    came = pl.col("arrive_at").is_not_null() | pl.col("leave_at").is_not_null()
    is_exempt = pl.col("state") == DayState.EXEMPT
    return (
        pl.when(is_exempt | pl.col("documented"))
        .then("state")
        .when(pl.col("reason").is_not_null())
        .then(pl.lit(ShownState.PENDING))
        .when(pl.col("arrive_at").is_not_null() & (pl.col("late_minutes") > 0))
        .then(pl.lit(ShownState.LATE))
        .when(came)
        .then(pl.lit(ShownState.PRESENT))
        .when(pl.col("state") == DayState.UNEXCUSED)
        .then(pl.lit(ShownState.MISSING))
        .otherwise("state")
    )


def _known(coverage: pl.DataFrame, needed: pl.DataFrame, now: datetime) -> pl.DataFrame:
    last = pl.from_epoch(pl.col("to_us").max(), time_unit="us").dt.replace_time_zone("UTC")
    until = proven(coverage).group_by("terminal").agg(until=pl.min_horizontal(last, pl.lit(now, INSTANT)))
    return (
        needed.select("terminal")
        .unique()
        .join(until, on="terminal", how="left")
        .sort("terminal")
        .select(pl.col(name).cast(kind) for name, kind in KNOWN.items())
    )
