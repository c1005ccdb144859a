"""Activities from another application, which fills the first table and reads the second (docs/feed.md)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from ekinerja_agent.central.store.tables.columns import Instant, metadata, serial_key

feed_activities = Table(
    "feed_activities",
    metadata,
    serial_key(),
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
