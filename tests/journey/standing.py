"""What an installation holds, byte for byte, so that a test can say: nothing changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import create_engine, inspect

LIVING = ("-wal", "-shm")
"""What SQLite keeps beside an open file; its content shows in the tables."""


def standing(directory: Path, url: str) -> dict[str, str]:
    """Given an installation, return a digest of every file below it and of every table of its database, with its rows.

    The central SQLite file counts by its tables.
    """
    return files(directory, url) | _tables(url)


def files(directory: Path, url: str) -> dict[str, str]:
    """Given a directory and the database that may lie in it, return a digest of every other file below it."""
    central = url.removeprefix("sqlite:///")
    return {
        str(path.relative_to(directory)): "a link" if path.is_symlink() else _digest(path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if (path.is_symlink() or path.is_file())
        and not str(path).startswith(central)
        and not path.name.endswith(LIVING)
    }


def _tables(url: str) -> dict[str, str]:
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            cursor = conn.connection.cursor()  # the driver's own: of a hundred tables most are empty
            found = {}
            for table in inspect(conn).get_table_names():
                cursor.execute(f'select * from "{table}"')
                rows = sorted(repr([_plain(cell) for cell in row]) for row in cursor.fetchall())
                found[table] = f"{len(rows)} rows {_digest(chr(10).join(rows).encode())}"
            return found
    finally:
        engine.dispose()


def _plain(cell: object) -> object:
    return bytes(cell) if isinstance(cell, memoryview) else cell


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
