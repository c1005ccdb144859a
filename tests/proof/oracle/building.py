"""A small builder of a month's facts, said in local times. Knows columns, not rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ekinerja_agent.scoring.frames import schemas
from ekinerja_agent.scoring.frames.schemas import MonthFacts

NIP = "199001012015011001"
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
SCHEMAS: Mapping[str, schemas.Schema] = {
    "spells": schemas.SPELLS,
    "units": schemas.UNITS,
    "punches": schemas.PUNCHES,
    "coverage": schemas.COVERAGE,
    "duty_terminals": schemas.DUTY_TERMINALS,
    "absences": schemas.ABSENCES,
    "calendar": schemas.CALENDAR,
    "activities": schemas.ACTIVITIES,
    "earlier_days": schemas.EARLIER_DAYS,
    "outages": schemas.OUTAGES,
    "corrections": schemas.CORRECTIONS,
    "rosters": schemas.ROSTERS,
    "events": schemas.EVENTS,
    "event_attendance": schemas.EVENT_ATTENDANCE,
    "allowances": schemas.ALLOWANCES,
    "holds": schemas.HOLDS,
    "sanctions": schemas.SANCTIONS,
    "assignments": schemas.ASSIGNMENTS,
    "ratings": schemas.RATINGS,
    "plan_reports": schemas.PLAN_REPORTS,
    "indicators": schemas.INDICATORS,
    "budgets": schemas.BUDGETS,
}


@dataclass
class MonthBuilder:
    """Facts of a month. Times are local to `zone`; every terminal that somebody needs or an event names is complete
    for ever unless `covered` was called.
    """

    month: date = date(2026, 9, 1)
    profile: str = "tpp-model"
    zone: str = "Asia/Jakarta"
    now: datetime = datetime(2026, 12, 31, tzinfo=UTC)
    accept_pending: bool = False
    complete: bool = True
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, frame: str, **row: Any) -> MonthBuilder:
        """Add a row; columns that are not named are null."""
        self.rows.setdefault(frame, []).append(row)
        return self

    def unit(self, unit: str = "DINKES", **changes: Any) -> MonthBuilder:
        return self.add("units", **{"unit": unit, "unit_name": f"Unit {unit}", "timezone": self.zone, **changes})

    def person(self, nip: str = NIP, *, terminals: Iterable[str] = ("T",), **changes: Any) -> MonthBuilder:
        usual = {"name": "Siti", "unit": "DINKES", "employment_status": "pns", "attendance": "terminal"}
        self.add("spells", **{"nip": nip, "allowance_rp": 4_000_000, **usual, **changes})
        for terminal in terminals:
            self.add("duty_terminals", nip=nip, terminal=terminal)
        return self

    def punch(self, day: date, *clocks: str, nip: str = NIP, terminal: str = "T", clock_off_s: int = 0) -> MonthBuilder:
        for clock in clocks:
            at = self.at(day, clock)
            shown = at + timedelta(seconds=clock_off_s)
            punch_id = f"{terminal}/{nip}/{shown.isoformat()}"
            self.add("punches", nip=nip, punch_id=punch_id, terminal=terminal, at=at, clock_at=shown)
        return self

    def at(self, day: date, clock: str) -> datetime:
        """The instant at which local clocks show so."""
        return self.instant(datetime.combine(day, time.fromisoformat(clock)))

    def instant(self, local: datetime) -> datetime:
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def absence(self, first: date, last: date | None = None, **changes: Any) -> MonthBuilder:
        usual = {"nip": NIP, "kind": "izin", "status": "approved", "document": "800/1"}
        row = {**usual, "first_day": first, "last_day": last or first, **changes}
        case = {"case_first": row["first_day"], "case_last": row["last_day"]}
        return self.add("absences", **{**case, **row})

    def outage(self, start: datetime, end: datetime, terminal: str = "T", status: str = "approved") -> MonthBuilder:
        return self.add("outages", terminal=terminal, start=start, end=end, status=status)

    def covered(self, start: datetime | None, end: datetime, terminal: str = "T", kind: str = "proven") -> MonthBuilder:
        self.complete = False
        return self.add("coverage", terminal=terminal, start=start, end=end, kind=kind)

    def facts(self) -> MonthFacts:
        if "units" not in self.rows:
            self.unit()
        if self.complete:
            named = [row.get("terminal") for frame in ("duty_terminals", "events") for row in self.rows.get(frame, [])]
            for terminal in sorted({terminal for terminal in named if terminal}):
                self.add("coverage", terminal=terminal, end=FOREVER, kind="proven")
            self.complete = False
        built = {name: pl.DataFrame(self.rows.get(name, []), schema=schema) for name, schema in SCHEMAS.items()}
        return MonthFacts(
            month=self.month,
            profile=self.profile,
            now=self.now,
            accept_pending=self.accept_pending,
            through=None,
            **built,
        )
