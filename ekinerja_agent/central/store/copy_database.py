"""A copy of a central database on SQLite as it is at one moment, while the service goes on writing to it.

Promises that the copy is whole, or an error; that an older database is copied as it is, and a damaged one never passes
for a backup. A database on PostgreSQL has its own tool, which is named. Knows no table.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from ekinerja_agent.central.store.database_errors import place, reason, translated
from ekinerja_agent.central.store.engine import look
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message


def copy_database(url: str, target: Path) -> None:
    """Given the URL of a database on SQLite and a path at which nothing is yet, make the copy there.

    Raise NeedsAttention if the database is damaged, TemporarilyUnavailable if there is no room or it is locked.
    """
    source = look(url)
    copy = create_engine(URL.create("sqlite", database=str(target)), poolclass=NullPool)
    try:
        verdict = _copied(source, copy)
    finally:
        source.dispose()
        copy.dispose()
    if verdict != "ok":
        raise NeedsAttention(
            Message(
                "{database} is damaged, so it was not copied: {verdict}. Keep the last backup, and see what "
                "`ekinerja-agent doctor` says to do",
                database=place(source.url),
                verdict=verdict,
            )
        )


def pg_dump(url: str, file: str) -> str:
    """Given the URL of a database on PostgreSQL and a file, return the command that copies it there.

    It holds no password: pg_dump asks for it, or takes it from ~/.pgpass.
    """
    source = create_engine(url).url.set(drivername="postgresql", password=None)
    return f"pg_dump --format=custom --file={quote(file)} {quote(source.render_as_string(hide_password=False))}"


def _copied(source: Engine, copy: Engine) -> str:
    """Copy, and return what SQLite says of the copy: `ok`, or what is wrong."""
    library: Any = source.dialect.loaded_dbapi
    try:
        here, there = source.raw_connection(), copy.raw_connection()
        try:
            taken: Any = there.driver_connection
            here.driver_connection.backup(taken)  # type: ignore[union-attr]
            taken.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            (verdict,) = taken.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            here.close()
            there.close()
    except (SQLAlchemyError, library.Error) as error:
        ours = translated(error, source.url) if isinstance(error, SQLAlchemyError) else None
        if ours is None and isinstance(error, library.OperationalError):
            ours = TemporarilyUnavailable(
                Message(
                    "{database} cannot be copied now: {reason}; make room for the copy or wait for the other "
                    "process, then run the command again",
                    database=place(source.url),
                    reason=reason(error),
                )
            )
        raise ours or NeedsAttention(
            Message(
                "{database} is damaged, so it was not copied: {reason}. Keep the last backup",
                database=place(source.url),
                reason=reason(error),
            )
        ) from error
    return str(verdict)
