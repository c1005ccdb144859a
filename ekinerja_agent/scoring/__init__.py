"""Scoring: what the rules make of a month's facts. Pure and columnar: frames in, frames out.

No clock, no files, no SQL, no random order: the same facts and rules give the same result, row by row.
Offices are independent, so a month may be scored office by office in any process.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.allowance import pay_out, price_findings
from ekinerja_agent.scoring.coverage import hold_incomplete, hold_reported, hold_undecided
from ekinerja_agent.scoring.discipline import Judgement, day_frame, judge
from ekinerja_agent.scoring.documents import credits_of, documents_with
from ekinerja_agent.scoring.exact import percent_text
from ekinerja_agent.scoring.frames import DAYS, FINDINGS, PENDING, PEOPLE, MonthFacts, MonthResult, Schema
from ekinerja_agent.scoring.matching import match_punches
from ekinerja_agent.scoring.needs import needed_terminals
from ekinerja_agent.scoring.outages import Outages, nothing_missing, outages_of
from ekinerja_agent.scoring.performance import measure_performance, month_terms
from ekinerja_agent.scoring.pp94 import count_unexcused
from ekinerja_agent.scoring.prices import price_list
from ekinerja_agent.scoring.schedule import Roster, last_day, plan_month

__all__ = ["MonthFacts", "MonthResult", "percent_text", "score_month"]


def score_month(facts: MonthFacts, rules: RuleBook) -> MonthResult:
    """Given the facts of some offices for one month and the rules, return people, days, findings and pending
    days.

    Each day is judged by the rule in force on that day, in the zone and by the profile of the unit of that
    day; what is paid follows the spell on the person's first working day. A day that cannot be judged yet
    deducts nothing. Raise NoRule where no rule covers a day, NeedsAttention where the facts contradict
    themselves.
    """
    roster = plan_month(facts, rules)
    approved = documents_with("approved", facts.absences, roster, facts.month)
    prices = price_list(roster.plan_keys, rules)
    needed = needed_terminals(roster, facts.duty_terminals)
    outages = outages_of(facts.outages, needed)
    judgement = judge(roster, match_punches(roster, facts.punches), approved, outages, prices, facts.now)
    held = _held(roster, judgement, needed, outages, facts)
    days = day_frame(roster, judgement.scans, _states(judgement, held, accepted=facts.accept_pending))
    terms = month_terms(roster.people, rules)
    findings = price_findings(_standing(roster, judgement, held), roster.people, terms)
    credited = credits_of(approved, roster, rules)
    performance = measure_performance(roster, terms, facts.activities, credited)
    pay = pay_out(roster.people, terms, findings, performance)
    unexcused_rule = rules.unexcused.on(last_day(facts.month)).value
    unexcused = count_unexcused(roster, days, facts.earlier_days, unexcused_rule)
    return MonthResult(
        people=_people(roster, (_tally(days), performance, pay, unexcused)),
        days=_shaped(days, DAYS),
        findings=_shaped(findings, FINDINGS),
        pending=_shaped(days.filter(pl.col("state") == "pending"), PENDING),
    )


def _held(
    roster: Roster, judgement: Judgement, needed: pl.DataFrame, outages: Outages, facts: MonthFacts
) -> pl.DataFrame:
    """Duties that must wait, with one reason each: duty, reason. Missing data are named before undecided
    requests.
    """
    requests = documents_with("pending", facts.absences, roster, facts.month)
    coverage = pl.concat([facts.coverage, nothing_missing(facts.outages)])
    incomplete = hold_incomplete(roster, judgement, coverage, needed)
    undecided = hold_undecided(judgement, requests)
    reported = hold_reported(judgement, outages)
    return pl.concat([incomplete, undecided, reported]).unique("duty", keep="first", maintain_order=True)


def _states(judgement: Judgement, held: pl.DataFrame, *, accepted: bool) -> pl.DataFrame:
    """Final states: duty, state, reason, accepted. A held day waits, or counts as present if a person
    accepted it.
    """
    waits = pl.col("reason").is_not_null()
    return judgement.states.join(held, on="duty", how="left", maintain_order="left").with_columns(
        state=pl.when(waits).then(pl.lit("present" if accepted else "pending")).otherwise("state"),
        accepted=waits & accepted,
    )


def _standing(roster: Roster, judgement: Judgement, held: pl.DataFrame) -> pl.DataFrame:
    """The findings of days that need not wait, with person, nip and date; in order of nip, date and scan."""
    return (
        judgement.findings.join(held, on="duty", how="anti", maintain_order="left")
        .join(
            roster.duties.select("duty", "person", "nip", "date"),
            on="duty",
            how="left",
            maintain_order="left",
        )
        .with_columns(punch_ids=pl.concat_list("punch_id").list.drop_nulls())
    )


def _tally(days: pl.DataFrame) -> pl.DataFrame:
    state = pl.col("state")
    return days.group_by("person").agg(
        days_present=(state == "present").sum().cast(pl.Int64),
        days_excused=(state == "excused").sum().cast(pl.Int64),
        pending_days=(state == "pending").sum(),
    )


def _people(roster: Roster, parts: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
    people = roster.people
    for part in parts:
        people = people.join(part, on="person", how="left", maintain_order="left")
    return _shaped(
        people.with_columns(
            pl.col("days_present", "days_excused", "pending_days").fill_null(0),
            rating=pl.lit(None, pl.String),
        ).with_columns(status=pl.when(pl.col("pending_days") > 0).then(pl.lit("pending")).otherwise(pl.lit("draft"))),
        PEOPLE,
    )


def _shaped(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
