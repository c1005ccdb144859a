"""Every table of the central database. Facts are insert-only; what may change says so.

The migrations build these tables; a test holds both to the same shape. Knows no use case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Table

from ekinerja_agent.central.store.tables.access import (
    accounts,
    audit,
    password_gifts,
    passwords,
    power_decisions,
    power_requests,
    turns,
)
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    activity_steps,
    batch_decisions,
    correction_decisions,
    held_batches,
    import_batches,
    import_revocations,
    outage_decisions,
    revocation_requests,
)
from ekinerja_agent.central.store.tables.periods import (
    adjustments,
    payroll_exports,
    pending_signatures,
    period_events,
    period_payments,
    period_reopenings,
    rule_acceptances,
    rule_sets,
    signed_days,
)
from ekinerja_agent.central.store.tables.recorded import (
    apart_releases,
    apart_settled,
    clock_readings,
    coverage,
    disable_trials,
    doubt_decisions,
    doubt_requests,
    doubtful_punches,
    punches,
    purges,
    quarantine,
    redated_punches,
    redating_decisions,
    redatings,
    set_apart,
    slot_owners,
    terminal_facts,
    terminal_logins,
    terminal_owners,
    terminal_status,
)
from ekinerja_agent.central.store.tables.scored import (
    objection_decisions,
    objections,
    result_days,
    result_findings,
    result_pending,
    results,
)

PUBLISH_INSTEAD: Final = "a later change becomes a new revision: period reopen, then period close"
"""What to do instead of changing a published result."""
CORRECT_INSTEAD: Final = "import the corrected row, or take the whole file back with: import revoke BATCH"
"""What to do instead of changing an imported fact."""
_ADD: Final = "what was recorded stays as it is; a correction is a new row"
_STEP: Final = "what happened to an activity stays; the next step is a new row"
_FEED: Final = "send the activity again as a new row; the newest one stands"
_UNSETTLE: Final = "take it back with: import revoke BATCH"
_REDATE: Final = "request another one with: punch redate"
_SIGN: Final = "who signed has signed; other pending days are signed for anew with: period close --accept-pending"
_OBJECT: Final = "enter another objection with: objection add"

INSERT_ONLY_RECORDS: Final[dict[Table, str]] = {
    punches: "raw punches stay raw; use: correction add, or punch redate",
    doubt_requests: "who asked has asked; somebody else decides with: punch doubtful approve, or punch doubtful reject",
    doubtful_punches: "decide with: punch doubtful approve, or punch doubtful reject",
    doubt_decisions: "a decision is made once; bring the record again with: import punches FILE",
    coverage: _ADD,
    quarantine: _ADD,
    set_apart: _ADD,
    apart_settled: _UNSETTLE,
    apart_releases: _UNSETTLE,
    slot_owners: _ADD,
    clock_readings: _ADD,
    terminal_facts: "change devices.yaml; the collector adds a dated row",
    terminal_logins: "give it to another login with: terminal accept ID --login LOGIN",
    import_batches: "take a file back with: import revoke BATCH",
    import_revocations: "import the file again",
    revocation_requests: "bring the file again with: import KIND FILE",
    held_batches: "what waits for another person is decided with: import approve, or import reject",
    batch_decisions: "a decision is made once; bring the file again with: import KIND FILE",
    activity_steps: _STEP,
    absence_decisions: _STEP,
    outage_decisions: "a decision is made once; bring the row again, changed, and another decision can be made",
    feed_activities: _FEED,
    feed_answers: _FEED,
    correction_decisions: "enter another correction with: correction add",
    disable_trials: "try the terminal again with: terminal clear ID --prove",
    redatings: _REDATE,
    redated_punches: _REDATE,
    redating_decisions: _REDATE,
    audit: "the log of what people did is never changed",
    power_requests: "ask for it anew with: ekinerja-agent account",
    power_decisions: "ask for the change anew with: ekinerja-agent account",
    password_gifts: "who gave a password stays told; give another one with: account password NAME",
    period_events: PUBLISH_INSTEAD,
    pending_signatures: _SIGN,
    signed_days: _SIGN,
    rule_sets: "rules that were used stay; change the rule files, and accept what they say",
    rule_acceptances: "who accepted has accepted; other rules are accepted anew",
    period_reopenings: "close the office again with: period close",
    payroll_exports: "what payroll was handed is kept; export again with: payroll export",
    period_payments: "what was paid stays paid; a later change becomes an adjustment of an open period",
    adjustments: "a further change is a further adjustment",
    objections: _OBJECT,
    objection_decisions: _OBJECT,
    purges: "what went is gone, and its receipt stays",
    turns: "a turn is waited for, and stays",
}
"""Tables whose rows the database itself refuses to change or delete, besides those of imported facts; and what it says
to do instead.
"""

OF_ITS_LOGIN: Final = (
    clock_readings,
    coverage,
    doubtful_punches,
    punches,
    quarantine,
    set_apart,
    slot_owners,
    terminal_facts,
    terminal_owners,
    terminal_status,
)
"""Tables to which the login of an office adds only what is of its own terminals."""

PUBLISHED: tuple[Table, ...] = (results, result_findings, result_days, result_pending)
"""Tables whose rows the database refuses to change or delete once their revision is above 0."""


@dataclass(frozen=True, slots=True)
class Power:
    """What the audit log must tell in the same transaction of a change of a row that gives power: an action (a pattern
    of LIKE) on a subject (SQL over the new row). `from_the_first`: of the first row of its key too.
    """

    action: str
    subject: str
    from_the_first: bool
    instead: str


POWERS: Final[dict[Table, Power]] = {
    accounts: Power("account.%", "NEW.name", from_the_first=True, instead="use: account disable"),
    passwords: Power(
        "account.password",
        "(SELECT c.name FROM accounts c WHERE c.id = NEW.account_id)",
        from_the_first=True,
        instead="use: account disable",
    ),
    terminal_owners: Power("terminal.take_over", "NEW.terminal", from_the_first=False, instead="use: terminal accept"),
}
"""Tables whose rows say who may do what. None of them goes, and none is changed but beside its row in the audit log."""
