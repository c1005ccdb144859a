"""The nouns of the rules: dated values with their source, and the profiles that choose among them.

Numbers come from YAML (`rulebook/` loads them); logic is in `scoring/`. A percentage is an exact integer of parts per
million of its base (1 % = 10,000 ppm). A day that no value covers raises NoRule; the nearest value is never taken.
Imports nothing but the standard library and our nouns. One module a subject; others import from here.
"""

from __future__ import annotations

from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.nouns.scorecard import Base
from ekinerja_agent.rules.activities import VOLUME, ActivityRule, Settled, SilenceRule
from ekinerja_agent.rules.dated import PPM_PER_PERCENT, WHOLE_PPM, Citation, Dated, Timeline
from ekinerja_agent.rules.deductions import (
    APART,
    CORRECTION,
    DOUBT,
    AbsenceDay,
    Band,
    Ceremony,
    EventCost,
    MassAnomaly,
    Missing,
)
from ekinerja_agent.rules.hours import Bound, DayHours, FlexibleStart, ScanRule, Schedule, Week
from ekinerja_agent.rules.leave import AbsenceKind, LeavePay, LeaveStep
from ekinerja_agent.rules.measures import (
    BUDGET_ABSORPTION,
    Grade,
    IndicatorPart,
    Indicators,
    LoadClass,
    PlanEffect,
    PlanRule,
    Sakip,
    Workload,
)
from ekinerja_agent.rules.payment import Factors, Performance, Productivity, Split, Target
from ekinerja_agent.rules.rulebook import Adoption, Holiday, Profile, Ramadan, RuleBook
from ekinerja_agent.rules.unexcused import Ladder, UnexcusedRule

__all__ = [
    "APART",
    "BUDGET_ABSORPTION",
    "CORRECTION",
    "DOUBT",
    "PPM_PER_PERCENT",
    "VOLUME",
    "WHOLE_PPM",
    "AbsenceDay",
    "AbsenceKind",
    "ActivityRule",
    "Adoption",
    "Band",
    "Base",
    "Bound",
    "Ceremony",
    "Citation",
    "Dated",
    "DayHours",
    "EventCost",
    "Factors",
    "FlexibleStart",
    "Grade",
    "Holiday",
    "IndicatorPart",
    "Indicators",
    "Ladder",
    "LeavePay",
    "LeaveStep",
    "LoadClass",
    "MassAnomaly",
    "Missing",
    "Performance",
    "PlanEffect",
    "PlanRule",
    "Productivity",
    "Profile",
    "Ramadan",
    "RuleBook",
    "Sakip",
    "Scan",
    "ScanRule",
    "Schedule",
    "Settled",
    "SilenceRule",
    "Split",
    "Target",
    "Timeline",
    "UnexcusedRule",
    "Week",
    "Workload",
]
