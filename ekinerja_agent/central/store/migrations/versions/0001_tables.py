"""The tables: what terminals recorded, what people imported, and the results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _people_who_act()
    _what_terminals_recorded()
    _what_people_imported()
    _results()


def _people_who_act() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("nip", sa.Text(), nullable=True),
        sa.Column("os_user", sa.Text(), nullable=True),
        sa.Column("feeds", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
        sa.UniqueConstraint("os_user", name=op.f("uq_accounts_os_user")),
    )
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_digest", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_digest")),
    )


def _what_terminals_recorded() -> None:
    op.create_table(
        "punches",
        sa.Column("punch_id", sa.Text(), nullable=False),
        sa.Column("batch", SERIAL, autoincrement=False, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("clock", sa.DateTime(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=True),
        sa.Column("offset_s", sa.BigInteger(), nullable=True),
        sa.Column("verify", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("work_code", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("punch_id", "batch", name=op.f("pk_punches")),
    )
    op.create_index(op.f("ix_punches_clock"), "punches", ["clock"], unique=False)
    op.create_index(
        "ix_punches_corrected_at",
        "punches",
        ["at"],
        unique=False,
        postgresql_where=sa.text("corrected"),
        sqlite_where=sa.text("corrected"),
    )
    op.create_table(
        "coverage",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("start", INSTANT, nullable=True),
        sa.Column("end", INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.CheckConstraint("kind in ('proven', 'silent')", name=op.f("ck_coverage_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
        sa.UniqueConstraint(
            "terminal",
            "end",
            "start",
            "kind",
            "batch",
            name=op.f("uq_coverage_terminal_end_start_kind_batch"),
        ),
    )
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "slot_owners",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("uid", sa.Integer(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "uid", "seen_at", name=op.f("pk_slot_owners")),
    )
    op.create_table(
        "clock_readings",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("offset_s", sa.BigInteger(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "at", name=op.f("pk_clock_readings")),
    )
    op.create_table(
        "terminal_facts",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "since", name=op.f("pk_terminal_facts")),
    )
    op.create_table(
        "terminal_status",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.Column("clock_offset_s", sa.BigInteger(), nullable=True),
        sa.Column("last_contact", INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_terminal_status")),
    )
    op.create_table(
        "stale_days",
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("marks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "day", name=op.f("pk_stale_days")),
    )


def _what_people_imported() -> None:
    op.create_table(
        "import_batches",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("imported_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_import_batches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_table(
        "import_revocations",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_import_revocations_account_id")),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_import_revocations_batch")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_import_revocations")),
    )
    op.create_table(
        "units",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("head_nip", sa.Text(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("successor", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_units_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_index(op.f("ix_units_batch"), "units", ["batch"], unique=False)
    op.create_index(op.f("ix_units_code"), "units", ["code"], unique=False)
    op.create_table(
        "employees",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attendance", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("position_class", sa.Text(), nullable=True),
        sa.Column("supervisor_nip", sa.Text(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("allowance_rp", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_employees_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employees")),
    )
    op.create_index(op.f("ix_employees_batch"), "employees", ["batch"], unique=False)
    op.create_index(op.f("ix_employees_nip"), "employees", ["nip"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_enrolments_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_batch"), "enrolments", ["batch"], unique=False)
    op.create_index(op.f("ix_enrolments_nip"), "enrolments", ["nip"], unique=False)
    op.create_index(op.f("ix_enrolments_pin"), "enrolments", ["pin"], unique=False)
    op.create_table(
        "calendar",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_calendar_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
    )
    op.create_index(op.f("ix_calendar_batch"), "calendar", ["batch"], unique=False)
    op.create_index(op.f("ix_calendar_date"), "calendar", ["date"], unique=False)
    op.create_table(
        "absences",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("to_time", sa.Time(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("child_number", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_absences_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_batch"), "absences", ["batch"], unique=False)
    op.create_index(op.f("ix_absences_nip"), "absences", ["nip"], unique=False)
    op.create_table(
        "activities",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("volume", sa.Text(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("approved_minutes", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.Column("entered_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_activities_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_activity_id"), "activities", ["activity_id"], unique=False)
    op.create_index(op.f("ix_activities_batch"), "activities", ["batch"], unique=False)
    op.create_index(op.f("ix_activities_date"), "activities", ["date"], unique=False)
    op.create_index(op.f("ix_activities_nip"), "activities", ["nip"], unique=False)


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("position_class", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("employment_status", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("days_present", sa.Integer(), nullable=False),
        sa.Column("days_excused", sa.Integer(), nullable=False),
        sa.Column("discipline_score_ppm", sa.BigInteger(), nullable=False),
        sa.Column("discipline_deduction_ppm", sa.BigInteger(), nullable=False),
        sa.Column("performance_score_ppm", sa.BigInteger(), nullable=False),
        sa.Column("performance_deduction_ppm", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("approved_minutes", sa.BigInteger(), nullable=False),
        sa.Column("credited_minutes", sa.BigInteger(), nullable=False),
        sa.Column("target_minutes", sa.BigInteger(), nullable=False),
        sa.Column("base_rp", sa.BigInteger(), nullable=False),
        sa.Column("discipline_rp", sa.BigInteger(), nullable=False),
        sa.Column("performance_rp", sa.BigInteger(), nullable=False),
        sa.Column("multiplier_ppm", sa.BigInteger(), nullable=False),
        sa.Column("whole_deduction_rp", sa.BigInteger(), nullable=False),
        sa.Column("leave_deduction_rp", sa.BigInteger(), nullable=False),
        sa.Column("sanction_rp", sa.BigInteger(), nullable=False),
        sa.Column("hold_rp", sa.BigInteger(), nullable=False),
        sa.Column("payable_rp", sa.BigInteger(), nullable=False),
        sa.Column("unexcused_days", sa.Integer(), nullable=False),
        sa.Column("bank_minutes_year", sa.BigInteger(), nullable=False),
        sa.Column("converted_days", sa.Integer(), nullable=False),
        sa.Column("days_this_year", sa.Integer(), nullable=False),
        sa.Column("longest_run", sa.Integer(), nullable=False),
        sa.Column("run_reached_on", sa.Date(), nullable=True),
        sa.Column("threshold", sa.Text(), nullable=True),
        sa.Column("computed_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("period", "nip", "revision", name=op.f("pk_results")),
    )
    op.create_table(
        "result_findings",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("deduction_ppm", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("deduction_rp", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("punch_ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("period", "nip", "revision", "position", name=op.f("pk_result_findings")),
    )
    op.create_table(
        "result_days",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("required_minutes", sa.Integer(), nullable=False),
        sa.Column("worked_minutes", sa.Integer(), nullable=True),
        sa.Column("late_minutes", sa.Integer(), nullable=True),
        sa.Column("early_minutes", sa.Integer(), nullable=True),
        sa.Column("arrive_at", INSTANT, nullable=True),
        sa.Column("break_out_at", INSTANT, nullable=True),
        sa.Column("break_in_at", INSTANT, nullable=True),
        sa.Column("leave_at", INSTANT, nullable=True),
        sa.Column("arrive_punch", sa.Text(), nullable=True),
        sa.Column("break_out_punch", sa.Text(), nullable=True),
        sa.Column("break_in_punch", sa.Text(), nullable=True),
        sa.Column("leave_punch", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("period", "nip", "revision", "position", name=op.f("pk_result_days")),
    )
    op.create_table(
        "result_pending",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("nip", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("period", "nip", "revision", "position", name=op.f("pk_result_pending")),
    )
    op.create_table(
        "period_events",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("accepted_pending", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_period_events_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_events")),
        sa.UniqueConstraint("period", "unit", "revision", name=op.f("uq_period_events_period_unit_revision")),
    )
