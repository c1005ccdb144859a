"""Connections, transactions and the schema, on a SQLite file and on a real PostgreSQL."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.schema import checks
from ekinerja_agent.central.schema.checks import check, flaws
from ekinerja_agent.central.schema.upgrade import REVISIONS, alembic_config, require_current, require_made, upgrade
from ekinerja_agent.central.store import engine
from ekinerja_agent.central.store.engine import connect, in_transaction, look, reading, transaction
from ekinerja_agent.central.store.tables import columns, recorded
from ekinerja_agent.nouns.errors import (
    CheckFailed,
    EkinerjaError,
    NeedsAttention,
    Refused,
    TemporarilyUnavailable,
    WrongUsage,
)
from tests.central.test_guards import without_guards

DAY = {"terminal": "lobby", "day": date(2026, 9, 7), "marks": 1}


def test_the_migrations_build_exactly_the_tables_of_tables_py(central: Engine) -> None:
    with reading(central) as conn:
        assert checks.differences(conn) == []
        assert set(columns.metadata.tables) <= set(inspect(conn).get_table_names())
    check(central)


def test_the_order_of_revisions_is_that_of_the_migrations(central: Engine) -> None:
    with transaction(central) as conn:
        scripts = ScriptDirectory.from_config(alembic_config(conn))
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))


def test_starting_again_changes_nothing(central: Engine) -> None:
    require_current(central)
    assert upgrade(central) == REVISIONS[-1]
    check(central)


START = (
    "import sys; from ekinerja_agent.central.store.engine import connect; "
    "from ekinerja_agent.central.schema.upgrade import require_current; require_current(connect(sys.argv[1]))"
)


def test_processes_that_meet_an_empty_database_together_are_all_served(empty_url: str) -> None:
    started = [subprocess.Popen([sys.executable, "-c", START, empty_url], stderr=subprocess.PIPE) for _ in range(3)]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    check(connect(empty_url))


def test_a_database_of_an_older_program_waits_for_a_person(central: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekinerja_agent.central.schema.upgrade.REVISIONS", (*REVISIONS, "9999"))
    with pytest.raises(NeedsAttention, match="ekinerja-agent db upgrade"):
        require_current(central)


def test_a_database_of_a_newer_program_is_not_touched(central: Engine) -> None:
    with transaction(central) as conn:
        conn.exec_driver_sql("update alembic_version set version_num = '9999'")
    for act in (require_current, upgrade):
        with pytest.raises(NeedsAttention, match=r"older than the database|does not know"):
            act(central)


def test_somebody_elses_tables_of_our_names_are_not_touched(empty_url: str) -> None:
    foreign = connect(empty_url)
    with transaction(foreign) as conn:
        conn.exec_driver_sql("create table punches (x integer)")
    with pytest.raises(NeedsAttention, match="punches that no ekinerja-agent made"):
        require_current(foreign)
    foreign.dispose()


def test_check_names_a_changed_table_and_a_lost_guard(central: Engine) -> None:
    guard = "punches_keep on punches" if central.dialect.name == "postgresql" else "punches_keep_delete"
    with transaction(central) as conn:
        conn.exec_driver_sql("alter table units add column colour text")
        conn.exec_driver_sql(f"drop trigger {guard}")
    with pytest.raises(CheckFailed, match=r"(?s)colour.*punches can be changed: its guard punches_keep"):
        check(central)


@pytest.mark.parametrize("table", ["audit", "punches", "punches_default", "results", "period_payments"])
def test_a_guard_that_is_switched_off_is_told(postgres_url: str, table: str) -> None:
    central = connect(postgres_url)
    require_current(central)
    with transaction(central) as conn:
        conn.exec_driver_sql(f"alter table {table} disable trigger user")
    with pytest.raises(CheckFailed, match=f"{table.removesuffix('_default')} can be changed: its guard"):
        check(central)
    central.dispose()


CONTRADICTIONS = {
    "punches whose name is not their identity": "insert into punches (punch_id, batch, terminal, pin, clock, "
    "occurrence, verify, state, work_code, source, raw, corrected, received_at) values ('t/1/2026-09-07T01:00:00/1', "
    "0, 't', '1', '2026-09-08 01:00:00', 1, 1, 0, 0, 'poll', '', false, '2026-09-07 01:00:00')",
    "coverage of a batch that does not exist": 'insert into coverage (id, terminal, "end", kind, batch) '
    "values (1, 't', '2026-09-07 01:00:00', 'proven', 7)",
    "quarantined records of a batch": "insert into quarantine (quarantine_id, terminal, source, batch, position, raw, "
    "reason, found_at) values ('q', 't', 'file', 7, 1, '', 'r', '2026-09-07 01:00:00')",
    "the audit log is broken at row 1": "insert into audit (id, at, actor, action, subject, details, previous_digest, "
    "digest) values (1, '2026-09-07 01:00:00', 'a', 'b', 'c', '{}', '', 'd')",
    "adjustments that are not the difference": "insert into adjustments (for_period, nip, from_revision, to_revision, "
    "period, unit, difference_rp, reason, published_at) "
    "values ('2026-08', 'n', 1, 2, '2026-09', 'U', 5, 'r', '2026-09-07 01:00:00')",
}


@pytest.mark.parametrize("told", CONTRADICTIONS)
def test_rows_that_contradict_each_other_are_told(central: Engine, told: str) -> None:
    without_guards(central, "adjustments")
    with transaction(central) as conn:
        conn.exec_driver_sql(CONTRADICTIONS[told])
    with pytest.raises(CheckFailed, match=rf"{told}.*; compare with the latest backup"):
        check(central)


def test_check_says_that_an_empty_database_is_empty(empty_url: str) -> None:
    empty = connect(empty_url)
    with pytest.raises(CheckFailed, match="it is empty"):
        check(empty)
    empty.dispose()


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(TemporarilyUnavailable) as caught:
        connect("postgresql+psycopg2://agent@127.0.0.1:1/ekinerja", password="s3cret")
    assert "database ekinerja on 127.0.0.1:1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(WrongUsage):
        connect(url)


def test_a_file_that_is_no_database_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "central.db").write_bytes(b"no database" * 500)
    with pytest.raises(NeedsAttention, match="damaged"):
        connect(f"sqlite:///{tmp_path / 'central.db'}")


def test_a_transaction_is_all_or_nothing(central: Engine) -> None:
    def work(conn: Connection) -> None:
        conn.execute(insert(recorded.stale_days), DAY)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        in_transaction(central, work)
    with reading(central) as conn:
        assert conn.scalar(select(func.count()).select_from(recorded.stale_days)) == 0


def test_a_reader_sees_one_moment(central: Engine) -> None:
    count = select(func.count()).select_from(recorded.stale_days)

    def write() -> None:
        with transaction(central) as conn:
            conn.execute(insert(recorded.stale_days), DAY)

    with reading(central) as conn, ThreadPoolExecutor(1) as another:
        assert conn.scalar(count) == 0
        another.submit(write).result()
        assert conn.scalar(count) == 0


def test_writers_that_count_up_together_lose_nothing(central: Engine) -> None:
    column = recorded.stale_days.c.marks

    def count_up(conn: Connection) -> None:
        marks = conn.scalar(select(column).with_for_update())
        conn.execute(recorded.stale_days.update().values(marks=marks + 1))

    with transaction(central) as conn:
        conn.execute(insert(recorded.stale_days), DAY)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: in_transaction(central, count_up), range(20)))
    with reading(central) as conn:
        assert conn.scalar(select(column)) == 21


def test_two_writers_that_wait_for_each_other_both_finish(postgres_url: str) -> None:
    central = connect(postgres_url)
    require_current(central)
    with transaction(central) as conn:
        conn.execute(insert(recorded.stale_days), [DAY, DAY | {"terminal": "gate"}])
    both_hold_one = threading.Barrier(2)
    tries = []

    def touch(order: tuple[str, str]) -> None:
        def work(conn: Connection) -> None:
            tries.append(order)
            for position, terminal in enumerate(order):
                table = recorded.stale_days
                conn.execute(table.update().where(table.c.terminal == terminal).values(marks=table.c.marks + 1))
                if position == 0 and len(tries) <= 2:
                    both_hold_one.wait(120)

        in_transaction(central, work)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(touch, [("lobby", "gate"), ("gate", "lobby")]))
    assert len(tries) == 3
    with reading(central) as conn:
        assert conn.scalars(select(recorded.stale_days.c.marks)).all() == [3, 3]
    central.dispose()


def test_a_locked_file_is_a_reason_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_S", 0.1)
    central = connect(f"sqlite:///{tmp_path / 'central.db'}")
    require_current(central)

    def write() -> None:
        with transaction(central):
            pass

    with transaction(central), ThreadPoolExecutor(1) as another:
        writing = another.submit(write)
        with pytest.raises(TemporarilyUnavailable, match="in use by another process"):
            writing.result()
    central.dispose()


def test_a_lost_connection_is_a_reason_to_try_again_and_the_next_try_works(postgres_url: str) -> None:
    central = connect(postgres_url)
    with pytest.raises(TemporarilyUnavailable, match="does not answer"), reading(central) as conn:
        conn.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")
    with reading(central) as conn:
        assert conn.exec_driver_sql("select 1").scalar() == 1
    central.dispose()


def test_a_reader_cannot_write(postgres_url: str) -> None:
    central = connect(postgres_url)
    require_current(central)
    with pytest.raises(Exception, match="read-only"), reading(central) as conn:
        conn.execute(insert(recorded.stale_days), DAY)
    central.dispose()


def test_who_only_looks_can_change_nothing(central_url: str) -> None:
    looker = look(central_url)
    require_made(looker)
    assert flaws(looker) == []
    with pytest.raises((EkinerjaError, SQLAlchemyError), match=r"readonly|read-only"), transaction(looker) as conn:
        conn.exec_driver_sql("delete from coverage")
    looker.dispose()


def test_who_only_looks_makes_neither_file_nor_tables(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        with pytest.raises(TemporarilyUnavailable, match="unable to open"):
            look(empty_url)
        file = Path(empty_url.removeprefix("sqlite:///"))
        assert not file.exists()
        file.touch()
    looker = look(empty_url)
    with pytest.raises(NeedsAttention, match="is empty; run: ekinerja-agent db upgrade"):
        require_made(looker)
    assert inspect(looker).get_table_names() == []
    looker.dispose()


def test_sessions_run_in_utc(postgres_url: str) -> None:
    central = connect(postgres_url)
    with reading(central) as conn:
        assert conn.exec_driver_sql("show timezone").scalar() == "UTC"
        assert conn.exec_driver_sql("show application_name").scalar() == "ekinerja-agent"
    central.dispose()


def test_refused_is_what_a_guard_of_the_database_says(central: Engine) -> None:
    with transaction(central) as conn:
        conn.exec_driver_sql(
            "insert into audit (at, actor, action, subject, details, previous_digest, digest) "
            "values ('2026-01-01', 'a', 'b', 'c', '{}', '', 'd')"
        )
    with pytest.raises(Refused, match="audit refuses delete"), transaction(central) as conn:
        conn.exec_driver_sql("delete from audit")


def test_a_server_without_tls_is_not_told_who_asks_where_tls_is_required() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def refuse() -> None:
            asking, _ = server.accept()
            with asking:
                heard.append(asking.recv(8))
                asking.sendall(b"N")  # as a server does that has no TLS
                heard.append(asking.recv(100))

        listener = threading.Thread(target=refuse)
        listener.start()
        with pytest.raises(TemporarilyUnavailable, match="does not support SSL, but SSL was required"):
            connect(f"postgresql+psycopg2://agent@127.0.0.1:{server.getsockname()[1]}/x?sslmode=require", "s3cret")
        listener.join(120)
    assert heard == [(8).to_bytes(4) + (80877103).to_bytes(4), b""]
