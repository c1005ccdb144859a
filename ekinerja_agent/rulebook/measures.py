"""What may stand in a profile about plans, indicators, workload and SAKIP, as a person writes it.

Promises that weights add up and that classes and grades descend to an end. Does not know minutes or ratings.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.dated import MINUTES_A_DAY, DatedEntry, none_for
from ekinerja_agent.rules import (
    BUDGET_ABSORPTION,
    PPM_PER_PERCENT,
    WHOLE_PPM,
    Grade,
    IndicatorPart,
    Indicators,
    LoadClass,
    PlanEffect,
    PlanRule,
    Sakip,
    Workload,
)
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import PercentPpm, PercentPpmOrNone, Word, whole

MOST_YEAR_MINUTES: Final = 366 * MINUTES_A_DAY
MOST_PEOPLE: Final = 100


# --- plans ---


class PlanEffectValue(FileSection):
    """What a plan costs the person who answers for it, for each month, in percent of the performance part."""

    critical_pct: PercentPpm
    """One that is critical."""
    late_pct: PercentPpm
    """One that is not done by its due date."""
    most_pct: PercentPpm
    """All plans of a person together."""


class PlansValue(FileSection):
    """How plans (RPOK) are judged at the end of a month."""

    on_track_behind_pct: PercentPpm
    """So many points behind the plan are on track still."""
    attention_behind_pct: PercentPpm
    """So many need attention; more is critical."""
    gap_pct: PercentPpm
    """Physical and financial realisation may lie so far apart."""
    effect: Annotated[
        PlanEffectValue | None,
        BeforeValidator(
            none_for("none", Message("a group with critical_pct, late_pct and most_pct")),
            json_schema_input_type=PlanEffectValue | Literal["none"],
        ),
    ]
    """none: plans cost nobody anything."""

    @model_validator(mode="after")
    def _in_order(self) -> PlansValue:
        if self.attention_behind_pct < self.on_track_behind_pct:
            raise faults(
                [(("attention_behind_pct",), Message("less than on_track_behind_pct; the same or more is allowed"))]
            )
        return self


class PlansEntry(DatedEntry):
    value: PlansValue

    def meaning(self) -> PlanRule:
        """Return the rule."""
        value, effect = self.value, self.value.effect
        return PlanRule(
            value.on_track_behind_pct,
            value.attention_behind_pct,
            value.gap_pct,
            PlanEffect(effect.critical_pct, effect.late_pct, effect.most_pct) if effect else None,
        )


# --- indicators ---


class IndicatorEntry(FileSection):
    """A part of the performance score."""

    code: Word
    """As in `import indicators`; budget_absorption is worked out of the unit's plans."""
    of: Literal["person", "unit"]
    weight_pct: PercentPpm


class IndicatorsValue(FileSection):
    """The performance score as a sum of parts; together 100."""

    work_pct: PercentPpm
    """The weight of minutes, or of the rating: what `performance` says."""
    parts: Annotated[tuple[IndicatorEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> IndicatorsValue:
        wrong: list[tuple[KeyPath, Message]] = []
        total_ppm = self.work_pct + sum(part.weight_pct for part in self.parts)
        if total_ppm != WHOLE_PPM:
            wrong.append(
                (
                    (),
                    Message(
                        "the weights add up to {total} percent; 100 is allowed",
                        total=f"{total_ppm / PPM_PER_PERCENT:g}",
                    ),
                )
            )
        codes = [part.code for part in self.parts]
        for index, part in enumerate(self.parts):
            if part.code in codes[:index]:
                wrong.append(
                    (("parts", index, "code"), Message("{code} stands twice; delete one of them", code=part.code))
                )
            if part.code == BUDGET_ABSORPTION and part.of != "unit":
                wrong.append(
                    (
                        ("parts", index, "of"),
                        Message("{code} is that of a unit's plans; unit is allowed", code=part.code),
                    )
                )
        if wrong:
            raise faults(wrong)
        return self


class IndicatorsEntry(DatedEntry):
    value: Annotated[
        IndicatorsValue | None,
        BeforeValidator(
            none_for("none", Message("a group with work_pct and parts")),
            json_schema_input_type=IndicatorsValue | Literal["none"],
        ),
    ]

    def meaning(self) -> Indicators | None:
        """Return the parts, None if there are none."""
        if self.value is None:
            return None
        parts = tuple(IndicatorPart(part.code, part.of, part.weight_pct) for part in self.value.parts)
        return Indicators(self.value.work_pct, parts)


# --- workload ---


class TimesValue(FileSection):
    """How often a year has each."""

    day: Annotated[int, whole(1, 366)]
    week: Annotated[int, whole(1, 53)]
    month: Annotated[int, whole(1, 12)]
    year: Annotated[int, whole(1, 1)]


class LoadClassEntry(FileSection):
    """A class of effectiveness."""

    code: Word
    from_pct: PercentPpm
    """Of a full load of all who are there; the limit belongs to the class."""


def _classes(entries: tuple[LoadClassEntry, ...]) -> tuple[LoadClassEntry, ...]:
    wrong = list(_descending([entry.from_pct for entry in entries], "from_pct"))
    if entries and entries[-1].from_pct != 0:
        wrong.append(
            ((len(entries) - 1, "from_pct"), Message("the last class begins with 0, so that nothing is left out"))
        )
    if wrong:
        raise faults(wrong)
    return entries


class WorkloadValue(FileSection):
    """Workload analysis (ABK)."""

    minutes_per_year: Annotated[int, whole(1, MOST_YEAR_MINUTES)]
    """What one person works in a year."""
    times: TimesValue
    classes: Annotated[tuple[LoadClassEntry, ...], Field(min_length=1), AfterValidator(_classes)]
    """From the fullest down."""
    logged_day_minutes: Annotated[int, whole(1, MINUTES_A_DAY)]
    """The most that counts of a present day's logged minutes."""


class WorkloadEntry(DatedEntry):
    value: WorkloadValue

    def meaning(self) -> Workload:
        """Return the rule."""
        value = self.value
        classes = tuple(LoadClass(entry.code, entry.from_pct) for entry in value.classes)
        times = value.times.model_dump()
        return Workload(value.minutes_per_year, times, classes, value.logged_day_minutes)


# --- SAKIP ---


class AspectWeights(FileSection):
    """Weights of the six aspects; together 100."""

    rencana_strategis: PercentPpm
    """Strategic plan."""
    perjanjian_kinerja: PercentPpm
    """Performance agreement."""
    pengukuran_kinerja: PercentPpm
    """Measurement."""
    pengelolaan_data: PercentPpm
    """Data management."""
    pelaporan_kinerja: PercentPpm
    """Reporting."""
    reviu_evaluasi: PercentPpm
    """Review and evaluation."""

    @model_validator(mode="after")
    def _adds_up(self) -> AspectWeights:
        total_ppm = sum(self.model_dump().values())
        if total_ppm != WHOLE_PPM:
            raise faults(
                [
                    (
                        (),
                        Message(
                            "the weights add up to {total} percent; 100 is allowed",
                            total=f"{total_ppm / PPM_PER_PERCENT:g}",
                        ),
                    )
                ]
            )
        return self


class GradeEntry(FileSection):
    """A grade."""

    code: Word
    above_pct: PercentPpmOrNone
    """More than so many of 100 points; none, for the last one: all that is left."""


def _grades(entries: tuple[GradeEntry, ...]) -> tuple[GradeEntry, ...]:
    wrong: list[tuple[KeyPath, Message]] = []
    for index, entry in enumerate(entries):
        if (entry.above_pct is None) != (index == len(entries) - 1):
            wrong.append(((index, "above_pct"), Message("none is allowed for the last grade, and for no other")))
    wrong += _descending([entry.above_pct for entry in entries if entry.above_pct is not None], "above_pct")
    if wrong:
        raise faults(wrong)
    return entries


class SakipValue(FileSection):
    """Accountability (SAKIP): aspects, grades and the target."""

    weights: AspectWeights
    grades: Annotated[tuple[GradeEntry, ...], Field(min_length=1), AfterValidator(_grades)]
    """From the best down."""
    target: Word
    """The grade that is aimed for."""
    target_share_pct: PercentPpm
    """Of the units, so many should have it or a better one."""

    @model_validator(mode="after")
    def _known_target(self) -> SakipValue:
        codes = [grade.code for grade in self.grades]
        if self.target not in codes:
            raise faults(
                [
                    (
                        ("target",),
                        Message(
                            "{target} is no grade; allowed are {codes}",
                            target=repr(self.target),
                            codes=", ".join(codes),
                        ),
                    )
                ]
            )
        return self


class SakipEntry(DatedEntry):
    value: SakipValue

    def meaning(self) -> Sakip:
        """Return the rule."""
        value = self.value
        grades = tuple(Grade(grade.code, grade.above_pct) for grade in value.grades)
        return Sakip(value.weights.model_dump(), grades, value.target, value.target_share_pct)


def _descending(limits: list[int], key: str) -> Iterator[tuple[KeyPath, Message]]:
    for index, (before, limit) in enumerate(pairwise(limits), start=1):
        if limit >= before:
            yield (index, key), Message("not less than the entry before; they descend")
