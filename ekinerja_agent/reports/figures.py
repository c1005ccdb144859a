"""The totals of a month that its report shows, counted from the scorecards of `score show` and from nothing else.

Promises that a number on the page can be found by counting in `score show --format json`. Money is whole rupiah;
means are exact until they are rounded half up to two decimals, once. A finding's `deduction_rp` is rounded alone and
is therefore never summed. Does not know languages, charts or HTML.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ekinerja_agent.nouns.scorecard import Finding, Scorecard, ScoreStatus
from ekinerja_agent.rules import PPM_PER_PERCENT
from ekinerja_agent.scoring.frames.exact import percent_text

BAND_FLOORS_PCT = (100, 95, 90, 80, 0)
"""Lower edges of the bands in which discipline scores are counted, best first. Readable steps; no rule has them."""


@dataclass(frozen=True, slots=True)
class Band:
    """People whose discipline score is at least `floor_pct` and below `ceiling_pct` (None: the full 100)."""

    floor_pct: int
    ceiling_pct: int | None
    people: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """Late arrivals on one weekday (0 = Monday) and their minutes, on days that count as present."""

    number: int
    late_arrivals: int
    late_minutes: int


@dataclass(frozen=True, slots=True)
class CodeTotal:
    """What one finding code made up: findings, people it met, minutes, percentage points, its rules' sources."""

    code: str
    findings: int
    people: int
    minutes: int
    points_pct: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PendingDay:
    """People of one office who cannot be judged on one date for one reason."""

    day: date
    unit: str
    reason: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of some people. Means are None without people."""

    people: int
    mean_discipline_pct: str | None
    mean_performance_pct: str | None
    base_rp: int
    discipline_rp: int
    performance_rp: int
    payable_rp: int
    unexcused_days: int
    pending_days: int


@dataclass(frozen=True, slots=True)
class Office:
    """One unit: its people in order of name, and their totals. `statuses` are those of its people, sorted."""

    unit: str
    name: str
    scores: tuple[Scorecard, ...]
    totals: Totals
    statuses: tuple[ScoreStatus, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the monthly page counts."""

    totals: Totals
    offices: tuple[Office, ...]
    bands: tuple[Band, ...]
    weekdays: tuple[Weekday, ...]
    codes: tuple[CodeTotal, ...]
    pending: tuple[PendingDay, ...]
    profiles: tuple[str, ...]
    rules_digests: tuple[str, ...]


def count(scores: Sequence[Scorecard]) -> Figures:
    """Given a month's scores in any order, return their figures; without scores all counts are zero."""
    return Figures(
        totals=_totals(scores),
        offices=_offices(scores),
        bands=_bands(scores),
        weekdays=_weekdays(scores),
        codes=_codes(scores),
        pending=_pending(scores),
        profiles=tuple(sorted({score.profile for score in scores})),
        rules_digests=tuple(sorted({score.rules_digest for score in scores})),
    )


def mean_text(shares_ppm: Sequence[int]) -> str | None:
    """Given shares, return their mean as a percentage, half up, at most two decimals, shortest; None if none."""
    if not shares_ppm:
        return None
    return two_decimals(Fraction(sum(shares_ppm), len(shares_ppm) * PPM_PER_PERCENT))


def two_decimals(number: Fraction) -> str:
    """Given an exact number, return it half up with at most two decimals, shortest: for where it stands alone."""
    return _shortest(Decimal((number * 100 + Fraction(1, 2)).__floor__()) / 100)


def percent_of(share: Fraction) -> str:
    """Given a share of 1, return it as a percentage: at most 4 decimals, half up, shortest."""
    ppm = (share * 1_000_000 + Fraction(1, 2)).__floor__()
    return _shortest(Decimal(ppm) / 10_000)


def _shortest(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _totals(scores: Sequence[Scorecard]) -> Totals:
    return Totals(
        people=len(scores),
        mean_discipline_pct=mean_text([score.discipline.score_ppm for score in scores]),
        mean_performance_pct=mean_text([score.performance.score_ppm for score in scores]),
        base_rp=sum(score.allowance.base_rp for score in scores),
        discipline_rp=sum(score.allowance.discipline_rp for score in scores),
        performance_rp=sum(score.allowance.performance_rp for score in scores),
        payable_rp=sum(score.allowance.payable_rp for score in scores),
        unexcused_days=sum(score.unexcused.days for score in scores),
        pending_days=sum(len(score.pending) for score in scores),
    )


def _offices(scores: Sequence[Scorecard]) -> tuple[Office, ...]:
    members: dict[str, list[Scorecard]] = defaultdict(list)
    for score in scores:
        members[score.unit].append(score)
    return tuple(
        Office(
            unit=unit,
            name=people[0].unit_name,
            scores=tuple(sorted(people, key=lambda score: (score.name.casefold(), score.nip))),
            totals=_totals(people),
            statuses=tuple(sorted({score.status for score in people})),
        )
        for unit, people in sorted(members.items())
    )


def _bands(scores: Sequence[Scorecard]) -> tuple[Band, ...]:
    found = [score.discipline.score_ppm for score in scores]
    bands = []
    ceiling: int | None = None
    for floor in BAND_FLOORS_PCT:
        people = sum(
            floor * PPM_PER_PERCENT <= ppm and (ceiling is None or ppm < ceiling * PPM_PER_PERCENT) for ppm in found
        )
        bands.append(Band(floor_pct=floor, ceiling_pct=ceiling, people=people))
        ceiling = floor
    return tuple(bands)


def _weekdays(scores: Sequence[Scorecard]) -> tuple[Weekday, ...]:
    minutes: dict[int, list[int]] = defaultdict(list)
    for score in scores:
        for scored in score.days:
            minutes[scored.day.weekday()].append(scored.counted_late_minutes)
    return tuple(
        Weekday(number, late_arrivals=sum(late > 0 for late in found), late_minutes=sum(found))
        for number, found in sorted(minutes.items())
    )


def _codes(scores: Sequence[Scorecard]) -> tuple[CodeTotal, ...]:
    found: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for score in scores:
        for finding in score.findings:
            found[finding.code].append((score.nip, finding))
    return tuple(
        CodeTotal(
            code=code,
            findings=len(rows),
            people=len({nip for nip, _ in rows}),
            minutes=sum(finding.minutes or 0 for _, finding in rows),
            points_pct=percent_text(sum(finding.deduction_ppm for _, finding in rows)),
            sources=tuple(sorted({finding.source for _, finding in rows})),
        )
        for code, rows in sorted(found.items())
    )


def _pending(scores: Sequence[Scorecard]) -> tuple[PendingDay, ...]:
    names: dict[tuple[date, str, str], list[str]] = defaultdict(list)
    for score in scores:
        for waiting in score.pending:
            names[waiting.day, score.unit, waiting.reason].append(score.name)
    return tuple(
        PendingDay(day, unit, reason, tuple(sorted(people, key=str.casefold)))
        for (day, unit, reason), people in sorted(names.items())
    )
