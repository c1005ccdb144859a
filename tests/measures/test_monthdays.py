"""Months follow each other, whatever the length of a year."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.month_days import last_day, month_after

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@given(DAYS, st.integers(-1200, 1200))
def test_so_many_months_later_and_back_is_the_same_month(day: date, months: int) -> None:
    later = month_after(day, months)
    assert later.day == 1
    assert month_after(later, -months) == day.replace(day=1)
    assert (later.year - day.year) * 12 + later.month - day.month == months


@given(DAYS)
def test_the_day_after_the_last_begins_the_next_month(day: date) -> None:
    last = last_day(day)
    assert (last.year, last.month) == (day.year, day.month)
    assert last + timedelta(days=1) == month_after(day, 1)
