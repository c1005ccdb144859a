"""Whose draft of a month no longer fits: by the marks of changed facts, by other rules, or because time went on.

Names too many people rather than too few, and everybody where that is as cheap. Does not know how a month is scored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, func, or_, select

from ekinerja_agent.central.facts import homes_of
from ekinerja_agent.central.marks import anomaly_margin, changed_days
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.imported import employees, enrolments, events, units
from ekinerja_agent.central.store.tables.recorded import punches, redated_punches, slot_owners, terminal_facts
from ekinerja_agent.central.store.tables.scored import DRAFT, of_drafts, results
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.month_days import last_day, month_after
from ekinerja_agent.nouns.punch import EVERY_TERMINAL

_DAY_BEGINS = time(15, tzinfo=UTC)
"""Midnight in WIT, where a new day begins first: a draft of a running month holds until then."""
_SETTLED = timedelta(days=3)
"""After the last day of a month no scan and no event of it is still to come."""
_ONE_DAY = timedelta(days=1)
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class ToRescore:
    """The people whose draft of a month no longer fits, ascending, and the marks by which that is known.

    `alone` are those who can be scored without the others of their office, `crowded` the offices of all others: they
    may make or end a mass anomaly there.
    """

    seen: changed_days.StaleDays
    alone: tuple[str, ...]
    crowded: tuple[str, ...]


LeastPeople = Callable[[frozenset[str]], int | None]
"""Given the profiles that units name, the fewest people whom one takes for a mass anomaly; None: none looks for any."""


def people(
    engine: Engine, month: date, *, rules_digest: str, now: datetime, least_people: LeastPeople
) -> ToRescore | None:
    """Given a month (its first day), return whom its marks touch; None: everybody, or there is no draft yet.

    A draft by other rules is touched too, and in a running month one of an earlier day.
    """
    period = f"{month:%Y-%m}"
    with reading(engine) as conn:
        seen = changed_days.read(conn, month, last_day(month))
        if seen.of_everybody():
            return None
        outdated = _outdated(conn, period, rules_digest, _holds_since(month, now))
        at_terminals = _at_terminals(conn, seen.of_terminals())
        if at_terminals is None:
            return None
        nips = sorted(outdated | at_terminals | set(seen.of_people()))
        enough = max(1, 2 * len(nips))
        if len(nips) > _MOST or (conn.scalar(_drafts(), {"period": period, "most": enough}) or 0) < enough:
            return None
        homes, before = homes_of(conn, month, nips), draft_units(conn, period, nips)
        # Who moved is missing where they were: that is a change there.
        by_office = Counter(unit for nip in nips for unit in {homes.get(nip), before.get(nip)} if unit)
        least = least_people(frozenset(conn.scalars(_profiles())))
        crowded = set() if least is None else anomaly_margin.crowded(conn, period, by_office, least_people=least)
        return ToRescore(seen, tuple(nip for nip in nips if homes.get(nip) not in crowded), tuple(sorted(crowded)))


def draft_units(conn: Connection, period: str, nips: Sequence[str]) -> dict[str, str]:
    """Given a period and people, return the unit in which each of them has a draft."""
    found: dict[str, str] = {}
    for part in chunks(nips):
        rows = conn.execute(_units_of_drafts(), {"in_period": period, "nips": part})
        found.update((row.nip, row.unit) for row in rows)
    return found


def mark_later_months(conn: Connection, month: date, subjects: Iterable[str]) -> None:
    """Given subjects whose drafts of a month were made anew, mark them in the later months that count its days.

    Those are the months of the same year; December is counted by the next year too.
    """
    last_year = month.year + (month.month == 12)
    later = conn.scalars(_drafted_periods(), {"after": f"{month:%Y-%m}", "last": f"{last_year}-12"})
    firsts = [date.fromisoformat(f"{period}-01") for period in later]
    changed_days.mark(conn, [(subject, first) for subject in subjects for first in firsts])


@cache
def _drafts() -> Select[int]:
    r = results.c
    some = select(r.nip).where(r.period == bindparam("period"), r.revision == DRAFT).limit(bindparam("most"))
    return select(func.count()).select_from(some.subquery())


@cache
def _profiles() -> Select[str]:
    return select(units.c.profile).where(units.c.profile.is_not(None)).distinct()


@cache
def _units_of_drafts() -> Select[tuple[str, str]]:
    return select(results.c.nip, results.c.unit).where(*of_drafts(results))


@cache
def _drafted_periods() -> Select[tuple[str]]:
    r = results.c
    between = (r.period > bindparam("after"), r.period <= bindparam("last"))
    return select(r.period).where(*between, r.revision == DRAFT).distinct()


def _holds_since(month: date, now: datetime) -> datetime:
    begun = datetime.combine(now.astimezone(UTC).date(), _DAY_BEGINS)
    begun -= _ONE_DAY if begun > now else timedelta()
    return min(begun, datetime.combine(month_after(month, 1), time(), UTC) + _SETTLED)


def _outdated(conn: Connection, period: str, rules_digest: str, holds_since: datetime) -> set[str]:
    values = {"period": period, "digest": rules_digest, "holds_since": holds_since}
    edges = conn.execute(_edges_of_drafts(), values).one()
    if edges.least == edges.most == rules_digest and edges.oldest >= holds_since:
        return set()
    return set(conn.scalars(_other_drafts(), values))


@cache
def _edges_of_drafts() -> Select[Any]:
    """The least and the most digest of a month's drafts, and the oldest one by these rules; all by the index."""
    r = results.c
    drafts = (r.period == bindparam("period"), r.revision == DRAFT)
    same = r.rules_digest == bindparam("digest")
    return select(
        select(func.min(r.rules_digest)).where(*drafts).scalar_subquery().label("least"),
        select(func.max(r.rules_digest)).where(*drafts).scalar_subquery().label("most"),
        select(func.min(r.computed_at)).where(*drafts, same).scalar_subquery().label("oldest"),
    )


@cache
def _other_drafts() -> Select[str]:
    r = results.c
    other = or_(r.rules_digest != bindparam("digest"), r.computed_at < bindparam("holds_since"))
    return select(r.nip).where(r.period == bindparam("period"), r.revision == DRAFT, other)


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
    for part in chunks(sorted(pins)):
        # Of another terminal's enrolment the same PIN is another person's.
        anywhere = enrolments.c.terminal == EVERY_TERMINAL
        nips.update(conn.scalars(select(enrolments.c.nip).where(enrolments.c.pin.in_(part), anywhere)))
    offices = set(conn.scalars(select(terminal_facts.c.office).where(terminal_facts.c.terminal.in_(marked))))
    for part in chunks(sorted(_with_units_below(conn, offices))):
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
