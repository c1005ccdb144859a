"""Who is on duty when: spells, units, the calendar and rosters, day by day. Does not know punches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.errors import NeedsAttention, NoRule
from ekinerja_agent.nouns.messages import as_message
from ekinerja_agent.rules import Bound, DayHours, Profile, RuleBook, Scan, ScanRule
from tests.proof.oracle.rows import Month, Spell, Unit

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NO_ROSTER_ROW = "no roster row"


@dataclass(frozen=True, slots=True)
class Window:
    """An expected scan; punches in [opens, closes) can serve it."""

    scan: Scan
    due: datetime
    due_local: datetime
    opens: datetime
    closes: datetime
    take_last: bool
    tolerance_min: int


@dataclass(frozen=True, slots=True)
class Hours:
    """A duty's hours in UTC."""

    starts: datetime
    ends: datetime
    break_from: datetime | None
    break_to: datetime | None
    required_minutes: int
    windows: tuple[Window, ...]


@dataclass(slots=True, eq=False)
class Duty:
    """One duty of a person. `hours` is None where nobody planned it; `unplanned` then tells why."""

    nip: str
    day: date
    spell: Spell
    unit: Unit
    profile: Profile
    schedule: str
    hours: Hours | None
    unplanned: str | None
    terminals: tuple[str, ...]
    zone: ZoneInfo

    @property
    def required_minutes(self) -> int:
        return self.hours.required_minutes if self.hours else 0

    @property
    def windows(self) -> tuple[Window, ...]:
        return self.hours.windows if self.hours else ()


@dataclass(slots=True)
class Person:
    """A person of the month with the spell that pays: that of the first working day, else the first spell."""

    nip: str
    duties: list[Duty]
    pays: Spell
    pay_day: date
    unit_name: str | None
    profile: Profile
    full_days: int


def valid(first: date | None, last: date | None, day: date) -> bool:
    """Tell whether a day lies in dates that are both included; None is open."""
    return (first is None or first <= day) and (last is None or day <= last)


def days_of(month: date) -> list[date]:
    """All days of a month."""
    day, days = month, []
    while day.month == month.month:
        days.append(day)
        day += DAY
    return days


class Calendar:
    """Days off and the fasting month, as the imported rows say, else the rule files."""

    def __init__(self, month: Month, rules: RuleBook) -> None:
        self.rules = rules
        self.kinds: dict[tuple[str, date], set[str]] = defaultdict(set)
        for row in month.calendar:
            self.kinds[row.unit, row.day].add(row.kind)

    def off(self, unit: str, day: date) -> bool:
        for whose in (unit, "*"):
            kinds = self.kinds.get((whose, day), set()) - {"ramadan"}
            if kinds:
                return kinds != {"kerja"}
        return day in self.rules.holidays

    def fasting(self, unit: str, day: date) -> bool:
        rows = self.kinds.get((unit, day), set()) | self.kinds.get(("*", day), set())
        return "ramadan" in rows or self.rules.ramadan_on(day) is not None


class Planner:
    """Answers for any person and day what duty there is."""

    def __init__(self, month: Month, rules: RuleBook) -> None:
        self.month = month
        self.rules = rules
        self.calendar = Calendar(month, rules)
        self.days = days_of(month.month)
        self.units: dict[str, list[Unit]] = defaultdict(list)
        for unit in month.units:
            self.units[unit.unit].append(unit)
        for known in self.units.values():
            known.sort(key=lambda unit: unit.valid_from or date.min)
        self.hours: dict[tuple[str, str, str, date, bool], Hours | None] = {}
        self.full: dict[tuple[str, str | None], int] = {}

    def people(self) -> list[Person]:
        """Everybody who serves in the month, in order of nip."""
        if self.month.month.year not in self.rules.holiday_years:
            raise NoRule(as_message(f"the holidays of {self.month.month.year} are not known"))
        first, last = self.days[0], self.days[-1]
        spells: dict[str, list[Spell]] = defaultdict(list)
        for spell in self.month.spells:
            if (spell.valid_from or first) <= last and (spell.valid_to or last) >= first:
                spells[spell.nip].append(spell)
        return [self._person(nip, spells[nip]) for nip in sorted(spells)]

    def _person(self, nip: str, spells: list[Spell]) -> Person:
        spells.sort(key=lambda spell: (spell.valid_from or date.min, spell.valid_to or date.min, spell.unit))
        shifts: dict[date, set[str]] = defaultdict(set)
        for row in self.month.rosters.get(nip, ()):
            shifts[row.day].add(row.shift)
        duties: list[Duty] = []
        for day in self.days:
            serving = [spell for spell in spells if valid(spell.valid_from, spell.valid_to, day)]
            for spell in serving:
                if not any(valid(unit.valid_from, unit.valid_to, day) for unit in self.units[spell.unit]):
                    raise NeedsAttention(as_message(f"no row of unit {spell.unit} covers {day}"))
            if serving:
                duties.extend(self._duties(serving[-1], day, shifts))
        pays = duties[0].spell if duties else spells[0]
        pay_day = duties[0].day if duties else max(spells[0].valid_from or self.days[0], self.days[0])
        unit = self._unit(pays.unit, pay_day)
        profile = self.rules.profile(unit.profile or self.month.profile)
        return Person(nip, duties, pays, pay_day, unit.unit_name, profile, self._full_days(pays, pay_day, len(duties)))

    def _unit(self, name: str, day: date) -> Unit:
        """The row of the day; beside all rows, the one that began last."""
        rows = self.units[name]
        return ([row for row in rows if valid(row.valid_from, row.valid_to, day)] or rows)[-1]

    def _schedule(self, own: str | None, unit: Unit) -> str:
        return own or unit.schedule or self.rules.profile(unit.profile or self.month.profile).schedule

    def _duties(self, spell: Spell, day: date, shifts: dict[date, set[str]]) -> list[Duty]:
        unit = self._unit(spell.unit, day)
        name = self._schedule(spell.schedule, unit)
        planned: list[tuple[str, Hours | None, str | None]] = []
        if self.rules.schedule(name).shifts is None:
            hours = self._week_hours(name, unit, day)
            if hours:
                planned.append((name, hours, None))
        elif not shifts.get(day):
            planned.append((name, None, NO_ROSTER_ROW))
        else:
            planned.extend(self._shift_hours(name, unit, day, shifts[day] - {"OFF"}))
        profile = self.rules.profile(unit.profile or self.month.profile)
        rows = self.month.duty_terminals.get(spell.nip, ())
        terminals = tuple(sorted({row.terminal for row in rows if valid(row.valid_from, row.valid_to, day)}))
        zone = ZoneInfo(unit.timezone)
        return [
            Duty(spell.nip, day, spell, unit, profile, shown, hours, why, terminals, zone)
            for shown, hours, why in planned
        ]

    def _week_hours(self, name: str, unit: Unit, day: date) -> Hours | None:
        if self.calendar.off(unit.unit, day):
            return None
        schedule = self.rules.schedule(name)
        week = schedule.week
        fasting = schedule.ramadan_week is not None and self.calendar.fasting(unit.unit, day)
        if fasting:
            week = schedule.ramadan_week
        if week is None:
            raise NoRule(as_message(f"{name} has no week"))
        profile = unit.profile or self.month.profile
        key = (profile, name, unit.timezone, day, fasting)
        if key not in self.hours:
            times = week.on(day).value.days[day.weekday()]
            self.hours[key] = None if times is None else self._hours_of(times, profile, unit.timezone, day)
        return self.hours[key]

    def _shift_hours(
        self, name: str, unit: Unit, day: date, wanted: set[str]
    ) -> list[tuple[str, Hours | None, str | None]]:
        timeline = self.rules.schedule(name).shifts
        known = timeline.on(day).value if timeline and wanted else {}
        found = []
        for shift in sorted(
            (shift for shift in wanted if shift in known), key=lambda shift: (known[shift].start, shift)
        ):
            profile = unit.profile or self.month.profile
            key = (profile, f"{name}/{shift}", unit.timezone, day, False)
            if key not in self.hours:
                self.hours[key] = self._hours_of(known[shift], profile, unit.timezone, day)
            found.append((f"{name}/{shift}", self.hours[key], None))
        return found + [
            (name, None, f"the schedule {name} has no shift {shift}") for shift in sorted(wanted - set(known))
        ]

    def _full_days(self, pays: Spell, pay_day: date, own_days: int) -> int:
        """Working days of a full month at the paying post; who works in shifts has exactly the own ones."""
        if self.rules.schedule(self._schedule(pays.schedule, self._unit(pays.unit, pay_day))).shifts is not None:
            return own_days
        key = (pays.unit, pays.schedule)
        if key not in self.full:
            self.full[key] = sum(self._is_working_day(pays, day) for day in self.days)
        return self.full[key]

    def _is_working_day(self, pays: Spell, day: date) -> bool:
        unit = self._unit(pays.unit, day)
        name = self._schedule(pays.schedule, unit)
        return self.rules.schedule(name).week is not None and self._week_hours(name, unit, day) is not None

    def _hours_of(self, times: DayHours, profile: str, timezone: str, day: date) -> Hours:
        return hours_of(times, self.rules.profile(profile).scans.on(day).value, ZoneInfo(timezone), day)


def hours_of(times: DayHours, scan_rules: tuple[ScanRule, ...], zone: ZoneInfo, day: date) -> Hours:
    """Given local hours and the expected scans, return the duty that starts on `day`."""
    start = datetime.combine(day, times.start)
    end = _after(start, times.end)
    due = {Scan.ARRIVE: start, Scan.LEAVE: end}
    net = end - start
    if times.break_start is not None and times.break_end is not None:
        due[Scan.BREAK_OUT] = _after(start, times.break_start)
        due[Scan.BREAK_IN] = _after(due[Scan.BREAK_OUT], times.break_end)
        net -= due[Scan.BREAK_IN] - due[Scan.BREAK_OUT]
    at = {scan: local.replace(tzinfo=zone).astimezone(UTC) for scan, local in due.items()}
    middle = at[Scan.ARRIVE] + (at[Scan.LEAVE] - at[Scan.ARRIVE]) / 2
    middle = middle.replace(second=0, microsecond=0)

    def edge(bound: Bound, scan: Scan) -> datetime:
        return middle if bound.from_middle else at[scan] + bound.minutes * MINUTE

    windows: list[Window] = []
    opens_next: datetime | None = None
    for scan in reversed(Scan):
        for rule in scan_rules:
            if rule.scan is not scan or scan not in at:
                continue
            opens = edge(rule.opens, scan)
            if scan is Scan.BREAK_IN:
                opens = max(opens, at[Scan.BREAK_OUT] + (at[Scan.BREAK_IN] - at[Scan.BREAK_OUT]) / 2)
            closes = edge(rule.closes, scan) + (timedelta() if rule.closes.from_middle else MINUTE)
            if opens_next is not None:
                closes = min(closes, opens_next)
            opens_next = opens if opens_next is None else min(opens_next, opens)
            if opens < closes:
                windows.append(Window(scan, at[scan], due[scan], opens, closes, rule.take_last, rule.tolerance_min))
    return Hours(
        starts=at[Scan.ARRIVE],
        ends=at[Scan.LEAVE],
        break_from=at.get(Scan.BREAK_OUT),
        break_to=at.get(Scan.BREAK_IN),
        required_minutes=net // MINUTE,
        windows=tuple(reversed(windows)),
    )


def _after(earlier: datetime, clock: time) -> datetime:
    """The next time the clock shows that, after `earlier`: hours that run backwards pass midnight."""
    found = datetime.combine(earlier.date(), clock)
    return found if found > earlier else found + DAY
