"""Apel, ceremonies and sports: who of those on duty was not there, and of whom nobody knows.

An event costs only who is present on that day and has no document for its time. Does not know rupiah, nor who announced
the event. Source of the readings: regulations section 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ekinerja_agent.county.calendar import EVERY_UNIT, Calendar
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.discipline.coverage import UNDECIDED, gaps, proven
from ekinerja_agent.scoring.discipline.prices import tag
from ekinerja_agent.scoring.duty.documents import Documents
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.finding_columns import EVENT_RANK, FOUND, HELD, as_found
from ekinerja_agent.scoring.frames.reasons import because
from ekinerja_agent.scoring.frames.schemas import EVENTS, INSTANT, MonthFacts, Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

_BEFORE_DUTY = pl.duration(minutes=90)
_MINUTE = pl.duration(minutes=1)
_COSTS: Schema = {
    "plan": pl.UInt32,
    "kind": pl.String,
    "unit": pl.String,
    "code": pl.String,
    "deduction_ppm": pl.Int64,
    "base": pl.String,
    "rule": pl.String,
    "source": pl.String,
    "place": pl.String,
}


@dataclass(frozen=True, slots=True)
class EventJudgement:
    """`findings` in the columns of FOUND; `held`: duty, reason - of whom nobody knows yet."""

    findings: pl.DataFrame
    held: pl.DataFrame


def judge_events(
    roster: Roster,
    present: pl.DataFrame,
    facts: MonthFacts,
    coverage: pl.DataFrame,
    documents: tuple[Documents, Documents],
    rules: RuleBook,
) -> EventJudgement:
    """Given the duties that are present for certain (duty), the month's facts, what is covered or excused by an outage,
    documents that are approved and those that nobody decided, return what the events of the month come to.
    """
    if facts.events.is_empty():
        return EventJudgement(empty(FOUND), empty(HELD))
    expected = _expected(roster, present, facts, documents[0], rules)
    missing = _missing(expected, facts) if expected.height else expected
    if missing.is_empty():
        return EventJudgement(empty(FOUND), empty(HELD))
    unknown = unknown_at(missing, facts, coverage, documents[1])
    held = unknown.group_by("duty").agg(pl.col("reason").sort_by("event").first())
    findings = missing.lazy().join(held.lazy(), on="duty", how="anti").with_columns(reference="event")
    return EventJudgement(
        collect(as_found(findings, EVENT_RANK, "scan_order", "scan", "minutes", "punch_id", "by_share")),
        held.select(*HELD),
    )


def _expected(
    roster: Roster, present: pl.DataFrame, facts: MonthFacts, approved: Documents, rules: RuleBook
) -> pl.DataFrame:
    """One row per event and person who should be there and for whom it costs: the event, its window as instants, duty
    (the person's first one of that day), person and what it costs.
    """
    called = called_to(present, roster, facts)
    priced = called.join(_costs(called, roster, facts, rules), on=["plan", "kind", "unit"], how="inner")
    timed = with_window(priced).filter(pl.col("closes_at") <= pl.lit(facts.now)).lazy()
    return collect(
        timed.join(within_duty(timed, roster), on=["event", "person"], how="semi")
        .join(documented(timed, approved), on=["event", "person"], how="anti")
        .sort("event", "person", "duty")
        .unique(["event", "person"], keep="first", maintain_order=True)
    )


def called_to(duties: pl.DataFrame, roster: Roster, facts: MonthFacts) -> pl.DataFrame:
    """Given duties (duty), return one row per event with a window and duty of that day whose person is called to it."""
    events = facts.events.lazy().filter(pl.col("opens").is_not_null(), pl.col("closes").is_not_null()).select(*EVENTS)
    on_duty = collect(
        duties.lazy()
        .join(roster.duties.lazy(), on="duty", how="inner")
        .join(roster.people.lazy().select("person", "employment_status"), on="person", how="left")
        .rename({"date": "day"})
    )
    own = on_duty.lazy().join(events, on=["day", "unit"], how="inner")
    of_all = on_duty.lazy().join(events.filter(pl.col("unit") == EVERY_UNIT).drop("unit"), on="day", how="inner")
    columns = (*on_duty.columns, *(name for name in EVENTS if name not in on_duty.columns))
    audience = pl.col("audience")
    return collect(
        pl.concat([own, of_all.select(columns)]).filter(
            audience.is_null()
            | audience.list.contains(pl.col("employment_status"))
            | audience.list.contains(pl.col("nip")),
        )
    )


def within_duty(timed: pl.LazyFrame, roster: Roster) -> pl.LazyFrame:
    """Given events with their windows and duties, return event and person where a duty does not lie wholly outside."""
    spans = roster.plans.lazy().select("plan", "first_due", "last_due")
    return (
        timed.join(spans, on="plan", how="left")
        .filter(
            pl.col("opens_at") <= pl.col("last_due"),
            pl.col("closes_at") > pl.col("first_due") - _BEFORE_DUTY,
        )
        .select("event", "person")
        .unique()
    )


def documented(timed: pl.LazyFrame, approved: Documents) -> pl.LazyFrame:
    """Given events and people, return event and person where a document touches the event's time."""
    return (
        timed.join(approved.timed.lazy(), on=["person", "day"], how="inner")
        .filter(_touches_event())
        .select("event", "person")
        .unique()
    )


def _costs(called: pl.DataFrame, roster: Roster, facts: MonthFacts, rules: RuleBook) -> pl.DataFrame:
    calendar = Calendar(facts.calendar.select("day", "unit", "kind").iter_rows(), rules)
    rows: list[dict[str, Any]] = []
    for number, kind, unit in called.select("plan", "kind", "unit").unique().sort("plan", "kind", "unit").iter_rows():
        plan = roster.plan_keys[number]
        dated = rules.profile(plan.profile).events.on(plan.day)
        cost = dated.value.get(kind)
        cost_ppm = cost.weekdays_ppm[plan.day.weekday()] if cost is not None else 0
        if cost is None or not cost_ppm or (not cost.in_ramadan and calendar.is_fasting(unit, plan.day)):
            continue
        price = tag(kind.upper(), cost_ppm, "events", dated)
        rows.append({"plan": number, "kind": kind, "unit": unit, "base": cost.base.value, **price})
    return pl.DataFrame(rows, schema=_COSTS)


def with_window(called: pl.DataFrame) -> pl.DataFrame:
    """Given events and duties, return them with opens_at and closes_at (half-open), in the zone of the duty's unit."""
    parts = [called.clear().with_columns(opens_at=pl.lit(None, INSTANT), closes_at=pl.lit(None, INSTANT))]
    for zone in called["timezone"].unique().sort():
        here = called.filter(pl.col("timezone") == zone)
        parts.append(
            here.with_columns(opens_at=_at("opens", zone), closes_at=_at("closes", zone).dt.truncate("1m") + _MINUTE)
        )
    return pl.concat(parts)


def _at(clock: str, zone: str) -> pl.Expr:
    local = pl.col("day").dt.combine(pl.col(clock)).dt.cast_time_unit("us")
    return local.dt.replace_time_zone(zone).dt.convert_time_zone("UTC")


def _touches_event() -> pl.Expr:
    """Tell whether local times of a document share a moment with the event."""
    return (pl.col("from_time") <= pl.col("closes")) & (pl.col("to_time") >= pl.col("opens"))


def _missing(expected: pl.DataFrame, facts: MonthFacts) -> pl.DataFrame:
    """Those for whom nothing speaks: no row, no punch at the event's terminal, no approved outage of it."""
    called = expected.lazy()
    attending = facts.event_attendance.lazy().select("event", "nip").unique()
    told = called.join(attending, on=["event", "nip"], how="semi").select("event", "person")
    there = pl.concat([told, seen(called, facts), failing(called, facts)]).unique()
    return collect(called.join(there, on=["event", "person"], how="anti"))


def seen(expected: pl.LazyFrame, facts: MonthFacts) -> pl.LazyFrame:
    """Given events with their windows and people, return event and person with a punch at the event's terminal."""
    return (
        expected.select("event", "person", "nip", "terminal", "opens_at", "closes_at")
        .join(facts.punches.lazy(), on=["nip", "terminal"], how="inner")
        .filter(_within("at") | _within("clock_at"))
        .select("event", "person")
    )


def failing(expected: pl.LazyFrame, facts: MonthFacts) -> pl.LazyFrame:
    """Given the same, return event and person where an approved outage of the event's terminal touches the event."""
    failed = expected.filter(pl.col("terminal").is_not_null()).join(_failed(facts, EntryStatus.APPROVED), on="terminal")
    return failed.filter(_while_failing()).select("event", "person")


def _failed(facts: MonthFacts, status: EntryStatus) -> pl.LazyFrame:
    return facts.outages.lazy().filter(pl.col("status") == status).select("terminal", "start", "end")


def _while_failing() -> pl.Expr:
    return (pl.col("start") < pl.col("closes_at")) & (pl.col("end") > pl.col("opens_at"))


def _within(instant: str) -> pl.Expr:
    return (pl.col("opens_at") <= pl.col(instant)) & (pl.col(instant) < pl.col("closes_at"))


def unknown_at(missing: pl.DataFrame, facts: MonthFacts, coverage: pl.DataFrame, requests: Documents) -> pl.DataFrame:
    """Given for whom nothing speaks, return of whom nobody can say that they were not there: event, duty, reason."""
    told = facts.event_attendance.lazy().select("event").unique()
    called = missing.lazy()
    untold = (
        called.filter(pl.col("terminal").is_null())
        .join(told, on="event", how="anti")
        .select("event", "duty", reason=because("nobody told who was at {event}", event="event"))
    )
    by_hour = called.join(requests.timed.lazy(), on=["person", "day"], how="inner").filter(_touches_event())
    whole = called.join(requests.whole.lazy().select("duty", "document"), on="duty", how="inner")
    asked = (
        pl.concat([part.select("event", "duty", "document") for part in (by_hour, whole)])
        .group_by("event", "duty")
        .agg(pl.col("document").min())
        .select("event", "duty", reason=UNDECIDED)
    )
    reported = (
        called.join(_failed(facts, EntryStatus.PENDING), on="terminal", how="inner")
        .filter(_while_failing())
        .select("event", "duty", reason=because("an outage of {terminal} is undecided", terminal="terminal"))
    )
    windows = missing.filter(pl.col("terminal").is_not_null()).with_columns(
        low_us=pl.col("opens_at").to_physical(), high_us=pl.col("closes_at").to_physical()
    )
    # A terminal without power while the event was on is silent too: here no silence is believed.
    incomplete = (
        gaps(windows.lazy(), proven(coverage))
        .lazy()
        .select(
            "event",
            "duty",
            reason=because("{terminal} not complete during {event}", terminal="terminal", event="event"),
        )
    )
    reasons = [part.with_columns(order=pl.lit(n)) for n, part in enumerate((untold, incomplete, reported, asked))]
    ordered = pl.concat(reasons).sort("duty", "event", "order", "reason")
    return collect(ordered.unique(["duty", "event"], keep="first"))
