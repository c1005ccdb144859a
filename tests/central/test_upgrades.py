"""From every schema there ever was to the newest, on both databases: no row is lost, views answer, guards bite, and
views, functions and triggers are those of a new database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping, inspect

from ekinerja_agent.central.access import published
from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.schema import checks, live_sql
from ekinerja_agent.central.schema.roles import LEADERS_VIEWS, PAYROLL_VIEWS
from ekinerja_agent.central.schema.upgrade import REVISIONS, upgrade
from ekinerja_agent.central.schema.upgrade import revision as revision_of
from ekinerja_agent.central.store.engine import connect, reading, transaction
from ekinerja_agent.nouns.errors import Refused
from tests.central import kept
from tests.central.test_live_sql import Definitions, definitions
from tests.proof import databases

pytestmark = pytest.mark.long

PATHS = """SELECT p.oid::regprocedure::text, (SELECT substr(setting, 13) FROM unnest(p.proconfig) AS setting
    WHERE setting LIKE 'search_path=%%') FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"""
"""Every function there is, and by which path it looks for tables: those of a session must come last."""

Content = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def growing(postgres_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database that comes from schema to schema in the order of these tests, to be copied."""
    with databases.postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, revision: str, tmp_path: Path) -> Iterator[Engine]:
    """A database of that schema with rows in every table: a kept file, or PostgreSQL migrated to it."""
    if request.param == "sqlite":
        kept.restore(revision, tmp_path / "central.db")
        yield from connected(f"sqlite:///{tmp_path / 'central.db'}")
        return
    growing = request.getfixturevalue("growing")
    for engine in connected(growing):
        kept.migrate(engine, revision)
        with reading(engine) as conn:
            assert revision_of(conn) == revision
    with databases.copy_of(growing, tmp_path) as url:
        for engine in connected(url):
            for statement in kept.rows_of(revision):
                with transaction(engine) as conn:
                    conn.exec_driver_sql(statement)
            with transaction(engine) as conn:  # the rows came with their numbers; the database gives the next ones
                conn.exec_driver_sql(
                    "select setval(pg_get_serial_sequence('audit', 'id'), (select max(id) from audit))"
                )
            yield engine


def connected(url: str) -> Iterator[Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def new(
    sqlite_template: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Definitions]:
    """By dialect, the views, functions and triggers of a database that was never older."""
    found = {}
    for template in (sqlite_template, postgres_template):
        with databases.copy_of(template, tmp_path_factory.mktemp("new")) as url:
            for engine in connected(url):
                found[engine.dialect.name] = definitions(engine)
    return found


def content(engine: Engine) -> Content:
    """Every row of every table but Alembic's, without the order. Months of punches are read as one table."""
    with reading(engine) as conn:
        names = [name for name in inspect(conn).get_table_names() if not name.startswith(("alembic", "punches_"))]
        rows = {name: conn.exec_driver_sql(f'select * from "{name}"').mappings() for name in names}
        return {name: sorted(map(plain, found), key=repr) for name, found in rows.items()}


def plain(row: RowMapping) -> dict[str, Any]:
    return {name: bytes(cell) if isinstance(cell, memoryview) else cell for name, cell in row.items()}


def test_every_schema_is_kept() -> None:
    assert [revision for revision in REVISIONS if not kept.dump_of(revision).exists()] == []


def test_an_upgrade_keeps_every_row_and_ends_with_the_schema_of_a_new_database(
    old: Engine, new: dict[str, Definitions]
) -> None:
    before = content(old)
    assert [name for name, rows in before.items() if not rows] == [], "a table without a row proves nothing"
    upgrade(old)
    after = content(old)
    added = after["audit"][len(before["audit"]) :]
    assert {row["action"] for row in added} <= {published.ACTION}
    assert not added or len(added) == len(before["period_events"]), "a digest of each close from before there were any"
    for table, rows in before.items():
        if table != "audit_end":
            kept_rows = after[table][: len(rows)] if table == "audit" else after[table]
            assert [{name: row[name] for name in rows[0]} for row in kept_rows] == rows
    expected, found = new[old.dialect.name], definitions(old)
    assert {key: found.get(key) for key in expected} == expected
    tables_of_others = {str(table) for _, _, table in found.keys() - expected.keys()}
    assert all(table.startswith("punches_20") for table in tables_of_others), "months that only the old one has"
    with reading(old) as conn:
        assert list(live_sql.differences(conn)) == []
        assert checks.differences(conn) == []
        for view in (*PAYROLL_VIEWS, *LEADERS_VIEWS):
            conn.exec_driver_sql(f"select * from {view}").all()
        if conn.dialect.name == "postgresql":
            paths = conn.exec_driver_sql(PATHS).all()
            assert len(paths) > 20
            assert {path for _, path in paths} == {"public, pg_temp"}, paths
    for table in insert_only():
        if table.name in before:
            with pytest.raises(Refused, match=f"{table.name} refuses delete"), transaction(old) as conn:
                conn.exec_driver_sql(f"delete from {table.name}")
    with pytest.raises(Refused, match="a published result stays"), transaction(old) as conn:
        conn.exec_driver_sql("update results set payable_rp = 1 where revision = 1")


LINES = {
    # PIN: the line of a USB file; how it was read before, and what it says: verify, work code.
    "1": (b"        1\t2026-09-07 07:00:00\t1\t0\t15\t4", (1, 15), (15, 4)),
    "2": (b"2\t2026-09-07 07:00:00\t3\t0\t1", (3, 1), (1, 0)),
    "3": (b"3\t2026-09-07 07:00:00", (255, 0), (255, 0)),
}


def test_verify_and_work_code_of_usb_files_are_read_again_from_their_lines(empty_url: str) -> None:
    engine = connect(empty_url)
    kept.migrate(engine, "0025")
    row = "values ('{pin}', {batch}, 't', '{pin}', '2026-09-07 07:00:00', 1, {told[0]}, 0, {told[1]}, '{source}', "
    columns = "punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, raw, corrected"
    with transaction(engine) as conn:
        blob = "X'{}'" if conn.dialect.name == "sqlite" else "'\\x{}'"
        conn.exec_driver_sql(
            "insert into accounts (id, name, roles, feeds, created_at) values (1, 'a', '', '', '2026-09-07 01:00:00')"
        )
        for batch, kind in ((1, "attlog"), (2, "punches")):
            conn.exec_driver_sql(
                "insert into import_batches (id, kind, file_name, digest, rows, rejected, account_id, imported_at) "
                f"values ({batch}, '{kind}', 'f', 'd', 3, 0, 1, '2026-09-07 01:00:00')"
            )
        for pin, (line, told, _) in LINES.items():
            for batch, source in ((0, "poll"), (1, "file"), (2, "file")):
                conn.exec_driver_sql(
                    f"insert into punches ({columns}, received_at) "
                    + row.format(pin=pin, batch=batch, told=told, source=source)
                    + blob.format(line.hex())
                    + ", false, '2026-09-07 01:00:00')"
                )
    upgrade(engine)
    with reading(engine) as conn:
        found = conn.exec_driver_sql("select batch, pin, verify, work_code, raw from punches order by batch, pin").all()
        assert checks.differences(conn) == []
    expected = [
        (batch, pin, *(said if batch == 1 else told), line)
        for batch in range(3)
        for pin, (line, told, said) in LINES.items()
    ]
    assert [(*one[:4], bytes(one[4])) for one in found] == expected
    with pytest.raises(Refused, match="punches refuses update"), transaction(engine) as conn:
        conn.exec_driver_sql("update punches set verify = 1")
    engine.dispose()
