"""The score of a person and month as a value: days, findings, scores and rupiah, as scoring made and central keeps it.

Days are dates, shares parts per million, money whole rupiah, instants UTC: no text stands for a number. Does not know
where it is kept, how it is written or how a point is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.duty import DayState, Scan
from ekinerja_agent.nouns.messages import Message

_ALWAYS_SHOWN = (Scan.ARRIVE, Scan.LEAVE)


class ScoreStatus(StrEnum):
    """Pending: a draft with a day that cannot be judged yet. Published: payroll reads it, and it never changes."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"


class Base(StrEnum):
    """Of what a deduction's percentage is taken: one of the two parts, the whole allowance, or each of the parts."""

    DISCIPLINE = "discipline"
    PERFORMANCE = "performance"
    WHOLE = "whole"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that costs. `scan` None: it is of no scan; `minutes` None: it is not counted in minutes.

    `deduction_rp` is rounded alone and never summed. `rule` with its `source` (decree) and `place` (FILE:LINE) says why
    it costs; `reference` names the event or document that it comes from, `punch_ids` the punches it was found by.
    """

    day: date
    code: str
    scan: Scan | None
    minutes: int | None
    deduction_ppm: int
    base: Base
    deduction_rp: int
    rule: str
    source: str
    place: str
    reference: str | None
    punch_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MadeScan:
    """When a scan was made, and the punch (or correction) that served it."""

    at: datetime
    punch: str | None


@dataclass(frozen=True, slots=True)
class ScoredDay:
    """One duty: `unit` and `timezone` are those of the day, a scan is None that was not made.

    `worked_minutes` are net of the break, None unless both arrive and leave exist; `late_minutes` and `early_minutes`
    those that count, None without that scan; `missing_scans` those that nothing excuses.
    """

    day: date
    unit: str
    schedule: str
    timezone: str
    state: DayState
    required_minutes: int
    worked_minutes: int | None
    late_minutes: int | None
    early_minutes: int | None
    missing_scans: int
    arrive: MadeScan | None
    break_out: MadeScan | None
    break_in: MadeScan | None
    leave: MadeScan | None

    def made(self, scan: Scan) -> MadeScan | None:
        """Given a scan, return when it was made; None: it was not."""
        return {
            Scan.ARRIVE: self.arrive,
            Scan.BREAK_OUT: self.break_out,
            Scan.BREAK_IN: self.break_in,
            Scan.LEAVE: self.leave,
        }[scan]

    def local(self, scan: Scan) -> time | None:
        """Given a scan, return the whole second at which it was made, in the zone of the day; None: it was not."""
        made = self.made(scan)
        return None if made is None else made.at.astimezone(ZoneInfo(self.timezone)).time().replace(microsecond=0)

    @property
    def counted_late_minutes(self) -> int:
        """Minutes late, if the day counts as present; else none."""
        return self.late_minutes or 0 if self.state is DayState.PRESENT else 0


@dataclass(frozen=True, slots=True)
class PendingDay:
    """A day that cannot be judged yet, and why."""

    day: date
    reason: Message


@dataclass(frozen=True, slots=True)
class Discipline:
    """The discipline part, and all findings of the month. The score ignores deductions of the whole allowance."""

    score_ppm: int
    deduction_ppm: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Performance:
    """The performance part: its rounded score, and the minutes or the rating that it comes from."""

    score_ppm: int
    deduction_ppm: int
    rating: str | None
    approved_minutes: int
    credited_minutes: int
    target_minutes: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """The money: `payable_rp` is both parts without the four deductions; the parts always add up."""

    base_rp: int
    discipline_rp: int
    performance_rp: int
    multiplier_ppm: int
    whole_deduction_rp: int
    leave_deduction_rp: int
    sanction_rp: int
    hold_rp: int
    payable_rp: int


@dataclass(frozen=True, slots=True)
class Unexcused:
    """Absence without reason, in days and in banked minutes of the year, and the threshold of a sanction it reached."""

    days: int
    bank_minutes_year: int
    converted_days: int
    days_this_year: int
    longest_run: int
    run_reached_on: date | None
    threshold: str | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One person's month. `month` is its first day, `unit` that of the person's first working day; `days`, `findings`
    and `pending` are by day.
    """

    month: date
    nip: str
    name: str
    unit: str
    unit_name: str
    position_class: str | None
    profile: str
    rules_digest: str
    status: ScoreStatus
    employment_status: str
    computed_at: datetime
    working_days: int
    days_present: int
    days_excused: int
    discipline: Discipline
    performance: Performance
    allowance: Allowance
    unexcused: Unexcused
    days: tuple[ScoredDay, ...]
    pending: tuple[PendingDay, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of the month."""
        return self.discipline.findings

    @property
    def is_published(self) -> bool:
        """Payroll reads it."""
        return self.status is ScoreStatus.PUBLISHED

    @property
    def timezone(self) -> str | None:
        """The zone of the first duty; None without one."""
        return self.days[0].timezone if self.days else None

    @property
    def punch_ids(self) -> list[str]:
        """The punches and corrections behind all findings, sorted."""
        return sorted({name for finding in self.findings for name in finding.punch_ids})

    def scans_shown(self, scored: ScoredDay) -> Iterator[Scan]:
        """Given one of its days, yield arrive and leave, and those of the break that were made or found missing."""
        found = {finding.scan for finding in self.findings if finding.day == scored.day}
        return (scan for scan in Scan if scan in _ALWAYS_SHOWN or scored.made(scan) is not None or scan in found)
