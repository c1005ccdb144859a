"""The hours in which a person has duty on a date: by roster or week, holidays and the fasting month considered.

A date of which the roster says nothing that can be used is unknown, as it is when a month is scored. Does not know
scans or minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.spans import Rows, grouped
from ekinerja_agent.rules import DayHours, RuleBook, Schedule
from ekinerja_agent.scoring.duty.hours import hours_on

_OFF = "OFF"
_RAMADAN, _WORK = "ramadan", "kerja"
_EVERY_UNIT = "*"
_ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class _Day:
    """The duties of a date; where not all of them are `known`, `possible` are those of every shift."""

    spans: tuple[Span, ...]
    known: bool = True
    possible: tuple[Span, ...] = ()


class DutyHours:
    """Duty by person and date, given the rows that stand, the posts and the rules."""

    def __init__(self, rows: Rows, posts: Posts, rules: RuleBook) -> None:
        self._posts, self._rules = posts, rules
        self._marks: dict[tuple[date, str], set[str]] = {}
        for row in rows("calendar"):
            self._marks.setdefault((row["date"], row["unit"]), set()).add(row["kind"])
        self._rosters = {
            (nip, row["date"]): row["shifts"].split()
            for nip, own in grouped(rows("rosters"), "nip").items()
            for row in own
        }
        self._days: dict[tuple[str, date], _Day] = {}

    def hold(self, nip: str, day: date, start: time, end: time) -> bool | None:
        """Tell whether a stretch of a date lies in one duty of that date, or of a night that ends on it.

        None: nobody knows, for the roster says nothing of the date, or nothing of the one before it, whose night may
        have lasted so long.
        """
        stretch = datetime.combine(day, start), datetime.combine(day, end)
        before, own = self._day(nip, day - _ONE_DAY), self._day(nip, day)
        if _lies_in(stretch, (*before.spans, *own.spans)):
            return True
        return False if own.known and not _lies_in(stretch, before.possible) else None

    def _day(self, nip: str, day: date) -> _Day:
        key = (nip, day)
        if key not in self._days:
            self._days[key] = self._duties(nip, day)
        return self._days[key]

    def _duties(self, nip: str, day: date) -> _Day:
        spell, unit = self._posts.spell(nip, day), self._posts.unit_of(nip, day)
        if spell is None:
            return _Day(())
        usual = self._rules.profile(self._posts.profile(nip, day)).schedule
        schedule = self._rules.schedule(spell["schedule"] or (unit and unit["schedule"]) or usual)
        if schedule.shifts is not None:
            return self._rostered(schedule.shifts.on(day).value, nip, day)
        if self._is_off(spell["unit"], day):
            return _Day(())
        hours = hours_on(schedule, day, ramadan=self._is_ramadan(schedule, spell["unit"], day))
        return _Day(() if hours is None else (_span(day, hours),))

    def _rostered(self, shifts: Mapping[str, DayHours], nip: str, day: date) -> _Day:
        told = self._rosters.get((nip, day))
        spans = tuple(_span(day, shifts[shift]) for shift in told or () if shift in shifts)
        if told is not None and shifts.keys() | {_OFF} >= set(told):
            return _Day(spans)
        return _Day(spans, known=False, possible=tuple(_span(day, hours) for hours in shifts.values()))

    def _is_off(self, unit: str, day: date) -> bool:
        for whose in (unit, _EVERY_UNIT):
            kinds = self._marks.get((day, whose), set()) - {_RAMADAN}
            if kinds:
                return kinds != {_WORK}
        return day in self._rules.holidays

    def _is_ramadan(self, schedule: Schedule, unit: str, day: date) -> bool:
        if schedule.ramadan_week is None:
            return False
        marked = any(_RAMADAN in self._marks.get((day, whose), ()) for whose in (unit, _EVERY_UNIT))
        return marked or self._rules.ramadan_on(day) is not None


def _lies_in(stretch: Span, spans: Iterable[Span]) -> bool:
    begins, ends = stretch
    return any(first <= begins and ends <= last for first, last in spans)


def _span(day: date, hours: DayHours) -> Span:
    begins, ends = datetime.combine(day, hours.start), datetime.combine(day, hours.end)
    return begins, ends if ends > begins else ends + _ONE_DAY
