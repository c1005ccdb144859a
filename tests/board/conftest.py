"""A small county on either database, and a browser that only keeps cookies and follows no link by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.access import logins
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.request_context import Site
from tests.journey.conftest import RULES, Installation, nip
from tests.proof import databases

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
PASSWORD = "kuda laut hijau"
EVIL = "<script>alert('Ani')</script> & \"Co\""
HEAD, LATE, EVIL_NIP, OTHER = nip(1), nip(2), nip(3), nip(4)


class County:
    """The pages, a clock that tests move, and the accounts."""

    def __init__(self, engine: Engine, operator: Account) -> None:
        self.engine = engine
        self.operator = operator
        self.now = NOW
        self.site = Site(
            lambda: engine,
            lambda: None,
            lambda: self.now,
            secure=lambda: False,
            proxies=tuple,
            rules=lambda: load_rulebook(RULES),
            profile=lambda: "tpp-model",
        )
        self.app = create_app(lambda: None, site=self.site)

    def account(self, name: str, *roles: str, nip: str | None = None, unit: str | None = None) -> Account:
        added = accounts.add(self.engine, name, roles=roles, by=self.operator, now=self.now, nip=nip, unit=unit)
        logins.give_password(self.engine, name, by=self.operator, now=self.now, password="for one login")
        return added

    def browser(self) -> TestClient:
        reader = ("10.20.3.7", 50_000)
        return TestClient(_decoded_once(self.app), base_url="http://board.test", follow_redirects=False, client=reader)

    def enter(self, name: str) -> TestClient:
        """Somebody who logged in and chose a password."""
        browser = self.browser()
        assert browser.post("/login", data={"name": name, "password": "for one login"}).headers["location"] == "/"
        form = {"old": "for one login", "new": PASSWORD, "again": PASSWORD, "csrf": csrf(browser.get("/password").text)}
        assert browser.post("/password", data=form).headers["location"] == "/"
        return browser

    def later(self, **by: int) -> None:
        self.now += timedelta(**by)


def _decoded_once(app: ASGIApp) -> ASGIApp:
    """The pages as a server asks them: the test client decodes each address twice."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": unquote(scope["raw_path"].decode("ascii"))}, receive, send)

    return asked


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


@contextmanager
def _filled(template: str, folder: Path) -> Iterator[str]:
    """The county in a copy of a database with all tables."""
    with databases.copy_of(template, folder) as url:
        _fill(Installation(folder, url))
        yield url


def _fill(installation: Installation) -> None:
    zone = {"timezone": "Asia/Makassar"}
    installation.load(
        "units",
        [
            zone | {"code": "DINKES", "name": "Dinas Kesehatan", "head_nip": HEAD},
            zone | {"code": "PKM", "name": "Puskesmas", "parent": "DINKES"},
            zone | {"code": "DISDIK", "name": "Dinas Pendidikan"},
        ],
    )
    people = [(HEAD, "Kepala", "DINKES"), (LATE, "Budi", "DINKES"), (EVIL_NIP, EVIL, "PKM"), (OTHER, "Cici", "DISDIK")]
    installation.load(
        "employees",
        [
            {"nip": one, "name": name, "unit": unit, "status": "pns", "attendance": "terminal", "allowance_rp": 4000000}
            for one, name, unit in people
        ],
    )
    installation.load("enrolments", [{"terminal": "a", "pin": str(n), "nip": p[0]} for n, p in enumerate(people, 1)])
    punches = [
        {"terminal": "a", "pin": str(n), "clock": f"2026-09-07 {clock}"}
        for n in (1, 2, 3, 4)
        for clock in ("08:40:00" if n == 2 else "07:20:00", "16:45:00")
    ]
    installation.load("punches", punches, "--complete-until", "2026-09-08 23:59")
    installation.ok("score", "run", "--month", "2026-09")


@pytest.fixture(scope="session")
def sqlite_county(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a SQLite file with the county, to be copied."""
    with _filled(sqlite_template, tmp_path_factory.mktemp("county")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_county(postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL database with the county, to be copied."""
    with _filled(postgres_template, tmp_path_factory.mktemp("county")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def county_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that holds the county: a test runs once on SQLite and once on PostgreSQL."""
    with databases.copy_of(request.getfixturevalue(f"{request.param}_county"), tmp_path) as url:
        yield url


@pytest.fixture
def county(county_url: str) -> Iterator[County]:
    engine = connect(county_url)
    (operator,) = accounts.list_accounts(engine)
    yield County(engine, operator)
    engine.dispose()


@pytest.fixture
def enter(county: County) -> Callable[..., TestClient]:
    def _enter(name: str, *roles: str, nip: str | None = None, unit: str | None = None) -> TestClient:
        county.account(name, *roles, nip=nip, unit=unit)
        return county.enter(name)

    return _enter
