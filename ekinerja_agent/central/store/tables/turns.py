"""Rows that sessions of PostgreSQL lock to wait for each other, whatever they are about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from ekinerja_agent.central.store.tables.columns import metadata

turns = Table(
    # SQLite has one writer at a time and needs none.
    "turns",
    metadata,
    Column("turn", BigInteger, primary_key=True, autoincrement=False),
    Column("share", Integer, primary_key=True, autoincrement=False),  # 0: of all; else of some people
)
