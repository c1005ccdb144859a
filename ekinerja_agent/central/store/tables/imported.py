"""What people imported: batches, and facts of which the newest row of a key stands; decisions on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, Time

from ekinerja_agent.central.store.tables.columns import Clock, Instant, metadata, sentence, serial_key

import_batches = Table(
    "import_batches",
    metadata,
    serial_key(),
    Column("kind", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("imported_at", Instant, nullable=False),
)

import_revocations = Table(
    "import_revocations",
    metadata,
    Column("batch", ForeignKey("import_batches.id"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("revoked_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)

revocation_requests = Table(
    # Who asks for a batch to be taken back; somebody else takes it back.
    "revocation_requests",
    metadata,
    Column("batch", ForeignKey("import_batches.id"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("requested_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)

held_batches = Table(
    # A batch that moves what somebody is paid, and counts for nothing until another person approved it.
    "held_batches",
    metadata,
    Column("batch", ForeignKey("import_batches.id"), primary_key=True),
    Column("held_at", Instant, nullable=False),
)

batch_decisions = Table(
    "batch_decisions",
    metadata,
    Column("batch", ForeignKey("held_batches.batch"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),  # null where it was approved without one
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)


def _fact(name: str, *columns: Column[Any] | Index) -> Table:
    """A table of imported facts: the newest row of a key whose batch is not revoked stands, older ones stay."""
    return Table(
        name,
        metadata,
        serial_key(),
        Column("batch", ForeignKey("import_batches.id"), nullable=False, index=True),
        Column("row", Integer, nullable=False),
        *columns,
    )


def _decision_columns() -> tuple[Column[Any], ...]:
    """The columns (D) of the contract. `status` is what counts here; the others are what the file claims."""
    return (
        Column("document", Text),
        Column("requested_by", Text),
        Column("requested_at", Text),
        Column("status", Text, nullable=False),  # pending | approved | rejected
        Column("decided_by", Text),
        Column("decided_at", Text),
    )


units = _fact(
    "units",
    Column("code", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("parent", Text),
    Column("timezone", Text, nullable=False),
    Column("head_nip", Text),
    Column("schedule", Text),
    Column("profile", Text),
    Column("successor", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)

employees = _fact(
    "employees",
    Column("nip", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("attendance", Text, nullable=False),
    Column("position", Text),
    Column("position_class", Text),
    Column("supervisor_nip", Text, index=True),
    Column("schedule", Text),
    Column("allowance_rp", BigInteger),
    Column("valid_from", Date),
    Column("valid_to", Date),
)

enrolments = _fact(
    "enrolments",
    Column("terminal", Text, nullable=False),
    Column("pin", Text, nullable=False),
    Column("nip", Text, nullable=False, index=True),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Index(None, "pin", "terminal"),
)

calendar = _fact(
    "calendar",
    Column("date", Date, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
)

absences = _fact(
    "absences",
    Column("nip", Text, nullable=False, index=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_time", Time),
    Column("to_time", Time),
    Column("case_id", Text),
    Column("child_number", Integer),
    *_decision_columns(),
)

outages = _fact(
    "outages",
    Column("terminal", Text, nullable=False, index=True),
    Column("starts", Clock, nullable=False),  # local time of the terminal's place
    Column("ends", Clock, nullable=False),
    Column("cause", Text, nullable=False),
    *_decision_columns(),
)

activities = _fact(
    "activities",
    Column("activity_id", Text, nullable=False, index=True),
    Column("nip", Text, nullable=False, index=True),
    Column("date", Date, nullable=False, index=True),
    Column("start", Time, nullable=False),
    Column("end", Time, nullable=False),
    Column("description", Text, nullable=False),
    Column("type", Text),
    Column("volume", Text),
    Column("output", Text),
    Column("plan", Text),
    Column("status", Text, nullable=False),  # draft | pending | approved | returned | rejected
    *sentence("reason"),  # why a rule rejected it
    Column("approved_minutes", Integer),
    Column("decided_by", Text),
    Column("decided_at", Text),
    Column("entered_at", Text),
    Column("waits_from", Date),  # the day from which a superior's days count; null = the activity's own
    Index(None, "nip", "date"),  # a page of one person and month
)

activity_standards = _fact(
    "activity_standards",
    Column("type", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("standard_minutes", Integer, nullable=False),  # for a volume of 1
    Column("unit", Text),  # null = all units without a row of their own
)

activity_steps = Table(
    # What happened to one version of an activity since it was entered; the newest step of a version counts.
    "activity_steps",
    metadata,
    serial_key(),
    Column("activity", ForeignKey("activities.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),  # submitted, approved, returned, rejected, objected, escalated, withdrawn
    Column("status", Text, nullable=False),  # that the activity then has
    Column("approved_minutes", Integer),
    *sentence("reason"),
    Column("first_tier", Integer, nullable=False),  # who may decide from then on: 0 is the direct superior of the day,
    Column("last_tier", Integer, nullable=False),  # 1 that one's superior, and so on
    Column("waits_from", Date),
    Column("silent_nip", Text),  # the superior who decided nothing in time
    Column("account_id", ForeignKey("accounts.id")),  # null = the system, by rule
    Column("at", Instant, nullable=False),
)

absence_decisions = Table(
    # What a person or the rule of silence decided of a request; it beats the row's status.
    "absence_decisions",
    metadata,
    Column("absence", ForeignKey("absences.id"), primary_key=True),
    Column("status", Text, nullable=False),
    *sentence("reason"),
    Column("account_id", ForeignKey("accounts.id")),  # null = the rule of silence
    Column("decided_at", Instant, nullable=False),
)

outage_decisions = Table(
    # What a person decided of a reported outage; it beats the row's status.
    "outage_decisions",
    metadata,
    Column("outage", ForeignKey("outages.id"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

rosters = _fact(
    # One row per person and date: what the roster says of the whole date.
    "rosters",
    Column("nip", Text, nullable=False, index=True),
    Column("date", Date, nullable=False),
    Column("shifts", Text, nullable=False),  # names separated by a blank, or OFF
)

corrections = _fact(
    # `correction/ID` names a row. What a command decides stands in correction_decisions and beats the row's status.
    "corrections",
    Column("nip", Text, nullable=False, index=True),
    Column("date", Date, nullable=False),
    Column("scan", Text, nullable=False),
    Column("action", Text, nullable=False),  # add | void
    Column("time", Time),
    *_decision_columns(),
    *sentence("reason"),  # why a rule rejected it
)

correction_decisions = Table(
    "correction_decisions",
    metadata,
    Column("correction", ForeignKey("corrections.id"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

events = _fact(
    "events",
    Column("code", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # apel | upacara | krida
    Column("unit", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("opens", Time),
    Column("closes", Time),
    Column("due", Time),
    Column("terminal", Text),
    Column("audience", Text),  # employment statuses and NIPs separated by a blank; null = all
)

event_attendance = _fact(
    "event_attendance",
    Column("event", Text, nullable=False, index=True),
    Column("nip", Text, nullable=False),
    Column("date", Date, nullable=False),  # of the event
    Column("status", Text, nullable=False),  # present | excused
    Column("document", Text),
    Column("uniform", Boolean),  # null: nobody looked
)

allowances = _fact(
    "allowances",
    Column("nip", Text, nullable=False, index=True),
    Column("criterion", Text, nullable=False),
    Column("amount_rp", BigInteger),  # or both of the next two
    Column("basic_rp", BigInteger),
    Column("pct_bp", Integer),  # 1/100 %
    Column("valid_from", Date),
    Column("valid_to", Date),
)


def _taken(name: str, what: str) -> Table:
    """A table of what is taken of an allowance as a whole: either an amount or a share of it."""
    return _fact(
        name,
        Column("nip", Text, nullable=False, index=True),
        Column(what, Text, nullable=False),
        Column("amount_rp", BigInteger),
        Column("share_ppm", BigInteger),
        Column("document", Text, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
    )


holds = _taken("holds", "kind")

sanctions = _taken("sanctions", "decree")

assignments = _fact(
    "assignments",
    Column("nip", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),  # plt | plh | tugas_tambahan
    Column("document", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("allowance_rp", BigInteger),
)

ratings = _fact(
    "ratings",
    Column("nip", Text, nullable=False, index=True),
    Column("period", Text, nullable=False),  # YYYY | YYYY-MM
    Column("result", Text),
    Column("behaviour", Text),
    Column("predicate", Text, nullable=False),  # as told, or worked out of the two before
    Column("scheme", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("new_idea", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    *_decision_columns(),
)

plans = _fact(
    "plans",
    Column("code", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("nip", Text),  # who answers for it
    Column("name", Text, nullable=False),
    Column("due_date", Date, nullable=False),
    Column("target_output", Text, nullable=False),
    Column("budget_rp", BigInteger),
)

plan_progress = _fact(
    # At the end of the month, counted since the plan began.
    "plan_progress",
    Column("plan", Text, nullable=False, index=True),
    Column("month", Text, nullable=False),  # YYYY-MM
    Column("planned_ppm", BigInteger, nullable=False),
    Column("physical_ppm", BigInteger, nullable=False),
    Column("realised_rp", BigInteger),
    *_decision_columns(),
)

indicators = _fact(
    "indicators",
    Column("nip", Text),  # or the next
    Column("unit", Text),
    Column("period", Text, nullable=False, index=True),  # YYYY | YYYY-MM
    Column("code", Text, nullable=False),
    Column("points_e2", BigInteger, nullable=False),  # hundredths, likewise the next
    Column("max_points_e2", BigInteger, nullable=False),
)

workload_tasks = _fact(
    "workload_tasks",
    Column("unit", Text, nullable=False, index=True),
    Column("job", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("volume_e2", BigInteger, nullable=False),  # hundredths
    Column("per", Text, nullable=False),  # day | week | month | year
    Column("standard_e2", BigInteger, nullable=False),  # hundredths of a minute
)

staff = _fact(
    "staff",
    Column("unit", Text, nullable=False, index=True),
    Column("job", Text, nullable=False),
    Column("people", Integer, nullable=False),
)

sakip = _fact(
    "sakip",
    Column("unit", Text, nullable=False, index=True),
    Column("year", Text, nullable=False),
    Column("aspect", Text, nullable=False),
    Column("score_e2", Integer, nullable=False),  # hundredths of 100 points
)

evaluation_meetings = _fact(
    "evaluation_meetings",
    Column("unit", Text, nullable=False, index=True),
    Column("date", Date, nullable=False),
    Column("topic", Text, nullable=False),
    Column("led_by", Text),
    Column("document", Text),
)

innovations = _fact(
    "innovations",
    Column("code", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("started", Date, nullable=False),
    Column("ended", Date),
    Column("document", Text),
)
