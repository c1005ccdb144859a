"""Which values in use no decree has adopted: nobody is deducted by a value that is not the text of a law.

Promises to name each such value once with the place where it stands. A value of mark V in a file that is this program's
to the byte is the text of a rule, one that is empty, none or zero has no effect; neither is asked for. Names those that
hold for less than a month, too. Does not know who may close a month.

Holidays, the months of Ramadan and the ladder of unexcused days name their decree as source and are not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Final

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import (
    AbsenceDay,
    AbsenceKind,
    Band,
    Citation,
    Dated,
    EventCost,
    Factors,
    Missing,
    PlanEffect,
    PlanRule,
    Profile,
    RuleBook,
    Sakip,
    Schedule,
    Timeline,
    Workload,
)

EVERY_VALUE: Final = "*"
TEXT_OF_A_RULE: Final = "V"
FULL_PCT: Final = 100
EFFECTS: Final[Mapping[type, tuple[str, ...]]] = {
    # nouns that may be there and do nothing: the fields of which one must be more than none or zero; no field at all
    # where nothing is paid by it
    Band: ("deduction_ppm",),
    Missing: ("deduction_ppm", "as_minutes"),
    AbsenceDay: ("deduction_ppm", "presence_share"),
    EventCost: ("weekdays_ppm",),
    AbsenceKind: ("credited_minutes", "deduction_ppm", "pay", "late_child_pay"),
    PlanRule: ("effect",),
    PlanEffect: ("critical_ppm", "late_ppm"),
    Workload: (),
    Sakip: (),
}

LEAST_LIFE: Final = timedelta(days=27)
"""From the first day of a February to its last."""


@dataclass(frozen=True, slots=True)
class ShortLived:
    """A value of a profile or a schedule (its `owner`) that holds for less than a month, and where it stands."""

    owner: str
    value: str
    first: date
    last: date
    place: str


Unadopted = tuple[tuple[str, Citation], ...]
"""Names of values, each with where it stands; in the order of a profile."""


def unadopted(book: RuleBook, profile_name: str, first_day: date, last_day: date) -> Unadopted:
    """Given a profile and days, both included, return its values in use on them that no decree adopted.

    A value is adopted by an entry for the profile, or for one that it extends, down to the file in which the value
    stands. Raise NoRule if no file defines the profile.
    """
    profile = book.profile(profile_name)
    adopted = {(adoption.profile, adoption.value) for adoption in book.adoptions}
    found: dict[tuple[str, Citation], None] = {}
    for values in profile_values(profile):
        for entry in _in_use(book, values, first_day, last_day):
            heirs = _down_to_the_file(profile, entry.citation)
            if not any((heir, name) in adopted for heir in heirs for name in (EVERY_VALUE, values.name)):
                found[values.name, entry.citation] = None
    return tuple(found)


def unadopted_schedules(book: RuleBook, names: Iterable[str], first_day: date, last_day: date) -> Unadopted:
    """Given names of schedules and days, both included, return their weeks and shifts that no decree adopted.

    One is adopted by an entry of its own name (`shifts of three-shifts`) for any profile, or by one for every value of
    a profile whose schedule it is. A week of Ramadan is asked for if Ramadan touches the days. Raise NoRule if no file
    defines the schedule.
    """
    fasting = any(month.first <= last_day and first_day <= month.last for month in book.ramadans)
    named = {adoption.value for adoption in book.adoptions}
    whole = {book.profile(adoption.profile).schedule for adoption in book.adoptions if adoption.value == EVERY_VALUE}
    found: list[tuple[str, Citation]] = []
    for name in sorted(set(names) - whole):
        schedule = book.schedule(name)
        for values in schedule_values(schedule):
            if values.name not in named and (fasting or values is not schedule.ramadan_week):
                found += [(values.name, entry.citation) for entry in _in_use(book, values, first_day, last_day)]
    return tuple(found)


def profile_values(profile: Profile) -> Iterator[Timeline[Any]]:
    """Given a profile, yield its dated values."""
    values = (getattr(profile, field.name) for field in fields(profile))
    return (value for value in values if isinstance(value, Timeline))


def schedule_values(schedule: Schedule) -> Iterator[Timeline[Any]]:
    """Given a schedule, yield its dated values."""
    return (values for values in (schedule.week, schedule.ramadan_week, schedule.shifts) if values is not None)


def short_lived(
    book: RuleBook, profiles: Iterable[str], schedules: Iterable[str], first_day: date, last_day: date
) -> tuple[ShortLived, ...]:
    """Given names of profiles and schedules and days, both included, return the values in use on them that live less
    than a month: by such a one a day can be paid that no other month knows of. Raise NoRule for an unknown name.
    """
    timelines = [
        *((name, values) for name in profiles for values in profile_values(book.profile(name))),
        *((name, values) for name in schedules for values in schedule_values(book.schedule(name))),
    ]
    return tuple(
        ShortLived(owner, values.name, entry.first, entry.last, entry.citation.place)
        for owner, values in timelines
        for entry in values
        if entry.last is not None
        and entry.last - entry.first < LEAST_LIFE
        and entry.first <= last_day
        and first_day <= entry.last
    )


def short_lived_sentence(one: ShortLived) -> Message:
    """Given a value that lives less than a month, return what is said of it."""
    return Message(
        "{value} of {owner} ({place}) holds from {first} to {last} alone, less than a month",
        value=one.value,
        owner=one.owner,
        place=one.place,
        first=one.first,
        last=one.last,
    )


def _in_use(book: RuleBook, values: Timeline[Any], first_day: date, last_day: date) -> Iterator[Dated[Any]]:
    """Yield the entries that days touch, that are not the text of a rule and that have an effect."""
    for entry in values:
        touched = entry.first <= last_day and (entry.last is None or first_day <= entry.last)
        if touched and not _is_text_of_a_rule(book, entry.citation) and _has_effect(entry.value):
            yield entry


def _is_text_of_a_rule(book: RuleBook, citation: Citation) -> bool:
    file, _, _ = citation.place.rpartition(":")
    return citation.mark == TEXT_OF_A_RULE and file in (book.shipped or ())


def _has_effect(value: Any) -> bool:  # the value of any noun of a profile
    if isinstance(value, Factors):
        factors = (value.general_pct, *value.by_status_pct.values())
        return value.plt_pct > 0 or any(factor != FULL_PCT for factor in factors)
    if (parts := EFFECTS.get(type(value))) is not None:
        return any(_has_effect(getattr(value, part)) for part in parts)
    if isinstance(value, Mapping):
        return any(map(_has_effect, value.values()))
    if isinstance(value, tuple):
        return any(map(_has_effect, value))
    return bool(value)


def _down_to_the_file(profile: Profile, citation: Citation) -> tuple[str, ...]:
    """Given a profile and where a value stands, return the profile and those it extends that have it from there."""
    found = re.fullmatch(r"profiles/(.+)\.yaml:[0-9]+", citation.place)
    writer = found[1] if found else profile.name
    return profile.lineage[: profile.lineage.index(writer) + 1]
