"""Ten thousand employees who open their month within the hour after it was closed, over sockets of a real server.

Everybody is logged in already; what a login costs beside is measured too. The readers are processes of their own: what
they take of the same computer makes the server look slower, never faster.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.central.store.tables import access
from ekinerja_agent.config import shipped_rules
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.secrets.passwords import hashed
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.request_context import COOKIE, Site
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.proof import databases
from tests.proof.bench import board
from tests.proof.bench.findings import Finding

PEOPLE = 10_000
READERS = 8
EACH = 150
LOGINS = 20
WITHIN_S = 3_600
MOST_SHARE = 0.5
"""Of the hour: a server has more to do."""
_PASSWORD = "kuda laut hijau"
_PAGES = ("/", "/me", "/static/board.css")


def measure(folder: Path) -> Iterator[Finding]:
    """Given a folder, yield for each database how many people a second open their month, and what they take of an
    hour.
    """
    yield _finding("SQLite", f"sqlite:///{folder / 'readers.db'}")
    with databases.postgres_server(durable=True) as server, databases.postgres_database(server) as url:
        yield _finding("PostgreSQL", url)


def _finding(database: str, url: str) -> Finding:
    engine = board.county(url, PEOPLE, [12], doings=False)
    _let_in(engine)
    with _served(engine) as port:
        visit_s, slowest_s = _visits(port)
        login_s = _logins(port)
    engine.dispose()
    taken_s = PEOPLE * (visit_s + login_s)
    return Finding(
        f"{PEOPLE:,} people open their month, {database}",
        f"{1 / visit_s:.0f} people/s, {len(_PAGES) / visit_s:.0f} requests/s, slowest page {1000 * slowest_s:.0f} ms",
        f"{1 / login_s:.0f} logins/s",
        f"{taken_s / 60:.0f} minutes with logins, {PEOPLE * visit_s / 60:.0f} without",
        f"at most {60 * MOST_SHARE:.0f} minutes",
        taken_s <= WITHIN_S * MOST_SHARE,
    )


def _token(number: int) -> str:
    return f"reader-{number}"


def _let_in(engine: Engine) -> None:
    """Everybody has an account with one password, and a session."""
    kept = hashed(_PASSWORD)
    rows: list[dict[str, Any]] = [
        {"name": f"reader{one}", "roles": "employee", "nip": board.nip(one), "feeds": "", "created_at": board.NOW}
        for one in range(PEOPLE)
    ]
    with transaction(engine) as conn:
        conn.execute(insert(access.accounts), rows)
        a = access.accounts.c
        ids = {name: key for key, name in conn.execute(select(a.id, a.name).where(a.name.startswith("reader")))}
        own = {"hash": kept, "must_change": False, "set_at": board.NOW}
        conn.execute(insert(access.passwords), [own | {"account_id": key} for key in ids.values()])
        begun = {"begun_at": board.NOW, "seen_at": board.NOW}
        conn.execute(
            insert(access.sessions),
            [
                begun
                | {
                    "token_digest": sha256(_token(one).encode()).hexdigest(),
                    "account_id": ids[f"reader{one}"],
                }
                for one in range(PEOPLE)
            ],
        )


@contextmanager
def _served(engine: Engine) -> Iterator[int]:
    rules = load_rulebook(shipped_rules())
    site = Site(
        lambda: engine,
        lambda: None,
        lambda: board.NOW,
        secure=lambda: False,
        proxies=tuple,
        rules=lambda: rules,
        profile=lambda: "tpp-model",
    )
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    server = WebServer(listener, create_app(lambda: None, site=site))
    try:
        yield listener.getsockname()[1]
    finally:
        server.stop()


def _visits(port: int) -> tuple[float, float]:
    """Seconds between two people who are done, and of the slowest page."""
    shares = [range(one, READERS * EACH, READERS) for one in range(READERS)]
    with ProcessPoolExecutor(READERS, mp_context=get_context("spawn")) as readers:
        list(readers.map(_read, [port] * READERS, [[0]] * READERS))  # every process is up, every page was made once
        began_s = time.perf_counter()
        slowest_s = max(readers.map(_read, [port] * READERS, shares))
        return (time.perf_counter() - began_s) / (READERS * EACH), slowest_s


def _read(port: int, people: Sequence[int]) -> float:
    """Given the server and people, let each open their month; return the seconds of the slowest page."""
    slowest_s = 0.0
    for one in people:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in _PAGES:
            began_s = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": f"{COOKIE}={_token(one)}"})
            answer = connection.getresponse()
            body = answer.read()
            slowest_s = max(slowest_s, time.perf_counter() - began_s)
            if path == "/me" and (answer.status != 200 or board.nip(one).encode() not in body):
                raise AssertionError(f"{path} of {one} is {answer.status}")
        connection.close()
    return slowest_s


def _logins(port: int) -> float:
    """Seconds of one login after the other."""
    began_s = time.perf_counter()
    for one in range(LOGINS):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        form = f"name=reader{one}&password={_PASSWORD.replace(' ', '+')}"
        connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        assert re.match("30", str(answer.status)), answer.status
        connection.close()
    return (time.perf_counter() - began_s) / LOGINS
