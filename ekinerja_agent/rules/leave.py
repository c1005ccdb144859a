"""What documents excuse, and what is paid during leave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaveStep:
    """From `first` to `last` (both included, None = no end), counted in months or days of a case, `paid_ppm` is paid.

    `less_per_day_ppm` is what each calendar day after the step's first one takes away from `paid_ppm`, down to 0.
    """

    first: int
    last: int | None
    paid_ppm: int
    less_per_day_ppm: int = 0


@dataclass(frozen=True, slots=True)
class LeavePay:
    """The share of the allowance that is paid during leave of one kind.

    Steps count the months of the case (a month runs from the first day of the case); with `by_length` they count its
    calendar days, and the step of the whole case holds for all of it. `short_case_ppm` is paid instead where the whole
    case lasts no longer than a month (None: the steps hold).
    """

    steps: tuple[LeaveStep, ...]
    by_length: bool = False
    short_case_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceKind:
    """What an approved document of this kind does: it excuses; a whole day of it credits performance minutes.

    `deduction_ppm` is what each whole duty day costs (a finding under the kind in capitals), `pay` how much of the
    allowance is paid (None: all). From child number `late_child_from` on, `late_child_pay` stands for `pay`.
    """

    kind: str
    credited_minutes: int
    deduction_ppm: int = 0
    pay: LeavePay | None = None
    late_child_from: int | None = None
    late_child_pay: LeavePay | None = None
