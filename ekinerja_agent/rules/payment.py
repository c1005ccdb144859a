"""How the allowance is shared, targeted and multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the allowance; they add up to WHOLE_PPM."""

    discipline_ppm: int
    performance_ppm: int


@dataclass(frozen=True, slots=True)
class Target:
    """Minutes of approved activities that make 100 % of a full month: exactly one of the first three is given.

    `month_minutes` are those of a full month, `day_minutes` those of each working day, `duty_ppm` is a share of the
    person's duty minutes. `duty_cap_ppm` caps the target at that share of the duty minutes of the month, so that a
    month with few working days can be reached (None: no cap).
    """

    month_minutes: int | None
    day_minutes: int | None
    duty_ppm: int | None
    duty_cap_ppm: int | None


class Productivity(StrEnum):
    """How the performance score is made."""

    PROPORTIONAL = "proportional"
    """Minutes of the target, at most 100 %."""
    THRESHOLD = "threshold"
    """100 % if the target is reached, else 0."""
    RATING = "rating"
    """By the latest approved rating; minutes are not used."""


@dataclass(frozen=True, slots=True)
class Performance:
    """How performance is scored. `ratios_ppm` by predicate (sangat_baik ...) are used with RATING only.

    `unrated_ppm` is the ratio of a person without a valid rating; None: their month is pending.
    """

    mode: Productivity
    ratios_ppm: Mapping[str, int]
    unrated_ppm: int | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What the allowance is multiplied by, in whole percent: `general_pct`, and one by employment status (absent: 100).

    `plt_pct` is the supplement for an acting post (plt): of the lower of both allowances.
    """

    general_pct: int
    by_status_pct: Mapping[str, int]
    plt_pct: int
