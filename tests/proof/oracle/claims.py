"""What of claimed activities counts, minute by minute: who was absent, on leave or not yet there did not work then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time

from ekinerja_agent.rules import Scan
from tests.proof.oracle.duties import DAY, MINUTE, Person
from tests.proof.oracle.judge import Judged
from tests.proof.oracle.rows import Activity, Month, Outage
from tests.proof.oracle.scans import NOTHING, Served


def counted_minutes(person: Person, judged: Sequence[Judged], month: Month) -> int:
    """Given a person's judged duties, return the minutes of all days, each up to what it and its rule let count."""
    by_day: dict[date, list[Judged]] = defaultdict(list)
    for each in judged:
        by_day[each.duty.day].append(each)
    claimed: dict[date, list[Activity]] = defaultdict(list)
    for activity in month.activities.get(person.nip, ()):
        if month.through is not None and activity.day > month.through:
            continue
        claimed[activity.day].append(activity)
    outages = [outage for outage in month.outages if outage.status == "approved"]
    total = 0
    for day, activities in claimed.items():
        duties = by_day.get(day, [])
        if not duties:
            continue
        rule = duties[0].duty.profile.activities.on(day).value
        if rule.doubtful_count:
            minutes = sum(activity.minutes for activity in activities)
        else:
            minutes = _credible(day, activities, duties, by_day.get(day - DAY, []), outages)
        room = sum(each.duty.required_minutes for each in duties)
        total += min(minutes, room, room if rule.day_minutes is None else rule.day_minutes)
    return total


def _credible(
    day: date,
    activities: Sequence[Activity],
    duties: Sequence[Judged],
    day_before: Sequence[Judged],
    outages: Sequence[Outage],
) -> int:
    nights = [each for each in day_before if _ends_after_midnight(each) and _known(each) in {"open", "present"}]
    known = {_known(each) for each in (*duties, *nights)}
    first = last = None
    if "open" not in known and "present" in known:
        there = [each for each in duties if _known(each) == "present"]
        nightly = [each for each in nights if _known(each) == "present"]
        firsts = [None] * len(nightly) + [_sure(each, Scan.ARRIVE, outages) for each in there]
        lasts = [_sure(each, Scan.LEAVE, outages) for each in (*nightly, *there)]
        first = None if None in firsts else min(at for at in firsts if at)
        last = None if None in lasts else max(at for at in lasts if at)
    away = "open" not in known and "present" not in known
    zone = duties[0].duty.zone
    total, reached = 0, None
    for activity in sorted(
        activities, key=lambda one: (one.start or time.min, one.end or time.min, one.activity or "")
    ):
        if activity.start is None or activity.end is None:
            total += 0 if away else activity.minutes
            continue
        start = datetime.combine(day, activity.start, tzinfo=zone)
        end = datetime.combine(day, activity.end, tzinfo=zone)
        begins = max(at for at in (start, first, reached) if at)
        ends = min(at for at in (end, last) if at)
        reached = max(end, reached) if reached else end
        total += 0 if away else min(activity.minutes, max(NOTHING, ends - begins) // MINUTE)
    return total


def _known(judged: Judged) -> str:
    if judged.waits or judged.state in {"exempt", "future"}:
        return "open"
    if judged.state == "excused":
        works = judged.duty.profile.activities.on(judged.duty.day).value.work_absences
        return "leave" if judged.whole and not any(document.kind in works for document in judged.whole) else "open"
    return judged.state


def _ends_after_midnight(judged: Judged) -> bool:
    hours = judged.duty.hours
    if hours is None:
        return True
    return hours.ends.astimezone(judged.duty.zone).date() > judged.duty.day


def _sure(judged: Judged, scan: Scan, outages: Sequence[Outage]) -> datetime | None:
    """The instant of a scan, unless a document or an outage casts doubt on it."""
    served = next((one for one in judged.scans if one.window.scan is scan), None)
    if served is None or served.at is None or not served.closed or served.excused:
        return None
    return None if _touched(served, judged, outages) else served.at


def _touched(served: Served, judged: Judged, outages: Sequence[Outage]) -> bool:
    window = served.window
    return any(
        outage.terminal in judged.duty.terminals and outage.start < window.closes and outage.end > window.opens
        for outage in outages
    )
