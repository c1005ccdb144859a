"""Who came to each event of a month, for people who want to know; judges nobody.

Who is called, and what counts as having come, is as where it costs (events.py), but an event that costs nothing is
shown too. Does not know what a share is good for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from ekinerja_agent.nouns.duty import DayState, EventMark
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.discipline.ceremonies import announced
from ekinerja_agent.scoring.discipline.events import (
    called_to,
    documented,
    failing,
    seen,
    unknown_at,
    with_window,
    within_duty,
)
from ekinerja_agent.scoring.duty.documents import documents_with
from ekinerja_agent.scoring.duty.outages import nothing_missing
from ekinerja_agent.scoring.duty.schedule import plan_month
from ekinerja_agent.scoring.frames.schemas import MonthFacts, Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

MARKS: Schema = {
    # One row per event that is over and person called to it.
    "event": pl.String,
    "kind": pl.String,
    "day": pl.Date,
    "unit": pl.String,  # of the person's duty of that day
    "nip": pl.String,
    # present: a row of attendance or a punch at the event's terminal; missed: nothing speaks for a person who was at
    # work, or absent without reason; excused: a document, a row, an outage; exempt: no duty at that time; pending
    "mark": pl.String,
}
_STATES: Schema = {"nip": pl.String, "day": pl.Date, "state": pl.String}


def mark_events(facts: MonthFacts, rules: RuleBook, states: Sequence[tuple[str, date, DayState]]) -> pl.DataFrame:
    """Given a month's facts, the rules and what its duty days were judged to be (NIP, day, state as in
    DAYS), return MARKS by event, unit
    and NIP. Who was there is present, whatever the day was judged.
    """
    roster = plan_month(facts, rules)
    facts = replace(facts, events=pl.concat([facts.events, announced(facts, roster, rules)]))
    timed = with_window(called_to(roster.duties.select("duty"), roster, facts))
    timed = timed.filter(pl.col("closes_at") <= pl.lit(facts.now))
    if timed.is_empty():
        return empty(MARKS)
    approved, requests = (
        documents_with(status, facts.absences, roster, facts.month)
        for status in (EntryStatus.APPROVED, EntryStatus.PENDING)
    )
    called = timed.sort("event", "person", "duty").unique(["event", "person"], keep="first", maintain_order=True)
    told = facts.event_attendance.group_by("event", "nip").agg(told=pl.col("mark").last())
    found = [
        (seen(called.lazy(), facts), "seen"),
        (within_duty(timed.lazy(), roster), "inside"),
        (documented(timed.lazy(), approved), "documented"),
        (failing(called.lazy(), facts), "failed"),
    ]
    for part, name in found:
        called = called.join(
            collect(part.unique()).with_columns(pl.lit(value=True).alias(name)), on=["event", "person"], how="left"
        ).with_columns(pl.col(name).fill_null(value=False))
    judged = pl.DataFrame(states, schema=_STATES, orient="row")
    days = judged.group_by("nip", "day").agg(pl.col("state").first())
    called = called.join(told, on=["event", "nip"], how="left").join(days, on=["nip", "day"], how="left")
    coverage = pl.concat([facts.coverage, nothing_missing(facts.outages)])
    unknown = unknown_at(called, facts, coverage, requests).select("event", "duty", unknown=pl.lit(value=True))
    marked = called.join(unknown, on=["event", "duty"], how="left").with_columns(mark=_mark())
    return marked.select(*MARKS).sort("day", "event", "unit", "nip")


def _mark() -> pl.Expr:
    state = pl.col("state")
    return (
        pl.when(pl.col("told") == EventMark.EXCUSED)
        .then(pl.lit(EventMark.EXCUSED))
        .when(pl.col("told").is_not_null() | pl.col("seen"))
        .then(pl.lit(EventMark.PRESENT))
        .when(~pl.col("inside") | (state == DayState.EXEMPT))
        .then(pl.lit(EventMark.EXEMPT))
        .when(pl.col("documented") | (state == DayState.EXCUSED) | pl.col("failed"))
        .then(pl.lit(EventMark.EXCUSED))
        .when(state == DayState.UNEXCUSED)
        .then(pl.lit(EventMark.MISSED))
        .when(pl.col("unknown") | state.is_null() | state.is_in([DayState.PENDING, DayState.FUTURE]))
        .then(pl.lit(EventMark.PENDING))
        .otherwise(pl.lit(EventMark.MISSED))
    )
