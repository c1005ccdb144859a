"""The answer of `/health`: well or not, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ekinerja_agent.usecases.watching.health.conditions import STALE_AFTER, Condition, conditions_of, is_well, judge
from ekinerja_agent.usecases.watching.health.facts import Snapshot
from ekinerja_agent.usecases.watching.health.words import condition_text


@dataclass(frozen=True, slots=True)
class Report:
    """`well` unless something critical stands, or nothing was measured lately."""

    well: bool
    measured_at: datetime | None
    conditions: tuple[Condition, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as `/health` says it: fields in docs/monitoring.md."""
        reasons = [
            {
                "condition": each.key.code,
                "subject": each.key.subject or None,
                "severity": each.severity,
                "text": condition_text(each, "en"),
            }
            for each in self.conditions
        ]
        if not self.well and is_well(list(self.conditions)):
            text = "Nothing was measured for minutes: the service is starting, or stuck."
            reasons.insert(0, {"condition": "stale", "subject": None, "severity": "critical", "text": text})
        measured_at = self.measured_at and self.measured_at.isoformat()
        return {"status": "ok" if self.well else "failing", "measured_at": measured_at, "reasons": reasons}


def report(snapshot: Snapshot | None, at: datetime) -> Report:
    """Given what was last measured and the instant, return how this agent is."""
    if snapshot is None:
        return Report(well=False, measured_at=None)
    conditions = conditions_of(judge(snapshot))
    fresh = at - snapshot.at < STALE_AFTER
    return Report(fresh and is_well(conditions), snapshot.at, tuple(conditions))
