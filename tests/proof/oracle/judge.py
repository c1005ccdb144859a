"""What each duty comes to: its state and its findings at their full price. Does not know whether data were complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import as_message
from ekinerja_agent.rules import PPM_PER_PERCENT, AbsenceKind, Band, Profile, Scan
from tests.proof.oracle.duties import DAY, Duty, Person
from tests.proof.oracle.rows import Absence, Month, Outage
from tests.proof.oracle.scans import Punches, Served, excuse_and_measure, made_minutes, own_corrections, serve

NEVER = datetime.min.replace(tzinfo=UTC)
MISSING_CODE = {Scan.ARRIVE: "TAM", Scan.BREAK_OUT: "TAK", Scan.BREAK_IN: "TAI", Scan.LEAVE: "TAP"}


@dataclass(slots=True)
class Found:
    """A finding. `at_scans` are the scans that another punch, document or correction could change it by."""

    code: str
    scan: Scan | None
    minutes: int | None
    ppm: int
    base: str
    reference: str | None = None
    punch_ids: list[str] = field(default_factory=list)
    at_scans: tuple[Scan, ...] = ()


@dataclass(slots=True, eq=False)
class Judged:
    """A duty as it stands; `waits` is the reason why it cannot be judged yet. `found_if` says what would be found had
    some of its scans been made at other instants, all else as it was.
    """

    duty: Duty
    scans: list[Served]
    state: str
    whole: list[Absence]
    found: list[Found]
    found_if: Callable[[Mapping[Scan, datetime]], list[Found]]
    waits: str | None = None


def judge_person(person: Person, month: Month, outages: dict[str, list[Outage]]) -> list[Judged]:
    """Given a person and approved outages by terminal, return the judgement of each duty in order."""
    punches = Punches(month.punches.get(person.nip, ()))
    documents = [document for document in month.absences.get(person.nip, ()) if document.status == "approved"]
    timed = [document for document in documents if not document.whole_days]
    corrections = [
        correction for correction in month.corrections.get(person.nip, ()) if correction.status == "approved"
    ]
    by_day: dict[date, list[Duty]] = {}
    for duty in person.duties:
        by_day.setdefault(duty.day, []).append(duty)
    judged = []
    for day, duties in by_day.items():
        of_day = [correction for correction in corrections if correction.day == day]
        own = own_corrections(duties, of_day) if of_day else {}
        whole = [document for document in documents if document.whole_days and covers_day(document, day)]
        now = NEVER if month.through is not None and day > month.through else month.now
        for duty in duties:
            scans = serve(duty, punches, own.get(duty, ()), now)
            failed = [outage for terminal in duty.terminals for outage in outages.get(terminal, ())]
            excuse_and_measure(scans, timed, failed, duty.profile.flexible_start.on(day).value)
            judged.append(_judge_duty(duty, scans, whole, now, _imagining(duty, scans, timed, failed)))
    return judged


def _imagining(
    duty: Duty, scans: list[Served], documents: list[Absence], outages: list[Outage]
) -> Callable[[Mapping[Scan, datetime]], list[Found]]:
    def found_if(made: Mapping[Scan, datetime]) -> list[Found]:
        imagined = [replace(scan, at=made.get(scan.window.scan, scan.at), minutes=None, owed=0) for scan in scans]
        excuse_and_measure(imagined, documents, outages, duty.profile.flexible_start.on(duty.day).value)
        return _findings(duty, imagined)

    return found_if


def covers_day(document: Absence, day: date) -> bool:
    return document.first_day <= day <= document.last_day


def known_kind(profile: Profile, document: Absence, day: date) -> AbsenceKind:
    """Given an approved whole-day document, return what its kind does. Raise NoRule for an unknown kind."""
    kinds = profile.absences.on(day).value
    if document.kind not in kinds:
        raise NoRule(
            as_message(f"profile {profile.name} does not know the kind {document.kind} of {document.document} on {day}")
        )
    return kinds[document.kind]


def band_cost(bands: Sequence[Band], minutes: int) -> tuple[str, int] | None:
    """Code and full price of so many minutes, None if no band holds them or it costs nothing."""
    for band in bands:
        if band.from_min <= minutes and (band.to_min is None or minutes <= band.to_min):
            ppm = band.deduction_ppm * (minutes if band.per_minute else 1)
            return (band.code, ppm) if ppm else None
    return None


def _judge_duty(
    duty: Duty,
    scans: list[Served],
    whole: list[Absence],
    now: datetime,
    found_if: Callable[[Mapping[Scan, datetime]], list[Found]],
) -> Judged:
    judged = Judged(duty, scans, "", whole, [], found_if)
    judged.state = _state(judged, now)
    if duty.unplanned:
        judged.waits = duty.unplanned if judged.state == "present" else None
    elif judged.state == "present":
        judged.found = _findings(duty, scans)
    return judged


def _state(judged: Judged, now: datetime) -> str:
    duty, scans = judged.duty, judged.scans
    if duty.spell.attendance == "exempt":
        return "exempt"
    if duty.unplanned:
        over = datetime.combine(duty.day + DAY, time.min, tzinfo=duty.zone) <= now
        return "future" if not over else "excused" if judged.whole else "present"
    if scans and not any(scan.closed for scan in scans):
        return "future"
    if judged.whole or (scans and all(scan.excused for scan in scans)):
        return "excused"
    if scans and not any(scan.at or scan.excused for scan in scans):
        # Until the last window closes nobody can tell an absence from missing scans.
        return "unexcused" if all(scan.closed for scan in scans) else "future"
    return "present"


def _bands(profile: Profile, scan: Scan, day: date) -> tuple[Band, ...]:
    timeline = {
        Scan.ARRIVE: profile.late,
        Scan.BREAK_OUT: profile.break_early,
        Scan.BREAK_IN: profile.break_late,
        Scan.LEAVE: profile.early,
    }[scan]
    return timeline.on(day).value


def _findings(duty: Duty, scans: list[Served]) -> list[Found]:
    day, profile = duty.day, duty.profile
    base = profile.base.on(day).value.value
    found = []
    for scan in scans:
        if not scan.closed or scan.excused:
            continue
        name = scan.window.scan
        bands = _bands(profile, name, day)
        if scan.minutes is None:
            missing = profile.missing_scan.on(day).value
            ppm = missing.deduction_ppm
            if missing.as_minutes is not None:
                cost = band_cost(bands, missing.as_minutes)
                ppm = cost[1] if cost else 0
            if ppm:
                found.append(Found(MISSING_CODE[name], name, None, ppm, base, at_scans=(name,)))
        elif scan.minutes:
            cost = band_cost(bands, scan.minutes)
            if cost:
                found.append(_of_scan(scan, cost, scan.minutes, base, (name,)))
    return found + _uncompensated(duty, {scan.window.scan: scan for scan in scans}, base)


def _of_scan(scan: Served, cost: tuple[str, int], minutes: int, base: str, at_scans: tuple[Scan, ...]) -> Found:
    reference = scan.reference if scan.corrected else None
    punch_ids = [scan.reference] if scan.reference else []
    return Found(cost[0], scan.window.scan, minutes, cost[1], base, reference, punch_ids, at_scans)


def _uncompensated(duty: Duty, scans: dict[Scan, Served], base: str) -> list[Found]:
    """Flexible time that was used in the morning and not made good at the end of the day."""
    flexible = duty.profile.flexible_start.on(duty.day).value
    arrive, leave = scans.get(Scan.ARRIVE), scans.get(Scan.LEAVE)
    if flexible is None or arrive is None or leave is None or leave.at is None:
        return []
    if not (arrive.closed and leave.closed) or arrive.excused or leave.excused:
        return []
    uncompensated = arrive.owed - made_minutes(leave)
    cost = band_cost(flexible.bands, uncompensated) if uncompensated > 0 else None
    return [_of_scan(leave, cost, uncompensated, base, (Scan.ARRIVE, Scan.LEAVE))] if cost else []


def absence_finding(judged: Judged) -> list[Found]:
    """What an unexcused duty costs as a whole, if its price does not depend on the month."""
    absence = judged.duty.profile.absence_day.on(judged.duty.day).value
    if absence.presence_share or not absence.deduction_ppm:
        return []
    return [Found("TK", None, None, absence.deduction_ppm, judged.duty.profile.base.on(judged.duty.day).value.value)]


def would_cost(judged: Judged) -> str | None:
    """What is found of a duty that waits, as far as is known; a share of the presence has no price of its own."""
    told = [f"{found.code} {Decimal(found.ppm) / PPM_PER_PERCENT} %" for found in judged.found]
    if judged.state == "unexcused":
        shared = judged.duty.profile.absence_day.on(judged.duty.day).value.presence_share
        told = (
            ["HADIR"] if shared else [f"TK {Decimal(each.ppm) / PPM_PER_PERCENT} %" for each in absence_finding(judged)]
        )
    return ", ".join(told) or None


def _cheapest_first(priced: tuple[AbsenceKind, Absence]) -> tuple[int, str, bool, str]:
    """Of documents that cost the same, one that has a number is named."""
    kind, document = priced
    return kind.deduction_ppm, document.kind, document.document is None, document.document or ""


def leave_finding(judged: Judged) -> list[Found]:
    """What a whole-day document costs: of several the one that costs least."""
    duty = judged.duty
    if duty.spell.attendance == "exempt" or not judged.whole:
        return []
    priced = [(known_kind(duty.profile, document, duty.day), document) for document in judged.whole]
    kind, document = min(priced, key=_cheapest_first)
    if not kind.deduction_ppm:
        return []
    base = duty.profile.base.on(duty.day).value.value
    return [Found(document.kind.upper(), None, None, kind.deduction_ppm, base, document.document)]
