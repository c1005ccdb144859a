"""Unexcused working days of the calendar year: the arithmetic of PP 94/2021. Does not know allowances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ekinerja_agent.rules import UnexcusedRule
from tests.proof.oracle.rows import DayRow, EarlierDay


@dataclass(frozen=True, slots=True)
class Unexcused:
    unexcused_days: int
    bank_minutes_year: int
    converted_days: int
    days_this_year: int
    longest_run: int
    run_reached_on: date | None
    threshold: str | None


def count_unexcused(
    days: Sequence[DayRow], earlier: Sequence[EarlierDay], rule: UnexcusedRule, year: int, status: str | None
) -> Unexcused:
    """Given the month's days and those before, return the year's count. Days of the last year count for runs only."""
    this_month = [
        (
            row.date,
            row.state == "unexcused",
            _banked((row.late_minutes or 0) + (row.early_minutes or 0), row.missing_scans, rule)
            if row.state == "present"
            else 0,
        )
        for row in days
    ]
    before = sorted((row.day, row.unexcused, _banked(row.bank_minutes, row.missing_scans, rule)) for row in earlier)
    every = before + this_month
    of_year = [row for row in every if row[0].year == year]
    bank = sum(minutes for *_, minutes in of_year)
    converted = bank // rule.minutes_per_day
    unexcused = sum(missed for _, missed, _ in of_year) + converted
    longest, reached = _runs([(day, missed) for day, missed, _ in every], rule.run_days, year)
    threshold = None
    if status in rule.statuses:
        for rung in rule.rungs:
            if rung.from_days <= unexcused and (rung.to_days is None or unexcused <= rung.to_days):
                threshold = rung.code
        if reached:
            threshold = rule.run_code
    return Unexcused(
        sum(missed for _, missed, _ in this_month), bank, converted, unexcused, longest, reached, threshold
    )


def _banked(minutes: int, missing_scans: int, rule: UnexcusedRule) -> int:
    return minutes + missing_scans * rule.missing_scan_minutes


def _runs(days: Sequence[tuple[date, bool]], run_days: int | None, year: int) -> tuple[int, date | None]:
    """The longest run that reaches into this year, and the first day on which one was as long as `run_days`."""
    runs: list[list[date]] = [[]]
    for day, missed in days:
        if missed:
            runs[-1].append(day)
        elif runs[-1]:
            runs.append([])
    touching = [run for run in runs if run and run[-1].year == year]
    reached = [run[run_days - 1] for run in touching if run_days and len(run) >= run_days]
    return max(map(len, touching), default=0), min(reached, default=None)
