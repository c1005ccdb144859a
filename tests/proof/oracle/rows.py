"""The facts as plain rows, and what the oracle gives: one class per frame of `scoring.frames`, with its columns.

All instants are UTC, all dates local to the unit; None means "does not exist".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class Spell:
    nip: str
    name: str | None
    unit: str
    employment_status: str | None
    attendance: str
    schedule: str | None
    position_class: str | None
    allowance_rp: int | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Unit:
    unit: str
    unit_name: str | None
    timezone: str
    schedule: str | None
    profile: str | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Punch:
    nip: str
    punch_id: str
    terminal: str
    at: datetime
    clock_at: datetime


@dataclass(frozen=True, slots=True)
class Covered:
    terminal: str
    start: datetime | None
    end: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class DutyTerminal:
    nip: str
    terminal: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    nip: str
    first_day: date
    last_day: date
    kind: str
    from_time: time | None
    to_time: time | None
    case_first: date | None
    case_last: date | None
    child_number: int | None
    status: str
    document: str | None

    @property
    def whole_days(self) -> bool:
        return self.from_time is None and self.to_time is None


@dataclass(frozen=True, slots=True)
class Correction:
    nip: str
    day: date
    scan: str
    action: str
    time: time | None
    status: str
    reference: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    nip: str
    day: date
    shift: str


@dataclass(frozen=True, slots=True)
class Event:
    event: str
    kind: str
    unit: str
    day: date
    opens: time | None
    closes: time | None
    terminal: str | None
    audience: list[str] | None


@dataclass(frozen=True, slots=True)
class Attendance:
    event: str
    nip: str
    mark: str


@dataclass(frozen=True, slots=True)
class Criterion:
    nip: str
    amount_e4: int
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A hold or a sanction."""

    nip: str
    amount_rp: int | None
    share_ppm: int | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Assignment:
    nip: str
    kind: str
    allowance_rp: int | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Rating:
    nip: str
    predicate: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class PlanReport:
    plan: str
    nip: str
    due_date: date
    planned_ppm: int
    physical_ppm: int


@dataclass(frozen=True, slots=True)
class Indicator:
    nip: str | None
    unit: str | None
    code: str
    points_e2: int
    max_points_e2: int


@dataclass(frozen=True, slots=True)
class Budget:
    unit: str
    budget_rp: int
    realised_rp: int


@dataclass(frozen=True, slots=True)
class Outage:
    terminal: str
    start: datetime
    end: datetime
    status: str


@dataclass(frozen=True, slots=True)
class CalendarRow:
    day: date
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Activity:
    nip: str
    activity: str | None
    day: date
    start: time | None
    end: time | None
    minutes: int


@dataclass(frozen=True, slots=True)
class EarlierDay:
    nip: str
    day: date
    unexcused: bool
    bank_minutes: int
    missing_scans: int


@dataclass(frozen=True, slots=True)
class Month:
    """MonthFacts as rows; rows of a person are kept by nip."""

    month: date
    profile: str
    now: datetime
    accept_pending: bool
    through: date | None
    spells: list[Spell]
    units: list[Unit]
    coverage: list[Covered]
    outages: list[Outage]
    calendar: list[CalendarRow]
    events: list[Event]
    event_attendance: list[Attendance]
    punches: dict[str, list[Punch]]
    duty_terminals: dict[str, list[DutyTerminal]]
    absences: dict[str, list[Absence]]
    activities: dict[str, list[Activity]]
    earlier_days: dict[str, list[EarlierDay]]
    corrections: dict[str, list[Correction]]
    rosters: dict[str, list[RosterRow]]
    allowances: dict[str, list[Criterion]]
    holds: dict[str, list[Taken]]
    sanctions: dict[str, list[Taken]]
    assignments: dict[str, list[Assignment]]
    ratings: dict[str, list[Rating]]
    plan_reports: dict[str, list[PlanReport]]
    indicators: list[Indicator]
    budgets: list[Budget]


@dataclass(frozen=True, slots=True)
class PersonRow:
    nip: str
    name: str | None
    unit: str
    unit_name: str | None
    position_class: str | None
    profile: str
    employment_status: str | None
    status: str
    working_days: int
    days_present: int
    days_excused: int
    discipline_score_ppm: int
    discipline_deduction_ppm: int
    performance_score_ppm: int
    performance_deduction_ppm: int
    rating: str | None
    approved_minutes: int
    credited_minutes: int
    target_minutes: int
    base_rp: int
    discipline_rp: int
    performance_rp: int
    multiplier_ppm: int
    whole_deduction_rp: int
    leave_deduction_rp: int
    sanction_rp: int
    hold_rp: int
    payable_rp: int
    unexcused_days: int
    bank_minutes_year: int
    converted_days: int
    days_this_year: int
    longest_run: int
    run_reached_on: date | None
    threshold: str | None


@dataclass(frozen=True, slots=True)
class DayRow:
    nip: str
    date: date
    unit: str
    schedule: str
    timezone: str
    state: str
    required_minutes: int
    worked_minutes: int | None
    late_minutes: int | None
    early_minutes: int | None
    missing_scans: int
    arrive_at: datetime | None
    break_out_at: datetime | None
    break_in_at: datetime | None
    leave_at: datetime | None
    arrive_punch: str | None
    break_out_punch: str | None
    break_in_punch: str | None
    leave_punch: str | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    nip: str
    date: date
    code: str
    scan: str | None
    minutes: int | None
    deduction_ppm: int
    base: str
    deduction_rp: int
    reference: str | None
    punch_ids: list[str]


@dataclass(frozen=True, slots=True)
class PendingRow:
    nip: str
    date: date
    reason: str
    would_cost: str | None


@dataclass(frozen=True, slots=True)
class OracleResult:
    """People in order of nip; the rest in order of nip, date and the order of the day."""

    people: list[PersonRow]
    days: list[DayRow]
    findings: list[FindingRow]
    pending: list[PendingRow]
