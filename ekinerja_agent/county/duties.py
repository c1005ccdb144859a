"""The duties of one person and date, by roster or week; holidays and the fasting month considered.

What nobody knows is pending, as it is when a month is scored: a date without a roster row, a shift that the schedule
does not have, a unit that no row tells of, a year whose holidays nobody entered. Does not know scans or minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ekinerja_agent.county.calendar import Calendar, LocalHours, local_hours, shifts_on, why_pending
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.spans import Rows, grouped
from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import RuleBook, Schedule

_ONE_DAY = timedelta(days=1)
_NIGHT_IS_OVER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Duties:
    """The duties that start on a date, in local time. `pending` says why not all of them are known, None if all are;
    `possible` are then those that there may be.
    """

    known: tuple[LocalHours, ...]
    pending: Message | None = None
    possible: tuple[LocalHours, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a stretch of time lies in duty; None: it is `pending`, which says why."""

    inside: bool | None
    pending: Message | None = None


class DutyHours:
    """Duty by person and date, given the rows that stand, the posts and the rules."""

    def __init__(self, rows: Rows, posts: Posts, rules: RuleBook) -> None:
        self._posts, self._rules = posts, rules
        self._calendar = Calendar(((row["date"], row["unit"], row["kind"]) for row in rows("calendar")), rules)
        self._rosters = {
            (nip, row["date"]): row["shifts"].split()
            for nip, own in grouped(rows("rosters"), "nip").items()
            for row in own
        }
        self._days: dict[tuple[str, date], Duties] = {}

    def on(self, nip: str, day: date) -> Duties:
        """Given a person and a date, return the duties that start on it."""
        key = (nip, day)
        if key not in self._days:
            try:
                self._days[key] = self._duties(nip, day)
            except NoRule as error:
                self._days[key] = _anything(day, error.message)
        return self._days[key]

    def hold(self, nip: str, day: date, start: time, end: time) -> Held:
        """Tell whether a stretch of a date lies in one duty of that date, or of a night that ends on it.

        It is pending while the date's duties are, or those of the date before, whose night may have lasted so long.
        """
        stretch = datetime.combine(day, start), datetime.combine(day, end)
        before, own = self.on(nip, day - _ONE_DAY), self.on(nip, day)
        if _lies_in(stretch, (*before.known, *own.known)):
            return Held(inside=True)
        if own.pending is not None:
            return Held(None, own.pending)
        return Held(None, before.pending) if _lies_in(stretch, before.possible) else Held(inside=False)

    def _duties(self, nip: str, day: date) -> Duties:
        spell, unit = self._posts.spell(nip, day), self._posts.unit_of(nip, day)
        if spell is None:
            return Duties(())
        if unit is None:
            return _anything(day, Message("no row of unit {unit} covers {day}", unit=spell["unit"], day=day))
        usual = self._rules.profile(self._posts.profile(nip, day)).schedule
        schedule = self._rules.schedule(spell["schedule"] or unit["schedule"] or usual)
        if schedule.shifts is not None:
            return self._rostered(schedule, nip, day)
        hours = self._calendar.hours(schedule, spell["unit"], day).hours
        return Duties(() if hours is None else (local_hours(day, hours),))

    def _rostered(self, schedule: Schedule, nip: str, day: date) -> Duties:
        shifts = shifts_on(schedule, day, self._rosters.get((nip, day), ()))
        known = tuple(local_hours(day, shift.hours) for shift in shifts if shift.hours is not None)
        lost = next((shift for shift in shifts if shift.hours is None), None)
        if lost is None or schedule.shifts is None:
            return Duties(known)
        every = schedule.shifts.on(day).value.values()
        possible = tuple(local_hours(day, hours) for hours in every)
        return Duties(known, why_pending(schedule.name, lost.name), possible)


def _lies_in(stretch: tuple[datetime, datetime], duties: Iterable[LocalHours]) -> bool:
    begins, ends = stretch
    return any(duty.start <= begins and ends <= duty.end for duty in duties)


def _anything(day: date, pending: Message) -> Duties:
    """Nothing is known of the date: a duty may begin whenever and last the night."""
    begin = datetime.combine(day, time())
    return Duties((), pending, (LocalHours(begin, begin + _NIGHT_IS_OVER, None, None),))
