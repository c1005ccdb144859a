"""Databases of earlier schemas, kept as text: what a regency has that upgrades after years.

`REVISION.sql` holds one row or two for every table of that time and of later revisions without a file of their own, in
SQL that both databases read; `REVISION.sqlite.sql.gz` a whole SQLite file as the migrations of that time made it;
`REVISION.live` the digests of the live text that came with it. They are written once, when a revision is new, by
`python -m tests.central.kept`, and never again.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from alembic import command
from sqlalchemy import Engine

from ekinerja_agent.central.schema.live_text import live_objects
from ekinerja_agent.central.schema.upgrade import alembic_config
from ekinerja_agent.central.store.engine import transaction

HERE = Path(__file__).parent


def dump_of(revision: str) -> Path:
    """Given a revision, return the path of its SQLite file."""
    return HERE / f"{revision}.sqlite.sql.gz"


def live_of(revision: str) -> Path:
    """Given a revision, return the path of its digests."""
    return HERE / f"{revision}.live"


def live_texts() -> str:
    """Return the digest of each view, function and trigger of the live text, a line for each."""
    lines = (
        f"{dialect} {one.kind} {one.name}: {sha256(one.text.encode()).hexdigest()[:16]}\n"
        for dialect in ("postgresql", "sqlite")
        for one in live_objects(dialect, "public")
    )
    return "".join(sorted(lines))


def rows_of(revision: str) -> Iterator[str]:
    """Given a revision, yield the statements that fill its tables. No text in them has a semicolon."""
    newest = max(file for file in HERE.glob("????.sql") if file.stem <= revision)
    text = newest.read_text(encoding="utf-8")
    yield from (statement for part in text.split(";\n") if (statement := part.strip()))


def migrate(engine: Engine, revision: str) -> None:
    """Given an empty database and a revision, bring it there as a program of that time did."""
    with transaction(engine) as conn:
        command.upgrade(alembic_config(conn), revision)


def restore(revision: str, path: Path) -> None:
    """Given a revision and a path, write the kept SQLite file there."""
    db = sqlite3.connect(path)
    db.executescript(gzip.decompress(dump_of(revision).read_bytes()).decode())
    db.close()
