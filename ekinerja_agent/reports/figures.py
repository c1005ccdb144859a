"""The totals of a month that its report shows, counted from the scores of `score show` and from nothing else.

Promises that a number on the page can be found by counting in `score show --format json`. Money is whole rupiah;
means are exact until they are rounded half up to two decimals, once. A finding's `deduction_rp` is rounded alone and
is therefore never summed. Does not know languages, charts or HTML.

A score here is one entry of the list in the contract's section 5, with `unit_name` beside it and, for each day,
`state`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

Score = Mapping[str, Any]

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
    scores: tuple[Score, ...]
    totals: Totals
    statuses: tuple[str, ...]


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


_SUMMED_RP = ("base_rp", "discipline_rp", "performance_rp", "payable_rp")


def count(scores: Sequence[Score]) -> Figures:
    """Given a month's scores in any order, return their figures; without scores all counts are zero."""
    return Figures(
        totals=_totals(scores),
        offices=_offices(scores),
        bands=_bands(scores),
        weekdays=_weekdays(scores),
        codes=_codes(scores),
        pending=_pending(scores),
        profiles=tuple(sorted({score["profile"] for score in scores})),
        rules_digests=tuple(sorted({score["rules"] for score in scores})),
    )


def mean_text(percentages: Iterable[str]) -> str | None:
    """Given exact percentages as text, return their mean, half up, at most two decimals, shortest; None if none."""
    exact = [Fraction(text) for text in percentages]
    if not exact:
        return None
    return two_decimals(sum(exact, Fraction()) / len(exact))


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


def _totals(scores: Sequence[Score]) -> Totals:
    return Totals(
        people=len(scores),
        mean_discipline_pct=mean_text(score["discipline"]["score_pct"] for score in scores),
        mean_performance_pct=mean_text(score["performance"]["score_pct"] for score in scores),
        **{part: sum(score["allowance"][part] for score in scores) for part in _SUMMED_RP},
        unexcused_days=sum(score["unexcused"]["days"] for score in scores),
        pending_days=sum(len(score["pending"]) for score in scores),
    )


def _offices(scores: Sequence[Score]) -> tuple[Office, ...]:
    members: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        members[score["unit"]].append(score)
    return tuple(
        Office(
            unit=unit,
            name=people[0]["unit_name"],
            scores=tuple(sorted(people, key=lambda score: (score["name"].casefold(), score["nip"]))),
            totals=_totals(people),
            statuses=tuple(sorted({score["status"] for score in people})),
        )
        for unit, people in sorted(members.items())
    )


def _bands(scores: Sequence[Score]) -> tuple[Band, ...]:
    found = [Decimal(score["discipline"]["score_pct"]) for score in scores]
    bands = []
    ceiling: int | None = None
    for floor in BAND_FLOORS_PCT:
        people = sum(floor <= pct and (ceiling is None or pct < ceiling) for pct in found)
        bands.append(Band(floor_pct=floor, ceiling_pct=ceiling, people=people))
        ceiling = floor
    return tuple(bands)


def _weekdays(scores: Sequence[Score]) -> tuple[Weekday, ...]:
    minutes: dict[int, list[int]] = defaultdict(list)
    for score in scores:
        for day in score["days"]:
            minutes[date.fromisoformat(day["date"]).weekday()].append(_counted_late_minutes(day))
    return tuple(
        Weekday(number, late_arrivals=sum(late > 0 for late in found), late_minutes=sum(found))
        for number, found in sorted(minutes.items())
    )


def _counted_late_minutes(day: Mapping[str, Any]) -> int:
    return day["late_minutes"] or 0 if day["state"] == "present" else 0


def _codes(scores: Sequence[Score]) -> tuple[CodeTotal, ...]:
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for score in scores:
        for finding in score["discipline"]["findings"]:
            found[finding["code"]].append((score["nip"], finding))
    return tuple(
        CodeTotal(
            code=code,
            findings=len(rows),
            people=len({nip for nip, _ in rows}),
            minutes=sum(finding["minutes"] or 0 for _, finding in rows),
            points_pct=_shortest(sum((Decimal(finding["deduction_pct"]) for _, finding in rows), Decimal())),
            sources=tuple(sorted({finding["source"] for _, finding in rows})),
        )
        for code, rows in sorted(found.items())
    )


def _pending(scores: Sequence[Score]) -> tuple[PendingDay, ...]:
    names: dict[tuple[date, str, str], list[str]] = defaultdict(list)
    for score in scores:
        for row in score["pending"]:
            names[date.fromisoformat(row["date"]), score["unit"], row["reason"]].append(score["name"])
    return tuple(
        PendingDay(day, unit, reason, tuple(sorted(people, key=str.casefold)))
        for (day, unit, reason), people in sorted(names.items())
    )
