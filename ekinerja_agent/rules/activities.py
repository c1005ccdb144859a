"""Which activities are taken, and what silence makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

VOLUME = r"^([0-9]{1,6})(?:[.,]([0-9]{1,2}))?$"
"""What the volume of an activity looks like where its type has a standard time: at most two decimals."""


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Which activities are taken, and what of them counts.

    An activity is entered on its day or at most `entry_days` after it (None: any day after it). With `inside_duty` it
    lies in the hours of a duty, with `not_on_leave` on no day of leave; what does not is rejected. Documents of the
    kinds `work_absences` are no leave: people work under them. A day's minutes count up to `day_minutes` (None: up to
    the duty minutes). With `doubtful_count` minutes that attendance contradicts are shown and count.
    """

    entry_days: int | None
    inside_duty: bool
    not_on_leave: bool
    work_absences: frozenset[str]
    day_minutes: int | None
    doubtful_count: bool


class Settled(StrEnum):
    """What becomes of an activity that no superior decides in time."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WAITS = "pending"


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """What a superior's silence does to an activity, in days after its day (or after it was submitted again).

    After `escalate_days` the next superior may decide too (None: never); after `settle_days` it becomes what `becomes`
    says, and that is recorded against the superior.
    """

    escalate_days: int | None
    settle_days: int | None
    becomes: Settled
