"""What terminals recorded and what is known of them; punches that got their true time; what retention took."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ekinerja_agent.central.store.tables.columns import ONLY, Clock, Instant, Serial, metadata, sentence, serial_key

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
    *sentence("state", nullable=False),
)

terminal_owners = Table(  # changes: `terminal accept` gives a terminal to another agent; each time an audit row
    "terminal_owners",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("audited_by", Text),  # digest of the audit row by which a person gave it to the agent; null: nobody did
)

terminal_logins = Table(
    # Whose word counts for a terminal, on PostgreSQL, where offices have logins of their own: its last turn says it.
    "terminal_logins",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("login", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("audited_by", Text),  # digest of the audit row by which a person gave it; null: the first that delivered
)

login_units = Table(  # changes: `db roles --office`, by an administrator of the database; no login of ours may
    "login_units",
    metadata,
    Column("login", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
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
    # On SQLite the primary key, whose text begins with TERMINAL/PIN/CLOCK, leads to a person's punches.
    Index(None, "pin", "terminal", "clock", info={ONLY: "postgresql"}).ddl_if(dialect="postgresql"),
    # The few whose clock was far off are found by their true instant instead.
    Index("ix_punches_corrected_at", "at", postgresql_where=text("corrected"), sqlite_where=text("corrected = 1")),
    Index(
        "ix_punches_corrected_pin_terminal_at",
        *("pin", "terminal", "at"),
        postgresql_where=text("corrected"),
        sqlite_where=text("corrected = 1"),
    ),
)

doubtful_punches = Table(
    # A record that contradicts what was proven before it came: no punch until two people have decided, one of whom may
    # be the one who brought it. A collector's has batch 0 and no account.
    "doubtful_punches",
    metadata,
    serial_key(),
    Column("punch_id", Text, nullable=False),
    Column("batch", Serial, nullable=False),
    Column("terminal", Text, nullable=False),
    Column("pin", Text, nullable=False),
    Column("clock", Clock, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("at", Instant),
    Column("offset_s", BigInteger),
    Column("verify", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("work_code", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("corrected", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("account_id", ForeignKey("accounts.id")),
    Column("contradicts", Text, nullable=False, server_default="file"),
    Column("made_since", Clock),  # between which clocks on the wall it was made; null: not known
    Column("made_until", Clock),
    UniqueConstraint("punch_id", "batch"),
)

doubt_requests = Table(
    # What somebody says of a record that no person brought; who says the same decides.
    "doubt_requests",
    metadata,
    Column("doubt", ForeignKey("doubtful_punches.id"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("approved", Boolean, primary_key=True),
    Column("reason", Text),
    Column("requested_at", Instant, nullable=False),
)

doubt_decisions = Table(
    "doubt_decisions",
    metadata,
    Column("doubt", ForeignKey("doubtful_punches.id"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),  # null where it was approved without one
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

coverage = Table(
    "coverage",
    metadata,
    serial_key(),
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
    *sentence("reason", nullable=False),
    Column("found_at", Instant, nullable=False),
)

set_apart = Table(
    # The number of each row of the quarantine; where somebody can be made out in it, the punch that it is if a person
    # says so. One that names no PIN is somebody's.
    "set_apart",
    metadata,
    serial_key(),
    Column("quarantine_id", ForeignKey("quarantine.quarantine_id"), nullable=False),
    Column("terminal", Text, nullable=False),
    Column("punch_id", Text, nullable=False),  # empty: nobody can be made out
    Column("code", Text),  # the event, by which a terminal's records are released
    Column("pin", Text),
    Column("clock", Clock),
    Column("occurrence", Integer),
    Column("at", Instant),
    Column("offset_s", BigInteger),
    Column("verify", Integer),
    Column("state", Integer),
    Column("work_code", BigInteger),
    Column("source", Text),
    Column("raw", LargeBinary),
    Column("corrected", Boolean),
    UniqueConstraint("quarantine_id", "punch_id"),
    Index(None, "terminal", "code"),
    Index(None, "pin"),
)

apart_settled = Table(
    # What waits no more, though it is no punch: dismissed by a person, or read again as something else.
    "apart_settled",
    metadata,
    Column("apart", ForeignKey("set_apart.id"), primary_key=True),
    Column("batch", ForeignKey("import_batches.id"), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),  # null: nobody gave one, it was read again
    CheckConstraint("outcome in ('dismissed', 'read')", name="outcome"),
)

apart_releases = Table(
    # From which batch on an event of a terminal is a punch.
    "apart_releases",
    metadata,
    Column("batch", ForeignKey("import_batches.id"), primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "terminal", "code"),
)

slot_owners = Table(
    "slot_owners",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("uid", Integer, primary_key=True),
    Column("seen_at", Instant, primary_key=True),
    Column("pin", Text, nullable=False),
    Index(None, "pin", "terminal"),
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
    serial_key(),
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

redatings = Table(
    "redatings",
    metadata,
    serial_key(),
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

purges = Table(
    # The receipt of what retention took away: punches whose clock stood before the day.
    "purges",
    metadata,
    serial_key(),
    Column("before", Date, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first_clock", Clock, nullable=False),
    Column("last_clock", Clock, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 over PUNCH_ID tab BATCH tab HEX of each, in this order
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("at", Instant, nullable=False),
)
