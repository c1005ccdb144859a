"""Which row of the calendar has a day, which hours hold on it, and what a roster says of it.

Imported rows beat the holidays of the nation, a unit's own row beats the one of all. What a roster does not say is
pending, never a day without duty. Local times; does not know who serves where, nor scans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import DayHours, RuleBook, Schedule

OFF = "OFF"
"""What a roster says of a day without duty."""
EVERY_UNIT = "*"
"""In a row of the calendar or of an event: whatever the unit."""
RAMADAN, WORKED = "ramadan", "kerja"
"""Kinds of row that give nobody a day off."""
_ONE_DAY = timedelta(days=1)


class LocalHours(NamedTuple):
    """The hours of one duty on its date, in local time. Half-open; no break: both None."""

    start: datetime
    end: datetime
    break_start: datetime | None
    break_end: datetime | None


class HoursOfDay(NamedTuple):
    """The hours of a working week on a day (None: no duty), and whether they are those of the fasting month."""

    hours: DayHours | None
    ramadan: bool


class Shift(NamedTuple):
    """One duty that a roster gives, by its word for it; `hours` None: nobody knows when it is."""

    name: str
    hours: DayHours | None


class Calendar:
    """The days off and the fasting days of units, given rows (day, unit, kind) and the rules."""

    def __init__(self, rows: Iterable[tuple[date, str, str]], rules: RuleBook) -> None:
        self._rules = rules
        self._kinds: dict[tuple[date, str], set[str]] = {}
        for day, unit, kind in rows:
            self._kinds.setdefault((day, unit), set()).add(kind)
        self._hours: dict[tuple[str, str, date], HoursOfDay] = {}

    def is_off(self, unit: str, day: date) -> bool:
        """Tell whether a unit has a day off. `kerja` gives a holiday back to work."""
        for whose in (unit, EVERY_UNIT):
            kinds = self._kinds.get((day, whose), set()) - {RAMADAN}
            if kinds:
                return kinds != {WORKED}
        return day in self._rules.holidays

    def is_fasting(self, unit: str, day: date) -> bool:
        """Tell whether a unit fasts on a day. Raise NoRule if the fasting month of the year is not decided."""
        marked = any(RAMADAN in self._kinds.get((day, whose), ()) for whose in (unit, EVERY_UNIT))
        return marked or self._rules.ramadan_on(day) is not None

    def hours(self, schedule: Schedule, unit: str, day: date) -> HoursOfDay:
        """Given a schedule of weeks, return its hours in a unit on a day.

        Raise NoRule if the holidays of the year are not known, if its fasting month is not decided, or if no hours are
        dated.
        """
        # Units of which no row speaks have the same hours: worked out once.
        key = (schedule.name, unit if (day, unit) in self._kinds else EVERY_UNIT, day)
        found = self._hours.get(key)
        if found is None:
            found = self._hours[key] = self._hours_of(schedule, unit, day)
        return found

    def _hours_of(self, schedule: Schedule, unit: str, day: date) -> HoursOfDay:
        require_holidays(self._rules, day.year)
        if self.is_off(unit, day):
            return HoursOfDay(None, ramadan=False)
        ramadan = schedule.ramadan_week is not None and self.is_fasting(unit, day)
        return HoursOfDay(hours_on(schedule, day, ramadan=ramadan), ramadan)


def require_holidays(rules: RuleBook, year: int) -> None:
    """Given rules and a year, raise NoRule if nobody knows its holidays."""
    if year not in rules.holiday_years:
        raise NoRule(
            Message(
                "the holidays of {year} are not in config/rules/holidays; propose them with `config holidays "
                "{year}`, keep what the decree says",
                year=year,
            )
        )


def hours_on(schedule: Schedule, day: date, *, ramadan: bool = False, shift: str = "") -> DayHours | None:
    """Given a schedule and a day, return its hours: of the weekday, or of the shift where the schedule has shifts.

    None is a weekday without duty, or a shift that the schedule does not have. Raise NoRule if none are dated.
    """
    if schedule.shifts is not None:
        return schedule.shifts.on(day).value.get(shift)
    week = schedule.ramadan_week if ramadan and schedule.ramadan_week is not None else schedule.week
    if week is None:
        raise ValueError(f"schedule {schedule.name} has neither weeks nor shifts")
    return week.on(day).value.days[day.weekday()]


def shifts_on(schedule: Schedule, day: date, roster: Sequence[str]) -> tuple[Shift, ...]:
    """Given a schedule of shifts and what the roster says of a day (empty: it has no row), return each duty of the day.

    Holidays and weekends do not matter: the roster knows them. Raise NoRule if no shifts are dated.
    """
    names = roster or ("",)
    return tuple(Shift(name, hours_on(schedule, day, shift=name)) for name in names if name != OFF)


def why_pending(schedule: str, shift: str) -> Message:
    """Given the schedule and a shift of which nobody knows the hours, say why."""
    return (
        Message("the schedule {schedule} has no shift {shift}", schedule=schedule, shift=shift)
        if shift
        else Message("no roster row")
    )


def local_hours(day: date, hours: DayHours) -> LocalHours:
    """Given the hours of a duty that starts on a day, return them in local time.

    A time that is not after the one before it belongs to the next day: that is how a night duty is written.
    """
    start = datetime.combine(day, hours.start)
    end = _next(start, hours.end)
    if hours.break_start is None or hours.break_end is None:
        return LocalHours(start, end, None, None)
    break_start = _next(start, hours.break_start)
    return LocalHours(start, end, break_start, _next(break_start, hours.break_end))


def _next(after: datetime, clock: time) -> datetime:
    same_day = datetime.combine(after.date(), clock)
    return same_day if same_day > after else same_day + _ONE_DAY
