"""The first and last days of calendar months. Knows no clock and no zone."""

from __future__ import annotations

from datetime import date, timedelta


def month_after(day: date, months: int) -> date:
    """Given a day and a number of months, below 0 for earlier ones, return the first day of the month so much later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def last_day(day: date) -> date:
    """Given a day, return the last one of its month."""
    return month_after(day, 1) - timedelta(days=1)
