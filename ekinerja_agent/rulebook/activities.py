"""What may stand in a profile about daily activities and about silence, as a person writes it.

Promises that what silence does is said with its days. Does not know minutes of a target.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import model_validator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.dated import MINUTES_A_DAY, DatedEntry
from ekinerja_agent.rules import ActivityRule, Settled, SilenceRule
from ekinerja_agent.yamlfile import FileSection, KeyPath, faults
from ekinerja_agent.yamlfile.scalars import Id, Scalar, parse_whole

MOST_DAYS: Final = 366


def number_or_none(least: int, most: int) -> Scalar:
    """Given bounds, both included, return what reads a whole number, or the word none as None."""

    def read(text: str) -> int | None:
        if text == "none":
            return None
        number = parse_whole(text)
        if least <= number <= most:
            return number
        raise ValueError(text)

    schema = {"anyOf": [{"const": "none"}, {"type": "integer", "minimum": least, "maximum": most}]}
    return Scalar(read, Message("none or a whole number from {least} to {most}", least=least, most=most), schema)


Days = Annotated[int | None, number_or_none(1, MOST_DAYS)]


class ActivitiesValue(FileSection):
    """Which activities are taken, and what of them counts."""

    entry_days: Annotated[int | None, number_or_none(0, MOST_DAYS)]
    """Entered at most so many days after the day itself; none: any day after it."""
    duty_hours: Literal["any", "inside"]
    """inside: an activity outside the hours of a duty is rejected."""
    on_leave: Literal["accepted", "rejected"]
    """What becomes of an activity on a day of approved leave."""
    work_absences: tuple[Id, ...]
    """Kinds of absence under which people work: no leave."""
    day_minutes: Annotated[int | None, number_or_none(1, MINUTES_A_DAY)]
    """The most minutes of a day that count; none: the duty minutes."""
    doubtful: Literal["counted", "not_counted"]
    """Minutes that attendance contradicts are shown in any case."""


class ActivitiesEntry(DatedEntry):
    value: ActivitiesValue

    def meaning(self) -> ActivityRule:
        """Return the rule."""
        value = self.value
        return ActivityRule(
            entry_days=value.entry_days,
            inside_duty=value.duty_hours == "inside",
            not_on_leave=value.on_leave == "rejected",
            work_absences=frozenset(value.work_absences),
            day_minutes=value.day_minutes,
            doubtful_count=value.doubtful == "counted",
        )


class SilenceValue(FileSection):
    """What the silence of a superior does to an activity, in days after its day."""

    escalate_after_days: Days
    """Then the next superior may decide too; none: never."""
    settle_after_days: Days
    """Then it becomes what `becomes` says, recorded against the superior; none: never."""
    becomes: Literal["approved", "rejected", "pending"]

    @model_validator(mode="after")
    def _days_with_an_end(self) -> SilenceValue:
        wrong: list[tuple[KeyPath, Message]] = []
        if (self.settle_after_days is None) != (self.becomes == "pending"):
            wrong.append((("becomes",), Message("pending stands with settle_after_days: none, and only with that")))
        both = self.escalate_after_days is not None and self.settle_after_days is not None
        if both and (self.escalate_after_days or 0) >= (self.settle_after_days or 0):
            wrong.append(
                (
                    ("escalate_after_days",),
                    Message("the next superior needs a day: it must be less than settle_after_days"),
                )
            )
        if wrong:
            raise faults(wrong)
        return self


class SilenceEntry(DatedEntry):
    value: SilenceValue

    def meaning(self) -> SilenceRule:
        """Return the rule."""
        value = self.value
        return SilenceRule(value.escalate_after_days, value.settle_after_days, Settled(value.becomes))


class RequestSilenceEntry(DatedEntry):
    value: Days

    def meaning(self) -> int | None:
        """Return the days after which an undecided request is rejected, None for never."""
        return self.value
