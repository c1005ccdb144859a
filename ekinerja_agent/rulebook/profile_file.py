"""What may stand in profiles/NAME.yaml, as a person writes it.

Promises that bands begin at the first minute and leave none out, that scans stand in the order of a day, and
that shares add up. Does not know the profile that a file extends.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from ekinerja_agent.rulebook.dated import IN_ORDER, DatedEntry, span_faults
from ekinerja_agent.rules import PPM_PER_PERCENT, WHOLE_PPM, Bound, Scan
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Id, PercentPpm, PercentPpmOrNone, Scalar, Text, whole

MINUTES_A_DAY: Final = 1440
MIDDLE: Final = Bound(0, from_middle=True)


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
        "minutes or hours from the due time, such as -90m or 8h, or middle (of the duty),",
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


def _scans_in_order(scans: tuple[ScanEntry, ...]) -> tuple[ScanEntry, ...]:
    order = [scan.value for scan in Scan]
    wrong: list[tuple[KeyPath, str]] = []
    for index, entry in enumerate(scans):
        if index and order.index(entry.scan) <= order.index(scans[index - 1].scan):
            wrong.append(
                (
                    (index, "scan"),
                    f"{entry.scan} stands after {scans[index - 1].scan}; the order is {', '.join(order)}",
                )
            )
        measured = not (entry.opens.from_middle or entry.closes.from_middle)
        if entry.opens == entry.closes == MIDDLE or (measured and entry.opens.minutes > entry.closes.minutes):
            wrong.append(((index, "closes"), "the window closes before it opens"))
    if wrong:
        raise faults(wrong)
    return scans


class ScansEntry(DatedEntry):
    value: Annotated[tuple[ScanEntry, ...], Field(min_length=1), AfterValidator(_scans_in_order)]


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
        wrong.append(((0, "from_min"), f"{bands[0].from_min} was found; the first band begins with minute 1"))
    if wrong:
        raise faults(wrong)
    return bands


class BandsEntry(DatedEntry):
    value: Annotated[tuple[BandEntry, ...], AfterValidator(_bands)]
    """Classes 1, 2, 3 … in this order; an empty list costs nothing."""


class PercentEntry(DatedEntry):
    value: PercentPpm


class CapEntry(DatedEntry):
    value: PercentPpmOrNone


class BaseEntry(DatedEntry):
    value: Literal["discipline", "whole", "both"]


class SplitValue(FileSection):
    """Shares of the allowance; together 100."""

    discipline_pct: PercentPpm
    performance_pct: PercentPpm

    @model_validator(mode="after")
    def _adds_up(self) -> SplitValue:
        total_ppm = self.discipline_pct + self.performance_pct
        if total_ppm != WHOLE_PPM:
            raise faults([((), f"the shares add up to {total_ppm / PPM_PER_PERCENT:g} percent; 100 is allowed")])
        return self


class SplitEntry(DatedEntry):
    value: SplitValue


class TargetValue(FileSection):
    """Minutes of approved activities that make 100 % of a full month."""

    minutes: Annotated[int, whole(1, 100_000)]
    duty_cap_pct: PercentPpmOrNone
    """The target is at most this share of the month's duty minutes; none: no cap."""


class TargetEntry(DatedEntry):
    value: TargetValue


class AbsenceValue(FileSection):
    """What an approved document of this kind does, besides excusing."""

    credited_minutes: Annotated[int, whole(0, MINUTES_A_DAY)]
    """Performance minutes for each whole day."""


class AbsencesEntry(DatedEntry):
    value: Annotated[dict[Id, AbsenceValue], Field(min_length=1)]


Bands = Annotated[tuple[BandsEntry, ...], *IN_ORDER]
Percents = Annotated[tuple[PercentEntry, ...], *IN_ORDER]


class ProfileFile(FileSection):
    """profiles/NAME.yaml: what a regency chose. What is not here comes from the profile it extends."""

    title: Text
    extends: Id | None = None
    """The profile whose values stand where this file has none."""
    schedule: Id | None = None
    """The working week of units that name none: a name of schedules.yaml."""
    scans: Annotated[tuple[ScansEntry, ...], *IN_ORDER] = ()
    """The expected scans of a day and their windows."""
    late_early_classes: Bands = ()
    """Minutes late (TL1, TL2 …) and left early (PSW1, PSW2 …), where both cost the same."""
    late_classes: Bands = ()
    """Minutes late at arrive (TL1 …), instead of late_early_classes."""
    early_classes: Bands = ()
    """Minutes left early (PSW1 …), instead of late_early_classes."""
    break_late_classes: Bands = ()
    """Minutes late back from the break (IST1 …)."""
    break_early_classes: Bands = ()
    """Minutes left early to the break (ISC1 …)."""
    missing_scan: Percents = ()
    """Each missing scan of a day that has others."""
    absence_day: Percents = ()
    """A day with no scan and no document (TK)."""
    base: Annotated[tuple[BaseEntry, ...], *IN_ORDER] = ()
    """Of what the percentages are taken: the discipline part, the whole allowance, or each of both parts."""
    day_cap: Annotated[tuple[CapEntry, ...], *IN_ORDER] = ()
    """The most that one day may cost; none: no cap."""
    split: Annotated[tuple[SplitEntry, ...], *IN_ORDER] = ()
    """Shares of the allowance."""
    target_minutes: Annotated[tuple[TargetEntry, ...], *IN_ORDER] = ()
    absences: Annotated[tuple[AbsencesEntry, ...], *IN_ORDER] = ()
    """The known kinds of absence."""
