"""Scoring: what the rules make of a month's facts. Pure and columnar: frames in, frames out.

No clock, no files, no SQL, no random order: the same facts and rules give the same result, row by row.
Offices are independent, so a month may be scored office by office in any process.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.messages import Message, pack
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.scorecard import ScoreStatus
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.discipline.anomaly import hold_anomalies
from ekinerja_agent.scoring.discipline.caps import settle
from ekinerja_agent.scoring.discipline.ceremonies import announced
from ekinerja_agent.scoring.discipline.corrections import corrected, hold_uncorrected
from ekinerja_agent.scoring.discipline.coverage import hold_incomplete, hold_reported, hold_undecided
from ekinerja_agent.scoring.discipline.events import judge_events
from ekinerja_agent.scoring.discipline.judgement import Judgement, costs_of, day_frame, judge
from ekinerja_agent.scoring.discipline.leave import leave_findings, unpaid_shares
from ekinerja_agent.scoring.discipline.prices import price_list
from ekinerja_agent.scoring.discipline.unexcused import count_unexcused
from ekinerja_agent.scoring.duty.documents import Documents, credits_of, documents_with, kinds_of
from ekinerja_agent.scoring.duty.matching import match_punches
from ekinerja_agent.scoring.duty.needed_terminals import needed_terminals
from ekinerja_agent.scoring.duty.outages import nothing_missing, outages_of
from ekinerja_agent.scoring.duty.schedule import Roster, hold_unplanned, plan_month
from ekinerja_agent.scoring.frames.exact import percent_text
from ekinerja_agent.scoring.frames.reasons import in_words
from ekinerja_agent.scoring.frames.schemas import (
    DAYS,
    FINDINGS,
    PENDING,
    PEOPLE,
    MonthFacts,
    MonthResult,
    as_columns,
    empty,
)
from ekinerja_agent.scoring.frames.steps import anti_join, collect, collect_all, left_join_or_null
from ekinerja_agent.scoring.money.allowance import WholeDeductions, pay_out, price_findings
from ekinerja_agent.scoring.money.entitlement import entitlements
from ekinerja_agent.scoring.performance.crosscheck import DOUBTS, check_activities
from ekinerja_agent.scoring.performance.indicators import indicator_shortfalls, weigh_work
from ekinerja_agent.scoring.performance.minutes import measure_performance
from ekinerja_agent.scoring.performance.plans import plan_shortfalls
from ekinerja_agent.scoring.performance.shortfalls import with_shortfalls
from ekinerja_agent.scoring.terms import month_terms

__all__ = ["DOUBTS", "MonthFacts", "MonthResult", "check_month", "percent_text", "score_month"]


def score_month(facts: MonthFacts, rules: RuleBook) -> MonthResult:
    """Given the facts of some offices for one month and the rules, return people, days, findings and pending
    days.

    Each day is judged by the rule in force on that day, in the zone and by the profile of the unit of that
    day; what is paid follows the spell on the person's first working day. A day that cannot be judged yet
    deducts nothing. Raise NoRule where no rule covers a day, NeedsAttention where the facts contradict
    themselves.
    """
    roster = plan_month(facts, rules)
    facts = replace(facts, events=pl.concat([facts.events, announced(facts, roster, rules)]))
    approved = documents_with(EntryStatus.APPROVED, facts.absences, roster, facts.month)
    kinds = kinds_of(approved, roster, rules)
    terms = month_terms(roster.pay_keys, rules)
    days, found, shared = _judge_days(roster, facts, approved, rules)
    costing = settle(pl.concat([found, leave_findings(roster, approved, kinds)]), roster, terms)
    entitled = entitlements(roster, terms, facts)
    shortfalls = [
        *plan_shortfalls(roster, facts.plan_reports, rules, facts.month),
        *indicator_shortfalls(roster, facts, rules),
    ]
    findings = price_findings(with_shortfalls(costing, shortfalls, roster), roster.people, terms, entitled)
    credited = credits_of(approved, kinds)
    told = facts.activities if facts.through is None else facts.activities.filter(pl.col("day") <= facts.through)
    checked = check_activities(roster, days, approved, told, rules)
    to_come = _days_to_come(days, facts.through)
    done = measure_performance(roster, terms, checked, credited, to_come, facts.ratings, facts.month)
    performance = weigh_work(done, roster, rules)
    taken = WholeDeductions(
        unpaid_shares(roster, approved, kinds),
        _of_month(facts.sanctions, roster, facts.month),
        _of_month(facts.holds, roster, facts.month),
    )
    pay = pay_out(roster.people, terms, entitled, findings, performance, taken)
    unexcused_rule = rules.unexcused.on(last_day(facts.month)).value
    unexcused = count_unexcused(roster, days, facts.earlier_days, unexcused_rule, facts.month.year)
    unrated = _unrated(roster, performance, facts)
    pending = in_words(pl.concat([days.filter(pl.col("state") == DayState.PENDING).select(*_WAITING), unrated]))
    with_punches = findings.lazy().with_columns(punch_ids=pl.concat_list("punch_id").list.drop_nulls())
    shapes = (
        (_people(roster, (_tally(roster, days, pending), performance.lazy(), pay.lazy(), unexcused.lazy())), PEOPLE),
        (days.lazy(), DAYS),
        (with_punches, FINDINGS),
        (pending.lazy().sort("nip", "date", maintain_order=True), PENDING),
    )
    made = collect_all([steps.select_seq(as_columns(schema)) for steps, schema in shapes])
    people, judged, costing, waiting = made
    return MonthResult(people, judged, costing, waiting, shared)


def check_month(facts: MonthFacts, rules: RuleBook) -> pl.DataFrame:
    """Given the facts of some offices for one month and the rules, return what attendance says of each activity on a
    day of duty, decided or not: the columns of `crosscheck.CHECKED`. Raise as `score_month` does.
    """
    roster = plan_month(facts, rules)
    facts = replace(facts, events=pl.concat([facts.events, announced(facts, roster, rules)]))
    approved = documents_with(EntryStatus.APPROVED, facts.absences, roster, facts.month)
    days, _, _ = _judge_days(roster, facts, approved, rules)
    return check_activities(roster, days, approved, facts.activities, rules)


def _judge_days(
    roster: Roster, facts: MonthFacts, approved: Documents, rules: RuleBook
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Given the roster, facts, approved documents and rules, return the days, what was found of those that need not
    wait (scans, absences and events, before caps), and SHARED.
    """
    prices = price_list(roster.plan_keys, rules)
    needed = needed_terminals(roster, facts.duty_terminals)
    outages = outages_of(facts.outages, needed)
    coverage = pl.concat([facts.coverage, nothing_missing(facts.outages)])
    requests = documents_with(EntryStatus.PENDING, facts.absences, roster, facts.month)
    served = corrected(match_punches(roster, facts.punches), roster, facts.corrections)
    through = facts.through or last_day(facts.month)

    def judge_with(duties: Roster, scans: pl.DataFrame) -> Judgement:
        return judge(duties, scans, approved, outages, prices, facts.now, through)

    judgement = judge_with(roster, served)
    anomalous, shared = hold_anomalies(roster, judgement, needed, facts.outages, rules)
    # Of several reasons to wait the first is told.
    held = pl.concat(
        [
            hold_unplanned(roster, judgement.states),
            anomalous,
            hold_incomplete(roster, judgement, coverage, needed, judge_with),
            hold_undecided(judgement, requests),
            hold_uncorrected(roster, judgement, facts.corrections, judge_with),
            hold_reported(judgement, outages),
        ]
    ).unique("duty", keep="first", maintain_order=True)
    present = judgement.states.lazy().filter(pl.col("state") == DayState.PRESENT)
    certain = collect(anti_join(present, held, "duty").select("duty"))
    events = judge_events(roster, certain, facts, coverage, (approved, requests), rules)
    held = pl.concat([held, events.held])
    spared = costs_of(judgement.findings.join(held, on="duty", how="semi"))
    states = _states(judgement, held, accepted=facts.accept_pending)
    days = day_frame(roster, judgement.scans, collect(left_join_or_null(states.lazy(), spared, "duty")))
    stand = collect(anti_join(judgement.findings.lazy(), held, "duty"))
    return days, pl.concat([stand, events.findings]), shared


def _states(judgement: Judgement, held: pl.DataFrame, *, accepted: bool) -> pl.DataFrame:
    """Final states: duty, state, reason, accepted. A held day waits, or counts as present if a person
    accepted it.
    """
    waits = pl.col("reason").is_not_null()
    return collect(
        left_join_or_null(judgement.states.lazy(), held, "duty").with_columns(
            state=pl.when(waits).then(pl.lit(DayState.PRESENT if accepted else DayState.PENDING)).otherwise("state"),
            accepted=waits & accepted,
        )
    )


def _days_to_come(days: pl.DataFrame, through: date | None) -> pl.DataFrame:
    """Given the days of a month that is closed before its end, return how many each person has still to come: person,
    days_to_come. Nobody has one if the month is judged to its end.
    """
    if through is None:
        return empty({"person": pl.UInt32, "days_to_come": pl.Int64})
    unlived = days.lazy().filter(pl.col("date") > through, pl.col("state") == DayState.FUTURE)
    return collect(unlived.group_by("person").agg(days_to_come=pl.len().cast(pl.Int64)))


def _of_month(taken: pl.DataFrame, roster: Roster, month: date) -> pl.DataFrame:
    """Given HOLDS or SANCTIONS, return the sums of those whose dates touch the month: person, share_ppm, amount_rp."""
    if taken.is_empty():
        return empty({"person": pl.UInt32, "share_ppm": pl.Int64, "amount_rp": pl.Int64})
    return collect(
        taken.lazy()
        .filter(
            pl.col("valid_from").is_null() | (pl.col("valid_from") <= last_day(month)),
            pl.col("valid_to").is_null() | (pl.col("valid_to") >= month),
        )
        .join(roster.people.lazy().select("nip", "person"), on="nip", how="inner")
        .group_by("person")
        .agg(pl.col("share_ppm", "amount_rp").sum())
    )


_WAITING = {name: kind for name, kind in PENDING.items() if name != "message"}


def _unrated(roster: Roster, performance: pl.DataFrame, facts: MonthFacts) -> pl.DataFrame:
    """Whose month waits for a rating, on the first working day: nip, date, reason as it is kept."""
    if facts.accept_pending or not performance["unrated"].any():
        return empty(_WAITING)
    waiting = performance.lazy().filter("unrated").select("person")
    reason = pl.lit(pack(Message("no approved rating is valid on {day}", day=facts.month)))
    people = roster.people.lazy().join(waiting, on="person", how="semi")
    cost = pl.lit(None, pl.String)
    return collect(people.select("nip", pl.col("pay_day").alias("date"), reason=reason, would_cost=cost))


def _tally(roster: Roster, days: pl.DataFrame, pending: pl.DataFrame) -> pl.LazyFrame:
    state = pl.col("state")
    counted = (
        days.lazy()
        .group_by("person")
        .agg(
            days_present=(state == DayState.PRESENT).sum().cast(pl.Int64),
            days_excused=(state == DayState.EXCUSED).sum().cast(pl.Int64),
        )
    )
    waiting = pending.select("nip").unique().with_columns(waits=pl.lit(value=True))
    return (
        roster.people.lazy()
        .select("person", "nip")
        .join(counted, on="person", how="left")
        .pipe(left_join_or_null, waiting, "nip")
        .select(
            "person",
            pl.col("days_present", "days_excused").fill_null(0),
            status=pl.when("waits").then(pl.lit(ScoreStatus.PENDING)).otherwise(pl.lit(ScoreStatus.DRAFT)),
        )
    )


def _people(roster: Roster, parts: tuple[pl.LazyFrame, ...]) -> pl.LazyFrame:
    people = roster.people.lazy()
    for part in parts:
        people = people.join(part, on="person", how="left", maintain_order="left")
    return people
