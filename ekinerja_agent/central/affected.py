"""Whose draft of a month no longer fits: by the marks of changed facts, by other rules, or because time went on.

Names too many people rather than too few, and everybody where that is as cheap. Does not know how a month is scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, Table, func, or_, select

from ekinerja_agent.central import stale
from ekinerja_agent.central.batches import current
from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.tables import (
    employees,
    enrolments,
    events,
    punches,
    redated_punches,
    result_days,
    result_findings,
    result_pending,
    results,
    slot_owners,
    terminal_facts,
    units,
)

T = TypeVar("T")

_DRAFT = 0
_DAY_BEGINS = time(15, tzinfo=UTC)
"""Midnight in WIT, where a new day begins first: a draft of a running month holds until then."""
_SETTLED = timedelta(days=3)
"""After the last day of a month no scan and no event of it is still to come."""
_ONE_DAY = timedelta(days=1)
_MOST = 5_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Affected:
    """People whose draft must be made anew, and the days on which their facts changed (None: perhaps on any)."""

    nips: frozenset[str]
    days: frozenset[date] | None


def people(engine: Engine, month: date, seen: stale.StaleDays, *, rules_digest: str, now: datetime) -> Affected | None:
    """Given a month (its first day) and its marks, return whom they touch; None: everybody, or there is no draft yet.

    A draft by other rules is touched too, and in a running month one of an earlier day.
    """
    if seen.of_everybody():
        return None
    period = f"{month:%Y-%m}"
    with reading(engine) as conn:
        drafts = _count(conn, period)
        if not drafts:
            return None
        outdated = _outdated(conn, period, rules_digest, _holds_since(month, now))
        at_terminals = _at_terminals(conn, seen.of_terminals())
        if at_terminals is None:
            return None
        nips = frozenset(outdated | at_terminals | set(seen.of_people()))
        if 2 * len(nips) > drafts or len(nips) > _MOST:
            return None
        new = nips - _drafted(conn, period, nips)
    changed = frozenset(day + n * _ONE_DAY for day in seen.days for n in (-1, 0, 1))
    return Affected(nips, None if outdated or new else changed)


def crowded(
    engine: Engine, month: date, nips: Collection[str], days: Collection[date] | None, *, least_people: int
) -> bool:
    """Given people of one office and the days on which their facts changed, tell whether they may share a finding with
    so many others that all of them must be looked at together.

    What others have is read off their drafts: a finding at the scan, an absence, or a day that waits.
    """
    if len(nips) >= least_people:
        return True
    period = f"{month:%Y-%m}"
    with reading(engine) as conn:
        if days is not None:
            p = result_pending.c
            waiting = select(p.date).where(p.period == period, p.revision == _DRAFT, p.nip.in_(nips))
            days = {*days, *conn.scalars(waiting)}
        return _most_sharing(conn, period, nips, days) + len(nips) >= least_people


def profiles_named(engine: Engine) -> frozenset[str]:
    """Given the database, return the profiles that units name."""
    with reading(engine) as conn:
        return frozenset(conn.scalars(select(units.c.profile).where(units.c.profile.is_not(None)).distinct()))


def mark_later_months(conn: Connection, month: date, subjects: Iterable[str]) -> None:
    """Given subjects whose drafts of a month were made anew, mark them in the later months that count its days.

    Those are the months of the same year; December is counted by the next year too.
    """
    r = results.c
    last_year = month.year + (month.month == 12)
    later = select(r.period).where(r.period > f"{month:%Y-%m}", r.period <= f"{last_year}-12", r.revision == _DRAFT)
    firsts = [date.fromisoformat(f"{period}-01") for period in conn.scalars(later.distinct())]
    stale.mark(conn, [(subject, first) for subject in subjects for first in firsts])


def _holds_since(month: date, now: datetime) -> datetime:
    begun = datetime.combine(now.astimezone(UTC).date(), _DAY_BEGINS)
    begun -= _ONE_DAY if begun > now else timedelta()
    over = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    return min(begun, datetime.combine(over, time(), UTC) + _SETTLED)


def _count(conn: Connection, period: str) -> int:
    r = results.c
    return conn.scalar(select(func.count()).where(r.period == period, r.revision == _DRAFT)) or 0


def _outdated(conn: Connection, period: str, rules_digest: str, holds_since: datetime) -> set[str]:
    r = results.c
    other = or_(r.rules_digest != rules_digest, r.computed_at < holds_since)
    return set(conn.scalars(select(r.nip).where(r.period == period, r.revision == _DRAFT, other)))


def _drafted(conn: Connection, period: str, nips: Iterable[str]) -> set[str]:
    r = results.c
    found: set[str] = set()
    for part in _parts(sorted(nips)):
        found.update(conn.scalars(select(r.nip).where(r.period == period, r.revision == _DRAFT, r.nip.in_(part))))
    return found


def _at_terminals(conn: Connection, marked: Mapping[str, set[date]]) -> set[str] | None:
    """Those who may need one of the terminals, or have a punch on it; None: everybody."""
    if not marked:
        return set()
    e = events.c
    called = current(events, e.code.in_(select(e.code).where(e.terminal.in_(marked)))).subquery().c
    days = {day + n * _ONE_DAY for each in marked.values() for day in each for n in (-1, 0, 1)}
    if any(one.terminal in marked and one.date in days for one in conn.execute(select(called.terminal, called.date))):
        return None
    pins = set(conn.scalars(select(slot_owners.c.pin).where(slot_owners.c.terminal.in_(marked))))
    for terminal, own in marked.items():
        pins |= _pins(conn, terminal, min(own), max(own))
    if len(pins) > _MOST:
        return None
    nips = set(conn.scalars(select(enrolments.c.nip).where(enrolments.c.terminal.in_(marked))))
    for part in _parts(sorted(pins)):
        nips.update(conn.scalars(select(enrolments.c.nip).where(enrolments.c.pin.in_(part))))
    offices = set(conn.scalars(select(terminal_facts.c.office).where(terminal_facts.c.terminal.in_(marked))))
    for part in _parts(sorted(_with_units_below(conn, offices))):
        nips.update(conn.scalars(select(employees.c.nip).where(employees.c.unit.in_(part))))
    return nips


def _pins(conn: Connection, terminal: str, first: date, last: date) -> set[str]:
    """The PINs of punches near these days, by the clock, by the true instant, or by the approved one."""
    p, r = punches.c, redated_punches.c
    since, until = datetime.combine(first, time()) - _ONE_DAY, datetime.combine(last, time()) + 2 * _ONE_DAY
    near = (since.replace(tzinfo=UTC) - _ONE_DAY, until.replace(tzinfo=UTC) + _ONE_DAY)
    found: set[str] = set()
    conditions: tuple[ColumnElement[bool], ...] = (
        p.clock.between(since, until),
        p.corrected & p.at.between(*near),
        p.punch_id.in_(select(r.punch_id).where(r.at.between(*near))),
    )
    for condition in conditions:
        found.update(conn.scalars(select(p.pin).where(p.terminal == terminal, condition).distinct()))
    return found


def _with_units_below(conn: Connection, offices: set[str]) -> set[str]:
    """These units and all that ever were below them."""
    below: dict[str, set[str]] = defaultdict(set)
    for row in conn.execute(select(units.c.code, units.c.parent).where(units.c.parent.is_not(None)).distinct()):
        below[row.parent].add(row.code)
    found: set[str] = set()
    level = set(offices)
    while level:
        found |= level
        level = {code for unit in level for code in below[unit]} - found
    return found


def _most_sharing(conn: Connection, period: str, nips: Collection[str], days: Collection[date] | None) -> int:
    """The most others of the people's units that may share a finding at one scan of one day."""
    r, d, p, f = results.c, result_days.c, result_pending.c, result_findings.c
    absent = list(conn.scalars(select(r.nip).where(r.period == period, r.revision == _DRAFT, r.unexcused_days > 0)))
    whole = {(row.nip, row.date) for row in conn.execute(_of_drafts(result_pending, period, days, p.nip, p.date))}
    for part in _parts(absent):
        unexcused = _of_drafts(result_days, period, days, d.nip, d.date).where(d.state == "unexcused", d.nip.in_(part))
        whole.update((row.nip, row.date) for row in conn.execute(unexcused))
    found = _of_drafts(result_findings, period, days, f.nip, f.date, f.scan).where(f.scan.is_not(None))
    scans = {(row.nip, row.date, row.scan) for row in conn.execute(found)}
    others = _of_same_units(conn, period, nips, {nip for nip, *_ in (*whole, *scans)})
    waiting: dict[date, set[str]] = defaultdict(set)
    sharing: dict[tuple[date, str], set[str]] = defaultdict(set)
    for nip, day in whole:
        if nip in others:
            waiting[day].add(nip)
    for nip, day, scan in scans:
        if nip in others:
            sharing[day, scan].add(nip)
    together = [len(people | waiting[day]) for (day, _), people in sharing.items()]
    return max((*together, *map(len, waiting.values())), default=0)


def _of_drafts(table: Table, period: str, days: Collection[date] | None, *columns: Column[Any]) -> Select[Any]:
    query = select(*columns).where(table.c.period == period, table.c.revision == _DRAFT)
    return query if days is None else query.where(table.c.date.in_(days))


def _of_same_units(conn: Connection, period: str, nips: Collection[str], found: set[str]) -> set[str]:
    """Those of the found, others than the people, who are scored in a unit in which one of the people ever was."""
    r, e = results.c, employees.c
    theirs = set(conn.scalars(select(e.unit).where(e.nip.in_(nips)).distinct()))
    same: set[str] = set()
    for part in _parts(sorted(found - set(nips))):
        query = select(r.nip).where(r.period == period, r.revision == _DRAFT, r.nip.in_(part), r.unit.in_(theirs))
        same.update(conn.scalars(query))
    return same


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
