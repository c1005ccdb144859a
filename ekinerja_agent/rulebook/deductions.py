"""What may stand in a profile about scans and what they cost, as a person writes it.

Promises that bands begin at the first minute and leave none out, that scans stand in the order of a day and that
windows open before they close. Does not know of what the percentages are taken in the end.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.dated import MINUTES_A_DAY, DatedEntry, none_for, span_faults
from ekinerja_agent.rules import (
    AbsenceDay,
    Band,
    Base,
    Bound,
    Ceremony,
    EventCost,
    FlexibleStart,
    MassAnomaly,
    Missing,
    Scan,
    ScanRule,
)
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import (
    PERCENT,
    PERCENT_SCHEMA,
    Flag,
    PercentPpm,
    PercentPpmOrNone,
    Scalar,
    TimeOfDay,
    Word,
    parse_percent,
    whole,
)

MIDDLE: Final = Bound(0, from_middle=True)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_COMMON_DAY: Final = 28
"""The last day that every month has."""
COMMON_YEAR: Final = 2001


# --- scans and their windows ---


def parse_bound(text: str) -> Bound:
    """Given `-90m`, `8h` or `middle`, return the edge of a window. Raise ValueError."""
    if text == "middle":
        return MIDDLE
    found = re.fullmatch("([+-]?)(0|[1-9][0-9]{0,3})([mh])", text)
    if found is None:
        raise ValueError(text)
    minutes = int(found[2]) * (60 if found[3] == "h" else 1)
    return Bound(-minutes if found[1] == "-" else minutes)


WindowEdge = Annotated[
    Bound,
    Scalar(
        parse_bound,
        Message("minutes or hours from the due time, such as -90m or 8h, or middle (of the duty),"),
        {"type": "string", "pattern": "^(middle|[+-]?(0|[1-9][0-9]{0,3})[mh])$"},
    ),
]


class ScanEntry(FileSection):
    """One expected scan and its window."""

    scan: Literal["arrive", "break_out", "break_in", "leave"]
    opens: WindowEdge
    """Minutes or hours after (negative: before) the due time of that day, or the middle of the duty."""
    closes: WindowEdge
    """As opens; the minute it names belongs to the window."""
    takes: Literal["first", "last"]
    """Which punch inside the window counts."""
    tolerance_min: Annotated[int, whole(0, MINUTES_A_DAY)] = 0
    """Up to so many minutes late or early count as none; beyond it all of them count."""


def _scans_in_order(scans: tuple[ScanEntry, ...]) -> tuple[ScanEntry, ...]:
    order = [scan.value for scan in Scan]
    wrong: list[tuple[KeyPath, Message]] = []
    for index, entry in enumerate(scans):
        if index and order.index(entry.scan) <= order.index(scans[index - 1].scan):
            wrong.append(
                (
                    (index, "scan"),
                    Message(
                        "{scan} stands after {before}; the order is {order}",
                        scan=entry.scan,
                        before=scans[index - 1].scan,
                        order=", ".join(order),
                    ),
                )
            )
        measured = not (entry.opens.from_middle or entry.closes.from_middle)
        if entry.opens == entry.closes == MIDDLE or (measured and entry.opens.minutes > entry.closes.minutes):
            wrong.append(((index, "closes"), Message("the window closes before it opens")))
    if wrong:
        raise faults(wrong)
    return scans


class ScansEntry(DatedEntry):
    value: Annotated[tuple[ScanEntry, ...], Field(min_length=1), AfterValidator(_scans_in_order)]

    def meaning(self) -> tuple[ScanRule, ...]:
        """Return the expected scans in the order of a day."""
        return tuple(
            ScanRule(Scan(scan.scan), scan.opens, scan.closes, scan.takes == "last", scan.tolerance_min)
            for scan in self.value
        )


# --- minutes ---


class BandEntry(FileSection):
    """So many whole minutes cost so much."""

    from_min: Annotated[int, whole(0, MINUTES_A_DAY)]
    to_min: Annotated[int, whole(0, MINUTES_A_DAY)] | None = None
    """Included; the last band has none."""
    deduction_pct: PercentPpm


def _bands(bands: tuple[BandEntry, ...]) -> tuple[BandEntry, ...]:
    spans = [(band.from_min, band.to_min) for band in bands]
    wrong = list(span_faults(spans, "from_min", "to_min"))
    if bands and bands[0].from_min != 1:
        wrong.append(
            (
                (0, "from_min"),
                Message("{from_min} was found; the first band begins with minute 1", from_min=bands[0].from_min),
            )
        )
    if wrong:
        raise faults(wrong)
    return bands


BandEntries = Annotated[tuple[BandEntry, ...], AfterValidator(_bands)]


def bands_with_codes(prefix: str, bands: tuple[BandEntry, ...]) -> tuple[Band, ...]:
    """Given the classes of a direction, return them with their codes, such as TL1, TL2."""
    return tuple(
        Band(band.from_min, band.to_min, f"{prefix}{number}", band.deduction_pct)
        for number, band in enumerate(bands, start=1)
    )


class BandsEntry(DatedEntry):
    value: BandEntries
    """Classes 1, 2, 3 … in this order; an empty list costs nothing."""

    def meaning(self, prefix: str) -> tuple[Band, ...]:
        """Given the codes' prefix, return the bands."""
        return bands_with_codes(prefix, self.value)


class PerMinuteEntry(DatedEntry):
    value: PercentPpm
    """What each whole minute costs."""

    def meaning(self, prefix: str) -> tuple[Band, ...]:
        """Given the code's prefix, return one band of all minutes; none if they cost nothing."""
        return (Band(1, None, f"{prefix}M", self.value, per_minute=True),) if self.value else ()


class FlexibleStartValue(FileSection):
    """Time after the due time that is made good by leaving later on the same day."""

    minutes: Annotated[int, whole(1, MINUTES_A_DAY)]
    """Late (TL) counts from so many minutes after the due time."""
    classes: BandEntries
    """What costs the minutes that were not made good (KT1, KT2 …)."""


class FlexibleStartEntry(DatedEntry):
    value: Annotated[
        FlexibleStartValue | None,
        BeforeValidator(
            none_for("none", Message("a group with minutes and classes")),
            json_schema_input_type=FlexibleStartValue | Literal["none"],
        ),
    ]

    def meaning(self) -> FlexibleStart | None:
        """Return the flexible time, None if there is none."""
        return FlexibleStart(self.value.minutes, bands_with_codes("KT", self.value.classes)) if self.value else None


# --- missing scans and days ---


class MissingValue(FileSection):
    """What a missing scan costs; a percentage alone is the usual form."""

    deduction_pct: PercentPpm | None = None
    as_minutes: Annotated[int, whole(1, MINUTES_A_DAY)] | None = None
    """It costs what so many minutes late or early would."""

    @model_validator(mode="after")
    def _one_of_both(self) -> MissingValue:
        if (self.deduction_pct is None) == (self.as_minutes is None):
            raise faults([((), Message("exactly one of deduction_pct and as_minutes is allowed"))])
        return self


def _percent_alone(value: object) -> object:
    if isinstance(value, str):
        return {"deduction_pct": value}
    if isinstance(value, dict):
        return value
    message = (
        Message("nothing was found; {percent}, or a group such as {{as_minutes: 90}}, is allowed", percent=PERCENT)
        if value is None
        else Message("a list was found; {percent}, or a group such as {{as_minutes: 90}}, is allowed", percent=PERCENT)
    )
    raise faults([((), message)])


class MissingEntry(DatedEntry):
    value: Annotated[MissingValue, BeforeValidator(_percent_alone, json_schema_input_type=PercentPpm | MissingValue)]

    def meaning(self) -> Missing:
        """Return what a missing scan costs."""
        return Missing(self.value.deduction_pct or 0, self.value.as_minutes)


def _absence_day(text: str) -> AbsenceDay:
    return AbsenceDay(0, presence_share=True) if text == "presence_share" else AbsenceDay(parse_percent(text))


class AbsenceDayEntry(DatedEntry):
    value: Annotated[
        AbsenceDay,
        Scalar(
            _absence_day,
            Message("presence_share or {percent}", percent=PERCENT),
            {"anyOf": [{"const": "presence_share"}, PERCENT_SCHEMA]},
        ),
    ]
    """presence_share: the day's share of the month's working days."""

    def meaning(self) -> AbsenceDay:
        """Return what a day without scan and document costs."""
        return self.value


class CapEntry(DatedEntry):
    value: PercentPpmOrNone

    def meaning(self) -> int | None:
        """Return the cap in ppm, None if there is none."""
        return self.value


BaseWord = Literal["discipline", "whole", "both"]


class BaseEntry(DatedEntry):
    value: BaseWord

    def meaning(self) -> Base:
        """Return of what percentages are taken."""
        return Base(self.value)


class MassAnomalyValue(FileSection):
    """When so many share one finding at one terminal that a machine may be the cause."""

    share_pct: PercentPpm
    """At least this share of those expected at the terminal for that scan."""
    least_people: Annotated[int, whole(1, 100_000)]
    """And at least so many people."""


class MassAnomalyEntry(DatedEntry):
    value: Annotated[
        MassAnomalyValue | None,
        BeforeValidator(
            none_for("none", Message("a group with share_pct and least_people")),
            json_schema_input_type=MassAnomalyValue | Literal["none"],
        ),
    ]

    def meaning(self) -> MassAnomaly | None:
        """Return the rule, None if there is none."""
        return MassAnomaly(self.value.share_pct, self.value.least_people) if self.value else None


# --- events ---


class EventCostValue(FileSection):
    """What it costs to miss an event of a kind: by weekday, else every_day, else nothing."""

    every_day: PercentPpm = 0
    """On each weekday that is not named."""
    monday: PercentPpm | None = None
    tuesday: PercentPpm | None = None
    wednesday: PercentPpm | None = None
    thursday: PercentPpm | None = None
    friday: PercentPpm | None = None
    saturday: PercentPpm | None = None
    sunday: PercentPpm | None = None
    in_ramadan: Flag
    """false: not held in the fasting month, so it costs nothing there."""
    base: BaseWord
    """Of what the percentages are taken."""

    def meaning(self, kind: str) -> EventCost:
        """Given the kind of event, return what it costs."""
        named = [getattr(self, day) for day in WEEKDAYS]
        weekdays_ppm = tuple(self.every_day if ppm is None else ppm for ppm in named)
        return EventCost(kind, weekdays_ppm, self.in_ramadan, Base(self.base))


class EventsValue(FileSection):
    """What events cost by kind. A kind that is not here costs nothing."""

    apel: EventCostValue | None = None
    upacara: EventCostValue | None = None
    krida: EventCostValue | None = None


class EventsEntry(DatedEntry):
    value: EventsValue

    def meaning(self) -> dict[str, EventCost]:
        """Return what each kind costs."""
        costs = ((kind, getattr(self.value, kind)) for kind in EventsValue.model_fields)
        return {kind: cost.meaning(kind) for kind, cost in costs if cost is not None}


def parse_month_day(text: str) -> tuple[int, int]:
    """Given `MM-DD` of a day that every year has, return month and day. Raise ValueError."""
    day = date.fromisoformat(f"{COMMON_YEAR}-{text}")
    if day.strftime("%m-%d") != text:
        raise ValueError(text)
    return day.month, day.day


MonthDay = Annotated[
    tuple[int, int],
    Scalar(
        parse_month_day,
        Message("a day MM-DD that every year has, such as 08-17,"),
        {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
    ),
]


class CeremonyEntry(FileSection):
    """A monthly ceremony that nobody has to import."""

    code: Word
    """Code and day make the name of the event: HKN-2026-09-17."""
    kind: Literal["apel", "upacara", "krida"]
    day_of_month: Annotated[int, whole(1, LAST_COMMON_DAY)]
    """Held on this day, else on the next working day."""
    opens: TimeOfDay
    """Local; a scan before does not count."""
    closes: TimeOfDay
    """Local; the minute it names belongs to the ceremony."""
    fixed: tuple[MonthDay, ...] = ()
    """Days MM-DD that stay where they are, whatever day it is."""

    @model_validator(mode="after")
    def _fits(self) -> CeremonyEntry:
        wrong: list[tuple[KeyPath, Message]] = []
        if self.closes <= self.opens:
            wrong.append(
                (
                    ("closes",),
                    Message(
                        "{closes} does not come after opens, {opens}",
                        closes=_clock(self.closes),
                        opens=_clock(self.opens),
                    ),
                )
            )
        for index, (month, day) in enumerate(self.fixed):
            if day != self.day_of_month:
                message = Message(
                    "{month}-{day} is not a day {day_of_month}; fixed names months in which day_of_month stays "
                    "where it is. Import any other ceremony as an event",
                    month=f"{month:02}",
                    day=f"{day:02}",
                    day_of_month=self.day_of_month,
                )
                wrong.append((("fixed", index), message))
        if wrong:
            raise faults(wrong)
        return self

    def meaning(self) -> Ceremony:
        """Return the ceremony."""
        return Ceremony(self.code, self.kind, self.day_of_month, self.opens, self.closes, frozenset(self.fixed))


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _ceremonies(entries: tuple[CeremonyEntry, ...]) -> tuple[CeremonyEntry, ...]:
    days = [(entry.kind, entry.day_of_month) for entry in entries]
    wrong: list[tuple[KeyPath, Message]] = [
        ((index, "day_of_month"), Message("{kind} on day {day} stands twice; delete one of them", kind=kind, day=day))
        for index, (kind, day) in enumerate(days)
        if (kind, day) in days[:index]
    ]
    if wrong:
        raise faults(wrong)
    return entries


class CeremoniesEntry(DatedEntry):
    value: Annotated[tuple[CeremonyEntry, ...], AfterValidator(_ceremonies)]

    def meaning(self) -> tuple[Ceremony, ...]:
        """Return the ceremonies."""
        return tuple(entry.meaning() for entry in self.value)
