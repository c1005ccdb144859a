"""Which duties cannot be judged yet, and why: what is missing, undecided, or looks like a machine's fault."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from ekinerja_agent.rules import Scan
from tests.proof.oracle.duties import Duty
from tests.proof.oracle.judge import Judged, covers_day
from tests.proof.oracle.rows import Absence, Correction, Covered, Month, Outage
from tests.proof.oracle.scans import BEFORE_IS_KINDER, Served, document_holds

Stretch = tuple[datetime, datetime]
SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
SHORTEST = timedelta(microseconds=1)
NO_TERMINAL = "no enrolment or no terminal known"


class Coverage:
    """When the data of each terminal are complete. Silence is believed only where none of its people is on duty."""

    def __init__(self, month: Month, judged: Iterable[Judged]) -> None:
        rows = month.coverage + [
            Covered(outage.terminal, outage.start, outage.end, "proven")
            for outage in month.outages
            if outage.status == "approved"
        ]
        silent = {row.terminal for row in rows if row.kind == "silent"}
        spans: dict[str, set[Stretch]] = defaultdict(set)
        for each in judged:
            for terminal in silent.intersection(each.duty.terminals):
                spans[terminal].update(_duty_spans(each.duty))
        believed: dict[str, list[Stretch]] = defaultdict(list)
        for row in rows:
            start = row.start or SINCE_EVER
            spoken = row.kind == "silent" and any(
                start < ends and row.end > begins for begins, ends in spans[row.terminal]
            )
            if not spoken:
                believed[row.terminal].append((start, row.end))
        self.runs = {terminal: _joined(stretches) for terminal, stretches in believed.items()}
        proven: dict[str, list[Stretch]] = defaultdict(list)
        for row in rows:
            if row.kind == "proven":
                proven[row.terminal].append((row.start or SINCE_EVER, row.end))
        self.proven = {terminal: _joined(stretches) for terminal, stretches in proven.items()}

    def gap(self, terminal: str, low: datetime, high: datetime) -> tuple[datetime, datetime | None] | None:
        """The first gap in [low, high): where it begins, and when data go on (None: never)."""
        return _gap(self.runs.get(terminal, []), low, high)

    def gaps(self, terminal: str, low: datetime, high: datetime) -> list[Stretch]:
        """All gaps in [low, high)."""
        lacking = []
        for begins, ends in self.runs.get(terminal, []):
            if low < min(begins, high):
                lacking.append((low, min(begins, high)))
            low = max(low, ends)
        return [*lacking, (low, high)] if low < high else lacking

    def silent_or_missing(self, terminal: str, low: datetime, high: datetime) -> bool:
        """Whether [low, high) is not proven as a whole: during an event no silence is believed."""
        return _gap(self.proven.get(terminal, []), low, high) is not None


def _gap(runs: list[Stretch], low: datetime, high: datetime) -> tuple[datetime, datetime | None] | None:
    number = bisect_right(runs, low, key=lambda run: run[0])
    begins = max(low, runs[number - 1][1]) if number else low
    if begins >= high:
        return None
    return begins, runs[number][0] if number < len(runs) else None


def _duty_spans(duty: Duty) -> Iterable[Stretch]:
    """The duty and an hour more; weeks beside the month are taken to have the hours of any week of the month."""
    if duty.hours is None:
        return
    for weeks in range(-4, 5):
        moved = timedelta(weeks=weeks)
        day = duty.day + moved
        if weeks == 0 or (day.year, day.month) != (duty.day.year, duty.day.month):
            yield duty.hours.starts + moved, duty.hours.ends + moved + timedelta(hours=1)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    runs: list[Stretch] = []
    for begins, ends in sorted(stretches):
        if runs and begins <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], ends))
        else:
            runs.append((begins, ends))
    return runs


class Holder:
    """Gives each duty the first reason to wait."""

    def __init__(self, month: Month, coverage: Coverage) -> None:
        self.month = month
        self.coverage = coverage
        self.undecided: dict[str, list[Outage]] = defaultdict(list)
        for outage in month.outages:
            if outage.status == "pending":
                self.undecided[outage.terminal].append(outage)
        self.requests = _pending_by_nip(month.absences)
        self.corrections = _pending_by_nip(month.corrections)

    def reason(self, judged: Judged) -> str | None:
        """Given a judged duty, return why it must wait for data or for somebody's decision, or None."""
        if not judged.found and judged.state != "unexcused":
            return None
        stretches = [unseen(scan) for scan in doubtful(judged)]
        return (
            self._incomplete(judged)
            or self._requested(judged)
            or self._corrected(judged)
            or self._reported(judged.duty, stretches)
        )

    def _incomplete(self, judged: Judged) -> str | None:
        duty = judged.duty
        if not duty.terminals:
            # What stands in a register was not made at a terminal: nothing can be missing beside it.
            signed = duty.spell.attendance == "register" and judged.state != "unexcused"
            served = {scan.window.scan for scan in judged.scans if scan.at is not None}
            known = signed and all(set(found.at_scans) <= served for found in judged.found)
            return None if known else NO_TERMINAL
        better = self._could_be_better(judged)
        for scan in doubtful(judged):
            low, high = unseen(scan)
            for terminal in duty.terminals:
                gap = self.coverage.gap(terminal, low, high) if low < high else None
                if gap and (scan.at is None or scan.window.scan in better):
                    return _told(duty, terminal, *gap)
        return None

    def _could_be_better(self, judged: Judged) -> set[Scan]:
        """The scans whose findings would be others with the kindest punches that the gaps leave possible."""
        kindest: dict[Scan, datetime] = {}
        for scan in doubtful(judged):
            low, high = unseen(scan)
            gaps = [gap for terminal in judged.duty.terminals for gap in self.coverage.gaps(terminal, low, high)]
            if scan.at is None or not gaps:
                continue
            if scan.window.scan in BEFORE_IS_KINDER:
                kindest[scan.window.scan] = min(scan.at, *(begins for begins, _ in gaps))
            else:
                kindest[scan.window.scan] = max(scan.at, *(ends - SHORTEST for _, ends in gaps))
        if not kindest:
            return set()
        left = [(found.code, found.scan, found.ppm) for found in judged.found_if(kindest)]
        return {
            scan for found in judged.found if (found.code, found.scan, found.ppm) not in left for scan in found.at_scans
        }

    def _requested(self, judged: Judged) -> str | None:
        touched: set[Scan] = {scan for found in judged.found for scan in found.at_scans}
        if judged.state == "unexcused":
            touched = {window.scan for window in judged.duty.windows}
        return undecided_request(
            request
            for request in self.requests.get(judged.duty.nip, ())
            if (request.whole_days and covers_day(request, judged.duty.day))
            or (
                not request.whole_days
                and any(
                    window.scan in touched and document_holds(request, window.due_local)
                    for window in judged.duty.windows
                )
            )
        )

    def _reported(self, duty: Duty, stretches: Sequence[Stretch]) -> str | None:
        for terminal in duty.terminals:
            for outage in self.undecided.get(terminal, ()):
                if any(outage.start < high and outage.end > low for low, high in stretches):
                    return f"an outage of {terminal} is undecided"
        return None

    def _corrected(self, judged: Judged) -> str | None:
        at_scans = {found.scan.value for found in judged.found if found.scan}
        if judged.state == "unexcused":
            at_scans = {window.scan.value for window in judged.duty.windows}
        asked = [
            correction.reference
            for correction in self.corrections.get(judged.duty.nip, ())
            if correction.action == "add" and correction.day == judged.duty.day and correction.scan in at_scans
        ]
        return f"a correction is undecided: {min(asked)}" if asked else None


def _pending_by_nip(rows: dict[str, list[Absence]] | dict[str, list[Correction]]) -> dict[str, list]:  # type: ignore[type-arg]
    return {nip: [row for row in own if row.status == "pending"] for nip, own in rows.items()}


def undecided_request(requests: Iterable[Absence]) -> str | None:
    """Given undecided documents that could change a duty, return the reason to wait, None if there are none."""
    named = [request.document for request in requests]
    if not named:
        return None
    known = [document for document in named if document is not None]
    return f"a request is undecided: {min(known)}" if known else "a request is undecided"


def doubtful(judged: Judged) -> list[Served]:
    """The scans with a punch that nobody has seen something else might be found, in order."""
    at_scans = {scan for found in judged.found for scan in found.at_scans}
    return [scan for scan in judged.scans if judged.state == "unexcused" or scan.window.scan in at_scans]


def unseen(scan: Served) -> Stretch:
    """Where a punch could lie that would serve the scan instead of the one that does."""
    low, high = scan.window.opens, scan.window.closes
    if scan.at is None:
        return low, high
    after = scan.window.scan not in BEFORE_IS_KINDER if scan.corrected else scan.window.take_last
    return (max(low, scan.at), high) if after else (low, min(high, scan.at))


def _told(duty: Duty, terminal: str, begins: datetime, goes_on: datetime | None) -> str:
    if goes_on is None or goes_on >= duty.windows[-1].closes:
        return f"{terminal} not complete until the end of the day"
    begun, went_on = (instant.astimezone(duty.zone).strftime("%H:%M") for instant in (begins, goes_on))
    return f"{terminal} has no complete data between {begun} and {went_on}"


Group = tuple[str, date, int, str]


def mass_anomalies(everybody: Iterable[Judged], outages: Sequence[Outage]) -> dict[Judged, str]:
    """Given all judged duties, return those that share a finding with many of their unit, with the reason to wait."""
    decided: dict[str, list[Outage]] = defaultdict(list)
    for outage in outages:
        if outage.status != "pending":
            decided[outage.terminal].append(outage)
    expected: dict[Group, set[str]] = defaultdict(set)
    suffering: dict[Group, set[str]] = defaultdict(set)
    affected: dict[Group, list[tuple[Judged, Served]]] = defaultdict(list)
    for judged in everybody:
        for group, scan, suffers in _shares(judged):
            expected[group].add(judged.duty.spell.nip)
            if suffers:
                suffering[group].add(judged.duty.spell.nip)
                affected[group].append((judged, scan))
    reasons: dict[Judged, str] = {}
    for group in sorted(affected):
        unit, day, _, terminal = group
        many, people, among = affected[group], len(suffering[group]), len(expected[group])
        rule = many[0][0].duty.profile.mass_anomaly.on(day).value
        if rule is None or people < rule.least_people or people * 1_000_000 < rule.share_ppm * among:
            continue
        told = f"{people} of {among} in {unit} share a finding at {terminal} on {day}"
        for judged, scan in many:
            window = scan.window
            if not any(outage.start < window.closes and outage.end > window.opens for outage in decided[terminal]):
                reasons.setdefault(judged, f"{told}: decide whether it failed (import outages, approved or rejected)")
    return reasons


def _shares(judged: Judged) -> Iterator[tuple[Group, Served, bool]]:
    """The groups that a duty belongs to, and whether its scan there is missing, late or early at a price."""
    duty = judged.duty
    if duty.spell.attendance != "terminal" or judged.state not in {"present", "unexcused"}:
        return
    costly = {found.scan for found in judged.found if found.at_scans == (found.scan,)}
    for scan in judged.scans:
        if scan.closed and not scan.excused:
            for terminal in duty.terminals:
                group = (duty.unit.unit, duty.day, list(Scan).index(scan.window.scan), terminal)
                yield group, scan, judged.state == "unexcused" or scan.window.scan in costly
