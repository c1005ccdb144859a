"""Every table of the central database. Facts are insert-only; what may change says so.

The migrations build these tables; a test holds both to the same shape. Knows no use case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
    text,
)

ONLY = "only"
"""Key of an index's `info`: the one database that has it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An instant: timestamptz on PostgreSQL, UTC text on SQLite. A naive datetime is refused at the column."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Clock(TypeDecorator[datetime]):
    """What a terminal's clock showed: naive local time. An aware datetime is refused at the column."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is not None:
            raise ValueError(f"{value} has a time zone; a terminal's clock has none")
        return value


def _serial_key() -> Column[Any]:
    return Column("id", Serial, primary_key=True, autoincrement=True)


# --- people who act ---------------------------------------------------------------------------------------------------

accounts = Table(  # changes: roles, unit, binding, disabled_at; every change is in the audit log
    "accounts",
    metadata,
    _serial_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("roles", Text, nullable=False),  # comma separated, sorted: employee, head, operator, payroll
    Column("unit", Text),
    Column("nip", Text),
    Column("os_user", Text, unique=True),
    Column("feeds", Text, nullable=False),  # comma separated import kinds whose decisions in a file count; "*" = all
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    _serial_key(),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),  # account name, or "system"
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON
    Column("previous_digest", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
)

audit_end = Table(  # changes: one row, which a trigger on audit moves by one with each row that is written
    "audit_end",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # of the last row
)

passwords = Table(  # changes: a new password takes the place of the old one; each time an audit row
    "passwords",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("hash", Text, nullable=False),  # argon2id
    Column("must_change", Boolean, nullable=False),  # another person gave it
    Column("set_at", Instant, nullable=False),
)

sessions = Table(  # changes: rows go when a session ends
    "sessions",
    metadata,
    Column("token_digest", Text, primary_key=True),  # SHA-256: who reads the table can use no session
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("begun_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

login_failures = Table(  # changes: counted up, and forgotten a quarter of an hour after the last one
    "login_failures",
    metadata,
    Column("subject", Text, primary_key=True),  # SHA-256 of an account's name or an address
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
)

# --- what terminals recorded ------------------------------------------------------------------------------------------

terminal_facts = Table(
    "terminal_facts",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("since", Instant, primary_key=True),
    Column("office", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
)

terminal_status = Table(  # changes: the last that was heard, for display
    "terminal_status",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("firmware", Text, nullable=False),
    Column("records", Integer),
    Column("capacity", Integer),
    Column("users", Integer),
    Column("clock_offset_s", BigInteger),
    Column("last_contact", Instant),
    Column("state", Text, nullable=False),
)

terminal_owners = Table(  # changes: `terminal accept` gives a terminal to another agent; each time an audit row
    "terminal_owners",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

punches = Table(
    # One row per punch and witness: batch 0 is the collector, others are imported files. Witnesses never add up.
    # PostgreSQL keeps each month of `clock` in a table of its own, so there the key has the clock too.
    "punches",
    metadata,
    Column("punch_id", Text, primary_key=True),
    Column("batch", Serial, primary_key=True, autoincrement=False),
    Column("terminal", Text, nullable=False),
    Column("pin", Text, nullable=False),
    Column("clock", Clock, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("at", Instant),  # null: the zone of an imported terminal is not known yet
    Column("offset_s", BigInteger),  # a terminal's clock can be a century off: more than 2^31 seconds
    Column("verify", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("work_code", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("corrected", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index(None, "clock"),
    # On SQLite the primary key, whose text begins with TERMINAL/PIN/, leads to a person's punches.
    Index("ix_punches_pin_clock", "pin", "clock", info={ONLY: "postgresql"}).ddl_if(dialect="postgresql"),
    # The few whose clock was far off are found by their true instant instead.
    Index("ix_punches_corrected_at", "at", postgresql_where=text("corrected"), sqlite_where=text("corrected")),
)

coverage = Table(
    "coverage",
    metadata,
    _serial_key(),
    Column("terminal", Text, nullable=False),
    Column("start", Instant),
    Column("end", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("batch", Serial, nullable=False),
    UniqueConstraint("terminal", "end", "start", "kind", "batch"),
    CheckConstraint("kind in ('proven', 'silent')", name="kind"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Text, primary_key=True),  # digest of terminal, source, batch, bytes and reason
    Column("terminal", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("batch", Serial, nullable=False),
    Column("position", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("found_at", Instant, nullable=False),
)

slot_owners = Table(
    "slot_owners",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("uid", Integer, primary_key=True),
    Column("seen_at", Instant, primary_key=True),
    Column("pin", Text, nullable=False),
)

clock_readings = Table(
    "clock_readings",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("offset_s", BigInteger, nullable=False),
    Column("trusted", Boolean, nullable=False),
)

disable_trials = Table(
    # What a finger showed: whether this kind of terminal refuses punches while it is disabled.
    "disable_trials",
    metadata,
    _serial_key(),
    Column("terminal", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("firmware", Text, nullable=False),
    Column("refuses", Boolean, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("tried_at", Instant, nullable=False),
)

stale_days = Table(  # changes: rows go when the day was scored again
    "stale_days",
    metadata,
    Column("terminal", Text, primary_key=True),  # or "nip:NIP": a fact about a person; "*": one about everybody
    Column("day", Date, primary_key=True),
    Column("marks", BigInteger, nullable=False),  # grows with each mark: a run clears only the marks that it saw
)

# --- what people imported ---------------------------------------------------------------------------------------------

import_batches = Table(
    "import_batches",
    metadata,
    _serial_key(),
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


def _fact(name: str, *columns: Column[Any] | Index) -> Table:
    """A table of imported facts: the newest row of a key whose batch is not revoked stands, older ones stay."""
    return Table(
        name,
        metadata,
        _serial_key(),
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
    Column("pin", Text, nullable=False, index=True),
    Column("nip", Text, nullable=False, index=True),
    Column("valid_from", Date),
    Column("valid_to", Date),
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
    Column("reason", Text),  # why a rule rejected it
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
    _serial_key(),
    Column("activity", ForeignKey("activities.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),  # submitted, approved, returned, rejected, objected, escalated
    Column("status", Text, nullable=False),  # that the activity then has
    Column("approved_minutes", Integer),
    Column("reason", Text),
    Column("first_tier", Integer, nullable=False),  # who may decide from then on: 0 is the direct superior of the day,
    Column("last_tier", Integer, nullable=False),  # 1 that one's superior, and so on
    Column("waits_from", Date),
    Column("silent_nip", Text),  # the superior who decided nothing in time
    Column("account_id", ForeignKey("accounts.id")),  # null = the system, by rule
    Column("at", Instant, nullable=False),
)

absence_decisions = Table(
    # What the rule of silence decided of a request; it beats the row's status.
    "absence_decisions",
    metadata,
    Column("absence", ForeignKey("absences.id"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
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
    Column("reason", Text),  # why a rule rejected it
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

FACT_KEYS: dict[str, tuple[str, ...]] = {
    # The same key with new values is a new version of the row.
    "units": ("code", "valid_from"),
    "employees": ("nip", "valid_from"),
    "enrolments": ("terminal", "pin", "valid_from"),
    "calendar": ("date", "unit"),
    "absences": ("nip", "first_day", "from_time", "kind"),
    "outages": ("terminal", "starts"),
    "activities": ("activity_id",),
    "activity_standards": ("type", "unit"),
    "rosters": ("nip", "date"),
    "corrections": ("nip", "date", "scan", "action"),
    "events": ("code", "unit"),
    "event_attendance": ("event", "nip"),
    "allowances": ("nip", "criterion", "valid_from"),
    "holds": ("nip", "kind", "valid_from"),
    "sanctions": ("nip", "decree", "valid_from"),
    "assignments": ("nip", "unit", "kind", "valid_from"),
    "ratings": ("nip", "period"),
    "plans": ("code",),
    "plan_progress": ("plan", "month"),
    "indicators": ("nip", "unit", "period", "code"),
    "workload_tasks": ("unit", "job", "task"),
    "staff": ("unit", "job"),
    "sakip": ("unit", "year", "aspect"),
    "evaluation_meetings": ("unit", "date", "topic"),
    "innovations": ("code",),
}

# --- activities from another application ------------------------------------------------------------------------------
# The application fills the first table and reads the second (docs/feed.md); every cell is text, as in a file.

feed_activities = Table(
    "feed_activities",
    metadata,
    _serial_key(),
    *(
        Column(name, Text)
        for name in (
            *("activity_id", "nip", "date", "starts", "ends", "description", "type", "volume", "output", "plan"),
            *("status", "approved_minutes", "decided_by", "decided_at", "entered_at"),
        )
    ),
)

feed_answers = Table(
    "feed_answers",
    metadata,
    Column("entry", ForeignKey("feed_activities.id"), primary_key=True),
    Column("outcome", Text, nullable=False),  # stored | rejected (by a rule) | refused (it cannot be read)
    Column("reason", Text),
    Column("batch", ForeignKey("import_batches.id")),  # null = refused
    Column("answered_at", Instant, nullable=False),
)

# --- a block of punches gets its true time ----------------------------------------------------------------------------
# A request and its punches stay; a decision is a row of its own. Of several approved ones the newest counts.

redatings = Table(
    "redatings",
    metadata,
    _serial_key(),
    Column("terminal", Text, nullable=False),
    Column("first_clock", Clock, nullable=False),  # both ends included, as the terminal recorded them
    Column("last_clock", Clock, nullable=False),
    Column("shift_s", BigInteger, nullable=False),  # true local time minus clock
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("requested_at", Instant, nullable=False),
)

redated_punches = Table(
    "redated_punches",
    metadata,
    Column("redating", ForeignKey("redatings.id"), primary_key=True),
    Column("punch_id", Text, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)

redating_decisions = Table(
    "redating_decisions",
    metadata,
    Column("redating", ForeignKey("redatings.id"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

# --- results ----------------------------------------------------------------------------------------------------------
# revision 0 is the draft, replaced by each run; from 1 on a row is published and the database refuses any change.


def _result_key() -> tuple[Column[Any], ...]:
    return (
        Column("period", Text, primary_key=True),  # YYYY-MM
        Column("nip", Text, primary_key=True),
        Column("revision", Integer, primary_key=True, autoincrement=False),
    )


results = Table(
    "results",
    metadata,
    *_result_key(),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("unit_name", Text, nullable=False),
    Column("position_class", Text),
    Column("profile", Text, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("employment_status", Text, nullable=False),
    Column("status", Text, nullable=False),  # draft | pending | published
    Column("working_days", Integer, nullable=False),
    Column("days_present", Integer, nullable=False),
    Column("days_excused", Integer, nullable=False),
    Column("discipline_score_ppm", BigInteger, nullable=False),
    Column("discipline_deduction_ppm", BigInteger, nullable=False),
    Column("performance_score_ppm", BigInteger, nullable=False),
    Column("performance_deduction_ppm", BigInteger, nullable=False),
    Column("rating", Text),
    Column("approved_minutes", BigInteger, nullable=False),
    Column("credited_minutes", BigInteger, nullable=False),
    Column("target_minutes", BigInteger, nullable=False),
    Column("base_rp", BigInteger, nullable=False),
    Column("discipline_rp", BigInteger, nullable=False),
    Column("performance_rp", BigInteger, nullable=False),
    Column("multiplier_ppm", BigInteger, nullable=False),
    Column("whole_deduction_rp", BigInteger, nullable=False),
    Column("leave_deduction_rp", BigInteger, nullable=False),
    Column("sanction_rp", BigInteger, nullable=False),
    Column("hold_rp", BigInteger, nullable=False),
    Column("payable_rp", BigInteger, nullable=False),
    Column("unexcused_days", Integer, nullable=False),
    Column("bank_minutes_year", BigInteger, nullable=False),
    Column("converted_days", Integer, nullable=False),
    Column("days_this_year", Integer, nullable=False),
    Column("longest_run", Integer, nullable=False),
    Column("run_reached_on", Date),
    Column("threshold", Text),
    Column("computed_at", Instant, nullable=False),
    Column("published_at", Instant),
    Column("closed_with", Text),  # the office whose close published it; null: a draft, or one that schema 14 published
    Column("adjusted_in", Text),  # the later period that pays the difference to the revision before; null: none does
    Index(None, "period", "unit"),  # a page of one office does not read the others
)

result_findings = Table(
    "result_findings",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("code", Text, nullable=False),
    Column("scan", Text),
    Column("minutes", Integer),
    Column("deduction_ppm", BigInteger, nullable=False),
    Column("base", Text, nullable=False),
    Column("deduction_rp", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("punch_ids", Text, nullable=False),  # separated by newlines
    Column("reference", Text),  # event, document or correction that it comes from
)

result_days = Table(
    "result_days",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("unit", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("required_minutes", Integer, nullable=False),
    Column("worked_minutes", Integer),
    Column("late_minutes", Integer),
    Column("early_minutes", Integer),
    Column("missing_scans", Integer, nullable=False, server_default="0"),
    Column("arrive_at", Instant),
    Column("break_out_at", Instant),
    Column("break_in_at", Instant),
    Column("leave_at", Instant),
    Column("arrive_punch", Text),
    Column("break_out_punch", Text),
    Column("break_in_punch", Text),
    Column("leave_punch", Text),
)

result_pending = Table(
    "result_pending",
    metadata,
    *_result_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("reason", Text, nullable=False),
)

shared_findings = Table(
    # Of the drafts of one office: how many of those expected at a terminal share a finding, as its last whole run saw.
    "shared_findings",
    metadata,
    Column("period", Text, primary_key=True),
    Column("office", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("date", Date, primary_key=True),
    Column("scan", Text, primary_key=True),
    Column("terminal", Text, primary_key=True),
    Column("expected", BigInteger, nullable=False),
    Column("affected", BigInteger, nullable=False),
    Column("share_ppm", BigInteger, nullable=False),
    Column("least_people", BigInteger, nullable=False),
    Column("scored_since", BigInteger, nullable=False, server_default="0"),  # people scored alone since then
)

period_events = Table(
    "period_events",
    metadata,
    _serial_key(),
    Column("period", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("event", Text, nullable=False),  # closed
    Column("revision", Integer, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("accepted_pending", Text),  # the reason a person gave; null if nothing was pending
    Column("through", Date),  # the last day that was judged; null: the month's
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("period", "unit", "revision"),
)

period_reopenings = Table(
    # An office of a period is open again once the newest of its closings has a row here.
    "period_reopenings",
    metadata,
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

period_payments = Table(
    # An office of a period that has a row here is never reopened.
    "period_payments",
    metadata,
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

adjustments = Table(
    # What a late fact moves of a month that is paid. The key lets no revision be followed by two.
    "adjustments",
    metadata,
    Column("for_period", Text, primary_key=True),
    Column("nip", Text, primary_key=True),
    Column("from_revision", Integer, primary_key=True, autoincrement=False),
    Column("to_revision", Integer, nullable=False),
    Column("period", Text, nullable=False, index=True),  # the open one that pays
    Column("unit", Text, nullable=False),  # by whose close it is paid
    Column("difference_rp", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    CheckConstraint("to_revision = from_revision + 1", name="next"),
    CheckConstraint("for_period < period", name="later"),
    CheckConstraint("difference_rp <> 0", name="moves"),
)

objections = Table(
    # A finding of a draft that is disputed before the close.
    "objections",
    metadata,
    _serial_key(),
    Column("period", Text, nullable=False, index=True),
    Column("nip", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("code", Text, nullable=False),
    Column("scan", Text),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("entered_at", Instant, nullable=False),
)

objection_decisions = Table(
    "objection_decisions",
    metadata,
    Column("objection", ForeignKey("objections.id"), primary_key=True),
    Column("accepted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

purges = Table(
    # The receipt of what retention took away: punches whose clock stood before the day.
    "purges",
    metadata,
    _serial_key(),
    Column("before", Date, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first_clock", Clock, nullable=False),
    Column("last_clock", Clock, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 over PUNCH_ID tab BATCH tab HEX of each, in this order
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
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
