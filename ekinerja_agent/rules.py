"""The nouns of the rules: dated values with their source, and the profiles that choose among them.

Numbers come from YAML (`rulebook.py` loads them); logic is in `scoring/`. A percentage is an exact integer of parts per
million of its base (1 % = 10,000 ppm). A day that no value covers raises NoRule; the nearest value is never taken.
Imports nothing but the standard library and our errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Generic, TypeVar

from ekinerja_agent.nouns.errors import NoRule

PPM_PER_PERCENT = 10_000
WHOLE_PPM = 1_000_000
CORRECTION = "correction/"
"""Begins the reference of a correction, which names the scan that it adds where another has a punch."""

VOLUME = r"^([0-9]{1,6})(?:[.,]([0-9]{1,2}))?$"
"""What the volume of an activity looks like where its type has a standard time: at most two decimals."""

T = TypeVar("T")


class Scan(StrEnum):
    """The four scans of a duty, in time order."""

    ARRIVE = "arrive"
    BREAK_OUT = "break_out"
    BREAK_IN = "break_in"
    LEAVE = "leave"


class Base(StrEnum):
    """Of what a deduction's percentage is taken: one of the two parts, the whole allowance, or each of the parts."""

    DISCIPLINE = "discipline"
    PERFORMANCE = "performance"
    WHOLE = "whole"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from. `mark` is V (text of the rule seen), S, C, M or I; `place` is FILE:LINE."""

    source: str
    mark: str
    place: str


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value in force from `first` to `last`, both included; `last` None means until further notice."""

    first: date
    last: date | None
    value: T
    citation: Citation


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """One named value through time. Entries ascend and never overlap; gaps are allowed and raise when asked."""

    name: str
    entries: tuple[Dated[T], ...]

    def on(self, day: date) -> Dated[T]:
        """Given a day, return the entry in force. Raise NoRule if none is."""
        for entry in reversed(self.entries):
            if entry.first <= day and (entry.last is None or day <= entry.last):
                return entry
        first = self.entries[0].first.isoformat() if self.entries else "never"
        raise NoRule(
            f"no value of {self.name} covers {day}; the first one starts {first}. "
            "Add the dated value with its source to config/rules, or choose a profile that covers that day"
        )

    def __iter__(self) -> Iterator[Dated[T]]:
        return iter(self.entries)


@dataclass(frozen=True, slots=True)
class Band:
    """Minutes `from_min`..`to_min` (both included, None = no end) cost `deduction_ppm` under the code people know.

    With `per_minute` each of the minutes costs so much, else all of them together.
    """

    from_min: int
    to_min: int | None
    code: str
    deduction_ppm: int
    per_minute: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What a missing scan costs: `deduction_ppm`, or (it is then 0) what `as_minutes` late or early would."""

    deduction_ppm: int
    as_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceDay:
    """What a day without scan and document costs: `deduction_ppm`, or its share of presence.

    With `presence_share` the month's presence (days that are not such days of all working days) is rounded half up to
    0.01 %, and each such day costs what it takes away from that; `deduction_ppm` is then 0.
    """

    deduction_ppm: int
    presence_share: bool = False


@dataclass(frozen=True, slots=True)
class FlexibleStart:
    """Arriving up to `minutes` after the due time is made good by leaving as much later on the same day.

    Lateness (TL) counts from the end of that time. What was not made good costs by `bands` (KT1 ...).
    """

    minutes: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class EventCost:
    """What it costs to miss an event of a kind (apel, upacara, krida), by weekday from Monday, and of what.

    Without `in_ramadan` such an event costs nothing in the fasting month: it is not held.
    """

    kind: str
    weekdays_ppm: tuple[int, ...]
    in_ramadan: bool
    base: Base


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A monthly ceremony that the rules themselves announce: the day, moved to the next working day if it is none.

    `code` and the day make the name of the event, such as HKN-2026-09-17; `kind` is that of an event.

    `fixed` are (month, day) on which it is held whatever day it is. Nobody scans for it before `opens` or after
    `closes` (local, both minutes included).
    """

    code: str
    kind: str
    day_of_month: int
    opens: time
    closes: time
    fixed: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class DayHours:
    """Duty hours of one weekday in local time; with `end` <= `start` they end on the next day. No break: both None."""

    start: time
    end: time
    break_start: time | None = None
    break_end: time | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """Hours of Monday to Sunday; None is a day without duty."""

    days: tuple[DayHours | None, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named working week, and the week that replaces it in Ramadan (None: the same week); or shifts by name.

    A schedule has either `week` or `shifts`. With shifts, duty is what the roster of the person says.
    """

    name: str
    week: Timeline[Week] | None
    ramadan_week: Timeline[Week] | None = None
    shifts: Timeline[Mapping[str, DayHours]] | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """Edge of a scan's window: minutes after (negative: before) the scan's due time, or the middle of the duty.

    The middle of the duty is half-way between the due times of arrive and leave; `minutes` is then 0. The minute that a
    bound names belongs to the window it closes whole, except the middle, whose minute belongs to the later window.
    """

    minutes: int
    from_middle: bool = False


@dataclass(frozen=True, slots=True)
class ScanRule:
    """One expected scan: its window, and whether the first or the last punch inside counts.

    Up to `tolerance_min` minutes late or early count as none; beyond it all of them count.
    """

    scan: Scan
    opens: Bound
    closes: Bound
    take_last: bool
    tolerance_min: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the allowance; they add up to WHOLE_PPM."""

    discipline_ppm: int
    performance_ppm: int


@dataclass(frozen=True, slots=True)
class Target:
    """Minutes of approved activities that make 100 % of a full month: exactly one of the first three is given.

    `month_minutes` are those of a full month, `day_minutes` those of each working day, `duty_ppm` is a share of the
    person's duty minutes. `duty_cap_ppm` caps the target at that share of the duty minutes of the month, so that a
    month with few working days can be reached (None: no cap).
    """

    month_minutes: int | None
    day_minutes: int | None
    duty_ppm: int | None
    duty_cap_ppm: int | None


class Productivity(StrEnum):
    """How the performance score is made."""

    PROPORTIONAL = "proportional"
    """Minutes of the target, at most 100 %."""
    THRESHOLD = "threshold"
    """100 % if the target is reached, else 0."""
    RATING = "rating"
    """By the latest approved rating; minutes are not used."""


@dataclass(frozen=True, slots=True)
class Performance:
    """How performance is scored. `ratios_ppm` by predicate (sangat_baik ...) are used with RATING only.

    `unrated_ppm` is the ratio of a person without a valid rating; None: their month is pending.
    """

    mode: Productivity
    ratios_ppm: Mapping[str, int]
    unrated_ppm: int | None


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """What a plan costs the person who answers for it, in ppm of the performance part, for each month.

    `critical_ppm` for one that is critical, `late_ppm` for one that is late, `most_ppm` for all plans of a person.
    """

    critical_ppm: int
    late_ppm: int
    most_ppm: int


@dataclass(frozen=True, slots=True)
class PlanRule:
    """How plans (RPOK) are judged: how far behind, in ppm of the plan, is on track still, and then attention still.

    `gap_ppm` is how far physical and financial realisation may lie apart. `effect` None: plans cost nobody anything.
    """

    on_track_behind_ppm: int
    attention_behind_ppm: int
    gap_ppm: int
    effect: PlanEffect | None


@dataclass(frozen=True, slots=True)
class IndicatorPart:
    """An indicator as a part of the performance score: its code, whose it is (`person` or `unit`), and its weight."""

    code: str
    of: str
    weight_ppm: int


BUDGET_ABSORPTION = "budget_absorption"
"""The indicator that is worked out of the unit's plans and never imported: realised over budget."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """The performance score as a sum: `work_ppm` of minutes or rating, and the parts; together WHOLE_PPM."""

    work_ppm: int
    parts: tuple[IndicatorPart, ...]


@dataclass(frozen=True, slots=True)
class LoadClass:
    """A class of effectiveness: from `from_ppm` of a full load on."""

    code: str
    from_ppm: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Workload analysis (ABK): the minutes that one person works in a year, and how often a year has each `times`.

    `classes` descend, the last begins with 0. `logged_day_minutes` is the most that counts of a present day's logged
    minutes.
    """

    year_minutes: int
    times: Mapping[str, int]
    classes: tuple[LoadClass, ...]
    logged_day_minutes: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade for more than `above_ppm` of the points; None: for all that is left."""

    code: str
    above_ppm: int | None


@dataclass(frozen=True, slots=True)
class Sakip:
    """Accountability (SAKIP): weights of the aspects, together WHOLE_PPM; grades from the best down; what is aimed for.

    `target` is the grade that `target_share_ppm` of the units should have, or a better one.
    """

    weights_ppm: Mapping[str, int]
    grades: tuple[Grade, ...]
    target: str
    target_share_ppm: int


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Which activities are taken, and what of them counts.

    An activity is entered on its day or at most `entry_days` after it (None: any day after it). With `inside_duty` it
    lies in the hours of a duty, with `not_on_leave` on no day of leave; what does not is rejected. Documents of the
    kinds `work_absences` are no leave: people work under them. A day's minutes count up to `day_minutes` (None: up to
    the duty minutes). With `doubtful_count` minutes that attendance contradicts are shown and count.
    """

    entry_days: int | None
    inside_duty: bool
    not_on_leave: bool
    work_absences: frozenset[str]
    day_minutes: int | None
    doubtful_count: bool


class Settled(StrEnum):
    """What becomes of an activity that no superior decides in time."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WAITS = "pending"


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """What a superior's silence does to an activity, in days after its day (or after it was submitted again).

    After `escalate_days` the next superior may decide too (None: never); after `settle_days` it becomes what `becomes`
    says, and that is recorded against the superior.
    """

    escalate_days: int | None
    settle_days: int | None
    becomes: Settled


@dataclass(frozen=True, slots=True)
class LeaveStep:
    """From `first` to `last` (both included, None = no end), counted in months or days of a case, `paid_ppm` is paid.

    `less_per_day_ppm` is what each calendar day after the step's first one takes away from `paid_ppm`, down to 0.
    """

    first: int
    last: int | None
    paid_ppm: int
    less_per_day_ppm: int = 0


@dataclass(frozen=True, slots=True)
class LeavePay:
    """The share of the allowance that is paid during leave of one kind.

    Steps count the months of the case (a month runs from the first day of the case); with `by_length` they count its
    calendar days, and the step of the whole case holds for all of it. `short_case_ppm` is paid instead where the whole
    case lasts no longer than a month (None: the steps hold).
    """

    steps: tuple[LeaveStep, ...]
    by_length: bool = False
    short_case_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceKind:
    """What an approved document of this kind does: it excuses; a whole day of it credits performance minutes.

    `deduction_ppm` is what each whole duty day costs (a finding under the kind in capitals), `pay` how much of the
    allowance is paid (None: all). From child number `late_child_from` on, `late_child_pay` stands for `pay`.
    """

    kind: str
    credited_minutes: int
    deduction_ppm: int = 0
    pay: LeavePay | None = None
    late_child_from: int | None = None
    late_child_pay: LeavePay | None = None


@dataclass(frozen=True, slots=True)
class Factors:
    """What the allowance is multiplied by, in whole percent: `general_pct`, and one by employment status (absent: 100).

    `plt_pct` is the supplement for an acting post (plt): of the lower of both allowances.
    """

    general_pct: int
    by_status_pct: Mapping[str, int]
    plt_pct: int


@dataclass(frozen=True, slots=True)
class MassAnomaly:
    """When so many of an office share one finding at one terminal and scan that a machine may be the cause.

    At least `least_people`, and at least `share_ppm` of those expected: their days wait for a person.
    """

    share_ppm: int
    least_people: int


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


@dataclass(frozen=True, slots=True)
class Profile:
    """What a regency chose. Every value is a Timeline, so an old month scores tomorrow as it did then.

    `late`, `early`, `break_late` and `break_early` hold bands by direction (an empty tuple: it costs nothing and has no
    code). `base` says of what deductions are taken (events say it themselves); `day_cap` and `month_cap` are the most
    that a day's and a month's findings may cost in ppm (None: no cap). `events` holds what events cost by kind,
    `ceremonies` those that the rules announce. `absences` holds the known kinds by name. `prorate_transfers`: who moves
    within the month is paid by each spell's working days, else by the spell of the first working day.
    `corrections_per_month` is how many corrections of a person may be approved in a month (None: any number).
    `indicators` None: minutes or the rating alone make the performance score.
    `request_silence` are the days after which a request (leave, official travel) that nobody decided is rejected.
    `lineage` are the names of this profile and of those it extends, nearest first.
    """

    name: str
    title: str
    lineage: tuple[str, ...]
    schedule: str
    scans: Timeline[tuple[ScanRule, ...]]
    late: Timeline[tuple[Band, ...]]
    early: Timeline[tuple[Band, ...]]
    break_late: Timeline[tuple[Band, ...]]
    break_early: Timeline[tuple[Band, ...]]
    flexible_start: Timeline[FlexibleStart | None]
    missing_scan: Timeline[Missing]
    absence_day: Timeline[AbsenceDay]
    base: Timeline[Base]
    day_cap: Timeline[int | None]
    month_cap: Timeline[int | None]
    events: Timeline[Mapping[str, EventCost]]
    ceremonies: Timeline[tuple[Ceremony, ...]]
    split: Timeline[Split]
    target: Timeline[Target]
    performance: Timeline[Performance]
    absences: Timeline[Mapping[str, AbsenceKind]]
    factors: Timeline[Factors]
    prorate_transfers: Timeline[bool]
    corrections_per_month: Timeline[int | None]
    mass_anomaly: Timeline[MassAnomaly | None]
    plans: Timeline[PlanRule]
    indicators: Timeline[Indicators | None]
    workload: Timeline[Workload]
    sakip: Timeline[Sakip]
    activities: Timeline[ActivityRule]
    superior_silence: Timeline[SilenceRule]
    request_silence: Timeline[int | None]


@dataclass(frozen=True, slots=True)
class Adoption:
    """The decree by which a regency adopted a value that is not the text of a law. `value` "*" is every value."""

    value: str
    profile: str
    decree: str
    day: date
    by: str
    place: str


@dataclass(frozen=True, slots=True)
class Holiday:
    """A dated day off: `libur_nasional` or `cuti_bersama`, with the decree that set it."""

    day: date
    kind: str
    name: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Ramadan:
    """One fasting month, first and last day included, as decided (isbat), not as computed."""

    first: date
    last: date
    citation: Citation


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that are in the files. `digest` is `sha256:…` over their meaning, the same for the same rules.

    `holiday_years` are the years whose decree is in the files: a year without one cannot be scored. Adoptions are not
    part of the digest: they change no score.
    """

    profiles: Mapping[str, Profile]
    schedules: Mapping[str, Schedule]
    holidays: Mapping[date, Holiday]
    holiday_years: frozenset[int]
    ramadans: tuple[Ramadan, ...]
    unexcused: Timeline[UnexcusedRule]
    adoptions: tuple[Adoption, ...]
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)

    def profile(self, name: str) -> Profile:
        """Given a profile's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.profiles[name]
        except KeyError:
            known = ", ".join(sorted(self.profiles))
            raise NoRule(f"no profile is called {name!r}; config/rules/profiles has {known}") from None

    def schedule(self, name: str) -> Schedule:
        """Given a schedule's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.schedules[name]
        except KeyError:
            known = ", ".join(sorted(self.schedules))
            raise NoRule(f"no schedule is called {name!r}; config/rules has {known}") from None

    def ramadan_on(self, day: date) -> Ramadan | None:
        """Given a day, return the fasting month it lies in, or None. Raise NoRule if its year has no decided date."""
        for month in self.ramadans:
            if month.first <= day <= month.last:
                return month
        if not any(day.year in {month.first.year, month.last.year} for month in self.ramadans):
            raise NoRule(
                f"the first and last day of Ramadan {day.year} are not decided in config/rules/ramadan.yaml; "
                "add them from the isbat decision before scoring that year"
            )
        return None
