"""The hours in which a person has duty on a date: by roster or week, holidays and the fasting month considered.

Does not know scans or minutes.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ekinerja_agent.rules import DayHours, RuleBook, Schedule
from ekinerja_agent.scoring.hours import hours_on
from ekinerja_agent.usecases.import_kinds.posts import Posts, Rows, grouped

_OFF = "OFF"
_RAMADAN, _WORK = "ramadan", "kerja"
_EVERY_UNIT = "*"
_ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


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
        self._known: dict[tuple[str, date], tuple[Span, ...]] = {}

    def hold(self, nip: str, day: date, start: time, end: time) -> bool:
        """Tell whether a stretch of a date lies in one duty of that date, or of a night that ends on it."""
        begins, ends = datetime.combine(day, start), datetime.combine(day, end)
        spans = (*self._spans(nip, day - _ONE_DAY), *self._spans(nip, day))
        return any(first <= begins and ends <= last for first, last in spans)

    def _spans(self, nip: str, day: date) -> tuple[Span, ...]:
        key = (nip, day)
        if key not in self._known:
            self._known[key] = tuple(_span(day, hours) for hours in self._hours(nip, day))
        return self._known[key]

    def _hours(self, nip: str, day: date) -> list[DayHours]:
        spell, unit = self._posts.spell(nip, day), self._posts.unit_of(nip, day)
        if spell is None:
            return []
        usual = self._rules.profile(self._posts.profile(nip, day)).schedule
        schedule = self._rules.schedule(spell["schedule"] or (unit and unit["schedule"]) or usual)
        if schedule.shifts is not None:
            found = [
                hours_on(schedule, day, shift=shift) for shift in self._rosters.get((nip, day), ()) if shift != _OFF
            ]
        elif self._is_off(spell["unit"], day):
            found = []
        else:
            found = [hours_on(schedule, day, ramadan=self._is_ramadan(schedule, spell["unit"], day))]
        return [hours for hours in found if hours is not None]

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


def _span(day: date, hours: DayHours) -> Span:
    begins, ends = datetime.combine(day, hours.start), datetime.combine(day, hours.end)
    return begins, ends if ends > begins else ends + _ONE_DAY
