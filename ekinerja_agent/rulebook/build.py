"""The content of rule files into the nouns of `rules/`, each value with the line it came from.

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

from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.activities import ActivitiesEntry, RequestSilenceEntry, SilenceEntry
from ekinerja_agent.rulebook.dated import ONE_DAY, DatedEntry
from ekinerja_agent.rulebook.deductions import (
    AbsenceDayEntry,
    BandsEntry,
    BaseEntry,
    CapEntry,
    CeremoniesEntry,
    EventsEntry,
    FlexibleStartEntry,
    MassAnomalyEntry,
    MissingEntry,
    PerMinuteEntry,
    ScansEntry,
)
from ekinerja_agent.rulebook.files import (
    AdoptedFile,
    HolidaysFile,
    RamadanFile,
    SchedulesFile,
    ShiftsEntry,
    UnexcusedEntry,
    UnexcusedFile,
    WeekEntry,
)
from ekinerja_agent.rulebook.measures import IndicatorsEntry, PlansEntry, SakipEntry, WorkloadEntry
from ekinerja_agent.rulebook.payment import (
    AbsencesEntry,
    CorrectionsEntry,
    FactorsEntry,
    PerformanceEntry,
    SplitEntry,
    TargetEntry,
    TransfersEntry,
)
from ekinerja_agent.rulebook.profile_file import IN_TWO_WAYS, ProfileFile
from ekinerja_agent.rules import (
    Adoption,
    Band,
    Citation,
    Dated,
    Holiday,
    Ladder,
    Profile,
    Ramadan,
    Schedule,
    Timeline,
    UnexcusedRule,
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
        return Citation(entry.source, entry.mark, self.place(path))

    def place(self, path: KeyPath) -> str:
        """Given a path, return where it stands: FILE:LINE."""
        return f"{self.name}:{self.document.line(path)}"


def build_schedules(file: RuleFile[SchedulesFile]) -> dict[str, Schedule]:
    """Given schedules.yaml or a file in schedules/, return the working weeks and shifts by name."""
    schedules: dict[str, Schedule] = {}
    for name, section in file.value.schedules.items():
        path: KeyPath = ("schedules", name)
        week, ramadan, shifts = section.week, section.ramadan_week, section.shifts
        schedules[name] = Schedule(
            name,
            week=file.timeline((*path, "week"), week, WeekEntry.meaning, Message("week of {name}", name=name))
            if week
            else None,
            ramadan_week=file.timeline(
                (*path, "ramadan_week"), ramadan, WeekEntry.meaning, Message("ramadan_week of {name}", name=name)
            )
            if ramadan
            else None,
            shifts=file.timeline((*path, "shifts"), shifts, ShiftsEntry.meaning, Message("shifts of {name}", name=name))
            if shifts
            else None,
        )
    return schedules


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
        place = file.place(("holidays", index))
        citation = Citation(entry.source or file.value.source, entry.mark or file.value.mark, place)
        holidays[entry.date] = Holiday(entry.date, entry.kind, entry.name, citation)
    return holidays


def build_unexcused(file: RuleFile[UnexcusedFile]) -> Timeline[UnexcusedRule]:
    """Given unexcused.yaml, return its rule through time."""
    return file.timeline(("unexcused",), file.value.unexcused, _unexcused)


def _unexcused(entry: UnexcusedEntry) -> UnexcusedRule:
    value = entry.value
    rungs = tuple(Ladder(rung.from_days, rung.to_days, rung.code, rung.text) for rung in value.rungs)
    return UnexcusedRule(
        value.minutes_per_day,
        rungs,
        value.run_days,
        value.run_code or "",
        frozenset(value.statuses),
        value.missing_scan_minutes,
    )


def build_adoptions(file: RuleFile[AdoptedFile]) -> tuple[Adoption, ...]:
    """Given adopted.yaml, return the adoptions in its order."""
    return tuple(
        Adoption(entry.value, entry.profile, entry.decree, entry.date, entry.by, file.place(("adopted", index)))
        for index, entry in enumerate(file.value.adopted)
    )


class ProfileBuilder:
    """Joins profiles with what they extend. What is wrong between files goes to `problems`.

    `broken` are the names of profiles whose own file is wrong already; what extends them is passed over in
    silence. `schedules` None means that a file of schedules is wrong already.
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
            names = self._names(name)
            profile = self._profile(names) if names else None
            if profile is not None:
                profiles[name] = profile
            self._check_schedule(file)
        return profiles

    def _names(self, name: str) -> list[str]:
        """Given a profile, return its name and those of what it extends, nearest first; empty if they cannot join."""
        file = self._files[name]
        names = [name]
        while (parent := self._files[names[-1]].value.extends) is not None:
            if parent in names:
                # Told once: by the profiles that stand in the circle, not by those that lead into it.
                if parent == name:
                    circle = " extends ".join([*names, parent])
                    self._problems.append(
                        file.document.problem(("extends",), Message("{circle}; a circle has no values", circle=circle))
                    )
                return []
            if parent in self._broken:
                return []
            if parent not in self._files:
                if len(names) == 1:
                    known = allowed_words(parent, {*self._files, *self._broken} - {name})
                    message = Message("there is no profile {parent}; {known}", parent=repr(parent), known=known)
                    self._problems.append(file.document.problem(("extends",), message))
                return []
            names.append(parent)
        return names

    def _check_schedule(self, file: RuleFile[ProfileFile]) -> None:
        named = file.value.schedule
        if named is not None and self._schedules is not None and named not in self._schedules:
            message = Message(
                "there is no schedule {named}; {allowed}",
                named=repr(named),
                allowed=allowed_words(named, self._schedules),
            )
            self._problems.append(file.document.problem(("schedule",), message))

    def _profile(self, lineage: list[str]) -> Profile | None:
        """Given a profile's name and those of what it extends, return the profile; None if a value is missing."""
        chain = [self._files[name] for name in lineage]
        values = _Values(chain)
        schedule = next((file.value.schedule for file in chain if file.value.schedule), "")
        profile = Profile(
            name=lineage[0],
            title=chain[0].value.title,
            lineage=tuple(lineage),
            schedule=schedule,
            scans=values.timeline("scans", ScansEntry.meaning),
            late=values.bands("late_classes"),
            early=values.bands("early_classes"),
            break_late=values.bands("break_late_classes"),
            break_early=values.bands("break_early_classes"),
            flexible_start=values.timeline("flexible_start", FlexibleStartEntry.meaning),
            missing_scan=values.timeline("missing_scan", MissingEntry.meaning),
            absence_day=values.timeline("absence_day", AbsenceDayEntry.meaning),
            base=values.timeline("base", BaseEntry.meaning),
            day_cap=values.timeline("day_cap", CapEntry.meaning),
            month_cap=values.timeline("month_cap", CapEntry.meaning),
            events=values.timeline("events", EventsEntry.meaning),
            ceremonies=values.timeline("ceremonies", CeremoniesEntry.meaning),
            split=values.timeline("split", SplitEntry.meaning),
            target=values.timeline("target_minutes", TargetEntry.meaning),
            performance=values.timeline("performance", PerformanceEntry.meaning),
            absences=values.timeline("absences", AbsencesEntry.meaning),
            factors=values.timeline("factors", FactorsEntry.meaning),
            prorate_transfers=values.timeline("transfers", TransfersEntry.meaning),
            corrections_per_month=values.timeline("corrections_per_month", CorrectionsEntry.meaning),
            mass_anomaly=values.timeline("mass_anomaly", MassAnomalyEntry.meaning),
            plans=values.timeline("plans", PlansEntry.meaning),
            indicators=values.timeline("indicators", IndicatorsEntry.meaning),
            workload=values.timeline("workload", WorkloadEntry.meaning),
            sakip=values.timeline("sakip", SakipEntry.meaning),
            activities=values.timeline("activities", ActivitiesEntry.meaning),
            superior_silence=values.timeline("superior_silence", SilenceEntry.meaning),
            request_silence=values.timeline("request_silence", RequestSilenceEntry.meaning),
        )
        missing = [*values.missing, *([] if schedule else ["schedule"])]
        for key in missing:
            # What no file of the chain has is missing in its last one, which is told by itself.
            if len(chain) == 1:
                message = Message("the key is missing; it is required here")
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

        def convert(entry: BandsEntry | PerMinuteEntry) -> tuple[Band, ...]:
            return entry.meaning(prefix)

        keys = (key, IN_TWO_WAYS[key], *((SHARED_BANDS,) if may_share else ()))
        for file in self._chain:
            for written in keys:
                if entries := getattr(file.value, written):
                    return file.timeline((written,), entries, convert)
        self.missing.append(Message("{key} or {other_key}", key=key, other_key=SHARED_BANDS) if may_share else key)
        return Timeline(key, ())
