"""Who acts, and what takes two people (decisions 51 to 57).

An audit row keeps the uid of who acted; rows from before have none, and their digests stay. The database asks of a
close, an account and a delivery what the program asks. Changes of power and batches that move money wait for another
person. Of the rules of a close the text is kept, and what payroll was handed, file by file. The digests of what earlier
closes published go into the audit log with this upgrade.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _who_acted()
    _bounded()
    _power()
    _money()
    _payments()


def _who_acted() -> None:
    op.add_column("audit", sa.Column("uid", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("login_uid", sa.BigInteger(), nullable=True))


def _bounded() -> None:
    for table in ("period_events", "pending_signatures"):
        op.add_column(table, sa.Column("audit_rows", sa.BigInteger(), nullable=True))
    op.create_table(
        "turns",
        sa.Column("turn", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("share", sa.Integer(), primary_key=True, autoincrement=False),
    )
    for table in ("accounts", "passwords", "terminal_owners"):
        op.add_column(table, sa.Column("audited_by", sa.Text(), nullable=True))


def _power() -> None:
    op.create_table(
        "power_requests",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("asked_as", sa.Text(), nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("alone_from", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_power_requests_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_power_requests")),
    )
    op.create_table(
        "power_decisions",
        sa.Column("request", SERIAL, nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["request"], ["power_requests.id"], name=op.f("fk_power_decisions_request")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_power_decisions_account_id")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_power_decisions")),
    )
    op.create_table(
        "password_gifts",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("given_by", SERIAL, nullable=False),
        sa.Column("asked_by", SERIAL, nullable=True),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_password_gifts_account_id")),
        sa.ForeignKeyConstraint(["given_by"], ["accounts.id"], name=op.f("fk_password_gifts_given_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name=op.f("fk_password_gifts_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_gifts")),
    )
    op.create_index(op.f("ix_password_gifts_account_id"), "password_gifts", ["account_id"])
    op.add_column("login_failures", sa.Column("account", sa.Text(), nullable=True))
    op.create_index(op.f("ix_login_failures_account"), "login_failures", ["account"])


def _money() -> None:
    _batches()
    _doubtful_punches()
    _rule_sets()
    op.add_column("objections", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("period_events", sa.Column("alone", sa.Boolean(), nullable=True))


def _batches() -> None:
    op.create_table(
        "held_batches",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f("fk_held_batches_batch")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_held_batches")),
    )
    guard("held_batches", ("batch",), "what waits for another person is decided with: import approve, or import reject")
    op.create_table(
        "batch_decisions",
        sa.Column("batch", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["held_batches.batch"], name=op.f("fk_batch_decisions_batch")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batch_decisions_account_id")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_batch_decisions")),
    )
    guard("batch_decisions", ("batch",), "a decision is made once; bring the file again with: import KIND FILE")


def _doubtful_punches() -> None:
    op.create_table(
        "doubtful_punches",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("punch_id", sa.Text(), nullable=False),
        sa.Column("batch", SERIAL, nullable=False),
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
        sa.Column("account_id", SERIAL, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_doubtful_punches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubtful_punches")),
        sa.UniqueConstraint("punch_id", "batch", name=op.f("uq_doubtful_punches_punch_id_batch")),
    )
    guard("doubtful_punches", ("id",), "decide with: punch doubtful approve, or punch doubtful reject")
    op.create_table(
        "doubt_decisions",
        sa.Column("doubt", SERIAL, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["doubt"], ["doubtful_punches.id"], name=op.f("fk_doubt_decisions_doubt")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_doubt_decisions_account_id")),
        sa.PrimaryKeyConstraint("doubt", name=op.f("pk_doubt_decisions")),
    )
    guard("doubt_decisions", ("doubt",), "a decision is made once; bring the record again with: import punches FILE")


def _rule_sets() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_sets")),
    )
    guard("rule_sets", ("digest",), "rules that were used stay; change the rule files, and accept what they say")
    op.create_table(
        "rule_acceptances",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["rule_sets.digest"], name=op.f("fk_rule_acceptances_digest")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rule_acceptances_account_id")),
        sa.PrimaryKeyConstraint("digest", "account_id", name=op.f("pk_rule_acceptances")),
    )
    guard("rule_acceptances", ("digest", "account_id"), "who accepted has accepted; other rules are accepted anew")


def _payments() -> None:
    op.create_table(
        "payroll_exports",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("payable_rp", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_payroll_exports_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payroll_exports")),
    )
    op.create_index(op.f("ix_payroll_exports_period"), "payroll_exports", ["period"], unique=False)
    guard("payroll_exports", ("id",), "what payroll was handed is kept; export again with: payroll export")
    op.add_column("period_payments", sa.Column("export_digest", sa.Text(), nullable=True))
