"""What may stand in the rule files besides profiles, as a person writes it.

Promises that a break lies inside its duty, that months and rungs follow each other. Does not know how files
refer to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.dated import IN_ORDER, MINUTES_A_DAY, DatedEntry, Mark, none_for, span_faults
from ekinerja_agent.rulebook.deductions import WEEKDAYS
from ekinerja_agent.rulebook.profile_file import ProfileFile
from ekinerja_agent.rules import DayHours, Week
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Day, Id, Text, TimeRange, Word, whole

MONTH_DAYS: Final = (29, 30)
"""How many days a month of the Islamic calendar has."""
NO_DUTY: Final = "OFF"
"""How a roster says that a person has no duty on a date; no shift may be called so."""


# --- schedules.yaml, schedules/NAME.yaml ---


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
            raise faults([(("break",), Message("the break does not lie inside the duty"))])
        return self

    def meaning(self) -> DayHours:
        """Return the hours."""
        return DayHours(*self.duty, *(self.pause or (None, None)))


OptionalDay = Annotated[
    DutyDay | None,
    BeforeValidator(
        none_for("off", Message("a group with duty and break")), json_schema_input_type=DutyDay | Literal["off"]
    ),
]


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

    def meaning(self) -> Week:
        """Return the week."""
        days = (getattr(self.value, day) for day in WEEKDAYS)
        return Week(tuple(day.meaning() if day else None for day in days))


def _shift_names(shifts: dict[str, DutyDay]) -> dict[str, DutyDay]:
    if wrong := [
        ((name,), Message("a roster says {name} for no duty; give the shift another name", name=name))
        for name in shifts
        if name.upper() == NO_DUTY
    ]:
        raise faults(wrong)
    return shifts


class ShiftsEntry(DatedEntry):
    value: Annotated[dict[Id, DutyDay], Field(min_length=1), AfterValidator(_shift_names)]
    """The hours of each shift by its name in the roster."""

    def meaning(self) -> dict[str, DayHours]:
        """Return the shifts by name."""
        return {name: day.meaning() for name, day in sorted(self.value.items())}


class ScheduleSection(FileSection):
    """A named working week, or shifts that a roster gives out."""

    title: Text
    week: Annotated[tuple[WeekEntry, ...], *IN_ORDER] = ()
    ramadan_week: Annotated[tuple[WeekEntry, ...], *IN_ORDER] = ()
    """The week of the fasting month. Without it: the same week."""
    shifts: Annotated[tuple[ShiftsEntry, ...], *IN_ORDER] = ()
    """Instead of a week: the shifts that a person's roster names day by day."""

    @model_validator(mode="after")
    def _week_or_shifts(self) -> ScheduleSection:
        wrong: list[tuple[KeyPath, Message]] = []
        if not self.week and not self.shifts:
            wrong.append(((), Message("neither week nor shifts was found; one of them is required")))
        if self.shifts:
            wrong += [
                (
                    (key,),
                    Message(
                        "a roster gives out the shifts, whatever the weekday; {key} is not allowed beside them", key=key
                    ),
                )
                for key in ("week", "ramadan_week")
                if getattr(self, key)
            ]
        if wrong:
            raise faults(wrong)
        return self


class SchedulesFile(FileSection):
    """schedules.yaml, or a regency's own schedules/NAME.yaml: working weeks and shifts by name."""

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
    wrong: list[tuple[KeyPath, Message]] = []
    for index, entry in enumerate(entries):
        length = (entry.last - entry.first).days + 1
        if length not in MONTH_DAYS:
            wrong.append(
                ((index, "last"), Message("the month would have {length} days; 29 or 30 are allowed", length=length))
            )
        if index and entry.first <= entries[index - 1].last:
            wrong.append(
                (
                    (index, "first"),
                    Message("{first} does not come after the month before; months must ascend", first=entry.first),
                )
            )
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


def _repeated_codes(rungs: Sequence[RungEntry]) -> Iterator[tuple[KeyPath, Message]]:
    codes = [rung.code for rung in rungs]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield (index, "code"), Message("{code} stands twice; each rung has its own code", code=code)


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
    missing_scan_minutes: Annotated[int, whole(0, MINUTES_A_DAY)] = 0
    """A missing arrive or leave scan counts as so many late or early minutes."""

    @model_validator(mode="after")
    def _run_is_whole(self) -> UnexcusedValue:
        if (self.run_days is None) != (self.run_code is None):
            raise faults([((), Message("run_days and run_code stand together or not at all"))])
        return self


class UnexcusedEntry(DatedEntry):
    value: UnexcusedValue


class UnexcusedFile(FileSection):
    """unexcused.yaml: PP 94/2021 and its predecessor."""

    unexcused: Annotated[tuple[UnexcusedEntry, ...], *IN_ORDER]


# --- adopted.yaml ---


class AdoptedEntry(FileSection):
    """The decree by which the regency adopted a value."""

    value: Text
    """The name of a value of the profile, "*" for all of them, or a part of a schedule: shifts of NAME."""
    profile: Id
    decree: Text
    """Its number, such as Perbup 12/2026."""
    date: Day
    """The day of the decree."""
    by: Text
    """Who signed it."""


class AdoptedFile(FileSection):
    """adopted.yaml: values that are not the text of a law and that the regency made its own."""

    adopted: tuple[AdoptedEntry, ...]


RULE_FILES: Final[dict[str, type[BaseModel]]] = {
    "schedules": SchedulesFile,
    "ramadan": RamadanFile,
    "holidays": HolidaysFile,
    "unexcused": UnexcusedFile,
    "profile": ProfileFile,
    "adopted": AdoptedFile,
}
"""The model of each kind of rule file."""
