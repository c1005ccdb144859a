"""Days whose draft no longer fits the facts: marked as a fact changes, cleared by the run that saw the mark.

A mark has a subject: a terminal, `nip:NIP` for a fact about one person, or `*` for one about everybody. It is counted,
and a run clears only the count that it read before the facts: a punch that arrives while a month is being scored leaves
its day marked. Does not know who scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlalchemy import Connection, Delete, Select, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.nouns.month_days import month_after

Span = tuple[date | None, date | None]
"""First and last day of what a fact speaks of, both included; None is open."""

EVERYBODY = "*"
"""The subject of a fact that is neither of one terminal nor of one person: a unit, a holiday, an event."""
_PERSON = "nip:"
_MOST_OF_PEOPLE = 20_000
"""A batch that touches more days of people marks the days for everybody: each run would read that many marks."""


@dataclass(frozen=True, slots=True)
class StaleDays:
    """The marks that a run saw before it read the facts: (subject, day, count)."""

    marks: tuple[tuple[str, date, int], ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """The marked days, ascending."""
        return tuple(sorted({day for _, day, _ in self.marks}))

    def of_people(self) -> dict[str, set[date]]:
        """The marked days by NIP, of the facts about one person."""
        return self._by_subject(lambda subject: subject.startswith(_PERSON), lambda subject: subject[len(_PERSON) :])

    def of_terminals(self) -> dict[str, set[date]]:
        """The marked days by terminal."""
        return self._by_subject(lambda subject: subject != EVERYBODY and not subject.startswith(_PERSON), str)

    def of_everybody(self) -> bool:
        """Tell whether a mark is about everybody."""
        return any(subject == EVERYBODY for subject, _, _ in self.marks)

    def _by_subject(self, wanted: Callable[[str], bool], name: Callable[[str], str]) -> dict[str, set[date]]:
        days: dict[str, set[date]] = {}
        for subject, day, _ in self.marks:
            if wanted(subject):
                days.setdefault(name(subject), set()).add(day)
        return days


NO_MARKS = StaleDays()


def of_person(nip: str) -> str:
    """Given a NIP, return the subject of facts about this person. No terminal's id has a colon."""
    return f"{_PERSON}{nip}"


def nip_of(subject: str) -> str | None:
    """Given a subject, return the NIP if it is one person; None: it is a terminal, or everybody."""
    return subject[len(_PERSON) :] if subject.startswith(_PERSON) else None


def mark(conn: Connection, days: Iterable[tuple[str, date]]) -> None:
    """Given (subject, local day), mark each. In key order, so that two writers never wait for each other."""
    rows = [{"terminal": subject, "day": day, "marks": 1} for subject, day in sorted(set(days))]
    if not rows:
        return
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    conn.execute(
        insert(stale_days).on_conflict_do_update(
            index_elements=["terminal", "day"], set_={"marks": stale_days.c.marks + 1}
        ),
        rows,
    )


def mark_spans(conn: Connection, spans: Iterable[Span], today: date, subject: str = EVERYBODY) -> None:
    """Given the first and last days (None = open) that facts speak of, mark those that are or were scored."""
    mark_subjects(conn, {subject: set(spans)}, today)


def mark_subjects(conn: Connection, spans: Mapping[str, set[Span]], today: date) -> None:
    """Given by subject the first and last days (None = open) that facts speak of, mark those that are or were scored.

    Where that were too many days of people, their days are marked for everybody.
    """
    if not any(spans.values()):
        return
    before = month_after(today, -1)
    scored = conn.scalar(select(func.min(results.c.period)))
    earliest = before if scored is None else min(before, date.fromisoformat(f"{scored}-01"))
    days = {subject: _days_of(wanted, earliest, today) for subject, wanted in spans.items()}
    people = [subject for subject in days if subject.startswith(_PERSON)]
    if sum(len(days[subject]) for subject in people) > _MOST_OF_PEOPLE:
        days[EVERYBODY] = days.get(EVERYBODY, set()).union(*(days.pop(subject) for subject in people))
    mark(conn, ((subject, day) for subject, marked in days.items() for day in marked))


def _days_of(spans: Iterable[Span], earliest: date, today: date) -> set[date]:
    days: set[date] = set()
    for first, last in spans:
        start = earliest if first is None else max(first, earliest)
        end = today if last is None else min(last, today)
        days.update(days_between(start, end))
    return days


def read(conn: Connection, first: date, last: date) -> StaleDays:
    """Given the first and last day, return the marks between them. Call it before reading the facts."""
    rows = conn.execute(_marked(), {"first": first, "last": last})
    return StaleDays(tuple((row.terminal, row.day, row.marks) for row in rows))


@cache
def _marked() -> Select[tuple[str, date, int]]:
    c = stale_days.c
    return select(c.terminal, c.day, c.marks).where(c.day.between(bindparam("first"), bindparam("last")))


def days_scored(conn: Connection) -> list[date]:
    """Given a connection, return the marked days of months that have scores, ascending."""
    scored = set(conn.scalars(select(results.c.period).distinct()))
    return sorted(day for day in conn.scalars(select(stale_days.c.day).distinct()) if f"{day:%Y-%m}" in scored)


def clear(conn: Connection, stale: StaleDays) -> None:
    """Given the marks that a run saw, remove those that nobody marked again since."""
    if stale.marks:
        seen = [{"of": subject, "on": day, "counted": marks} for subject, day, marks in sorted(stale.marks)]
        conn.execute(_deletion(), seen)


@cache
def _deletion() -> Delete:
    c = stale_days.c
    counted = c.marks == bindparam("counted")
    return delete(stale_days).where(c.terminal == bindparam("of"), c.day == bindparam("on"), counted)


def days_between(first: date, last: date) -> list[date]:
    """Given the first and the last day, return all of them, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
