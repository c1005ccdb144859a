"""A database, a spool or a server that is not what the configuration takes it for: told, and left as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.journey.conftest import Installation


def files(directory: Path) -> dict[str, str]:
    """Every file with its digest, without what SQLite keeps beside an open one."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def sql(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


def text_instead(path: Path) -> None:
    path.write_text("Ini bukan basis data.\n" * 500)


def half_of(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another_program(path: Path) -> None:
    path.unlink()
    sql(path, "create table punches (a)")


def newer(path: Path) -> None:
    sql(path, "update alembic_version set version_num = '9999'")


def older(path: Path) -> None:
    sql(path, "update alembic_version set version_num = '0001'")


def newer_spool(path: Path) -> None:
    sql(path, "pragma user_version = 99")


def not_a_spool(path: Path) -> None:
    path.unlink()
    sql(path, "create table lain (a)")


CENTRAL = ("score", "show", "--month", "2026-09")
SPOOL = ("spool", "status")
WRONG_PLACES = [
    ("central.db", text_instead, CENTRAL, 5, ("central.db is damaged", "restore the latest backup")),
    ("central.db", half_of, CENTRAL, 5, ("central.db is damaged", "restore the latest backup")),
    ("central.db", folder_instead, CENTRAL, 4, ("central.db cannot be", "unable to open")),
    ("central.db", another_program, CENTRAL, 5, ("tables named punches", "name an empty database in central.url")),
    ("central.db", newer, CENTRAL, 5, ("has schema 9999", "older than the database; install the version")),
    ("central.db", older, CENTRAL, 5, ("has schema 0001", "make a backup, then run ekinerja-agent db upgrade")),
    ("state/spool.db", text_instead, SPOOL, 5, ("spool.db",)),
    ("state/spool.db", half_of, SPOOL, 5, ("spool.db",)),
    ("state/spool.db", newer_spool, SPOOL, 5, ("spool.db", "99")),
    ("state/spool.db", not_a_spool, SPOOL, 5, ("spool.db",)),
    ("state/spool.db", folder_instead, SPOOL, 4, ("spool.db",)),
]


@pytest.mark.parametrize(
    ("name", "spoil", "command", "code", "words"),
    WRONG_PLACES,
    ids=[f"{name} {spoil.__name__}" for name, spoil, *_ in WRONG_PLACES],
)
@pytest.mark.parametrize("central_url", ["sqlite"], indirect=True)
def test_a_file_that_is_not_ours_or_damaged_is_told_and_kept(
    installation: Installation,
    name: str,
    spoil: Callable[[Path], None],
    command: tuple[str, ...],
    code: int,
    words: tuple[str],
) -> None:
    installation.ok(*CENTRAL)
    installation.ok(*SPOOL)
    spoil(installation.directory / name)
    before = files(installation.directory)
    ended = installation.run(*command)
    assert [word for word in words if word not in ended.err] == [], ended.err
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert files(installation.directory) == before


def test_a_state_directory_that_is_a_file_is_told(installation: Installation) -> None:
    (installation.directory / "state").write_text("x")
    ended = installation.run(*SPOOL)
    assert ended.code == 4, ended
    assert "state" in ended.err, ended.err
    assert (installation.directory / "state").read_text() == "x"


@pytest.mark.parametrize("central_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wrong", [{"username": "siapa"}, {"database": "tiada"}])
def test_a_server_that_lets_nobody_in_is_told_with_what_to_check(
    installation: Installation, wrong: dict[str, str]
) -> None:
    installation.url = make_url(installation.url).set(**wrong).render_as_string(hide_password=False)
    installation.configure()
    ended = installation.run(*CENTRAL)
    assert ended.code == 4, ended
    assert "refuses the connection" in ended.err, ended.err
    assert "check user and database in central.url" in ended.err, ended.err


def test_a_server_that_is_not_there_is_told(installation: Installation) -> None:
    installation.url = "postgresql+psycopg2://ekinerja@127.0.0.1:1/ekinerja"
    installation.configure()
    ended = installation.run(*CENTRAL)
    assert (ended.code, "127.0.0.1:1 does not answer" in ended.err) == (4, True), ended.err
