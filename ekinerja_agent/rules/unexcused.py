"""Unexcused days of a year and the ladder of sanctions (PP 94/2021)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ladder:
    """One rung of the sanction ladder for unexcused days in a calendar year (`to_days` None = no end)."""

    from_days: int
    to_days: int | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class UnexcusedRule:
    """PP 94/2021 and its predecessor: minutes that make a day, the rungs, and the consecutive days that end it all.

    `run_days` None means that the rule knows no consecutive run. `statuses` are the employment statuses it judges. A
    missing arrive or leave scan is banked as `missing_scan_minutes`.
    """

    minutes_per_day: int
    rungs: tuple[Ladder, ...]
    run_days: int | None
    run_code: str
    statuses: frozenset[str]
    missing_scan_minutes: int = 0
