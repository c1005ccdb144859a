"""Ceremonies that the rules themselves announce, such as that of the 17th: on which day each unit holds them.

Does not know who comes, nor what it costs. Source: regulations sections 1 and 9 (HKN).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from ekinerja_agent.county.calendar import EVERY_UNIT, Calendar, hours_on
from ekinerja_agent.rules import Ceremony, RuleBook, Schedule
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.schemas import EVENTS, MonthFacts
from ekinerja_agent.scoring.frames.steps import collect, covers

_SATURDAY = 5
_MIDDLE = 15


def ceremony_day(ceremony: Ceremony, month: date, is_working: Callable[[date], bool]) -> date:
    """Given a ceremony, the first day of a month and which days are worked, return the day on which it is held.

    That is its own day where it is fixed or worked, else the next day that is.
    """
    day = month.replace(day=ceremony.day_of_month)
    while not is_working(day) and (day.month, day.day) not in ceremony.fixed:
        day += timedelta(days=1)
    return day


def announced(facts: MonthFacts, roster: Roster, rules: RuleBook) -> pl.DataFrame:
    """Given the facts, duties and rules of a month, return the ceremonies that profiles announce, as EVENTS: one row
    per ceremony and unit that has a duty in the second half of the month.

    An imported event of the same kind and day, of the unit or of all, replaces it. Raise NoRule if the profile of such
    a duty says nothing of ceremonies on its day.
    """
    imported = set(facts.events.select("kind", "day", "unit").iter_rows())
    calendar = Calendar(facts.calendar.select("day", "unit", "kind").iter_rows(), rules)
    rows = []
    for unit, profile, schedule, day in _units(facts, roster):
        week = rules.schedule(schedule or rules.profile(profile).schedule)

        def is_working(day: date, unit: str = unit, week: Schedule = week) -> bool:
            if calendar.is_off(unit, day):
                return False
            return day.weekday() < _SATURDAY if week.shifts is not None else hours_on(week, day) is not None

        for ceremony in rules.profile(profile).ceremonies.on(day).value:
            held_on = ceremony_day(ceremony, facts.month, is_working)
            if imported.isdisjoint({(ceremony.kind, held_on, unit), (ceremony.kind, held_on, EVERY_UNIT)}):
                rows.append(
                    {
                        "event": f"{ceremony.code}-{held_on}",
                        "kind": ceremony.kind,
                        "unit": unit,
                        "day": held_on,
                        "opens": ceremony.opens,
                        "closes": ceremony.closes,
                    }
                )
    return pl.DataFrame(rows, schema=EVENTS)


def _units(facts: MonthFacts, roster: Roster) -> list[tuple[str, str, str | None, date]]:
    """Unit, profile, the unit's own schedule and the day of its first duty from the middle of the month on."""
    second_half = roster.duties.lazy().filter(pl.col("date") >= facts.month.replace(day=_MIDDLE))
    first = second_half.sort("date", "duty").unique("unit", keep="first").select("unit", "profile", day="date")
    found = (
        first.join(facts.units.lazy().drop("profile"), on="unit", how="left")
        .filter(covers("day"))
        .sort("unit")
        .select("unit", "profile", "schedule", "day")
    )
    return collect(found).rows()
