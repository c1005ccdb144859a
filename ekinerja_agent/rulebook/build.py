"""The content of rule files into the nouns of `rules.py`, each value with the line it came from.

Promises that a profile is complete after inheritance or told as a problem, never filled from a default. Does
not read files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, zip_longest
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel

from ekinerja_agent.errors import Problem
from ekinerja_agent.rulebook.dated import ONE_DAY, DatedEntry
from ekinerja_agent.rulebook.files import (
    DAYS_OF_WEEK,
    DutyDay,
    HolidaysFile,
    RamadanFile,
    SchedulesFile,
    UnexcusedEntry,
    UnexcusedFile,
    WeekEntry,
)
from ekinerja_agent.rulebook.profile_file import (
    AbsencesEntry,
    BandsEntry,
    BaseEntry,
    CapEntry,
    PercentEntry,
    ProfileFile,
    ScansEntry,
    SplitEntry,
    TargetEntry,
)
from ekinerja_agent.rules import (
    AbsenceKind,
    Band,
    Base,
    Citation,
    Dated,
    DayHours,
    Holiday,
    Ladder,
    Profile,
    Ramadan,
    Scan,
    ScanRule,
    Schedule,
    Split,
    Target,
    Timeline,
    UnexcusedRule,
    Week,
)
from ekinerja_agent.yamlfile import Document, KeyPath, allowed_words

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Entry = TypeVar("Entry", bound=DatedEntry)


class Cited(Protocol):
    """An entry that says where its value comes from."""

    @property
    def source(self) -> str: ...
    @property
    def mark(self) -> str: ...


SHARED_BANDS: Final = "late_early_classes"
DIRECTIONS: Final = {
    # key of the file: (prefix of the codes, whether late_early_classes may stand for it)
    "late_classes": ("TL", True),
    "early_classes": ("PSW", True),
    "break_late_classes": ("IST", False),
    "break_early_classes": ("ISC", False),
}


@dataclass(frozen=True, slots=True)
class RuleFile(Generic[M]):
    """A loaded file, and its name relative to the rules directory: what citations call it."""

    name: str
    value: M
    document: Document

    def timeline(
        self, path: KeyPath, entries: Sequence[Entry], convert: Callable[[Entry], T], name: str = ""
    ) -> Timeline[T]:
        """Given the dated entries at a path, return them as a timeline named after the path's last key."""
        ends = [later.first - ONE_DAY for earlier, later in pairwise(entries)]
        return Timeline(
            name or str(path[-1]),
            tuple(
                Dated(entry.first, entry.last or end, convert(entry), self.cite(entry, (*path, index)))
                for index, (entry, end) in enumerate(zip_longest(entries, ends))
            ),
        )

    def cite(self, entry: Cited, path: KeyPath) -> Citation:
        """Given an entry with a source and the path where it stands, return its citation."""
        return Citation(entry.source, entry.mark, f"{self.name}:{self.document.line(path)}")


def build_schedules(file: RuleFile[SchedulesFile]) -> dict[str, Schedule]:
    """Given schedules.yaml, return the working weeks by name."""
    schedules: dict[str, Schedule] = {}
    for name, section in file.value.schedules.items():
        path: KeyPath = ("schedules", name)
        ramadan = section.ramadan_week
        schedules[name] = Schedule(
            name,
            file.timeline((*path, "week"), section.week, _week, f"week of {name}"),
            file.timeline((*path, "ramadan_week"), ramadan, _week, f"ramadan_week of {name}") if ramadan else None,
        )
    return schedules


def _week(entry: WeekEntry) -> Week:
    return Week(tuple(_hours(getattr(entry.value, day)) for day in DAYS_OF_WEEK))


def _hours(day: DutyDay | None) -> DayHours | None:
    if day is None:
        return None
    return DayHours(*day.duty, *(day.pause or (None, None)))


def build_ramadans(file: RuleFile[RamadanFile]) -> tuple[Ramadan, ...]:
    """Given ramadan.yaml, return the fasting months in time order."""
    return tuple(
        Ramadan(entry.first, entry.last, file.cite(entry, ("ramadan", index)))
        for index, entry in enumerate(file.value.ramadan)
    )


def build_holidays(file: RuleFile[HolidaysFile]) -> dict[date, Holiday]:
    """Given the holidays of a year, return them by date."""
    holidays: dict[date, Holiday] = {}
    for index, entry in enumerate(file.value.holidays):
        place = f"{file.name}:{file.document.line(('holidays', index))}"
        citation = Citation(entry.source or file.value.source, entry.mark or file.value.mark, place)
        holidays[entry.date] = Holiday(entry.date, entry.kind, entry.name, citation)
    return holidays


def build_unexcused(file: RuleFile[UnexcusedFile]) -> Timeline[UnexcusedRule]:
    """Given unexcused.yaml, return its rule through time."""
    return file.timeline(("unexcused",), file.value.unexcused, _unexcused)


def _unexcused(entry: UnexcusedEntry) -> UnexcusedRule:
    value = entry.value
    rungs = tuple(Ladder(rung.from_days, rung.to_days, rung.code, rung.text) for rung in value.rungs)
    return UnexcusedRule(value.minutes_per_day, rungs, value.run_days, value.run_code or "", frozenset(value.statuses))


class ProfileBuilder:
    """Joins profiles with what they extend. What is wrong between files goes to `problems`.

    `broken` are the names of profiles whose own file is wrong already; what extends them is passed over in
    silence. `schedules` None means that schedules.yaml is wrong already.
    """

    def __init__(
        self,
        files: Mapping[str, RuleFile[ProfileFile]],
        broken: Collection[str],
        schedules: Collection[str] | None,
        problems: list[Problem],
    ) -> None:
        self._files = files
        self._broken = broken
        self._schedules = schedules
        self._problems = problems

    def build(self) -> dict[str, Profile]:
        """Return every profile whose line of parents is whole and that has all its values."""
        profiles = {}
        for name, file in sorted(self._files.items()):
            chain = self._chain(name)
            profile = self._profile(name, chain) if chain else None
            if profile is not None:
                profiles[name] = profile
            self._check_schedule(file)
        return profiles

    def _chain(self, name: str) -> list[RuleFile[ProfileFile]]:
        """Given a profile, return its file and those it extends, nearest first; empty if they cannot join."""
        chain = [self._files[name]]
        names = [name]
        while (parent := chain[-1].value.extends) is not None:
            if parent in names:
                # Told once: by the profiles that stand in the circle, not by those that lead into it.
                if parent == name:
                    circle = " extends ".join([*names, parent])
                    self._problems.append(chain[0].document.problem(("extends",), f"{circle}; a circle has no values"))
                return []
            if parent in self._broken:
                return []
            if parent not in self._files:
                if len(chain) == 1:
                    known = allowed_words(parent, {*self._files, *self._broken} - {name})
                    message = f"there is no profile {parent!r}; {known}"
                    self._problems.append(chain[0].document.problem(("extends",), message))
                return []
            names.append(parent)
            chain.append(self._files[parent])
        return chain

    def _check_schedule(self, file: RuleFile[ProfileFile]) -> None:
        named = file.value.schedule
        if named is not None and self._schedules is not None and named not in self._schedules:
            message = f"there is no schedule {named!r} in schedules.yaml; {allowed_words(named, self._schedules)}"
            self._problems.append(file.document.problem(("schedule",), message))

    def _profile(self, name: str, chain: list[RuleFile[ProfileFile]]) -> Profile | None:
        """Given a profile's name and files, return the profile; None if a value is missing."""
        values = _Values(chain)
        schedule = next((file.value.schedule for file in chain if file.value.schedule), "")
        profile = Profile(
            name=name,
            title=chain[0].value.title,
            schedule=schedule,
            scans=values.timeline("scans", _scans),
            late=values.bands("late_classes"),
            early=values.bands("early_classes"),
            break_late=values.bands("break_late_classes"),
            break_early=values.bands("break_early_classes"),
            missing_scan=values.timeline("missing_scan", _percent),
            absence_day=values.timeline("absence_day", _percent),
            base=values.timeline("base", _base),
            day_cap=values.timeline("day_cap", _cap),
            split=values.timeline("split", _split),
            target=values.timeline("target_minutes", _target),
            absences=values.timeline("absences", _absences),
        )
        missing = [*values.missing, *([] if schedule else ["schedule"])]
        for key in missing:
            # What no file of the chain has is missing in its last one, which is told by itself.
            if len(chain) == 1:
                message = "the key is missing; it is required here"
                self._problems.append(chain[0].document.key_problem((key,), message))
        return None if missing else profile


class _Values:
    """Finds each value of a profile in the nearest file that has it; `missing` are keys that no file has."""

    def __init__(self, chain: Sequence[RuleFile[ProfileFile]]) -> None:
        self._chain = chain
        self.missing: list[str] = []

    def timeline(self, key: str, convert: Callable[[Any], T]) -> Timeline[T]:
        for file in self._chain:
            if entries := getattr(file.value, key):
                return file.timeline((key,), entries, convert)
        self.missing.append(key)
        return Timeline(key, ())

    def bands(self, key: str) -> Timeline[tuple[Band, ...]]:
        """Given a direction, return its bands: a file's own, else its shared, else of what it extends."""
        prefix, may_share = DIRECTIONS[key]

        def convert(entry: BandsEntry) -> tuple[Band, ...]:
            return tuple(
                Band(band.from_min, band.to_min, f"{prefix}{number}", band.deduction_pct)
                for number, band in enumerate(entry.value, start=1)
            )

        for file in self._chain:
            for written in (key, SHARED_BANDS) if may_share else (key,):
                if entries := getattr(file.value, written):
                    return file.timeline((written,), entries, convert)
        self.missing.append(f"{key} or {SHARED_BANDS}" if may_share else key)
        return Timeline(key, ())


def _scans(entry: ScansEntry) -> tuple[ScanRule, ...]:
    return tuple(ScanRule(Scan(scan.scan), scan.opens, scan.closes, scan.takes == "last") for scan in entry.value)


def _percent(entry: PercentEntry) -> int:
    return entry.value


def _base(entry: BaseEntry) -> Base:
    return Base(entry.value)


def _cap(entry: CapEntry) -> int | None:
    return entry.value


def _split(entry: SplitEntry) -> Split:
    return Split(entry.value.discipline_pct, entry.value.performance_pct)


def _target(entry: TargetEntry) -> Target:
    return Target(entry.value.minutes, entry.value.duty_cap_pct)


def _absences(entry: AbsencesEntry) -> dict[str, AbsenceKind]:
    return {kind: AbsenceKind(kind, value.credited_minutes) for kind, value in sorted(entry.value.items())}
