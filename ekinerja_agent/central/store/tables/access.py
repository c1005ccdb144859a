"""Who may act, and what was done: accounts, logins of the board, the audit log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from ekinerja_agent.central.store.tables.columns import Instant, Serial, metadata, serial_key

accounts = Table(  # changes: roles, unit, binding, disabled_at; every change is in the audit log
    "accounts",
    metadata,
    serial_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("roles", Text, nullable=False),  # comma separated, sorted: see `county/access`
    Column("unit", Text),
    Column("nip", Text),
    Column("os_user", Text, unique=True),
    Column("feeds", Text, nullable=False),  # comma separated import kinds whose decisions in a file count; "*" = all
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("audited_by", Text),  # digest of the audit row of its last change; null: schema 25 made it
)

power_requests = Table(  # a change of power that waits for another operator
    "power_requests",
    metadata,
    serial_key(),
    Column("kind", Text, nullable=False),  # add, bind, set-roles, set-nip, set-feeds, password, disable
    Column("account", Text, nullable=False),  # its name: one that is added has no number yet
    Column("wanted", Text, nullable=False),  # JSON: columns and what they become; never a password
    Column("before", Text),  # JSON: the account as it was when this was asked for; NULL: it was not there
    Column("account_id", ForeignKey("accounts.id"), nullable=False),  # who asked
    Column("asked_as", Text),  # the operating-system user who asked
    Column("asked_at", Instant, nullable=False),
    Column("alone_from", Instant),  # from then on who asked may confirm it: to disable an operator who is gone
)

power_decisions = Table(  # one each
    "power_decisions",
    metadata,
    Column("request", ForeignKey("power_requests.id"), primary_key=True),
    Column("confirmed", Boolean, nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    serial_key(),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),  # account name, or "system"
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON
    Column("previous_digest", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("uid", BigInteger),  # of who acted; none in rows from before it was kept
    Column("login_uid", BigInteger),  # with which they logged in, where the host keeps that
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
    Column("hash", Text, nullable=False),  # argon2id; empty: it ended, and nothing is right
    Column("must_change", Boolean, nullable=False),  # another person gave it
    Column("set_at", Instant, nullable=False),
    Column("audited_by", Text),  # as of an account
)

password_gifts = Table(  # each password that somebody else gave: its owner is told
    "password_gifts",
    metadata,
    serial_key(),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("given_by", ForeignKey("accounts.id"), nullable=False),
    Column("asked_by", ForeignKey("accounts.id")),  # NULL: one person was enough
    Column("given_at", Instant, nullable=False),
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
    Column("subject", Text, primary_key=True),  # SHA-256 of an account's name, an address, a device, or two of them
    Column("account", Text, index=True),  # SHA-256 of the account's name; NULL: of an address alone
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
)

turns = Table(
    # Rows that sessions of PostgreSQL lock to wait for each other; SQLite has one writer at a time and needs none.
    "turns",
    metadata,
    Column("turn", BigInteger, primary_key=True, autoincrement=False),
    Column("share", Integer, primary_key=True, autoincrement=False),  # 0: of all; else of some people
)
