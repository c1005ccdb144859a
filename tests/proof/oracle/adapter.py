"""From the frames of MonthFacts to plain rows: the only place of the oracle that knows columns."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Protocol, TypeVar

import polars as pl

from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.proof.oracle import rows


class _OfPerson(Protocol):
    @property
    def nip(self) -> str: ...


Row = TypeVar("Row")
Own = TypeVar("Own", bound=_OfPerson)


def month_of(facts: MonthFacts) -> rows.Month:
    """Given facts, return them as rows."""
    return rows.Month(
        month=facts.month,
        profile=facts.profile,
        now=facts.now,
        accept_pending=facts.accept_pending,
        through=facts.through,
        spells=_rows(facts.spells, rows.Spell),
        units=_rows(facts.units, rows.Unit),
        coverage=_rows(facts.coverage, rows.Covered),
        outages=_rows(facts.outages, rows.Outage),
        calendar=_rows(facts.calendar, rows.CalendarRow),
        events=_rows(facts.events, rows.Event),
        event_attendance=_rows(facts.event_attendance, rows.Attendance),
        punches=_by_nip(facts.punches, rows.Punch),
        duty_terminals=_by_nip(facts.duty_terminals, rows.DutyTerminal),
        absences=_by_nip(facts.absences, rows.Absence),
        activities=_by_nip(facts.activities, rows.Activity),
        earlier_days=_by_nip(facts.earlier_days, rows.EarlierDay),
        corrections=_by_nip(facts.corrections, rows.Correction),
        rosters=_by_nip(facts.rosters, rows.RosterRow),
        allowances=_by_nip(facts.allowances, rows.Criterion),
        holds=_by_nip(facts.holds, rows.Taken),
        sanctions=_by_nip(facts.sanctions, rows.Taken),
        assignments=_by_nip(facts.assignments, rows.Assignment),
        ratings=_by_nip(facts.ratings, rows.Rating),
        plan_reports=_by_nip(facts.plan_reports, rows.PlanReport),
        indicators=_rows(facts.indicators, rows.Indicator),
        budgets=_rows(facts.budgets, rows.Budget),
    )


def _rows(frame: pl.DataFrame, kind: type[Row]) -> list[Row]:
    names = [column.name for column in fields(_dataclass(kind))]
    return [kind(*row) for row in frame.select(names).iter_rows()]


def _by_nip(frame: pl.DataFrame, kind: type[Own]) -> dict[str, list[Own]]:
    found: dict[str, list[Own]] = {}
    for row in _rows(frame, kind):
        found.setdefault(row.nip, []).append(row)
    return found


def _dataclass(kind: Any) -> Any:
    return kind
