"""The kinds of import file that hold facts as rows, one module each. Punches are records, not facts."""

from __future__ import annotations

from collections.abc import Mapping

from ekinerja_agent.usecases.importing.kinds import (
    absences,
    activities,
    activity_standards,
    allowances,
    assignments,
    calendar,
    corrections,
    employees,
    enrolments,
    event_attendance,
    events,
    indicators,
    outages,
    plan_progress,
    plans,
    ratings,
    registers,
    rosters,
    sakip,
    takings,
    units,
    workload,
)
from ekinerja_agent.usecases.importing.reading.judging import Kind

_ALL = (
    *(units.KIND, employees.KIND, assignments.KIND, enrolments.KIND, calendar.KIND, rosters.KIND),
    *(absences.KIND, corrections.KIND, outages.KIND, events.KIND, event_attendance.KIND),
    *(allowances.KIND, takings.HOLDS, takings.SANCTIONS, ratings.KIND, activity_standards.KIND, activities.KIND),
    *(plans.KIND, plan_progress.KIND, indicators.KIND, workload.TASKS, workload.STAFF, sakip.KIND),
    *(registers.MEETINGS, registers.INNOVATIONS),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
