"""What may stand in the rule files besides profiles, as a person writes it.

Promises that a break lies inside its duty, that months and rungs follow each other. Does not know how files
refer to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from ekinerja_agent.rulebook.dated import IN_ORDER, DatedEntry, Mark, span_faults
from ekinerja_agent.rulebook.profile_file import ProfileFile
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Day, Id, Text, TimeRange, Word, whole

MINUTES_A_DAY: Final = 1440
MONTH_DAYS: Final = (29, 30)
"""How many days a month of the Islamic calendar has."""
DAYS_OF_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


# --- schedules.yaml ---


class DutyDay(FileSection):
    """Duty hours of one weekday, in local time."""

    duty: TimeRange
    """From the first due time to the last; an end at or before the start lies on the next day."""
    pause: TimeRange | None = Field(default=None, alias="break")
    """The break, inside the duty."""

    @model_validator(mode="after")
    def _break_inside_duty(self) -> DutyDay:
        if self.pause is None:
            return self
        start, end = (at.hour * 60 + at.minute for at in self.duty)
        length = (end - start - 1) % MINUTES_A_DAY + 1
        opens, closes = ((at.hour * 60 + at.minute - start) % MINUTES_A_DAY for at in self.pause)
        if not 0 < opens < closes < length:
            raise faults([(("break",), "the break does not lie inside the duty")])
        return self


def _off_is_none(value: object) -> object:
    # None would be an empty value, which is never meant here.
    if value is None:
        raise faults([((), "nothing was found; off or a group with duty and break is allowed")])
    return None if value == "off" else value


OptionalDay = Annotated[DutyDay | None, BeforeValidator(_off_is_none, json_schema_input_type=DutyDay | Literal["off"])]


class WeekValue(FileSection):
    """The seven days of a week; `off` is a day without duty."""

    monday: OptionalDay
    tuesday: OptionalDay
    wednesday: OptionalDay
    thursday: OptionalDay
    friday: OptionalDay
    saturday: OptionalDay
    sunday: OptionalDay


class WeekEntry(DatedEntry):
    value: WeekValue


class ScheduleSection(FileSection):
    """A named working week."""

    title: Text
    week: Annotated[tuple[WeekEntry, ...], *IN_ORDER]
    ramadan_week: Annotated[tuple[WeekEntry, ...], *IN_ORDER] = ()
    """The week of the fasting month. Without it: the same week."""


class SchedulesFile(FileSection):
    """schedules.yaml: working weeks by name."""

    schedules: dict[Id, ScheduleSection]


# --- ramadan.yaml ---


class RamadanEntry(FileSection):
    """One fasting month as decided (isbat)."""

    first: Day
    last: Day
    """The last day of fasting, included."""
    source: Text
    mark: Mark


def _months(entries: tuple[RamadanEntry, ...]) -> tuple[RamadanEntry, ...]:
    wrong: list[tuple[KeyPath, str]] = []
    for index, entry in enumerate(entries):
        length = (entry.last - entry.first).days + 1
        if length not in MONTH_DAYS:
            wrong.append(((index, "last"), f"the month would have {length} days; 29 or 30 are allowed"))
        if index and entry.first <= entries[index - 1].last:
            wrong.append(((index, "first"), f"{entry.first} does not come after the month before; months must ascend"))
    if wrong:
        raise faults(wrong)
    return entries


class RamadanFile(FileSection):
    """ramadan.yaml: first and last day of each fasting month."""

    ramadan: Annotated[tuple[RamadanEntry, ...], AfterValidator(_months)]


# --- holidays/YEAR.yaml ---


class HolidayEntry(FileSection):
    """One day off."""

    date: Day
    kind: Literal["libur_nasional", "cuti_bersama"]
    name: Text
    source: Text | None = None
    """Where this day comes from, if not from the file's source."""
    mark: Mark | None = None


class HolidaysFile(FileSection):
    """holidays/YEAR.yaml: the days off of one year."""

    source: Text
    """The decree of the year."""
    mark: Mark
    holidays: tuple[HolidayEntry, ...]


# --- unexcused.yaml ---


class RungEntry(FileSection):
    """One rung of the ladder."""

    from_days: Annotated[int, whole(1, 366)]
    to_days: Annotated[int, whole(1, 366)] | None = None
    """Included; the last rung has none."""
    code: Word
    text: Text


def _rungs(rungs: tuple[RungEntry, ...]) -> tuple[RungEntry, ...]:
    spans = [(rung.from_days, rung.to_days) for rung in rungs]
    if wrong := list(span_faults(spans, "from_days", "to_days")) + list(_repeated_codes(rungs)):
        raise faults(wrong)
    return rungs


def _repeated_codes(rungs: Sequence[RungEntry]) -> Iterator[tuple[KeyPath, str]]:
    codes = [rung.code for rung in rungs]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield (index, "code"), f"{code} stands twice; each rung has its own code"


class UnexcusedValue(FileSection):
    """How unexcused days of a calendar year add up."""

    minutes_per_day: Annotated[int, whole(1, MINUTES_A_DAY)]
    """So many late and early minutes make one day."""
    statuses: Annotated[tuple[Literal["pns", "cpns", "pppk", "pppk_paruh_waktu", "non_asn"], ...], Field(min_length=1)]
    """Employment statuses that it judges."""
    rungs: Annotated[tuple[RungEntry, ...], Field(min_length=1), AfterValidator(_rungs)]
    run_days: Annotated[int, whole(1, 366)] | None = None
    """So many consecutive working days reach run_code at once."""
    run_code: Word | None = None

    @model_validator(mode="after")
    def _run_is_whole(self) -> UnexcusedValue:
        if (self.run_days is None) != (self.run_code is None):
            raise faults([((), "run_days and run_code stand together or not at all")])
        return self


class UnexcusedEntry(DatedEntry):
    value: UnexcusedValue


class UnexcusedFile(FileSection):
    """unexcused.yaml: PP 94/2021 and its predecessor."""

    unexcused: Annotated[tuple[UnexcusedEntry, ...], *IN_ORDER]


RULE_FILES: Final[dict[str, type[BaseModel]]] = {
    "schedules": SchedulesFile,
    "ramadan": RamadanFile,
    "holidays": HolidaysFile,
    "unexcused": UnexcusedFile,
    "profile": ProfileFile,
}
"""The model of each kind of rule file."""
