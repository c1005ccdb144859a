"""The paid share of a day of leave: by month or length of the case, kind and child. Does not know rupiah."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from ekinerja_agent.rules import WHOLE_PPM, LeavePay, Profile
from tests.proof.oracle.judge import known_kind
from tests.proof.oracle.rows import Absence


def paid_share(profile: Profile, documents: Sequence[Absence], day: date) -> Fraction:
    """Given the whole-day approved documents of a day, return what is paid: of several, the one that pays most."""
    return max((_paid(profile, document, day) for document in documents), default=Fraction(1))


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _paid(profile: Profile, document: Absence, day: date) -> Fraction:
    kind = known_kind(profile, document, day)
    late_child = kind.late_child_from is not None and (document.child_number or 0) >= kind.late_child_from
    pay = kind.late_child_pay if late_child else kind.pay
    if pay is None:
        return Fraction(1)
    first, last = document.case_first or document.first_day, document.case_last or document.last_day
    return Fraction(_paid_ppm(pay, first, last, day), WHOLE_PPM)


def _paid_ppm(pay: LeavePay, first: date, last: date, day: date) -> int:
    if pay.short_case_ppm is not None and last < months_later(first, 1):
        return pay.short_case_ppm
    number = (last - first).days + 1 if pay.by_length else 1
    if not pay.by_length:
        while months_later(first, number) <= day:
            number += 1
    for step in pay.steps:
        if step.first <= number and (step.last is None or number <= step.last):
            begins = first + timedelta(days=step.first - 1) if pay.by_length else months_later(first, step.first - 1)
            return max(0, step.paid_ppm - step.less_per_day_ppm * max(0, (day - begins).days))
    return 0
