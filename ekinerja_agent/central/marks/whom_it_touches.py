"""Whom a changed fact touches, and on which days: the marks that a batch or its revocation leaves.

A fact about a person touches that person; an outage those who need its terminal; units, holidays, events and plans
everybody. What no score can depend on touches nobody.
Marks too much rather than too little. Reads and stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ekinerja_agent.central.marks.changed_days import EVERYBODY, Span, of_person
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.punch import EVERY_TERMINAL

Rows = Sequence[Mapping[str, Any]]
Marks = dict[str, set[Span]]
"""By subject: the first and last days, both included, None = open."""

_SPANS = {
    "absences": ("first_day", "last_day"),
    "outages": ("starts", "ends"),
    **dict.fromkeys(
        ("calendar", "activities", "rosters", "corrections", "events", "event_attendance"), ("date", "date")
    ),
    **dict.fromkeys(("units", "employees", "enrolments", "allowances"), ("valid_from", "valid_to")),
    "activity_standards": ("valid_from", "valid_to"),  # it has none: a standard holds for all days
    **dict.fromkeys(("holds", "sanctions", "assignments", "ratings"), ("valid_from", "valid_to")),
    "plans": ("due_date",),
    "plan_progress": ("month",),
    "indicators": ("period",),
}
"""The columns that tell when: a first and a last day, or one of which `_span` knows the days."""
_OF_EVERYBODY = frozenset({"units", "calendar", "events", "plans", "plan_progress", "activity_standards"})
"""A plan may be a part of the score of all people of its unit."""
_OF_NOBODY = frozenset({"workload_tasks", "staff", "sakip", "evaluation_meetings", "innovations"})
_FROM_THE_NIGHT_BEFORE = frozenset({"absences", "enrolments", "outages"})
"""What such a fact says of a morning concerns the duty that began on the evening before."""
_ONE_DAY = timedelta(days=1)


def by_rows(kind: str, changed: Rows, beside: Rows) -> Marks:
    """Given the rows of a kind that come and those that they replace, return whom they touch.

    `beside` are the rows that stood before and have the same PIN, person, event or code.
    """
    marks: Marks = defaultdict(set)
    if kind in _OF_NOBODY:
        return marks
    seen: set[tuple[Any, ...]] = set()
    said = _said(kind)
    for row in changed:
        told = tuple(map(row.get, said))
        if told not in seen:  # many rows of one person speak of the same days
            seen.add(told)
            marks[_subject(kind, row)].add(_span(kind, row))
    if kind == "enrolments":
        _add_rivals(marks, changed, beside)
    elif kind == "absences":
        _add_cases(marks, changed, beside)
    elif kind == "event_attendance":
        known = {row["event"] for row in beside}
        _add_everybody(marks, kind, (row for row in changed if row["event"] not in known))
    return marks


def by_revocation(kind: str, changed: Rows, beside: Rows) -> Marks:
    """Given all versions of the rows that a revoked batch had, return whom it touches; `beside` as in `by_rows`."""
    marks = by_rows(kind, changed, beside)
    if kind == "event_attendance":
        _add_everybody(marks, kind, changed)
    return marks


def _said(kind: str) -> tuple[str, ...]:
    """The columns that tell whom a row touches, and when."""
    subject = () if kind in _OF_EVERYBODY else ("terminal",) if kind == "outages" else ("nip",)
    return (*subject, *_SPANS[kind])


def _subject(kind: str, row: Mapping[str, Any]) -> str:
    if kind in _OF_EVERYBODY or (kind == "indicators" and row.get("nip") is None):
        return EVERYBODY
    return str(row["terminal"]) if kind == "outages" else of_person(row["nip"])


def _span(kind: str, row: Mapping[str, Any]) -> Span:
    if kind == "plans":
        return _of_year(row["due_date"].year)
    if kind == "plan_progress":
        # What is counted since the plan began counts in each later month of its year.
        return _of_period(row["month"])[0], _of_year(int(row["month"][:4]))[1]
    if kind == "indicators":
        return _of_period(row["period"])
    first, last = (_day(row.get(column)) for column in _SPANS[kind])
    if first is not None and kind in _FROM_THE_NIGHT_BEFORE:
        first -= _ONE_DAY
    return first, last


def _of_year(year: int) -> Span:
    return date(year, 1, 1), date(year, 12, 31)


def _of_period(period: str) -> tuple[date, date | None]:
    """The days of `YYYY` or `YYYY-MM`."""
    year, _, month = period.partition("-")
    if not month:
        return date(int(year), 1, 1), date(int(year), 12, 31)
    first = date(int(year), int(month), 1)
    return first, last_day(first)


def _day(value: date | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _add_rivals(marks: Marks, changed: Rows, beside: Rows) -> None:
    """An enrolment may take a PIN's punches from others, and tell the zone of a terminal that only files know.

    It takes them from those of the same terminal, and from those who have the PIN on every one; never the other way.
    """
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in beside:
        owners[row["terminal"], row["pin"]].add(row["nip"])
    for row in changed:
        span = _span("enrolments", row)
        for terminal in {row["terminal"], EVERY_TERMINAL}:
            for nip in owners[terminal, row["pin"]]:
                marks[of_person(nip)].add(span)
        if row["terminal"] != EVERY_TERMINAL:
            marks[row["terminal"]].add(span)


def _add_cases(marks: Marks, changed: Rows, beside: Rows) -> None:
    """A document moves the first and last day of its case, on which the pay of all its days depends."""
    cases = {(row["nip"], row["case_id"]) for row in changed if row.get("case_id") is not None}
    for row in beside:
        if (row["nip"], row["case_id"]) in cases:
            marks[of_person(row["nip"])].add(_span("absences", row))


def _add_everybody(marks: Marks, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """The first row of an event makes the silence of all others an absence."""
    for row in rows:
        marks[EVERYBODY].add(_span(kind, row))
