"""The columns of every frame that scoring takes and gives. All times are UTC microseconds, all dates local to
the unit.

Money is whole rupiah (Int64), percentages are parts per million of their base (Int64), minutes are whole and
floored. Null means "does not exist", never zero. An empty frame still has all its columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, partial
from typing import Any

import polars as pl

INSTANT = pl.Datetime("us", "UTC")

Schema = dict[str, pl.DataType | type[pl.DataType]]

SPELLS: Schema = {
    # One row per person and spell of duty that touches the month; dates are included, valid_to null = open.
    "nip": pl.String,
    "name": pl.String,
    "unit": pl.String,
    "employment_status": pl.String,  # pns, cpns, pppk, pppk_paruh_waktu, non_asn
    "attendance": pl.String,  # terminal, register, exempt
    "schedule": pl.String,  # null = the unit's, else the profile's
    "position_class": pl.String,
    "allowance_rp": pl.Int64,  # null = none known
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
UNITS: Schema = {
    "unit": pl.String,
    "unit_name": pl.String,
    "parent": pl.String,
    "timezone": pl.String,
    "head_nip": pl.String,
    "schedule": pl.String,
    "profile": pl.String,  # null = the profile of agent.yaml
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
PUNCHES: Schema = {
    # Punches that an enrolment of their day gives to a person. at = clock_at unless the offset was beyond
    # tolerance.
    "nip": pl.String,
    "punch_id": pl.String,
    "terminal": pl.String,
    "at": INSTANT,
    "clock_at": INSTANT,
}
COVERAGE: Schema = {
    # kind: proven | silent (see model.Coverage); start null = since ever. Half-open.
    "terminal": pl.String,
    "start": INSTANT,
    "end": INSTANT,
    "kind": pl.String,
}
DUTY_TERMINALS: Schema = {
    # The terminals whose logs must be complete before silence of this person means absence; dates included.
    "nip": pl.String,
    "terminal": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
ABSENCES: Schema = {
    # Documents. status: pending | approved | rejected. Times null = the whole day, else local, on each date.
    "nip": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "kind": pl.String,
    "from_time": pl.Time,
    "to_time": pl.Time,
    # case_first, case_last: first and last day of all approved documents of the case; a document without a case is
    # its own. child_number: of maternity leave.
    "case_first": pl.Date,
    "case_last": pl.Date,
    "child_number": pl.Int64,
    "status": pl.String,
    "document": pl.String,
}
CORRECTIONS: Schema = {
    # A scan that a document adds at a local time, or takes away. status: pending | approved | rejected.
    "nip": pl.String,
    "day": pl.Date,  # of the duty
    "scan": pl.String,
    "action": pl.String,  # add | void
    "time": pl.Time,  # null for void: whatever serves the scan
    "status": pl.String,
    "reference": pl.String,  # `correction/N`
}
ROSTERS: Schema = {
    # What the roster says of a person whose schedule has shifts; several rows a date are several duties.
    "nip": pl.String,
    "day": pl.Date,
    "shift": pl.String,  # the name of a shift, or OFF
}
EVENTS: Schema = {
    # One row per unit that is called ("*" = everyone). opens and closes are local, both minutes included.
    "event": pl.String,
    "kind": pl.String,  # apel, upacara, krida
    "unit": pl.String,
    "day": pl.Date,
    "opens": pl.Time,
    "closes": pl.Time,
    "terminal": pl.String,  # null: attendance rows alone tell
    "audience": pl.List(pl.String),  # employment statuses and NIPs; null = all
}
EVENT_ATTENDANCE: Schema = {
    "event": pl.String,
    "nip": pl.String,
    "mark": pl.String,  # present | excused
    "document": pl.String,
}
ALLOWANCES: Schema = {
    # Criteria of which the allowance is the sum; a person without any row has the allowance of the spell.
    "nip": pl.String,
    "criterion": pl.String,
    "amount_e4": pl.Int64,  # 1/10,000 rupiah: a basic amount times a percentage stays exact
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
HOLDS: Schema = {
    # Either amount_rp or share_ppm (of the allowance) is given. Dates included.
    "nip": pl.String,
    "amount_rp": pl.Int64,
    "share_ppm": pl.Int64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
SANCTIONS: Schema = dict(HOLDS)
ASSIGNMENTS: Schema = {
    "nip": pl.String,
    "unit": pl.String,
    "kind": pl.String,  # plt | plh | tugas_tambahan
    "allowance_rp": pl.Int64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
RATINGS: Schema = {
    # Approved ratings only; of several that are valid the last row counts.
    "nip": pl.String,
    "predicate": pl.String,  # sangat_baik, baik, butuh_perbaikan, cukup, kurang, sangat_kurang
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
OUTAGES: Schema = {
    # When a terminal could not record, half-open. status: pending | approved | rejected.
    "terminal": pl.String,
    "start": INSTANT,
    "end": INSTANT,
    "status": pl.String,
    "document": pl.String,
}
CALENDAR: Schema = {
    # Imported rows; unit "*" = everyone. kind: libur_nasional, cuti_bersama, libur_daerah, ramadan, kerja.
    "day": pl.Date,
    "unit": pl.String,
    "kind": pl.String,
    "name": pl.String,
    "source": pl.String,
}
ACTIVITIES: Schema = {
    # Approved activities only; minutes as approved, at most the standard time of their type and volume.
    "nip": pl.String,
    "activity": pl.String,
    "day": pl.Date,
    "start": pl.Time,  # local, half-open; null = not known
    "end": pl.Time,
    "minutes": pl.Int64,
}
PLAN_REPORTS: Schema = {
    # Approved reports of the month itself, of plans that a person answers for.
    "plan": pl.String,
    "nip": pl.String,
    "due_date": pl.Date,
    "planned_ppm": pl.Int64,
    "physical_ppm": pl.Int64,
}
INDICATORS: Schema = {
    # Points that count in the month: of a person (unit null) or of a unit (nip null), once per code.
    "nip": pl.String,
    "unit": pl.String,
    "code": pl.String,
    "points_e2": pl.Int64,
    "max_points_e2": pl.Int64,
}
BUDGETS: Schema = {
    # Money of a unit's plans by their newest approved report up to the month; a unit without any has no row.
    "unit": pl.String,
    "budget_rp": pl.Int64,
    "realised_rp": pl.Int64,
}
EARLIER_DAYS: Schema = {
    # Duty days of the same calendar year and of the December before, from the latest results of those months.
    "nip": pl.String,
    "day": pl.Date,
    "unexcused": pl.Boolean,
    "bank_minutes": pl.Int64,  # late + early minutes of that day
    "missing_scans": pl.Int64,  # arrive and leave scans that nothing excuses
}


def empty(schema: Schema) -> pl.DataFrame:
    """Given a schema, return a frame without rows that has all its columns."""
    return _empty(tuple(schema.items()))


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """All that is known of some offices for one month.

    `month` is its first day. `profile` is the profile of units that name none. `now` is the instant of
    judging: a scan whose window has not closed by then is not judged yet. `accept_pending` is a person's
    signed decision that days without complete data count as present. `through` is the last day that is judged where a
    month is closed before its end: what is still to come costs nobody anything. Who is there on a day is told by the
    frames up to `rosters`; what has no rows may be left out of the others.
    """

    month: date
    profile: str
    now: datetime
    spells: pl.DataFrame
    units: pl.DataFrame
    punches: pl.DataFrame
    coverage: pl.DataFrame
    duty_terminals: pl.DataFrame
    absences: pl.DataFrame
    calendar: pl.DataFrame
    outages: pl.DataFrame
    corrections: pl.DataFrame
    rosters: pl.DataFrame
    activities: pl.DataFrame = field(default_factory=partial(empty, ACTIVITIES))
    earlier_days: pl.DataFrame = field(default_factory=partial(empty, EARLIER_DAYS))
    events: pl.DataFrame = field(default_factory=partial(empty, EVENTS))
    event_attendance: pl.DataFrame = field(default_factory=partial(empty, EVENT_ATTENDANCE))
    allowances: pl.DataFrame = field(default_factory=partial(empty, ALLOWANCES))
    holds: pl.DataFrame = field(default_factory=partial(empty, HOLDS))
    sanctions: pl.DataFrame = field(default_factory=partial(empty, SANCTIONS))
    assignments: pl.DataFrame = field(default_factory=partial(empty, ASSIGNMENTS))
    ratings: pl.DataFrame = field(default_factory=partial(empty, RATINGS))
    plan_reports: pl.DataFrame = field(default_factory=partial(empty, PLAN_REPORTS))
    indicators: pl.DataFrame = field(default_factory=partial(empty, INDICATORS))
    budgets: pl.DataFrame = field(default_factory=partial(empty, BUDGETS))
    accept_pending: bool = False
    through: date | None = None


PEOPLE: Schema = {
    # One row per person of the month; the shape of the contract's section 5, flattened.
    "nip": pl.String,
    "name": pl.String,
    "unit": pl.String,
    "unit_name": pl.String,
    "position_class": pl.String,
    "profile": pl.String,
    "employment_status": pl.String,
    "status": pl.String,  # draft | pending
    "working_days": pl.Int64,
    "days_present": pl.Int64,
    "days_excused": pl.Int64,
    "discipline_score_ppm": pl.Int64,
    "discipline_deduction_ppm": pl.Int64,
    "performance_score_ppm": pl.Int64,  # rounded half up to 1 ppm for display; money uses the exact fraction
    "performance_deduction_ppm": pl.Int64,
    "rating": pl.String,
    "approved_minutes": pl.Int64,
    "credited_minutes": pl.Int64,
    "target_minutes": pl.Int64,
    "base_rp": pl.Int64,
    "discipline_rp": pl.Int64,
    "performance_rp": pl.Int64,
    "multiplier_ppm": pl.Int64,
    "whole_deduction_rp": pl.Int64,
    "leave_deduction_rp": pl.Int64,
    "sanction_rp": pl.Int64,
    "hold_rp": pl.Int64,
    "payable_rp": pl.Int64,
    "unexcused_days": pl.Int64,
    "bank_minutes_year": pl.Int64,
    "converted_days": pl.Int64,
    "days_this_year": pl.Int64,
    "longest_run": pl.Int64,
    "run_reached_on": pl.Date,
    "threshold": pl.String,
}
DAYS: Schema = {
    # One row per person and duty. state: present | excused | unexcused | pending | exempt | future.
    "nip": pl.String,
    "date": pl.Date,
    "unit": pl.String,
    "schedule": pl.String,
    "timezone": pl.String,
    "state": pl.String,
    "required_minutes": pl.Int64,
    "worked_minutes": pl.Int64,  # net of the break; null unless both arrive and leave exist
    "late_minutes": pl.Int64,  # that count: 0 where excused, open or accepted; null without arrive scan
    "early_minutes": pl.Int64,  # likewise; null without a leave scan
    "missing_scans": pl.Int64,  # arrive and leave scans of a present day that nothing excuses
    "arrive_at": INSTANT,
    "break_out_at": INSTANT,
    "break_in_at": INSTANT,
    "leave_at": INSTANT,
    "arrive_punch": pl.String,
    "break_out_punch": pl.String,
    "break_in_punch": pl.String,
    "leave_punch": pl.String,
}
FINDINGS: Schema = {
    # In order of nip, date, scan order. scan null for what concerns a day as a whole: TK, events, leave.
    "nip": pl.String,
    "date": pl.Date,
    "code": pl.String,
    "scan": pl.String,
    "minutes": pl.Int64,
    "deduction_ppm": pl.Int64,
    "base": pl.String,
    "deduction_rp": pl.Int64,
    "rule": pl.String,
    "source": pl.String,
    "place": pl.String,
    "reference": pl.String,  # event, document or correction that it comes from; null for punches alone
    "punch_ids": pl.List(pl.String),
}
PENDING: Schema = {
    "nip": pl.String,
    "date": pl.Date,
    "reason": pl.String,  # in English
    "message": pl.String,  # the same as `messages.pack` keeps it
    # What was found as far as is known, "TL3 1.25 %, TAP 1.5 %": so much the person is spared if the day counts as
    # present. Null if it waits for something else.
    "would_cost": pl.String,
}


SHARED: Schema = {
    # One row per unit, date, scan and terminal where a mass anomaly may be: how many of those expected have a finding
    # there, and from which numbers on it is one. None where somebody decided about an outage of the terminal.
    "unit": pl.String,
    "date": pl.Date,
    "scan": pl.String,
    "terminal": pl.String,
    "expected": pl.Int64,
    "affected": pl.Int64,
    "share_ppm": pl.Int64,
    "least_people": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class MonthResult:
    """What the rules make of the facts: people, their days, what was found, what cannot be judged yet, and how many
    share a finding.
    """

    people: pl.DataFrame
    days: pl.DataFrame
    findings: pl.DataFrame
    pending: pl.DataFrame
    shared: pl.DataFrame


def as_columns(schema: Schema) -> list[pl.Expr]:
    """Given a schema, return its columns, each cast to its kind."""
    return _as_columns(tuple(schema.items()))


@cache
def _as_columns(columns: tuple[tuple[str, Any], ...]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in columns]


@cache
def _empty(columns: tuple[tuple[str, Any], ...]) -> pl.DataFrame:
    return pl.DataFrame(schema=columns)
