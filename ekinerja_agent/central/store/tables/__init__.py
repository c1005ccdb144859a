"""Every table of the central database. Facts are insert-only; what may change says so.

The migrations build these tables; a test holds both to the same shape. Knows no use case.
"""

from __future__ import annotations

from sqlalchemy import Table

from ekinerja_agent.central.store.tables.access import audit
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    activity_steps,
    correction_decisions,
    import_batches,
    import_revocations,
    outage_decisions,
    revocation_requests,
)
from ekinerja_agent.central.store.tables.periods import (
    adjustments,
    pending_signatures,
    period_events,
    period_payments,
    period_reopenings,
    signed_days,
)
from ekinerja_agent.central.store.tables.recorded import (
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
from ekinerja_agent.central.store.tables.scored import (
    objection_decisions,
    objections,
    result_days,
    result_findings,
    result_pending,
    results,
)

INSERT_ONLY_RECORDS: tuple[Table, ...] = (
    punches,
    coverage,
    quarantine,
    slot_owners,
    clock_readings,
    terminal_facts,
    import_batches,
    import_revocations,
    revocation_requests,
    activity_steps,
    absence_decisions,
    outage_decisions,
    feed_activities,
    feed_answers,
    correction_decisions,
    disable_trials,
    redatings,
    redated_punches,
    redating_decisions,
    audit,
    period_events,
    pending_signatures,
    signed_days,
    period_reopenings,
    period_payments,
    adjustments,
    objections,
    objection_decisions,
    purges,
)
"""Tables whose rows the database itself refuses to change or delete, besides those of imported facts."""

PUBLISHED: tuple[Table, ...] = (results, result_findings, result_days, result_pending)
"""Tables whose rows the database refuses to change or delete once their revision is above 0."""
