"""What may stand in a profile about performance, leave and the allowance, as a person writes it.

Promises that shares add up and that a table of leave pay leaves no month or day out. Does not know scans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.activities import number_or_none
from ekinerja_agent.rulebook.dated import MINUTES_A_DAY, DatedEntry, span_faults
from ekinerja_agent.rules import (
    PPM_PER_PERCENT,
    WHOLE_PPM,
    AbsenceKind,
    Factors,
    LeavePay,
    LeaveStep,
    Performance,
    Productivity,
    Split,
    Target,
)
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import (
    PERCENT,
    PERCENT_SCHEMA,
    Id,
    PercentPpm,
    PercentPpmOrNone,
    Scalar,
    parse_percent,
    whole,
)

MOST_OF_A_CASE: Final = 10_000
"""More months, days or children than any case has."""


# --- the parts of the allowance ---


class SplitValue(FileSection):
    """Shares of the allowance; together 100."""

    discipline_pct: PercentPpm
    performance_pct: PercentPpm

    @model_validator(mode="after")
    def _adds_up(self) -> SplitValue:
        total_ppm = self.discipline_pct + self.performance_pct
        if total_ppm != WHOLE_PPM:
            raise faults(
                [
                    (
                        (),
                        Message(
                            "the shares add up to {total} percent; 100 is allowed",
                            total=f"{total_ppm / PPM_PER_PERCENT:g}",
                        ),
                    )
                ]
            )
        return self


class SplitEntry(DatedEntry):
    value: SplitValue

    def meaning(self) -> Split:
        """Return the shares."""
        return Split(self.value.discipline_pct, self.value.performance_pct)


WholePercent = Annotated[int, whole(0, 100)]


class StatusFactors(FileSection):
    """Percent by employment status; a status that is not here has 100."""

    pns: WholePercent | None = None
    cpns: WholePercent | None = None
    pppk: WholePercent | None = None
    pppk_paruh_waktu: WholePercent | None = None
    non_asn: WholePercent | None = None


class FactorsValue(FileSection):
    """What the allowance is multiplied by, in whole percent."""

    general_pct: WholePercent
    by_status_pct: StatusFactors
    plt_pct: WholePercent
    """The supplement of an acting official (plt): of the lower of both allowances."""


class FactorsEntry(DatedEntry):
    value: FactorsValue

    def meaning(self) -> Factors:
        """Return the factors."""
        by_status = self.value.by_status_pct.model_dump(exclude_none=True)
        return Factors(self.value.general_pct, by_status, self.value.plt_pct)


class TransfersEntry(DatedEntry):
    value: Literal["first_day", "prorate"]

    def meaning(self) -> bool:
        """Tell whether who moves within the month is paid by each spell's working days."""
        return self.value == "prorate"


MOST_CORRECTIONS: Final = 1000


class CorrectionsEntry(DatedEntry):
    value: Annotated[int | None, number_or_none(0, MOST_CORRECTIONS)]

    def meaning(self) -> int | None:
        """Return how many corrections of a person a month allows, None for any number."""
        return self.value


# --- performance ---


class TargetValue(FileSection):
    """Minutes of approved activities that make 100 % of a full month: one of the first three keys."""

    minutes: Annotated[int, whole(1, 100_000)] | None = None
    """Those of a full month."""
    minutes_per_day: Annotated[int, whole(1, MINUTES_A_DAY)] | None = None
    """Those of each working day."""
    duty_pct: PercentPpm | None = None
    """A share of the person's duty minutes of the month."""
    duty_cap_pct: PercentPpmOrNone
    """The target is at most this share of the month's duty minutes; none: no cap."""

    @model_validator(mode="after")
    def _one_form(self) -> TargetValue:
        given = sum(form is not None for form in (self.minutes, self.minutes_per_day, self.duty_pct))
        if given != 1:
            raise faults([((), Message("exactly one of minutes, minutes_per_day and duty_pct is allowed"))])
        return self


class TargetEntry(DatedEntry):
    value: TargetValue

    def meaning(self) -> Target:
        """Return the target."""
        value = self.value
        return Target(value.minutes, value.minutes_per_day, value.duty_pct, value.duty_cap_pct)


def _unrated(text: str) -> int | None:
    return None if text == "pending" else parse_percent(text)


UnratedPpm = Annotated[
    int | None,
    Scalar(
        _unrated, Message("pending or {percent}", percent=PERCENT), {"anyOf": [{"const": "pending"}, PERCENT_SCHEMA]}
    ),
]


class RatiosValue(FileSection):
    """Percent by predicate; one that is not here counts as no rating."""

    sangat_baik: PercentPpm | None = None
    baik: PercentPpm | None = None
    cukup: PercentPpm | None = None
    butuh_perbaikan: PercentPpm | None = None
    kurang: PercentPpm | None = None
    sangat_kurang: PercentPpm | None = None


class PerformanceValue(FileSection):
    """How performance is scored: by minutes of the target (proportional, threshold) or by the latest rating."""

    mode: Literal["proportional", "threshold", "rating"]
    """threshold: all of it when the target is reached, else nothing."""
    ratios: RatiosValue | None = None
    """With mode rating: what each predicate is worth."""
    unrated: UnratedPpm = None
    """With mode rating: what no valid rating is worth; pending: the month waits for one."""

    @model_validator(mode="after")
    def _ratios_with_rating(self) -> PerformanceValue:
        rated = self.mode == "rating"
        wrong: list[tuple[KeyPath, Message]] = []
        if rated and (self.ratios is None or not self.ratios.model_dump(exclude_none=True)):
            wrong.append(
                (("ratios",), Message("mode rating needs a percentage for each predicate, such as {{baik: 100}}"))
            )
        if rated and "unrated" not in self.model_fields_set:
            wrong.append((("unrated",), Message("mode rating needs what no rating is worth: a percentage or pending")))
        wrong += [
            ((key,), Message("{key} is used with mode rating only; delete it, or write mode: rating", key=key))
            for key in ("ratios", "unrated")
            if not rated and key in self.model_fields_set
        ]
        if wrong:
            raise faults(wrong)
        return self


class PerformanceEntry(DatedEntry):
    value: PerformanceValue

    def meaning(self) -> Performance:
        """Return how performance is scored."""
        ratios_ppm: Mapping[str, int] = self.value.ratios.model_dump(exclude_none=True) if self.value.ratios else {}
        return Performance(Productivity(self.value.mode), ratios_ppm, self.value.unrated)


# --- absences and leave ---


class LeaveStepEntry(FileSection):
    """So many months (or days) of a case are paid so much."""

    first: Annotated[int, whole(1, MOST_OF_A_CASE)] = Field(alias="from")
    last: Annotated[int, whole(1, MOST_OF_A_CASE)] | None = Field(default=None, alias="to")
    """Included; the last step has none."""
    paid_pct: PercentPpm
    less_per_day_pct: PercentPpm = 0
    """What each day after the step's first takes away, down to 0."""


def _steps(steps: tuple[LeaveStepEntry, ...]) -> tuple[LeaveStepEntry, ...]:
    wrong = list(span_faults([(step.first, step.last) for step in steps], "from", "to"))
    if steps and steps[0].first != 1:
        wrong.append(((0, "from"), Message("{first} was found; the first step begins with 1", first=steps[0].first)))
    if wrong:
        raise faults(wrong)
    return steps


LeaveSteps = Annotated[tuple[LeaveStepEntry, ...], Field(min_length=1), AfterValidator(_steps)]


class LeavePayValue(FileSection):
    """How much of the allowance is paid during leave: by_month or by_length."""

    by_month: LeaveSteps | None = None
    """By months of the case; a month runs from the first day of the case."""
    by_length: LeaveSteps | None = None
    """By calendar days of the whole case; the step that holds them counts for all of it."""
    short_case_pct: PercentPpm | None = None
    """Paid instead where the whole case lasts no longer than a month."""

    @model_validator(mode="after")
    def _one_table(self) -> LeavePayValue:
        if (self.by_month is None) == (self.by_length is None):
            raise faults([((), Message("exactly one of by_month and by_length is allowed"))])
        if self.by_length is not None and self.short_case_pct is not None:
            raise faults(
                [(("short_case_pct",), Message("by_length says it already; write a step for short cases instead"))]
            )
        return self

    def meaning(self) -> LeavePay:
        """Return the table."""
        steps = tuple(
            LeaveStep(step.first, step.last, step.paid_pct, step.less_per_day_pct)
            for step in self.by_month or self.by_length or ()
        )
        return LeavePay(steps, self.by_length is not None, self.short_case_pct)


class LateChildValue(FileSection):
    """Another table from a child's number on."""

    from_number: Annotated[int, whole(1, 100)]
    pay: LeavePayValue


class AbsenceValue(FileSection):
    """What an approved document of this kind does, besides excusing."""

    credited_minutes: Annotated[int, whole(0, MINUTES_A_DAY)]
    """Performance minutes for each whole day."""
    deduction_pct: PercentPpm = 0
    """What each whole day costs."""
    pay: LeavePayValue | None = None
    """How much of the allowance is paid; without it: all."""
    late_child: LateChildValue | None = None
    """Stands for pay from this child on."""

    def meaning(self, kind: str) -> AbsenceKind:
        """Given the kind's name, return what it does."""
        late = self.late_child
        return AbsenceKind(
            kind,
            self.credited_minutes,
            self.deduction_pct,
            self.pay.meaning() if self.pay else None,
            late.from_number if late else None,
            late.pay.meaning() if late else None,
        )


class AbsencesEntry(DatedEntry):
    value: Annotated[dict[Id, AbsenceValue], Field(min_length=1)]

    def meaning(self) -> dict[str, AbsenceKind]:
        """Return the known kinds by name."""
        return {kind: value.meaning(kind) for kind, value in sorted(self.value.items())}
