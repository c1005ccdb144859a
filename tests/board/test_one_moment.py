"""Every page is of one moment: one connection with one transaction reads it, whatever is committed meanwhile.

It holds for a page that is added tomorrow too: pages are asked by their routes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Column, Connection, Engine, Table, event, func, insert, select, update
from starlette.routing import Route
from starlette.testclient import TestClient

from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.access import audit
from ekinerja_agent.central.store.tables.imported import employees, units
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.web.app import board_routes, create_app
from tests.board.conftest import HEAD, LATE, County
from tests.proof.one_connection import OneConnection

Enter = Callable[..., TestClient]
MONTH, DAY, TODAY = "2026-09", "2026-09-07", "2026-09-30"
SHOW_NAMES = {
    "/",
    "/me",
    f"/me/{MONTH}",
    f"/person/{LATE}/{MONTH}",
    f"/unit/DINKES/{MONTH}",
    f"/unit/DINKES/{DAY}",
    f"/unit/DINKES/{TODAY}",
    "/evaluation",
    "/evaluation?unit=DINKES",
    "/workload?unit=DINKES",
    "/sakip?unit=DINKES",
}
"""Pages on which a unit or a person is called by its name, and the person's month or the unit's is shown."""
WITHOUT_DATA = {"/static/icon.svg", "/static/board.css", "/language/id"}


def addresses(county: County) -> set[str]:
    """Every page there is, by its route; those of a unit's month or a person's by each kind of time that it knows."""
    found = set(SHOW_NAMES)
    for route in board_routes(county.site):
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            for when in (MONTH, DAY, TODAY):
                path = route.path.replace("{nip}", LATE).replace("{unit:path}", "DINKES").replace("{lang}", "id")
                found.add(re.sub(r"\{\w+(:\w+)?\}", when, path))
    return found - WITHOUT_DATA


@pytest.fixture
def look(county: County, enter: Enter) -> Callable[[str], str]:
    """Somebody who may see everything opens a page; nothing is kept from an earlier look."""
    browser = enter("kepala", "operator", "payroll", "head", nip=HEAD)

    def opened(address: str) -> str:
        app = create_app(lambda: None, site=county.site)
        fresh = TestClient(app, base_url="http://board.test", follow_redirects=False, client=("10.20.3.7", 50_000))
        fresh.cookies = browser.cookies
        return fresh.get(address).text

    return opened


class Transactions:
    """Counts what is begun on an engine: to write, to read at one moment, and in any other way."""

    def __init__(self, engine: Engine) -> None:
        self.begun: Counter[str] = Counter()
        event.listen(engine, "begin", self._begun)

    def _begun(self, conn: Connection) -> None:
        options = conn.get_execution_options()
        of_one_moment = conn.dialect.name == "sqlite" or options.get("isolation_level") == "REPEATABLE READ"
        self.begun["write" if options.get("writes") else "read" if of_one_moment else "other"] += 1


def test_a_page_takes_one_transaction_to_read_and_one_to_note_the_look(
    county: County, look: Callable[[str], str], connections: OneConnection
) -> None:
    transactions = Transactions(county.engine)
    looked = set()
    for address in sorted(addresses(county)):
        before = noted(county.engine)
        transactions.begun.clear()
        opened = connections.opened
        look(address)
        opened, begun = connections.opened - opened, +transactions.begun
        wrote = int(noted(county.engine) > before)
        assert opened == 1 + wrote, address
        assert begun == +Counter(read=1, write=wrote), address
        if wrote:
            looked.add(address)
    assert {f"/person/{LATE}/{MONTH}", f"/unit/DINKES/{TODAY}", "/evaluation?unit=DINKES"} <= looked
    assert "/me" not in looked


def noted(engine: Engine) -> int:
    """How many entries the audit log has."""
    with reading(engine) as conn:
        return conn.scalar(select(func.count()).select_from(audit)) or 0


@contextmanager
def committed_between(engine: Engine, write: Callable[[], None]) -> Iterator[list[str]]:
    """Within the block, once after the first query of a reader somebody else commits; yields that query."""
    first: list[str] = []

    def after(conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not first and not conn.get_execution_options().get("writes") and statement.startswith("SELECT"):
            first.append(statement)
            with ThreadPoolExecutor(1) as somebody_else:
                somebody_else.submit(write).result()

    event.listen(engine, "after_cursor_execute", after)
    try:
        yield first
    finally:
        event.remove(engine, "after_cursor_execute", after)


def rename(engine: Engine, name: str) -> None:
    """Give every unit and every person another name: in their newest facts and in their drafts."""
    with transaction(engine) as conn:
        newer_names(conn, units, units.c.code, name)
        newer_names(conn, employees, employees.c.nip, name)
        conn.execute(update(results).values(name=results.c.nip + name, unit_name=name))


def newer_names(conn: Connection, table: Table, key: Column[str], name: str) -> None:
    newest = select(func.max(table.c.id)).group_by(key)
    rows = conn.execute(select(table).where(table.c.id.in_(newest))).mappings().all()
    later = [{**row, "name": name} for row in rows]
    for row in later:
        del row["id"]
    conn.execute(insert(table), later)


def test_what_is_committed_while_a_page_is_read_is_not_on_it(county: County, look: Callable[[str], str]) -> None:
    changed = set()
    for number, address in enumerate(sorted(addresses(county))):
        before = look(address)
        with committed_between(county.engine, lambda number=number: rename(county.engine, f"Anyar {number}")) as first:
            during = look(address)
        assert first, address
        assert during == before, address
        if look(address) != before:
            changed.add(address)
    assert changed >= SHOW_NAMES
