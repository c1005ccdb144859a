"""What it costs to enter an activity in a small county and in a large one, and what many who decide at once cost all.

The large county has the people, documents and rosters of a regency; whose activity it is has the same few in both. Over
sockets of a real server the readers are processes of their own: what they take of the same computer makes the server
look slower, never faster. All who decide at once decide activities of one person, for which they wait for each other;
each time it is another person, for a day with more activities takes longer. What they take is measured while nobody
looks at pages, as what they take one after the other is; what others wait, while somebody does.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Engine, Table, insert
from starlette.testclient import TestClient

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables import imported
from ekinerja_agent.config import shipped_rules
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.secrets.passwords import hashed
from ekinerja_agent.usecases.deciding import activities
from ekinerja_agent.usecases.deciding.activities import Desk, Work
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.request_context import COOKIE, Site
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.proof import databases
from tests.proof.bench.findings import Finding
from tests.proof.one_connection import OneConnection

SMALL, LARGE = 10, 10_000
ABSENCES_EACH = 2
ROSTERED = 600
PEOPLE_PER_UNIT = 250
MOST_TIMES = 1.5
ENTRIES = 40
"""Of each kind, one in the small county and one in the large one in turn; the median of the ratios is told."""
APPROVALS = 40
MOST_AT_ONCE = 1.3
MOST_WAIT = 5
ROUNDS = 5
PROFILE = "banjarmasin"
"""Its activities lie inside the duty hours: rosters, calendar, absences and spells are all asked."""
NOW = datetime(2026, 9, 29, 12, tzinfo=UTC)
_DAY = date(2026, 9, 29)
_AT_ONCE = 10_000
_PASSWORD = "kuda laut hijau"


def measure(folder: Path) -> Iterator[Finding]:
    """Given a folder, yield for each database what entering costs and what deciding at once does."""
    with databases.postgres_server(durable=True) as server:
        for database in ("SQLite", "PostgreSQL"):
            yield from _entering(database, folder, server)
        with databases.postgres_database(server) as url:
            yield from _deciding(url)


# Entering


def _entering(database: str, folder: Path, server: str) -> Iterator[Finding]:
    with _urls(database, folder, server) as urls:
        small, large = (county(url, people) for url, people in zip(urls, (SMALL, LARGE), strict=True))
        for what, made in (("activity add", _commands), ("a board entry", _forms)):
            enter_small, enter_large = made(small), made(large)
            enter_small(), enter_large()
            pairs = [(_seconds(enter_small), _seconds(enter_large)) for _ in range(ENTRIES)]
            ratio = median(after / before for before, after in pairs)
            yield Finding(
                f"{what}, {database}",
                f"{1000 * median(after for _, after in pairs):.1f} ms of {LARGE:,} people, "
                f"{ABSENCES_EACH * LARGE:,} absences, {ROSTERED} rosters",
                f"{1000 * median(before for before, _ in pairs):.1f} ms of {SMALL}",
                f"{ratio:.2f} times",
                f"at most {MOST_TIMES} times",
                ratio <= MOST_TIMES,
            )
        for engine in (small, large):
            engine.dispose()


@contextmanager
def _urls(database: str, folder: Path, server: str) -> Iterator[tuple[str, str]]:
    if database == "SQLite":
        yield f"sqlite:///{folder / 'small.db'}", f"sqlite:///{folder / 'large.db'}"
        return
    with databases.postgres_database(server) as small, databases.postgres_database(server) as large:
        yield small, large


def _stretches() -> Iterator[tuple[time_of_day, time_of_day]]:
    """A minute each within the day, none of which overlaps another."""
    for start in count(8 * 60):
        yield time_of_day(*divmod(start, 60)), time_of_day(*divmod(start + 1, 60))


def _commands(engine: Engine) -> Callable[[], object]:
    """What `activity add` does in an open database."""
    desk = Desk(engine, load_rulebook(shipped_rules()), PROFILE, _account(engine, "person"), NOW)
    stretches = _stretches()
    return lambda: activities.add(desk, Work(nip(1), _DAY, *next(stretches), "Rapat"))


def _forms(engine: Engine) -> Callable[[], object]:
    """A form of the board, without the page that it leads to; in the afternoon, where no command entered anything."""
    browser = TestClient(create_app(lambda: None, site=_site(engine)), base_url="http://b", follow_redirects=False)
    browser.cookies.set(COOKIE, _session(engine, "person"))
    token = _csrf(browser.get("/password").text)
    minutes = count(12 * 60)

    def sent() -> None:
        start = next(minutes)
        stretch = {"start": _clock(start), "end": _clock(start + 1)}
        form = stretch | {"date": str(_DAY), "description": "Rapat", "do": "enter", "csrf": token}
        answer = browser.post("/activities", data=form)
        if answer.status_code != 303:
            raise AssertionError(answer.text)

    return sent


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


# Deciding


@dataclass(frozen=True, slots=True)
class _Sent:
    """A form that somebody sends: to which server, as whom."""

    port: int
    token: str
    body: str


@dataclass(frozen=True, slots=True)
class _Round:
    """Seconds: of all approvals one by one, at once, and at once while somebody looks at pages; of the slowest of as
    many looks alone and meanwhile.
    """

    one_by_one_s: float
    at_once_s: float
    with_looks_s: float
    alone_s: float
    beside_s: float
    looks: int


def _deciding(url: str) -> Iterator[Finding]:
    engine = county(url, LARGE)
    connections = OneConnection()
    connections.watch()
    rounds: list[_Round] = []
    with _served(engine) as port, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as readers:
        head, other = _session(engine, "head"), _session(engine, "other")
        token = _csrf(_page(port, head, "/password"))
        list(readers.map(_look, [port] * 20, [other] * 20))  # both processes are up, every page was made once
        people = count(1)
        desk = Desk(engine, load_rulebook(shipped_rules()), PROFILE, _account(engine, "root"), NOW)

        def waiting() -> list[_Sent]:
            whose, stretches = nip(next(people)), _stretches()
            ids = [activities.add(desk, Work(whose, _DAY, *next(stretches), "Rapat")) for _ in range(APPROVALS)]
            return [_Sent(port, head, urlencode({"id": one, "do": "approve", "csrf": token})) for one in ids]

        for _ in range(ROUNDS):
            one_by_one_s = readers.submit(_send_each, waiting()).result()
            at_once_s = readers.submit(_send_all, waiting()).result()
            sending = readers.submit(_send_all, waiting())
            beside_s = []
            while not sending.done():
                beside_s.append(readers.submit(_look, port, other).result())
            alone_s = list(readers.map(_look, [port] * len(beside_s), [other] * len(beside_s)))
            waits = max(alone_s), max(beside_s), len(beside_s)
            rounds.append(_Round(one_by_one_s, at_once_s, sending.result(), *waits))
    engine.dispose()
    ratio = median(one.at_once_s / one.one_by_one_s for one in rounds)
    yield Finding(
        f"{APPROVALS} approvals at once, PostgreSQL",
        f"{median(one.at_once_s for one in rounds):.2f} s "
        f"({median(one.with_looks_s for one in rounds):.2f} s while somebody looks at pages)",
        f"{median(one.one_by_one_s for one in rounds):.2f} s one after the other",
        f"{ratio:.2f} times",
        f"at most {MOST_AT_ONCE} times",
        ratio <= MOST_AT_ONCE,
    )
    ratio = median(one.beside_s / one.alone_s for one in rounds)
    yield Finding(
        f"the slowest page of somebody else meanwhile, of {sum(one.looks for one in rounds)}",
        f"{1000 * median(one.beside_s for one in rounds):.0f} ms",
        f"{1000 * median(one.alone_s for one in rounds):.0f} ms the slowest of as many while nobody decides",
        f"{ratio:.1f} times",
        f"at most {MOST_WAIT} times",
        ratio <= MOST_WAIT,
    )
    yield Finding(
        "connections that a request opened while it held one",
        str(len(connections.nested)),
        "",
        "",
        "none",
        not connections.nested,
    )


@contextmanager
def _served(engine: Engine) -> Iterator[int]:
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    server = WebServer(listener, create_app(lambda: None, site=_site(engine)))
    try:
        yield listener.getsockname()[1]
    finally:
        server.stop()


def _send(one: _Sent) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=120)
    headers = {"Cookie": f"{COOKIE}={one.token}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/activities/waiting", one.body, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 303:
        raise AssertionError(said.decode())


def _send_each(forms: Sequence[_Sent]) -> float:
    """Seconds of all forms, one after the other."""
    began_s = time.perf_counter()
    for form in forms:
        _send(form)
    return time.perf_counter() - began_s


def _send_all(forms: Sequence[_Sent]) -> float:
    """Seconds of all forms, sent at once."""
    began_s = time.perf_counter()
    with ThreadPoolExecutor(len(forms)) as people:
        list(people.map(_send, forms))
    return time.perf_counter() - began_s


def _look(port: int, token: str) -> float:
    """Seconds of a page."""
    began_s = time.perf_counter()
    _page(port, token, "/activities")
    return time.perf_counter() - began_s


def _page(port: int, token: str, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"Cookie": f"{COOKIE}={token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != 200:
        raise AssertionError(text)
    return text


# The county


def county(url: str, people: int) -> Engine:
    """Given an empty database, fill it with people, two absences of each, and rosters of a month for as many of them as
    a hospital has; return it connected. `person` (1) is rostered, `head` heads the units, `other` is anybody.
    """
    engine = connect(url)
    require_current(engine)
    operator = accounts.actor(engine, "root", NOW).account
    for name, number in (("head", 0), ("person", 1), ("other", 2)):
        accounts.add(engine, name, roles=["employee", "head"], by=operator, now=NOW, nip=nip(number))
        logins.set_password(engine, name, hashed(_PASSWORD), must_change=False, by=operator, now=NOW)
    with transaction(engine) as conn:
        _facts(conn, people, operator.id)
    if engine.dialect.name == "postgresql":
        with transaction(engine) as conn:
            conn.exec_driver_sql("analyze")  # a county in use was analysed long ago
    return engine


def _facts(conn: Connection, people: int, account: int) -> None:
    batch = {"kind": "units", "file_name": "f", "digest": "d", "rows": 1, "rejected": 0, "account_id": account}
    conn.execute(insert(imported.import_batches).values(**batch, imported_at=NOW))
    origin = {"batch": 1, "row": 1}
    units = max(1, people // PEOPLE_PER_UNIT)
    place = origin | {"timezone": "Asia/Makassar", "head_nip": nip(0)}
    _insert(conn, imported.units, [place | {"code": f"U{unit}", "name": f"Dinas {unit}"} for unit in range(units)])
    spell = origin | {"status": "pns", "attendance": "terminal"}
    rostered = min(ROSTERED, people // 2)
    _insert(
        conn,
        imported.employees,
        [
            spell
            | {"nip": nip(one), "name": f"Nama {one}", "unit": f"U{one % units}"}
            | {"schedule": "three-shifts" if 0 < one <= rostered else None}
            for one in range(people)
        ],
    )
    leave = origin | {"kind": "cuti_tahunan", "status": "approved"}
    _insert(
        conn,
        imported.absences,
        [
            leave | {"nip": nip(one), "first_day": day, "last_day": day + timedelta(days=2)}
            for one in range(people)
            for day in (date(2026, 3, 2), date(2026, 9, 7))[:ABSENCES_EACH]
        ],
    )
    _insert(
        conn,
        imported.rosters,
        [
            origin | {"nip": nip(one), "date": date(2026, 9, day), "shifts": "pagi siang"}
            for one in range(1, rostered + 1)
            for day in range(1, 31)
        ],
    )
    _insert(
        conn,
        imported.activities,
        [
            origin
            | {"activity_id": f"{one}-{ago}", "nip": nip(one), "date": _DAY - timedelta(days=ago)}
            | {"start": time_of_day(8), "end": time_of_day(9), "description": "Rapat", "status": "approved"}
            for one in range(people)
            for ago in range(1, 20)
        ],
    )


def _insert(conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        conn.execute(insert(table), rows[start : start + _AT_ONCE])


def nip(number: int) -> str:
    """Given the number of a person, return the NIP."""
    return f"N{number:06}"


def _account(engine: Engine, name: str) -> Account:
    return next(one for one in accounts.list_accounts(engine) if one.name == name)


def _session(engine: Engine, name: str) -> str:
    token = f"session of {name}".replace(" ", "-")
    logins.begin(engine, name, token, address="127.0.0.1", now=NOW)
    return token


def _site(engine: Engine) -> Site:
    rules = load_rulebook(shipped_rules())
    return Site(
        lambda: engine,
        lambda: None,
        lambda: NOW,
        secure=lambda: False,
        proxies=tuple,
        rules=lambda: rules,
        profile=lambda: PROFILE,
    )


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    if found is None:
        raise AssertionError(page)
    return found[1]
