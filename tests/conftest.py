"""Databases for every test: a SQLite file, and a real PostgreSQL that lives as long as the test session."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from tests.proof import databases, people
from tests.proof.compared_once import ComparedOnce
from tests.proof.compiled_once import CompiledOnce
from tests.proof.one_connection import OneConnection

# A busy machine is no reason to fail: speed is what scripts/bench shows.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Threads that share a frame of ten rows take longer than one alone, and each worker of the tests would have as many.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

# The collector walks through all that pytest and the libraries hold, again and again: a fifth of the time of all tests.
gc.set_threshold(200_000, 50, 50)

CONNECTIONS = OneConnection()
CONNECTIONS.watch()

# Most commands that a test runs ask what others asked before, each by an engine of its own.
CompiledOnce().share()
# And most databases that a test lets them look through have the tables of the last one.
ComparedOnce().share()


@pytest.fixture(autouse=True)
def connections() -> Iterator[OneConnection]:
    """Every test fails in which somebody who holds a connection to a database opens another one to it."""
    yield CONNECTIONS
    nested, CONNECTIONS.nested = CONNECTIONS.nested, []
    assert not nested, f"{len(nested)} second connections, the first of them:\n{nested[0]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long file that comes last finds the other workers idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped proves nothing, and nobody sees it: it fails."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped; bring along what it needs, or say what is missing"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URI of a running PostgreSQL server without databases of ours. It listens on a socket file only."""
    with databases.postgres_server() as uri:
        yield uri


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with all tables, to be copied: quicker than migrating for each test."""
    with databases.postgres_database(postgres_server) as url:
        _migrate(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a SQLite file with all tables, to be copied."""
    url = f"sqlite:///{tmp_path_factory.mktemp('central') / 'migrated.db'}"
    _migrate(url)
    return url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database that only this test uses."""
    with databases.postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables: a test runs once on SQLite and once on PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'central.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def central_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a central database with all tables: a test runs once on SQLite and once on PostgreSQL."""
    template = "postgres_template" if request.param == "postgresql" else "sqlite_template"
    with databases.copy_of(request.getfixturevalue(template), tmp_path) as url:
        yield url


@pytest.fixture
def central(central_url: str) -> Iterator[Engine]:
    """A connected central database with all tables, on SQLite and on PostgreSQL."""
    engine = connect(central_url)
    require_current(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def become() -> Iterator[Callable[[str], None]]:
    """From here on, until the test ends or the next call, an operating-system user of that name runs all commands."""
    with ExitStack() as earlier:
        yield lambda name: earlier.enter_context(people.acting_as(name))


def _migrate(url: str) -> None:
    engine = connect(url)
    require_current(engine)
    engine.dispose()
