"""Which instant serves each scan of a duty, and how late or early it was. Does not know what that costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ekinerja_agent.rules import FlexibleStart, Scan
from tests.proof.oracle.duties import DAY, MINUTE, Duty, Window
from tests.proof.oracle.rows import Absence, Correction, Outage, Punch

NOTHING = timedelta()
BEFORE_IS_KINDER = (Scan.ARRIVE, Scan.BREAK_IN)


@dataclass(slots=True)
class Served:
    """A scan with what serves it. `minutes` late or early is None if nothing does; `owed` is flexible time used."""

    window: Window
    at: datetime | None
    reference: str | None
    corrected: bool
    closed: bool
    excused: bool = False
    minutes: int | None = None
    owed: int = 0


class Punches:
    """A person's punches, each with its instant or, under a wrong terminal clock, its two; in order of time."""

    def __init__(self, punches: Sequence[Punch]) -> None:
        instants = [(punch.at, punch) for punch in punches]
        instants += [(punch.clock_at, punch) for punch in punches if punch.clock_at != punch.at]
        self.instants = sorted(instants, key=lambda pair: pair[0])
        self.times = [at for at, _ in self.instants]

    def between(self, opens: datetime, closes: datetime) -> list[tuple[datetime, Punch]]:
        return self.instants[bisect_left(self.times, opens) : bisect_left(self.times, closes)]


def serve(duty: Duty, punches: Punches, corrections: Sequence[Correction], now: datetime) -> list[Served]:
    """Given a duty with its own approved corrections, return its scans in order, before documents and outages."""
    taken: set[str] = set()
    served = []
    for window in duty.windows:
        at, punch_id = _punch_for(window, punches, taken)
        mine = [correction for correction in corrections if correction.scan == window.scan]
        if any(correction.action == "void" for correction in mine):
            at, punch_id = None, None
        corrected = False
        added = [(time_of(correction, duty, window), correction.reference) for correction in mine if correction.time]
        for instant, reference in sorted(added, key=lambda pair: pair[1]):
            if at is None or _kinder(window.scan, instant, at):
                at, punch_id, corrected = instant, reference, True
        served.append(Served(window, at, punch_id, corrected, window.closes <= now))
    return served


def _punch_for(window: Window, punches: Punches, taken: set[str]) -> tuple[datetime | None, str | None]:
    best: dict[str, datetime] = {}
    two_instants = set()
    for at, punch in punches.between(window.opens, window.closes):
        if punch.at != punch.clock_at:
            two_instants.add(punch.punch_id)
        if punch.punch_id not in taken and (
            punch.punch_id not in best or _kinder(window.scan, at, best[punch.punch_id])
        ):
            best[punch.punch_id] = at
    if not best:
        return None, None
    chosen_at = (max if window.take_last else min)(best.values())
    chosen = min(punch_id for punch_id, at in best.items() if at == chosen_at)
    if chosen in two_instants:
        taken.add(chosen)
    return chosen_at, chosen


def _kinder(scan: Scan, one: datetime, other: datetime) -> bool:
    return one < other if scan in BEFORE_IS_KINDER else one > other


def time_of(correction: Correction, duty: Duty, window: Window) -> datetime:
    """The instant that a correction means: inside the window if it can be, else nearest to the due time."""
    clock = correction.time or time.min
    choices = [datetime.combine(day, clock, tzinfo=duty.zone) for day in (duty.day, duty.day + DAY)]
    inside = [choice for choice in choices if window.opens <= choice < window.closes]
    if inside:
        return inside[0]
    return min(choices, key=lambda choice: abs(choice - window.due))


def own_corrections(duties: Sequence[Duty], corrections: Sequence[Correction]) -> dict[Duty, list[Correction]]:
    """Given a person's duties of one date and corrections of it, say which duty each belongs to (a void: to all)."""
    own: dict[Duty, list[Correction]] = {duty: [] for duty in duties}
    for correction in corrections:
        having = [(duty, window) for duty in duties for window in duty.windows if window.scan == correction.scan]
        if correction.action == "void":
            for duty, _ in having:
                own[duty].append(correction)
        elif having:
            duty, _ = min(having, key=lambda pair: abs(time_of(correction, *pair) - pair[1].due))
            own[duty].append(correction)
    return own


def document_holds(document: Absence, local: datetime) -> bool:
    """Tell whether a document with times holds a local instant, both ends included."""
    first, last = document.from_time or time.min, document.to_time or time.max
    day, clock = local.date(), local.time()
    if first <= last:
        return _in_days(document, day) and first <= clock <= last
    return (_in_days(document, day) and clock >= first) or (_in_days(document, day - DAY) and clock <= last)


def document_touches(document: Absence, opens: datetime, closes: datetime) -> bool:
    """Tell whether a document with times touches the local stretch [opens, closes)."""
    first, last = document.from_time or time.min, document.to_time or time.max
    day = document.first_day
    while day <= document.last_day:
        begins = datetime.combine(day, first)
        ends = datetime.combine(day if first <= last else day + DAY, last)
        if begins < closes and ends >= opens:
            return True
        day += DAY
    return False


def _in_days(document: Absence, day: date) -> bool:
    return document.first_day <= day <= document.last_day


def excuse_and_measure(
    scans: Sequence[Served], documents: Sequence[Absence], outages: Sequence[Outage], flexible: FlexibleStart | None
) -> None:
    """Given approved documents with times and approved outages of the duty's terminals, fill in what they leave."""
    for scan in scans:
        window = scan.window
        touching = [outage for outage in outages if outage.start < window.closes and outage.end > window.opens]
        scan.excused = any(document_holds(document, window.due_local) for document in documents)
        if scan.at is None:
            scan.excused = scan.excused or bool(touching)
            continue
        if window.scan in BEFORE_IS_KINDER:
            grace = flexible.minutes * MINUTE if flexible and window.scan is Scan.ARRIVE else NOTHING
            minutes = _late_minutes(window.due + grace, scan.at, touching)
            if grace:
                scan.owed = min(grace // MINUTE, _late_minutes(window.due, scan.at, touching))
        else:
            left = scan.at
            for outage in touching:
                if outage.end > scan.at:
                    left = max(left, min(outage.end, window.due))
            minutes = max(0, (window.due - left) // MINUTE)
        scan.minutes = 0 if minutes <= window.tolerance_min else minutes


def _late_minutes(due: datetime, at: datetime, outages: Sequence[Outage]) -> int:
    """Whole minutes from due to punch in which every terminal worked."""
    late, reached = NOTHING, due
    for outage in sorted(outages, key=lambda outage: outage.start):
        late += max(NOTHING, min(outage.start, at) - reached)
        reached = max(reached, outage.end)
    late += max(NOTHING, at - reached)
    return late // MINUTE


def made_minutes(scan: Served) -> int:
    """Whole minutes that the leave scan is after its due time."""
    return 0 if scan.at is None else max(0, (scan.at - scan.window.due) // MINUTE)


def worked_minutes(duty: Duty, scans: Sequence[Served]) -> int | None:
    """Whole minutes from arrive to leave without the part of the break between them."""
    at = {scan.window.scan: scan.at for scan in scans}
    arrive, leave = at.get(Scan.ARRIVE), at.get(Scan.LEAVE)
    if arrive is None or leave is None or duty.hours is None:
        return None
    worked = leave - arrive
    if duty.hours.break_from is not None and duty.hours.break_to is not None:
        rest = min(leave, duty.hours.break_to) - max(arrive, duty.hours.break_from)
        worked -= max(NOTHING, rest)
    return max(0, worked // MINUTE)
