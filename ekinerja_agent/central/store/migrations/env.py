"""Runs the migrations inside the transaction that `central.upgrade.upgrade` opened; there is no alembic.ini."""

from __future__ import annotations

from alembic import context

from ekinerja_agent.central.store.tables.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, although Alembic does not expect it
)
with context.begin_transaction():
    context.run_migrations()
