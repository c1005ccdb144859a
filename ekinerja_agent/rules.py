"""The nouns of the rules: dated values with their source, and the profiles that choose among them.

Numbers come from YAML (`rulebook.py` loads them); logic is in `scoring/`. A percentage is an exact integer of parts per
million of its base (1 % = 10,000 ppm). A day that no value covers raises NoRule; the nearest value is never taken.
Imports nothing but the standard library and our errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Generic, TypeVar

from ekinerja_agent.errors import NoRule

PPM_PER_PERCENT = 10_000
WHOLE_PPM = 1_000_000

T = TypeVar("T")


class Scan(StrEnum):
    """The four scans of a duty, in time order."""

    ARRIVE = "arrive"
    BREAK_OUT = "break_out"
    BREAK_IN = "break_in"
    LEAVE = "leave"


class Base(StrEnum):
    """Of what a deduction's percentage is taken: the discipline part, the whole allowance, or each of the two parts."""

    DISCIPLINE = "discipline"
    WHOLE = "whole"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from. `mark` is V (text of the rule seen), S, C, M or I; `place` is FILE:LINE."""

    source: str
    mark: str
    place: str


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value in force from `first` to `last`, both included; `last` None means until further notice."""

    first: date
    last: date | None
    value: T
    citation: Citation


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """One named value through time. Entries ascend and never overlap; gaps are allowed and raise when asked."""

    name: str
    entries: tuple[Dated[T], ...]

    def on(self, day: date) -> Dated[T]:
        """Given a day, return the entry in force. Raise NoRule if none is."""
        for entry in reversed(self.entries):
            if entry.first <= day and (entry.last is None or day <= entry.last):
                return entry
        first = self.entries[0].first.isoformat() if self.entries else "never"
        raise NoRule(
            f"no value of {self.name} covers {day}; the first one starts {first}. "
            "Add the dated value with its source to config/rules, or choose a profile that covers that day"
        )

    def __iter__(self) -> Iterator[Dated[T]]:
        return iter(self.entries)


@dataclass(frozen=True, slots=True)
class Band:
    """Minutes `from_min`..`to_min` (both included, None = no end) cost `deduction_ppm` under the code people know."""

    from_min: int
    to_min: int | None
    code: str
    deduction_ppm: int


@dataclass(frozen=True, slots=True)
class DayHours:
    """Duty hours of one weekday in local time; with `end` <= `start` they end on the next day. No break: both None."""

    start: time
    end: time
    break_start: time | None = None
    break_end: time | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """Hours of Monday to Sunday; None is a day without duty."""

    days: tuple[DayHours | None, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named working week, and the week that replaces it in Ramadan (None: the same week)."""

    name: str
    week: Timeline[Week]
    ramadan_week: Timeline[Week] | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """Edge of a scan's window: minutes after (negative: before) the scan's due time, or the middle of the duty.

    The middle of the duty is half-way between the due times of arrive and leave; `minutes` is then 0. The minute that a
    bound names belongs to the window it closes whole, except the middle, whose minute belongs to the later window.
    """

    minutes: int
    from_middle: bool = False


@dataclass(frozen=True, slots=True)
class ScanRule:
    """One expected scan: its window, and whether the first or the last punch inside counts."""

    scan: Scan
    opens: Bound
    closes: Bound
    take_last: bool


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the allowance; they add up to WHOLE_PPM."""

    discipline_ppm: int
    performance_ppm: int


@dataclass(frozen=True, slots=True)
class Target:
    """Minutes of approved activities that make 100 % of a full month.

    `duty_cap_ppm` caps the target at that share of the person's duty minutes of the month, so that a month with few
    working days can be reached (None: no cap).
    """

    minutes: int
    duty_cap_ppm: int | None


@dataclass(frozen=True, slots=True)
class AbsenceKind:
    """What an approved document of this kind does: it excuses; a whole day of it credits performance minutes."""

    kind: str
    credited_minutes: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """One rung of the sanction ladder for unexcused days in a calendar year (`to_days` None = no end)."""

    from_days: int
    to_days: int | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class UnexcusedRule:
    """PP 94/2021 and its predecessor: minutes that make a day, the rungs, and the consecutive days that end it all.

    `run_days` None means that the rule knows no consecutive run. `statuses` are the employment statuses it judges.
    """

    minutes_per_day: int
    rungs: tuple[Ladder, ...]
    run_days: int | None
    run_code: str
    statuses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a regency chose. Every value is a Timeline, so an old month scores tomorrow as it did then.

    `late`, `early`, `break_late` and `break_early` hold bands by direction (an empty tuple: it costs nothing and has no
    code). `missing_scan` and `absence_day` are ppm; `base` says of what all deductions are taken; `day_cap` is the most
    a day may cost in ppm (None: no cap). `absences` holds the known kinds by name.
    """

    name: str
    title: str
    schedule: str
    scans: Timeline[tuple[ScanRule, ...]]
    late: Timeline[tuple[Band, ...]]
    early: Timeline[tuple[Band, ...]]
    break_late: Timeline[tuple[Band, ...]]
    break_early: Timeline[tuple[Band, ...]]
    missing_scan: Timeline[int]
    absence_day: Timeline[int]
    base: Timeline[Base]
    day_cap: Timeline[int | None]
    split: Timeline[Split]
    target: Timeline[Target]
    absences: Timeline[Mapping[str, AbsenceKind]]


@dataclass(frozen=True, slots=True)
class Holiday:
    """A dated day off: `libur_nasional` or `cuti_bersama`, with the decree that set it."""

    day: date
    kind: str
    name: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Ramadan:
    """One fasting month, first and last day included, as decided (isbat), not as computed."""

    first: date
    last: date
    citation: Citation


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that are in the files. `digest` is `sha256:…` over their meaning, the same for the same rules.

    `holiday_years` are the years whose decree is in the files: a year without one cannot be scored.
    """

    profiles: Mapping[str, Profile]
    schedules: Mapping[str, Schedule]
    holidays: Mapping[date, Holiday]
    holiday_years: frozenset[int]
    ramadans: tuple[Ramadan, ...]
    unexcused: Timeline[UnexcusedRule]
    digest: str

    def profile(self, name: str) -> Profile:
        """Given a profile's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.profiles[name]
        except KeyError:
            known = ", ".join(sorted(self.profiles))
            raise NoRule(f"no profile is called {name!r}; config/rules/profiles has {known}") from None

    def schedule(self, name: str) -> Schedule:
        """Given a schedule's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.schedules[name]
        except KeyError:
            known = ", ".join(sorted(self.schedules))
            raise NoRule(f"no schedule is called {name!r}; config/rules/schedules.yaml has {known}") from None

    def ramadan_on(self, day: date) -> Ramadan | None:
        """Given a day, return the fasting month it lies in, or None. Raise NoRule if its year has no decided date."""
        for month in self.ramadans:
            if month.first <= day <= month.last:
                return month
        if not any(day.year in {month.first.year, month.last.year} for month in self.ramadans):
            raise NoRule(
                f"the first and last day of Ramadan {day.year} are not decided in config/rules/ramadan.yaml; "
                "add them from the isbat decision before scoring that year"
            )
        return None
