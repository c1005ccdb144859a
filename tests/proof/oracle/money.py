"""Performance and rupiah: fractions to the end, rounded half up once. Does not know why anything was found."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from ekinerja_agent.rules import WHOLE_PPM, Base, Performance, Productivity, Target
from tests.proof.oracle.claims import counted_minutes
from tests.proof.oracle.duties import Duty, Person, valid
from tests.proof.oracle.judge import Found, Judged, known_kind
from tests.proof.oracle.leave import paid_share
from tests.proof.oracle.rows import Month, Taken

ONE = Fraction(1)
NONE = Fraction(0)


def half_up(exact: Fraction) -> int:
    return int((exact + Fraction(1, 2)) // 1)


def share(ppm: int) -> Fraction:
    return Fraction(ppm, WHOLE_PPM)


@dataclass(frozen=True, slots=True)
class Achieved:
    """`ratio` of performance before deductions; `unrated`: nobody rated the person, and the rule does not say what
    that means.
    """

    ratio: Fraction
    rating: str | None
    unrated: bool
    approved_minutes: int
    credited_minutes: int
    target_minutes: int


def achieve(person: Person, judged: Sequence[Judged], month: Month) -> Achieved:
    """Given a person's judged duties, return the performance of the month."""
    approved, credited = counted_minutes(person, judged, month), _credited_minutes(judged)
    target = _target_minutes(person, person.profile.target.on(person.pay_day).value)
    if month.through is not None:
        to_come = [each for each in judged if each.duty.day > month.through and each.state == "future"]
        credited += math.ceil(Fraction(target * len(to_come), max(len(person.duties), 1)))
    rule = person.profile.performance.on(person.pay_day).value
    rating, unrated = None, False
    if rule.mode is Productivity.RATING:
        rating = _rating(person.nip, rule, month)
        ppm = rule.unrated_ppm if rating is None else rule.ratios_ppm[rating]
        unrated = ppm is None
        ratio = ONE if ppm is None else share(ppm)
    elif rule.mode is Productivity.THRESHOLD:
        ratio = ONE if approved + credited >= target else NONE
    else:
        ratio = min(ONE, Fraction(approved + credited, target)) if target else ONE
    return Achieved(ratio, rating, unrated, approved, credited, target)


def _credited_minutes(judged: Sequence[Judged]) -> int:
    """What each date is credited, however many duties it has; of several documents the one that credits most."""
    by_day: dict[date, int] = defaultdict(int)
    for each in judged:
        for document in each.whole:
            kind = known_kind(each.duty.profile, document, each.duty.day)
            by_day[each.duty.day] = max(by_day[each.duty.day], kind.credited_minutes)
    return sum(by_day.values())


def _target_minutes(person: Person, target: Target) -> int:
    duty_minutes = sum(duty.required_minutes for duty in person.duties)
    working_days = len(person.duties)
    if target.month_minutes is not None:
        own = min(working_days, person.full_days)
        exact = Fraction(target.month_minutes * own, person.full_days) if person.full_days else NONE
    elif target.day_minutes is not None:
        exact = Fraction(target.day_minutes * working_days)
    else:
        exact = duty_minutes * share(target.duty_ppm or 0)
    if target.duty_cap_ppm is not None:
        exact = min(exact, duty_minutes * share(target.duty_cap_ppm))
    return int(exact // 1)


def _rating(nip: str, rule: Performance, month: Month) -> str | None:
    valid_rows = [row for row in month.ratings.get(nip, ()) if valid(row.valid_from, row.valid_to, month.month)]
    if not valid_rows or valid_rows[-1].predicate not in rule.ratios_ppm:
        return None
    return valid_rows[-1].predicate


def allowance_of(person: Person, month: Month) -> Fraction:
    """The allowance of a full month in rupiah, before factors, with the supplement for an acting post."""
    own = of_month = _amount(person.nip, person.pays.allowance_rp, person.pay_day, month)
    if person.duties and person.profile.prorate_transfers.on(person.pay_day).value:
        amounts = [_amount(person.nip, duty.spell.allowance_rp, duty.day, month) for duty in person.duties]
        of_month = sum(amounts, NONE) / len(amounts)
    plt_pct = person.profile.factors.on(person.pay_day).value.plt_pct
    supplement = NONE
    for row in month.assignments.get(person.nip, ()):
        if row.kind == "plt" and valid(row.valid_from, row.valid_to, person.pay_day):
            lower = own if row.allowance_rp is None else min(own, Fraction(row.allowance_rp))
            supplement += lower * plt_pct / 100
    return of_month + supplement


def _amount(nip: str, of_spell_rp: int | None, day: date, month: Month) -> Fraction:
    criteria = [row for row in month.allowances.get(nip, ()) if valid(row.valid_from, row.valid_to, day)]
    if criteria:
        return Fraction(sum(row.amount_e4 for row in criteria), 10_000)
    return Fraction(of_spell_rp or 0)


def multiplier_of(person: Person) -> Fraction:
    factors = person.profile.factors.on(person.pay_day).value
    of_status = factors.by_status_pct.get(person.pays.employment_status or "", 100)
    return Fraction(factors.general_pct * of_status, 10_000)


def lost_to_leave(judged: Sequence[Judged]) -> Fraction:
    """The share of the month's allowance that days of leave take away."""
    lost = sum((1 - paid_share(each.duty.profile, each.whole, each.duty.day) for each in judged), NONE)
    return lost / len(judged) if judged else NONE


@dataclass(frozen=True, slots=True)
class Pay:
    discipline_deduction_ppm: int
    performance_deduction_ppm: int
    performance_score_ppm: int
    discipline_rp: int
    performance_rp: int
    whole_deduction_rp: int
    leave_deduction_rp: int
    sanction_rp: int
    hold_rp: int
    payable_rp: int


def pay_out(
    person: Person, allowance: Fraction, found: Sequence[Found], ratio: Fraction, leave: Fraction, month: Month
) -> Pay:
    """Given the allowance after factors and what counts against it, return the rupiah; nothing goes below 0."""
    split = person.profile.split.on(person.pay_day).value
    of_base = {base: sum(each.ppm for each in found if each.base == base) for base in Base}
    discipline_ppm = min(WHOLE_PPM, of_base[Base.DISCIPLINE] + of_base[Base.BOTH])
    performance_ppm = min(WHOLE_PPM, of_base[Base.PERFORMANCE] + of_base[Base.BOTH])
    score = max(NONE, ratio - share(performance_ppm))
    discipline = allowance * share(split.discipline_ppm) * (1 - share(discipline_ppm))
    left = discipline + allowance * share(split.performance_ppm) * score
    taken = []
    for wanted in (
        allowance * share(of_base[Base.WHOLE]),
        allowance * leave,
        _taken(month.sanctions.get(person.nip, ()), allowance, month.month),
        _taken(month.holds.get(person.nip, ()), allowance, month.month),
    ):
        taken.append(min(wanted, left))
        left -= taken[-1]
    whole_rp, leave_rp, sanction_rp, hold_rp = map(half_up, taken)
    payable_rp, discipline_rp = half_up(left), half_up(discipline)
    return Pay(
        discipline_deduction_ppm=discipline_ppm,
        performance_deduction_ppm=performance_ppm,
        performance_score_ppm=half_up(score * WHOLE_PPM),
        discipline_rp=discipline_rp,
        performance_rp=payable_rp + whole_rp + leave_rp + sanction_rp + hold_rp - discipline_rp,
        whole_deduction_rp=whole_rp,
        leave_deduction_rp=leave_rp,
        sanction_rp=sanction_rp,
        hold_rp=hold_rp,
        payable_rp=payable_rp,
    )


def _taken(rows: Sequence[Taken], allowance: Fraction, month: date) -> Fraction:
    """Several add up; each counts if its dates touch the month."""
    next_month = (month + timedelta(days=31)).replace(day=1)
    total = NONE
    for row in rows:
        if (row.valid_from is None or row.valid_from < next_month) and (row.valid_to is None or row.valid_to >= month):
            total += Fraction(row.amount_rp) if row.amount_rp is not None else allowance * share(row.share_ppm or 0)
    return total


def price(person: Person, allowance: Fraction, found: Found) -> int:
    """A finding's rupiah, rounded alone."""
    split = person.profile.split.on(person.pay_day).value
    parts = {Base.DISCIPLINE.value: split.discipline_ppm, Base.PERFORMANCE.value: split.performance_ppm}
    return half_up(allowance * share(parts.get(found.base, WHOLE_PPM)) * share(found.ppm))


def cap_day(found: Sequence[Found], duty: Duty) -> None:
    """Findings keep their percent in order until the day's cap; later ones get the rest, or 0."""
    _cap(found, duty.profile.day_cap.on(duty.day).value)


def cap_month(found: Sequence[Found], person: Person) -> None:
    """Likewise for the month, by the cap of the first working day."""
    _cap(found, person.profile.month_cap.on(person.pay_day).value)


def _cap(found: Sequence[Found], cap_ppm: int | None) -> None:
    if cap_ppm is None:
        return
    left = cap_ppm
    for each in found:
        each.ppm = min(each.ppm, left)
        left -= each.ppm
