"""What attackers of one kind share: two counties, files of a configuration, the logins of a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.board.conftest import county, county_url, enter, postgresql_county, sqlite_county
from tests.board.test_at_once import send, served
from tests.central.conftest import careless, login, roles_url
from tests.config.conftest import write
from tests.hostile.closing_county import Closing, fill
from tests.journey.conftest import Installation
from tests.proof import databases

__all__ = [
    "careless",
    "county",
    "county_url",
    "enter",
    "login",
    "postgresql_county",
    "roles_url",
    "send",
    "served",
    "sqlite_county",
    "write",
]


@contextmanager
def _filled(template: str, folder: Path) -> Iterator[str]:
    with databases.copy_of(template, folder) as url:
        fill(Installation(folder, url))
        yield url


@pytest.fixture(scope="session")
def sqlite_september(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a SQLite file with two offices whose September can be closed, to be copied."""
    with _filled(sqlite_template, tmp_path_factory.mktemp("september")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_september(postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL database with the same, to be copied."""
    with _filled(postgres_template, tmp_path_factory.mktemp("september")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def september(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Closing]:
    """Two offices whose September can be closed: a test runs once on SQLite and once on PostgreSQL."""
    with databases.copy_of(request.getfixturevalue(f"{request.param}_september"), tmp_path) as url:
        yield Closing(tmp_path, url)


@pytest.fixture
def box(sqlite_september: str, tmp_path: Path) -> Iterator[Closing]:
    """The same on SQLite alone: who owns the file owns the database."""
    (tmp_path / "state").mkdir()
    with databases.copy_of(sqlite_september, tmp_path / "state") as url:
        yield Closing(tmp_path, url)
