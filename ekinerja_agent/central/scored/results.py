"""Scores as they stand: drafts that each run replaces, and published revisions that the database itself freezes.

A published row is written once, after its close and before its findings and days, all in one transaction; then nothing
can be added to it either. Computes no score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    Row,
    Table,
    delete,
    func,
    insert,
    select,
)

from ekinerja_agent.central.access import audit, published
from ekinerja_agent.central.access.accounts import Account, another_may
from ekinerja_agent.central.closing import periods, signatures
from ekinerja_agent.central.facts import homes_of
from ekinerja_agent.central.marks import anomaly_margin, changed_days
from ekinerja_agent.central.scored import adjustments
from ekinerja_agent.central.scored.adjustments import Adjusted
from ekinerja_agent.central.scored.rescoring import mark_later_months
from ekinerja_agent.central.scored.scorecards import newest_revision, scores
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import Readable, in_transaction, reading
from ekinerja_agent.central.store.frames import write_frame
from ekinerja_agent.central.store.tables.columns import message_column
from ekinerja_agent.central.store.tables.periods import period_events
from ekinerja_agent.central.store.tables.scored import (
    DRAFT,
    of_drafts,
    result_days,
    result_findings,
    result_pending,
    results,
)
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.scorecard import ScoreStatus
from ekinerja_agent.nouns.statuses import PeriodStatus
from ekinerja_agent.scoring.frames.schemas import INSTANT, MonthResult

__all__ = [
    "UnitPeriod",
    "clear_stale",
    "end_run",
    "period_status",
    "publish",
    "save_draft",
    "save_drafts_of",
    "scored_months",
    "scores",
    "seen_stale",
    "stale_months",
]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """A unit's month (YYYY-MM): its people, the pending days of their latest scores, and its newest close, if any.

    `signed_by`: who signed that pending days count as present, while another person has to sign too.
    """

    period: str
    unit: str
    people: int
    pending_days: int
    closing: periods.Closing | None
    signed_by: tuple[str, ...]

    @property
    def state(self) -> PeriodStatus:
        """How far the unit's month has come."""
        return PeriodStatus.OPEN if self.closing is None else self.closing.state

    @property
    def revision(self) -> int | None:
        """That of the newest close."""
        return None if self.closing is None else self.closing.revision

    @property
    def published_at(self) -> datetime | None:
        """When the unit was last closed."""
        return None if self.closing is None else self.closing.at

    @property
    def accepted_pending(self) -> str | None:
        """Why pending days were accepted, in a person's words."""
        return None if self.closing is None else self.closing.accepted_pending


def save_draft(
    engine: Engine,
    month: date,
    result: MonthResult,
    *,
    office: str,
    rules_digest: str,
    now: datetime,
    alone: bool = False,
) -> None:
    """Given the result of one office, put it in place of that office's drafts; published rows are never touched.

    Drafts of people who left the office go, unless another office scores them. `alone`: the month's other offices are
    not scored with it, so the later months that count its days are marked here.
    """

    def work(conn: Connection) -> None:
        periods.lock(conn)
        period = f"{month:%Y-%m}"
        r = results.c
        scored = set(result.people["nip"])
        drafts = select(r.nip).where(r.period == period, r.revision == DRAFT, r.unit == office)
        missing = set(conn.scalars(drafts)) - scored
        homes = homes_of(conn, month, sorted(missing)) if missing else {}
        gone = {nip for nip in missing if homes.get(nip, office) == office}
        _delete_drafts(conn, period, sorted(gone | scored))
        _insert(conn, period, result, revision=DRAFT, rules_digest=rules_digest, now=now)
        anomaly_margin.save(conn, period, office, result.shared)
        if alone:
            mark_later_months(conn, month, map(changed_days.of_person, gone | scored))

    in_transaction(engine, work)


def save_drafts_of(
    engine: Engine,
    month: date,
    nips: Collection[str],
    result: MonthResult,
    *,
    rules_digest: str,
    now: datetime,
    seen: changed_days.StaleDays = changed_days.NO_MARKS,
) -> None:
    """Given the result of single people, put it in place of their drafts; who is not in it any more has none.

    Later months that count their days are marked, the marks that were `seen` are removed. Published rows are never
    touched.
    """

    def work(conn: Connection) -> None:
        periods.lock(conn)
        period = f"{month:%Y-%m}"
        scored = sorted({*nips, *result.people["nip"]})
        left = _delete_drafts(conn, period, scored)
        anomaly_margin.note_scored(conn, period, {*left, *result.people["unit"]}, len(scored))
        _insert(conn, period, result, revision=DRAFT, rules_digest=rules_digest, now=now)
        mark_later_months(conn, month, map(changed_days.of_person, nips))
        changed_days.clear(conn, seen)

    in_transaction(engine, work)


def publish(
    engine: Engine,
    month: date,
    office: str,
    result: MonthResult,
    *,
    account: Account,
    accepted_pending: str | None,
    through: date | None,
    rules_digest: str,
    now: datetime,
    adjusted: Sequence[Adjusted] = (),
    look_first: Callable[[Connection], None] = lambda _: None,
) -> int:
    """Given the result of one office, publish it for payroll and freeze it; return the revision.

    `look_first` is called under the lock, before anything is written: what it raises stops the close.

    `through` is the last day that was judged; None: the month's. `adjusted` are scores of earlier months that are paid:
    their differences are published with it, all or nothing.
    Raise Refused if the office is closed or paid, a day is pending, or one of its people is published with another one.
    """
    period = f"{month:%Y-%m}"
    if result.pending.height:
        raise Refused(
            Message(
                "{office} has {days} pending days in {period}; bring the missing data, or accept them with a reason",
                office=office,
                days=result.pending.height,
                period=period,
            )
        )

    def work(conn: Connection) -> int:
        periods.lock(conn)
        look_first(conn)
        nips = result.people["nip"].to_list()
        revision = _next_revision(conn, period, office, nips)
        _refuse_published(conn, period, nips, office)
        alone = not another_may(conn, account, Deed.CLOSE_MONTH)
        conn.execute(
            insert(period_events).values(
                period=period,
                unit=office,
                event=PeriodStatus.CLOSED,
                revision=revision,
                rules_digest=rules_digest,
                accepted_pending=accepted_pending,
                through=through,
                account_id=account.id,
                at=now,
                audit_rows=audit.count_so_far(),
                alone=alone,
            )
        )
        _insert(conn, period, result, revision=revision, rules_digest=rules_digest, now=now, closed_with=office)
        if revision > 1:
            mark_later_months(conn, month, map(changed_days.of_person, nips))
        for one in adjusted:
            adjustments.record(conn, one, period=period, office=office, now=now)
            _insert(
                conn,
                f"{one.month:%Y-%m}",
                one.result,
                revision=one.from_revision + 1,
                rules_digest=rules_digest,
                now=now,
                closed_with=office,
                adjusted_in=period,
            )
            mark_later_months(conn, one.month, (changed_days.of_person(each.nip) for each in one.differences))
        rows: dict[tuple[str, int], set[str]] = {(period, revision): set(nips)}
        for one in adjusted:
            of_month = rows.setdefault((f"{one.month:%Y-%m}", one.from_revision + 1), set())
            of_month.update(one.result.people["nip"])
        published.note(conn, period, office, revision, rows, actor=account.name, now=now)
        details = {
            "unit": office,
            "revision": revision,
            "people": result.people.height,
            "payable_rp": int(result.people["payable_rp"].sum()),
            "rules": rules_digest,
            "accepted_pending": accepted_pending,
            "alone": alone,
            "through": None if through is None else through.isoformat(),
            "adjustments": sum(len(one.differences) for one in adjusted),
            "adjusted_rp": sum(each.difference_rp for one in adjusted for each in one.differences),
        }
        audit.append(conn, account.name, "period.close", period, details, now)
        return revision

    return in_transaction(engine, work)


def period_status(source: Readable, month: date) -> list[UnitPeriod]:
    """Given a month (its first day), return each unit that has people in it or was closed, by unit."""
    period = f"{month:%Y-%m}"
    people: dict[str, int] = {}
    pending: dict[str, int] = {}
    with reading(source) as conn:
        homes = homes_of(conn, month)
        for unit in homes.values():
            people[unit] = people.get(unit, 0) + 1
        closed = periods.closings(conn, period)
        waiting = select(result_pending.c.nip, func.count().label("days")).where(
            result_pending.c.period == period, result_pending.c.revision == newest_revision(result_pending)
        )
        for row in conn.execute(waiting.group_by(result_pending.c.nip)):
            if row.nip in homes:
                pending[homes[row.nip]] = pending.get(homes[row.nip], 0) + row.days
        signed = signatures.names(conn, period, closed)
    return [
        UnitPeriod(
            period=period,
            unit=unit,
            people=people.get(unit, 0),
            pending_days=pending.get(unit, 0),
            closing=closed.get(unit),
            signed_by=tuple(signed.get(unit, ())),
        )
        for unit in sorted(people.keys() | closed.keys())
    ]


def stale_months(engine: Engine) -> list[date]:
    """Given the database, return the months (first days) with scores of which a fact changed since, oldest first."""
    with reading(engine) as conn:
        return sorted({day.replace(day=1) for day in changed_days.days_scored(conn)})


def scored_months(conn: Connection) -> list[date]:
    """Given a connection, return the months (first days) with scores, oldest first."""
    return [date.fromisoformat(f"{period}-01") for period in sorted(conn.scalars(select(results.c.period).distinct()))]


def seen_stale(source: Readable, month: date) -> changed_days.StaleDays:
    """Given a month (its first day), return its marks. A run asks before it reads the facts."""
    with reading(source) as conn:
        return changed_days.read(conn, month.replace(day=1), last_day(month))


def clear_stale(engine: Engine, seen: changed_days.StaleDays) -> None:
    """Given the marks that a run saw, remove them; a day marked again meanwhile stays marked."""
    in_transaction(engine, lambda conn: changed_days.clear(conn, seen))


def end_run(engine: Engine, month: date, seen: changed_days.StaleDays) -> None:
    """Given the marks that a run of all offices saw, remove them, and mark the later months for everybody."""

    def work(conn: Connection) -> None:
        changed_days.clear(conn, seen)
        mark_later_months(conn, month, [changed_days.EVERYBODY])

    in_transaction(engine, work)


def _insert(
    conn: Connection,
    period: str,
    result: MonthResult,
    *,
    revision: int,
    rules_digest: str,
    now: datetime,
    closed_with: str | None = None,
    adjusted_in: str | None = None,
) -> None:
    """A row with `closed_with` is published; with `adjusted_in` too, only by its difference."""
    key = [pl.lit(period).alias("period"), "nip", pl.lit(revision).alias("revision")]
    position = pl.int_range(pl.len()).over("nip").alias("position")
    # What a day would cost is a draft of a draft: who may sign for the day is told, nobody reads it later.
    pending = result.pending.drop("would_cost").rename({"message": message_column("reason")})
    tables = ((result_findings, result.findings), (result_days, result.days), (result_pending, pending))
    # The person's row comes first: no part is published without it.
    published = closed_with is not None
    at = pl.lit(now.astimezone(UTC), dtype=INSTANT)
    write_frame(
        conn,
        results,
        result.people.select(
            *key,
            pl.exclude("nip", "status"),
            pl.lit(ScoreStatus.PUBLISHED).alias("status") if published else pl.col("status"),
            pl.lit(rules_digest).alias("rules_digest"),
            at.alias("computed_at"),
            (at if published else pl.lit(None, dtype=INSTANT)).alias("published_at"),
            pl.lit(closed_with, dtype=pl.String).alias("closed_with"),
            pl.lit(adjusted_in, dtype=pl.String).alias("adjusted_in"),
        ),
    )
    for table, frame in tables:
        if not frame.is_empty():
            write_frame(conn, table, frame.select(*key, position, pl.exclude("nip")))


def _delete_drafts(conn: Connection, period: str, nips: Sequence[str]) -> set[str]:
    """Take the drafts of some people away; return the units in which they stood."""
    left: set[str] = set()
    for part in chunks(nips):
        values = {"in_period": period, "nips": part}
        for table in (result_findings, result_days, result_pending):
            conn.execute(_deletion(table), values)
        left.update(conn.scalars(_deletion(results).returning(results.c.unit), values))
    return left


@cache
def _deletion(table: Table) -> Delete:
    return delete(table).where(*of_drafts(table))


def _next_revision(conn: Connection, period: str, office: str, nips: Sequence[str]) -> int:
    """Above every revision of the office and of its people, who may have been published with another one before."""
    closing = periods.closings(conn, period).get(office)
    if closing is not None and closing.state == PeriodStatus.PAID:
        raise Refused(
            Message(
                "{office} is paid for {period} by {paid_document}; a later change becomes an adjustment",
                office=office,
                period=period,
                paid_document=closing.paid_document,
            )
        )
    if closing is not None and closing.state == PeriodStatus.CLOSED:
        raise Refused(
            Message(
                "{office} is closed for {period} (revision {revision}, {day}); another person may open it with "
                "`ekinerja-agent period reopen {period} --office {office}`",
                office=office,
                period=period,
                revision=closing.revision,
                day=f"{closing.at:%Y-%m-%d}",
            )
        )
    of_people = [int(row.revision) for row in _published(conn, period, nips)]
    return 1 + max([0 if closing is None else closing.revision, *of_people])


def _refuse_published(conn: Connection, period: str, nips: Sequence[str], office: str) -> None:
    """Who is published with another office stays there, unless that one is open again: the newer close then counts."""
    closed = {
        unit: one.revision for unit, one in periods.closings(conn, period).items() if one.state != PeriodStatus.REOPENED
    }
    newest = {row.nip: row for row in _published(conn, period, nips) if row.adjusted_in is None}
    found = {
        nip: row.office
        for nip, row in newest.items()
        if row.office != office and row.office in closed and row.revision >= closed[row.office]
    }
    if found:
        shown = ", ".join(f"{nip} ({unit})" for nip, unit in sorted(found.items())[:_SHOWN])
        raise Refused(
            Message(
                "{count} people are published for {period} already, with another unit: {shown}; correct their "
                "spells of duty so that each is scored once, or let another person reopen that unit",
                count=len(found),
                period=period,
                shown=shown,
            )
        )


def _published(conn: Connection, period: str, nips: Sequence[str]) -> list[Row[Any]]:
    """Every published row of these people: nip, revision, office, adjusted_in; oldest first."""
    r = results.c
    found: list[Row[Any]] = []
    columns = (r.nip, r.revision, func.coalesce(r.closed_with, r.unit).label("office"), r.adjusted_in)
    for part in chunks(nips):
        query = select(*columns).where(r.period == period, r.revision > DRAFT, r.nip.in_(part)).order_by(r.revision)
        found += conn.execute(query)
    return found
