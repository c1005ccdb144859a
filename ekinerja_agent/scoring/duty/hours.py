"""One duty of one day: its due times and the window of each scan, as absolute instants.

Nights, Fridays, Ramadan and time zones end here: what comes out is UTC. Does not know who is on duty, nor
holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ekinerja_agent.county.calendar import hours_on, local_hours
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import Bound, DayHours, FlexibleStart, RuleBook, Scan, ScanRule

SCAN_ORDER: Mapping[Scan, int] = {scan: position for position, scan in enumerate(Scan)}
"""Position of a scan in time order, from 0."""

LATEST: frozenset[Scan] = frozenset({Scan.ARRIVE, Scan.BREAK_IN})
"""Scans whose due time is the latest allowed one; of the others it is the earliest."""

_MINUTE = timedelta(minutes=1)


class Plan(NamedTuple):
    """What makes two duties of a date alike: the same rules, the same hours, the same zone.

    `shift` is the roster's word ("" on a schedule of weeks, or where the roster says nothing). A duty that is not
    `planned` has no hours: nobody knows when it is.
    """

    day: date
    profile: str
    schedule: str
    timezone: str
    ramadan: bool
    shift: str = ""
    planned: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """One expected scan: when it is due, and the half-open window [opens, closes) of the punches for it.

    Minutes up to `tolerance_min` count as none. `flexible_min` minutes after the due time may be made good at the end.
    """

    scan: Scan
    due: datetime
    due_local: datetime
    opens: datetime
    closes: datetime
    take_last: bool
    tolerance_min: int
    flexible_min: int


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty in absolute time. `break_from` and `break_to` are both None where the hours have no break."""

    starts: datetime
    ends: datetime
    break_from: datetime | None
    break_to: datetime | None
    windows: tuple[Window, ...]


def start_minute(hours: DayHours | None) -> int | None:
    """Given duty hours, return the minute of the local day in which they start; None where nobody knows."""
    return None if hours is None else hours.start.hour * 60 + hours.start.minute


@lru_cache(256)
def required_minutes(hours: DayHours | None) -> int:
    """Given duty hours, return their minutes net of the break; 0 where nobody knows."""
    if hours is None:
        return 0
    local = local_hours(date(2000, 1, 1), hours)
    net = local.end - local.start
    if local.break_start is not None and local.break_end is not None:
        net -= local.break_end - local.break_start
    return net // _MINUTE


def duty_of(plan: Plan, rules: RuleBook) -> Duty:
    """Given a plan of a day with duty, return the duty; one that is not planned is the whole day, without scans.

    Raise NoRule if a value in use does not cover the day.
    """
    zone = _zone(plan.timezone)
    if not plan.planned:
        begin = datetime.combine(plan.day, time())
        return Duty(_instant(begin, zone), _instant(begin + timedelta(days=1), zone), None, None, ())
    hours = hours_on(rules.schedule(plan.schedule), plan.day, ramadan=plan.ramadan, shift=plan.shift)
    if hours is None:
        raise ValueError(Message("{schedule} has no duty on {day}", schedule=plan.schedule, day=plan.day))
    local = local_hours(plan.day, hours)
    starts, ends = _instant(local.start, zone), _instant(local.end, zone)
    due_local = {Scan.ARRIVE: local.start, Scan.LEAVE: local.end}
    break_from = break_to = None
    if local.break_start is not None and local.break_end is not None:
        break_from, break_to = _instant(local.break_start, zone), _instant(local.break_end, zone)
        due_local |= {Scan.BREAK_OUT: local.break_start, Scan.BREAK_IN: local.break_end}
    profile = rules.profile(plan.profile)
    scan_rules = profile.scans.on(plan.day).value
    flexible = profile.flexible_start.on(plan.day).value
    wanted = sorted((rule for rule in scan_rules if rule.scan in due_local), key=lambda rule: SCAN_ORDER[rule.scan])
    bare = Duty(starts, ends, break_from, break_to, ())
    windows = [_window(rule, due_local[rule.scan], zone, bare, flexible) for rule in wanted]
    return Duty(starts, ends, break_from, break_to, _without_overlap(windows))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise NeedsAttention(
            Message(
                "no time zone is called {name}; a unit's timezone is a name such as Asia/Jakarta, Asia/Makassar or "
                "Asia/Jayapura; import units again",
                name=repr(name),
            )
        ) from error


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _window(rule: ScanRule, due_local: datetime, zone: ZoneInfo, duty: Duty, flexible: FlexibleStart | None) -> Window:
    due = _instant(due_local, zone)
    opens = _edge(rule.opens, due, duty)
    closes = _edge(rule.closes, due, duty)
    if not rule.closes.from_middle:
        closes += _MINUTE
    if rule.scan is Scan.BREAK_IN and duty.break_from is not None and duty.break_to is not None:
        opens = max(opens, duty.break_from + (duty.break_to - duty.break_from) / 2)
    flexible_min = flexible.minutes if flexible is not None and rule.scan is Scan.ARRIVE else 0
    return Window(rule.scan, due, due_local, opens, closes, rule.take_last, rule.tolerance_min, flexible_min)


def _edge(bound: Bound, due: datetime, duty: Duty) -> datetime:
    """The middle is floored to its minute, which belongs to the later window as a whole."""
    if bound.from_middle:
        middle = duty.starts + (duty.ends - duty.starts) / 2
        return middle.replace(second=0, microsecond=0)
    return due + bound.minutes * _MINUTE


def _without_overlap(windows: list[Window]) -> tuple[Window, ...]:
    """An earlier window ends where a later one opens; one that is cut to nothing expects no scan."""
    kept: list[Window] = []
    for position, window in enumerate(windows):
        closes = min([window.closes, *(later.opens for later in windows[position + 1 :])])
        if window.opens < closes:
            kept.append(replace(window, closes=closes))
    return tuple(kept)
