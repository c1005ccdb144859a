"""What closes published, as digests in the audit log: who changes a published row behind the program's back is found.

Each close adds a row to the log with one digest of all that it published and a short one of each person, so that a
difference has a name. What a digest is made of is fixed by its form: a later column needs another form, never another
meaning. Judges no score, and does not know why anything was published.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import Readable, reading
from ekinerja_agent.central.store.tables.access import audit as audit_table
from ekinerja_agent.central.store.tables.periods import (
    adjustments,
    period_events,
    period_payments,
    period_reopenings,
)
from ekinerja_agent.central.store.tables.scored import (
    DRAFT,
    result_days,
    result_findings,
    result_pending,
    results,
)
from ekinerja_agent.nouns.messages import Message

ACTION: Final = "period.published"
_FORM: Final = 1
_SHORT: Final = 16
"""Letters of a person's digest: enough to name whose rows differ. That they differ is told by the whole one."""
_SHOWN: Final = 10
_COLUMNS: Final[Mapping[Table, Sequence[str]]] = {
    # Form 1. Never changed: what was published must have the same digest for ever.
    results: (
        "name unit unit_name position_class profile rules_digest employment_status status working_days days_present "
        "days_excused discipline_score_ppm discipline_deduction_ppm performance_score_ppm performance_deduction_ppm "
        "rating approved_minutes credited_minutes target_minutes base_rp discipline_rp performance_rp multiplier_ppm "
        "whole_deduction_rp leave_deduction_rp sanction_rp hold_rp payable_rp unexcused_days bank_minutes_year "
        "converted_days days_this_year longest_run run_reached_on threshold published_at closed_with adjusted_in"
    ).split(),
    result_findings: (
        "position date code scan minutes deduction_ppm base deduction_rp rule source place punch_ids reference"
    ).split(),
    result_days: (
        "position date unit schedule timezone state required_minutes worked_minutes late_minutes early_minutes "
        "missing_scans arrive_at break_out_at break_in_at leave_at arrive_punch break_out_punch break_in_punch "
        "leave_punch"
    ).split(),
    result_pending: ("position", "date", "reason"),
}
_ADJUSTED: Final = ("from_revision", "period", "unit", "difference_rp", "reason", "published_at")

Rows = Mapping[tuple[str, int], Collection[str]]
"""By period (YYYY-MM) and revision: the NIPs."""


@dataclass(slots=True)
class _Kept:
    """What the log says was published: each person's short digest by period, revision and NIP, and each close."""

    people: dict[tuple[str, int, str], str] = field(default_factory=dict)
    closes: dict[tuple[str, str, int], tuple[str, list[tuple[str, int, str]]]] = field(default_factory=dict)
    late: int = 0
    """Closes whose digest was made at an upgrade."""
    wrong: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verified:
    """How many closes have a digest in the log, how many of these were made before digests were kept (at an upgrade, by
    what stood then), and what differs.
    """

    closes: int
    before_digests: int
    wrong: tuple[Message, ...]


def note(
    conn: Connection, period: str, unit: str, revision: int, rows: Rows, *, actor: str, now: datetime, **more: Any
) -> None:
    """Given a close and whose rows it published, add their digests to the audit log in the caller's transaction."""
    digests = dict(_of_rows(conn, rows))
    people: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for (of_period, of_revision, nip), digest in digests.items():
        people[of_period][str(of_revision)][nip] = digest[:_SHORT]
    details = {
        "unit": unit,
        "revision": revision,
        "form": _FORM,
        "digest": _together(digests),
        "people": people,
        **more,
    }
    audit.append(conn, actor, ACTION, period, details, now)


def note_earlier(conn: Connection, now: datetime) -> int:
    """Given a database whose closes have no digests yet, add them as they stand now; return how many closes."""
    e, r, a = period_events.c, results.c, adjustments.c
    closes = conn.execute(select(e.period, e.unit, e.revision, e.at).order_by(e.id)).all()
    for close in closes:
        own = select(r.nip).where(_published_by(close.period, close.unit, close.revision))
        rows: dict[tuple[str, int], set[str]] = {(close.period, close.revision): set(conn.scalars(own))}
        adjusted = select(a.for_period, a.to_revision, a.nip).where(
            a.period == close.period, a.unit == close.unit, a.published_at == close.at
        )
        for one in conn.execute(adjusted):
            rows.setdefault((one.for_period, one.to_revision), set()).add(one.nip)
        note(conn, close.period, close.unit, close.revision, rows, actor=audit.SYSTEM, now=now, made_at_upgrade=True)
    return len(closes)


def verify(conn: Connection) -> Verified:
    """Given a connection whose audit log is unbroken, compare what is published with what the log says."""
    kept = _kept(conn)
    wrong = [*kept.wrong]
    wrong += _differing_closes(conn, kept)
    wrong += _rows_of_no_close(conn, kept)
    wrong += _other_sums(conn)
    wrong += _other_life(conn)
    return Verified(len(kept.closes), kept.late, tuple(wrong))


def payments(source: Readable) -> dict[tuple[str, str], str]:
    """Given the database, return the document of each payment by period and unit."""
    p = period_payments.c
    with reading(source) as conn:
        return {(row.period, row.unit): row.document for row in conn.execute(select(p.period, p.unit, p.document))}


def _kept(conn: Connection) -> _Kept:
    kept, by_close = _Kept(), False
    a = audit_table.c
    query = select(a.id, a.at, a.subject, a.details).where(a.action == ACTION).order_by(a.id)
    for row in conn.execute(query.execution_options(yield_per=100)):
        details = json.loads(row.details)
        if details.get("made_at_upgrade"):
            kept.late += 1
            if by_close:  # from then on each close brings its own: who adds one later made it up
                kept.wrong.append(
                    Message(
                        "row {row} of the audit log ({day}) claims a close of {unit} for {period} from before digests "
                        "were kept, and they were kept already; somebody made it up",
                        row=row.id,
                        day=f"{row.at:%Y-%m-%d}",
                        unit=details["unit"],
                        period=row.subject,
                    )
                )
        else:
            by_close = True
        keys = []
        for period, revisions in details["people"].items():
            for revision, people in revisions.items():
                for nip, digest in people.items():
                    key = (period, int(revision), nip)
                    keys.append(key)
                    kept.people[key] = digest
        kept.closes[row.subject, details["unit"], details["revision"]] = (details["digest"], keys)
    return kept


def _differing_closes(conn: Connection, kept: _Kept) -> Iterator[Message]:
    for (period, unit, revision), (digest, keys) in kept.closes.items():
        rows: dict[tuple[str, int], list[str]] = defaultdict(list)
        for of_period, of_revision, nip in keys:
            rows[of_period, of_revision].append(nip)
        found = dict(_of_rows(conn, rows))
        if _together(found) == digest:
            continue
        differ = sorted(key for key in keys if found.get(key, "")[:_SHORT] != kept.people[key])
        people = ", ".join(f"{nip} ({of_period})" for of_period, _, nip in differ[:_SHOWN])
        more = len(differ) - _SHOWN
        yield Message(
            "{unit} {period}, revision {revision}: what is published is not what was closed; it differs for {people}",
            unit=unit,
            period=period,
            revision=revision,
            people=(people + (f" + {more}" if more > 0 else "")) or Message("nobody by name"),
        )


def _rows_of_no_close(conn: Connection, kept: _Kept) -> Iterator[Message]:
    """Published rows and closes that the log does not know."""
    r, e = results.c, period_events.c
    query = select(r.period, r.nip, r.revision, r.unit).where(r.revision > DRAFT).order_by(r.period, r.nip, r.revision)
    for row in conn.execute(query.execution_options(yield_per=1000)):
        if (row.period, row.revision, row.nip) not in kept.people:
            yield Message(
                "{unit} {period}, revision {revision}: {nip} is published, and no close of the audit log published it",
                unit=row.unit,
                period=row.period,
                revision=row.revision,
                nip=row.nip,
            )
    closes = {(row.period, row.unit, row.revision) for row in conn.execute(select(e.period, e.unit, e.revision))}
    for period, unit, revision in sorted(closes ^ kept.closes.keys()):
        told: dict[str, Any] = {"unit": unit, "period": period, "revision": revision}
        yield (
            Message("{unit} {period}, revision {revision}: it is closed, and the audit log knows no such close", **told)
            if (period, unit, revision) in closes
            else Message("{unit} {period}, revision {revision}: it was closed, and its close is not there", **told)
        )


def _other_sums(conn: Connection) -> Iterator[Message]:
    """Closes that are not what the log said at that time, those from before digests too: by people, money, the reason
    for pending days and the last day that was judged.
    """
    r, a = results.c, audit_table.c
    office = func.coalesce(r.closed_with, r.unit)
    query = (
        select(r.period, office.label("unit"), r.revision, func.count(), func.sum(r.payable_rp))
        .where(r.revision > DRAFT, r.adjusted_in.is_(None))
        .group_by(r.period, office, r.revision)
    )
    there = {(row[0], row[1], row[2]): (int(row[3]), int(row[4])) for row in conn.execute(query)}
    e = period_events.c
    signed = {
        (row.period, row.unit, row.revision): (row.accepted_pending, row.through and row.through.isoformat())
        for row in conn.execute(select(e.period, e.unit, e.revision, e.accepted_pending, e.through))
    }
    for row in conn.execute(select(a.subject, a.details).where(a.action == "period.close").order_by(a.id)):
        said = json.loads(row.details)
        if "payable_rp" not in said:
            continue
        how = signed.get((row.subject, said["unit"], said["revision"]))
        if how not in {None, (said["accepted_pending"], said.get("through"))}:
            yield Message(
                "{unit} {period}, revision {revision}: what was accepted, or the last day that was judged, is not as "
                "it was closed",
                unit=said["unit"],
                period=row.subject,
                revision=said["revision"],
            )
        people, payable_rp = there.get((row.subject, said["unit"], said["revision"]), (0, 0))
        if (people, payable_rp) != (said["people"], said["payable_rp"]):
            yield Message(
                "{unit} {period}, revision {revision}: {people} people and Rp {payable_rp} are published, and {said} "
                "people and Rp {said_rp} were closed",
                unit=said["unit"],
                period=row.subject,
                revision=said["revision"],
                people=people,
                payable_rp=f"{payable_rp:,}",
                said=said["people"],
                said_rp=f"{said['payable_rp']:,}",
            )


def _other_life(conn: Connection) -> Iterator[Message]:
    """Closes, reopenings and payments of the log whose rows are gone or others, and rows that the log does not know."""
    for action, table, what in (
        ("period.reopen", period_reopenings, Message("reopening")),
        ("payroll.mark-paid", period_payments, Message("payment")),
    ):
        t, a = table.c, audit_table.c
        text = t.document if table is period_payments else t.reason
        named = "document" if table is period_payments else "reason"
        there = {
            (row.period, row.unit, row.revision): row.text
            for row in conn.execute(select(t.period, t.unit, t.revision, text.label("text")))
        }
        said: dict[tuple[str, str, int], str] = {}
        for row in conn.execute(select(a.subject, a.details).where(a.action == action).order_by(a.id)):
            details = json.loads(row.details)
            for unit, revision in details["revisions"].items():
                said[row.subject, unit, revision] = details[named]
        for key in sorted(said.keys() | there.keys()):
            if said.get(key) != there.get(key):
                period, unit, revision = key
                yield Message(
                    "{unit} {period}, revision {revision}: the {what} is not that of the audit log ({found} instead of "
                    "{said})",
                    unit=unit,
                    period=period,
                    revision=revision,
                    what=what,
                    found=repr(there[key]) if key in there else Message("none"),
                    said=repr(said[key]) if key in said else Message("none"),
                )


def _published_by(period: str, unit: str, revision: int) -> ColumnElement[bool]:
    r = results.c
    return (
        (r.period == period)
        & (r.revision == revision)
        & (func.coalesce(r.closed_with, r.unit) == unit)
        & r.adjusted_in.is_(None)
    )


def _together(digests: Mapping[tuple[str, int, str], str]) -> str:
    lines = (f"{period} {revision} {nip} {digest}\n" for (period, revision, nip), digest in sorted(digests.items()))
    return sha256("".join(lines).encode()).hexdigest()


def _of_rows(conn: Connection, rows: Rows) -> Iterator[tuple[tuple[str, int, str], str]]:
    """Yield the digest of each of these people who has a published row: of it, its parts and its adjustment."""
    for (period, revision), nips in sorted(rows.items()):
        for part in chunks(sorted(nips)):
            told: dict[str, list[str]] = defaultdict(list)
            for table, columns in _COLUMNS.items():
                order = [table.c.nip, *([table.c.position] if "position" in table.c else [])]
                for row in conn.execute(_query(table, columns, period, revision, part).order_by(*order)):
                    told[row.nip].append(_line(table.name, row, columns))
            a = adjustments.c
            query = select(a.nip, *(a[name] for name in _ADJUSTED)).where(
                a.for_period == period, a.to_revision == revision, a.nip.in_(part)
            )
            for one in conn.execute(query.order_by(a.nip)):
                told[one.nip].append(_line(adjustments.name, one, _ADJUSTED))
            for nip, lines in told.items():
                yield (period, revision, nip), sha256("\n".join(lines).encode()).hexdigest()


def _query(table: Table, columns: Sequence[str], period: str, revision: int, nips: Iterable[str]) -> Any:
    c = table.c
    wanted = (c.nip, *(c[name] for name in columns))
    return select(*wanted).where(c.period == period, c.revision == revision, c.nip.in_(list(nips)))


def _line(table: str, row: Row[Any], columns: Sequence[str]) -> str:
    values = [table, *(_plain(getattr(row, name)) for name in columns)]
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> str | int | None:
    """As both databases give it back."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, int) else str(value)
