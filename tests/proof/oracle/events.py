"""Who missed an apel, a ceremony or an exercise, and what it costs. Looks only at days with the person at work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.proof.oracle.duties import MINUTE, Calendar, Duty, Person
from tests.proof.oracle.holds import Coverage, undecided_request
from tests.proof.oracle.judge import Found, Judged, covers_day
from tests.proof.oracle.rows import Absence, Event, Month, Outage
from tests.proof.oracle.scans import document_touches

EARLIEST = timedelta(minutes=90)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An event for one duty: its window as instants, half-open, and in local time."""

    event: Event
    opens: datetime
    closes: datetime
    opens_local: datetime
    closes_local: datetime


class Events:
    """Judges the events of a month, person by person."""

    def __init__(self, month: Month, calendar: Calendar, coverage: Coverage) -> None:
        self.month = month
        self.calendar = calendar
        self.coverage = coverage
        self.by_day: dict[date, list[Event]] = defaultdict(list)
        for event in sorted(month.events, key=lambda event: event.event):
            self.by_day[event.day].append(event)
        self.marked: dict[str, set[str]] = defaultdict(set)
        for row in month.event_attendance:
            self.marked[row.event].add(row.nip)
        self.outages: dict[str, list[Outage]] = defaultdict(list)
        for outage in month.outages:
            self.outages[outage.terminal].append(outage)

    def judge(self, person: Person, present: Sequence[Judged]) -> tuple[list[Found], str | None]:
        """Given the duties of one date that count as present, return what was missed, or a reason to wait.

        Both belong to the first of the duties.
        """
        found = []
        first = present[0].duty
        for event in self.by_day.get(first.day, ()):
            if event.unit not in ("*", first.unit.unit) or event.opens is None or event.closes is None:
                continue
            if event.audience is not None and not {person.nip, person.pays.employment_status} & set(event.audience):
                continue
            ppm, base = self._cost(event, first)
            if not ppm:
                continue
            seen = _window(event, event.opens, event.closes, first)
            if seen.closes > self.month.now or self._excused(seen, person.nip, [each.duty for each in present]):
                continue
            waits = self._waits(seen, first)
            if waits:
                return [], waits
            found.append(Found(event.kind.upper(), None, None, ppm, base, event.event))
        return found, None

    def _cost(self, event: Event, duty: Duty) -> tuple[int, str]:
        cost = duty.profile.events.on(duty.day).value.get(event.kind)
        if cost is None:
            return 0, ""
        ppm = cost.weekdays_ppm[duty.day.weekday()]
        if ppm and not cost.in_ramadan and self.calendar.fasting(duty.unit.unit, duty.day):
            return 0, ""
        return ppm, cost.base.value

    def _excused(self, seen: _Seen, nip: str, duties: Sequence[Duty]) -> bool:
        """Nobody is expected, or the person was there, or a document or a broken terminal excuses."""
        hours = [duty.hours for duty in duties if duty.hours]
        if all(seen.closes <= each.starts - EARLIEST or seen.opens > each.ends for each in hours):
            return True
        if nip in self.marked.get(seen.event.event, ()):
            return True
        terminal = seen.event.terminal
        if terminal is not None:
            for punch in self.month.punches.get(nip, ()):
                inside = seen.opens <= punch.at < seen.closes or seen.opens <= punch.clock_at < seen.closes
                if punch.terminal == terminal and inside:
                    return True
            if self._outage(seen, terminal, "approved"):
                return True
        return any(
            document.status == "approved" and _touches(document, seen) for document in self.month.absences.get(nip, ())
        )

    def _waits(self, seen: _Seen, duty: Duty) -> str | None:
        event = seen.event
        if event.terminal is None:
            if not self.marked.get(event.event):
                return f"nobody told who was at {event.event}"
        elif self.coverage.silent_or_missing(event.terminal, seen.opens, seen.closes):
            return f"{event.terminal} not complete during {event.event}"
        elif self._outage(seen, event.terminal, "pending"):
            return f"an outage of {event.terminal} is undecided"
        return undecided_request(
            request
            for request in self.month.absences.get(duty.nip, ())
            if request.status == "pending"
            and (covers_day(request, duty.day) if request.whole_days else _touches(request, seen))
        )

    def _outage(self, seen: _Seen, terminal: str, status: str) -> bool:
        return any(
            outage.status == status and outage.start < seen.closes and outage.end > seen.opens
            for outage in self.outages.get(terminal, ())
        )


def _window(event: Event, opens: time, closes: time, duty: Duty) -> _Seen:
    """Both minutes included, in the zone of the unit."""
    opens_local = datetime.combine(event.day, opens)
    closes_local = datetime.combine(event.day, closes) + MINUTE
    at, until = (local.replace(tzinfo=duty.zone) for local in (opens_local, closes_local))
    return _Seen(event, at, until, opens_local, closes_local)


def _touches(document: Absence, seen: _Seen) -> bool:
    return not document.whole_days and document_touches(document, seen.opens_local, seen.closes_local)
