"""What a regency chose and adopted, and all rules together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.scorecard import Base
from ekinerja_agent.rules.activities import ActivityRule, SilenceRule
from ekinerja_agent.rules.dated import Citation, Timeline
from ekinerja_agent.rules.deductions import AbsenceDay, Band, Ceremony, EventCost, MassAnomaly, Missing
from ekinerja_agent.rules.hours import FlexibleStart, ScanRule, Schedule
from ekinerja_agent.rules.leave import AbsenceKind
from ekinerja_agent.rules.measures import Indicators, PlanRule, Sakip, Workload
from ekinerja_agent.rules.payment import Factors, Performance, Split, Target
from ekinerja_agent.rules.unexcused import UnexcusedRule


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

    `holiday_years` are the years whose decree is in the files: a year without one cannot be scored. `shipped` are the
    files that are those of this program to the byte, by their names in the directory: who says V in another one only
    says so. Where a value stands and in which file is no part of the digest.
    """

    profiles: Mapping[str, Profile]
    schedules: Mapping[str, Schedule]
    holidays: Mapping[date, Holiday]
    holiday_years: frozenset[int]
    ramadans: tuple[Ramadan, ...]
    unexcused: Timeline[UnexcusedRule]
    adoptions: tuple[Adoption, ...]
    digest: str
    shipped: frozenset[str] | None = None

    def __hash__(self) -> int:
        return hash(self.digest)

    def profile(self, name: str) -> Profile:
        """Given a profile's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.profiles[name]
        except KeyError:
            known = ", ".join(sorted(self.profiles))
            raise NoRule(
                Message("no profile is called {name}; config/rules/profiles has {known}", name=repr(name), known=known)
            ) from None

    def schedule(self, name: str) -> Schedule:
        """Given a schedule's name, return it. Raise NoRule if no file defines it."""
        try:
            return self.schedules[name]
        except KeyError:
            known = ", ".join(sorted(self.schedules))
            raise NoRule(
                Message("no schedule is called {name}; config/rules has {known}", name=repr(name), known=known)
            ) from None

    def ramadan_on(self, day: date) -> Ramadan | None:
        """Given a day, return the fasting month it lies in, or None. Raise NoRule if its year has no decided date."""
        for month in self.ramadans:
            if month.first <= day <= month.last:
                return month
        if not any(day.year in {month.first.year, month.last.year} for month in self.ramadans):
            raise NoRule(
                Message(
                    "the first and last day of Ramadan {year} are not decided in config/rules/ramadan.yaml; add "
                    "them from the isbat decision before scoring that year",
                    year=day.year,
                )
            )
        return None
