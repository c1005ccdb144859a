"""The month of an office from facts to pay, in the order in which an official would work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction

from ekinerja_agent.rules import WHOLE_PPM, RuleBook, Scan
from tests.proof.oracle.duties import Duty, Person, Planner, days_of
from tests.proof.oracle.events import Events
from tests.proof.oracle.holds import Coverage, Holder, mass_anomalies
from tests.proof.oracle.judge import Found, Judged, absence_finding, judge_person, leave_finding, would_cost
from tests.proof.oracle.money import (
    achieve,
    allowance_of,
    cap_day,
    cap_month,
    half_up,
    lost_to_leave,
    multiplier_of,
    pay_out,
    price,
)
from tests.proof.oracle.rows import DayRow, FindingRow, Month, OracleResult, Outage, PendingRow, PersonRow
from tests.proof.oracle.scans import Served, worked_minutes
from tests.proof.oracle.shortfalls import month_findings, weighed
from tests.proof.oracle.year import count_unexcused

STEP_OF_PRESENCE_PPM = 100


def score_rows(month: Month, rules: RuleBook) -> OracleResult:
    """Given the facts of a month as rows, return what the rules make of them."""
    planner = Planner(month, rules)
    people = planner.people()
    approved: dict[str, list[Outage]] = defaultdict(list)
    for outage in month.outages:
        if outage.status == "approved":
            approved[outage.terminal].append(outage)
    judged = {person.nip: judge_person(person, month, approved) for person in people}
    everybody = [each for own in judged.values() for each in own]
    coverage = Coverage(month, everybody)
    holder = Holder(month, coverage)
    shared = mass_anomalies(everybody, month.outages)
    for each in everybody:
        each.waits = each.waits or shared.get(each) or holder.reason(each)
    events = Events(month, planner.calendar, coverage)
    result = OracleResult([], [], [], [])
    for person in people:
        _score_person(person, judged[person.nip], events, rules, result)
    return result


def _score_person(person: Person, judged: list[Judged], events: Events, rules: RuleBook, result: OracleResult) -> None:
    month = events.month
    _add_events(person, judged, events)
    found_by_duty = _standing(judged)
    for each, found in found_by_duty:
        cap_day(found, each.duty)
    standing = [finding for _, found in found_by_duty for finding in found]
    cap_month(standing, person)
    days = [_day_row(each, accepted=month.accept_pending) for each in judged]
    achieved = achieve(person, judged, month)
    base, multiplier = allowance_of(person, month), multiplier_of(person)
    of_month = month_findings(person, month)
    ratio = weighed(achieved.ratio, person)
    pay = pay_out(person, base * multiplier, [*standing, *of_month], ratio, lost_to_leave(judged), month)
    pending = [
        PendingRow(person.nip, each.duty.day, each.waits or "", would_cost(each))
        for each in judged
        if _state(each, accepted=False) == "pending"
    ]
    if achieved.unrated:
        pending.append(PendingRow(person.nip, person.pay_day, f"no approved rating is valid on {month.month}", None))
    if month.accept_pending:
        pending = []
    rule = rules.unexcused.on(days_of(month.month)[-1]).value
    year = count_unexcused(
        days, month.earlier_days.get(person.nip, ()), rule, month.month.year, person.pays.employment_status
    )
    result.people.append(
        PersonRow(
            nip=person.nip,
            name=person.pays.name,
            unit=person.pays.unit,
            unit_name=person.unit_name,
            position_class=person.pays.position_class,
            profile=person.profile.name,
            employment_status=person.pays.employment_status,
            status="pending" if pending else "draft",
            working_days=len(days),
            days_present=sum(day.state == "present" for day in days),
            days_excused=sum(day.state == "excused" for day in days),
            discipline_score_ppm=WHOLE_PPM - pay.discipline_deduction_ppm,
            rating=achieved.rating,
            approved_minutes=achieved.approved_minutes,
            credited_minutes=achieved.credited_minutes,
            target_minutes=achieved.target_minutes,
            base_rp=half_up(base),
            multiplier_ppm=half_up(multiplier * WHOLE_PPM),
            **asdict(pay),
            **asdict(year),
        )
    )
    result.days.extend(days)
    result.findings.extend(
        FindingRow(
            nip=person.nip,
            date=day,
            code=finding.code,
            scan=finding.scan.value if finding.scan else None,
            minutes=finding.minutes,
            deduction_ppm=finding.ppm,
            base=finding.base,
            deduction_rp=price(person, base * multiplier, finding),
            reference=finding.reference,
            punch_ids=finding.punch_ids,
        )
        for day, found in [*((each.duty.day, found) for each, found in found_by_duty), (person.pay_day, of_month)]
        for finding in found
    )
    result.pending.extend(sorted(pending, key=lambda row: row.date))


def _add_events(person: Person, judged: Sequence[Judged], events: Events) -> None:
    present: dict[object, list[Judged]] = defaultdict(list)
    for each in judged:
        if each.state == "present" and not each.waits:
            present[each.duty.day].append(each)
    for duties in present.values():
        found, waits = events.judge(person, duties)
        duties[0].found = duties[0].found + found
        duties[0].waits = waits


def _standing(judged: Sequence[Judged]) -> list[tuple[Judged, list[Found]]]:
    """The findings of the duties that need not wait, each duty's in its order.

    A day that another unit's profile priced otherwise took nothing from the presence.
    """
    absences = 0
    standing = []
    for each in judged:
        if each.waits:
            continue
        found: list[Found] = []
        if each.state == "unexcused":
            absences += _by_presence(each.duty)
            found += absence_finding(each) + _presence_finding(each, absences, len(judged))
        found += each.found
        found += leave_finding(each)
        standing.append((each, found))
    return standing


def _by_presence(duty: Duty) -> bool:
    return duty.profile.absence_day.on(duty.day).value.presence_share


def _presence_finding(judged: Judged, number: int, working_days: int) -> list[Found]:
    """The `number`-th absence of the month costs what it takes from the presence, rounded half up to 0.01 %."""
    duty = judged.duty
    if not _by_presence(duty):
        return []

    def presence_ppm(absences: int) -> int:
        steps = Fraction(working_days - absences, working_days) * WHOLE_PPM / STEP_OF_PRESENCE_PPM
        return half_up(steps) * STEP_OF_PRESENCE_PPM

    cost = presence_ppm(number - 1) - presence_ppm(number)
    return [Found("HADIR", None, None, cost, duty.profile.base.on(duty.day).value.value)] if cost else []


def _state(judged: Judged, *, accepted: bool) -> str:
    if judged.waits:
        return "present" if accepted else "pending"
    return judged.state


def _day_row(judged: Judged, *, accepted: bool) -> DayRow:
    duty = judged.duty
    scans = {scan.window.scan: scan for scan in judged.scans}
    waived = judged.state in {"exempt", "excused"} or (accepted and judged.waits is not None)
    return DayRow(
        nip=duty.nip,
        date=duty.day,
        unit=duty.unit.unit,
        schedule=duty.schedule,
        timezone=duty.unit.timezone,
        state=_state(judged, accepted=accepted),
        required_minutes=duty.required_minutes,
        worked_minutes=worked_minutes(duty, judged.scans),
        late_minutes=_counted(scans.get(Scan.ARRIVE), waived=waived),
        early_minutes=_counted(scans.get(Scan.LEAVE), waived=waived),
        missing_scans=_missing(judged, waived=waived or _state(judged, accepted=accepted) != "present"),
        arrive_at=_at(scans.get(Scan.ARRIVE)),
        break_out_at=_at(scans.get(Scan.BREAK_OUT)),
        break_in_at=_at(scans.get(Scan.BREAK_IN)),
        leave_at=_at(scans.get(Scan.LEAVE)),
        arrive_punch=_reference(scans.get(Scan.ARRIVE)),
        break_out_punch=_reference(scans.get(Scan.BREAK_OUT)),
        break_in_punch=_reference(scans.get(Scan.BREAK_IN)),
        leave_punch=_reference(scans.get(Scan.LEAVE)),
    )


def _missing(judged: Judged, *, waived: bool) -> int:
    """Arrive and leave scans whose window is over, and that nobody made or excused."""
    return sum(
        scan.window.scan in {Scan.ARRIVE, Scan.LEAVE} and scan.at is None and scan.closed and not scan.excused
        for scan in judged.scans
        if not waived
    )


def _counted(scan: Served | None, *, waived: bool) -> int | None:
    """Late or early minutes that count: none where the day or the scan is excused or the window still open."""
    if scan is None or scan.minutes is None:
        return None
    return 0 if waived or scan.excused or not scan.closed else scan.minutes


def _at(scan: Served | None) -> datetime | None:
    return scan.at if scan else None


def _reference(scan: Served | None) -> str | None:
    return scan.reference if scan else None
