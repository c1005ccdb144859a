"""Whom a changed fact touches, and on which days: the marks that a batch or its revocation leaves.

A fact about a person touches that person; an outage those who need its terminal; units, holidays, events and plans
everybody. What no score can depend on touches nobody.
Marks too much rather than too little. Reads and stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ekinerja_agent.central.kinds import Others, Reading, Touches, Whom, fact_kind
from ekinerja_agent.central.marks.changed_days import EVERYBODY, Span, of_person
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.punch import EVERY_TERMINAL

Rows = Sequence[Mapping[str, Any]]
Marks = dict[str, set[Span]]
"""By subject: the first and last days, both included, None = open."""

_ONE_DAY = timedelta(days=1)


def by_rows(kind: str, changed: Rows, beside: Rows) -> Marks:
    """Given the rows of a kind that come and those that they replace, return whom they touch.

    `beside` are the rows that stood before and have the same PIN, person, event or code.
    """
    return _marks(kind, changed, beside, beside)


def by_revocation(kind: str, changed: Rows, beside: Rows) -> Marks:
    """Given all versions of the rows that a revoked batch had, return whom it touches; `beside` as in `by_rows`."""
    return _marks(kind, changed, beside, ())


def _marks(kind: str, changed: Rows, beside: Rows, stay: Rows) -> Marks:
    """`stay` are those of `beside` that no doubt stand afterwards."""
    marks: Marks = defaultdict(set)
    touches = fact_kind(kind).touches
    if touches is None:
        return marks
    seen: set[tuple[Any, ...]] = set()
    for row in changed:
        told = tuple(map(row.get, touches.columns))
        if told not in seen:  # many rows of one person speak of the same days
            seen.add(told)
            marks[_subject(touches, row)].add(_span(touches, row))
    if touches.others is not None:
        _OTHERS[touches.others](marks, touches, changed, beside, stay)
    return marks


def _subject(touches: Touches, row: Mapping[str, Any]) -> str:
    name = None if touches.column is None else row.get(touches.column)
    if name is None:
        return EVERYBODY
    return of_person(name) if touches.whom is Whom.PERSON else str(name)


def _span(touches: Touches, row: Mapping[str, Any]) -> Span:
    first, last = _READ[touches.days.reading](*map(row.get, touches.days.columns))
    if first is not None and touches.night_before:
        first -= _ONE_DAY
    return first, last


def _between(first: date | None, last: date | None) -> Span:
    return _day(first), _day(last)


def _month_and_rest_of_year(month: str) -> Span:
    return _of_period(month)[0], date(int(month[:4]), 12, 31)


def _year_of(day: date) -> Span:
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _of_period(period: str) -> Span:
    """The days of `YYYY` or `YYYY-MM`."""
    year, _, month = period.partition("-")
    if not month:
        return date(int(year), 1, 1), date(int(year), 12, 31)
    first = date(int(year), int(month), 1)
    return first, last_day(first)


def _day(value: date | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _add_rivals(marks: Marks, touches: Touches, changed: Rows, beside: Rows, _: Rows) -> None:
    """An enrolment may take a PIN's punches from others, and tell the zone of a terminal that only files know.

    It takes them from those of the same terminal, and from those who have the PIN on every one; never the other way.
    """
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in beside:
        owners[row["terminal"], row["pin"]].add(row["nip"])
    for row in changed:
        span = _span(touches, row)
        for terminal in {row["terminal"], EVERY_TERMINAL}:
            for nip in owners[terminal, row["pin"]]:
                marks[of_person(nip)].add(span)
        if row["terminal"] != EVERY_TERMINAL:
            marks[row["terminal"]].add(span)


def _add_cases(marks: Marks, touches: Touches, changed: Rows, beside: Rows, _: Rows) -> None:
    """A document moves the first and last day of its case, on which the pay of all its days depends."""
    cases = {(row["nip"], row["case_id"]) for row in changed if row.get("case_id") is not None}
    for row in beside:
        if (row["nip"], row["case_id"]) in cases:
            marks[of_person(row["nip"])].add(_span(touches, row))


def _add_all_called(marks: Marks, touches: Touches, changed: Rows, _: Rows, stay: Rows) -> None:
    """The first row of an event makes the silence of all others an absence."""
    known = {row["event"] for row in stay}
    for row in changed:
        if row["event"] not in known:
            marks[EVERYBODY].add(_span(touches, row))


_READ: Mapping[Reading, Callable[..., Span]] = {
    Reading.SPAN: _between,
    Reading.YEAR_OF_DAY: _year_of,
    Reading.PERIOD: _of_period,
    Reading.MONTH_AND_REST_OF_YEAR: _month_and_rest_of_year,
    Reading.ALWAYS: lambda: (None, None),
}
_OTHERS: Mapping[Others, Callable[[Marks, Touches, Rows, Rows, Rows], None]] = {
    Others.RIVALS_FOR_A_PIN: _add_rivals,
    Others.DOCUMENTS_OF_THE_CASE: _add_cases,
    Others.ALL_WHO_WERE_CALLED: _add_all_called,
}
