"""Every table of the central database. Facts are insert-only; what may change says so.

The migrations build these tables; a test holds both to the same shape. Knows no use case.
"""

from __future__ import annotations

from sqlalchemy import Table

from ekinerja_agent.central.tables.access import audit
from ekinerja_agent.central.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.tables.imported import (
    absence_decisions,
    absences,
    activities,
    activity_standards,
    activity_steps,
    allowances,
    assignments,
    calendar,
    correction_decisions,
    corrections,
    employees,
    enrolments,
    evaluation_meetings,
    event_attendance,
    events,
    holds,
    import_batches,
    import_revocations,
    indicators,
    innovations,
    outages,
    plan_progress,
    plans,
    ratings,
    rosters,
    sakip,
    sanctions,
    staff,
    units,
    workload_tasks,
)
from ekinerja_agent.central.tables.periods import adjustments, period_events, period_payments, period_reopenings
from ekinerja_agent.central.tables.recorded import (
    clock_readings,
    coverage,
    disable_trials,
    punches,
    purges,
    quarantine,
    redated_punches,
    redating_decisions,
    redatings,
    slot_owners,
    terminal_facts,
)
from ekinerja_agent.central.tables.scored import (
    objection_decisions,
    objections,
    result_days,
    result_findings,
    result_pending,
    results,
)

INSERT_ONLY: tuple[Table, ...] = (
    punches,
    coverage,
    quarantine,
    slot_owners,
    clock_readings,
    terminal_facts,
    import_batches,
    import_revocations,
    units,
    employees,
    enrolments,
    calendar,
    absences,
    outages,
    activities,
    activity_standards,
    activity_steps,
    absence_decisions,
    feed_activities,
    feed_answers,
    rosters,
    corrections,
    correction_decisions,
    events,
    event_attendance,
    allowances,
    holds,
    sanctions,
    assignments,
    ratings,
    plans,
    plan_progress,
    indicators,
    workload_tasks,
    staff,
    sakip,
    evaluation_meetings,
    innovations,
    disable_trials,
    redatings,
    redated_punches,
    redating_decisions,
    audit,
    period_events,
    period_reopenings,
    period_payments,
    adjustments,
    objections,
    objection_decisions,
    purges,
)
"""Tables whose rows the database itself refuses to change or delete."""

PUBLISHED: tuple[Table, ...] = (results, result_findings, result_days, result_pending)
"""Tables whose rows the database refuses to change or delete once their revision is above 0."""
