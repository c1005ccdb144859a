"""What drivers, formats and URLs use for themselves may stand in the names of folders and databases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.sql import SQL, Identifier
from sqlalchemy import make_url

from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.schema.upgrade import MIGRATIONS, REVISIONS, require_current, upgrade
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.cli.shell import context
from tests.journey.conftest import Installation

FOLDERS = ["100%", "50%%", "%s", "%(here)s", "%41", "%20 a", "a?b", "a#b&c=d"]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("relative", [True, False])
def test_a_box_in_any_folder_has_one_database_and_all_of_it_in_its_backup(
    tmp_path: Path, name_nip: Callable[[int], str], folder: str, *, relative: bool
) -> None:
    home = tmp_path / folder
    home.mkdir()
    written = str(home).replace("%", "%25").replace("?", "%3F")
    box = Installation(home, "sqlite:///state/central.db" if relative else f"sqlite:///{written}/state/central.db")
    box.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
    box.load("employees", [{"nip": name_nip(1), "name": "Ani", "unit": "DINKES"}])
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder]
    assert [path.relative_to(home) for path in home.rglob("central.db")] == [Path("state/central.db")]
    box.ok("db", "check")

    kept = Path(box.ok("backup", "make").split(":")[0])
    to = tmp_path / f"again {folder}"
    box.ok("backup", "restore", str(kept), "--to", str(to))
    box.ok("backup", "accept", str(to), "--yes")
    shutil.rmtree(home)
    box.directory = to
    assert [row["kind"] for row in json.loads(box.ok("import", "list", "--format", "json"))] == ["employees", "units"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [to.name]


@pytest.fixture
def odd_database(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database whose name means something to drivers, formats and URLs."""
    name = "50%% %s %(x)s 'a\"b?"
    with closing(psycopg2.connect(postgres_server)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
            url = make_url(postgres_server).set(drivername="postgresql+psycopg2", database=name)
            yield url.render_as_string(hide_password=False)
            cursor.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def test_a_database_of_any_name_gets_its_tables_and_roles(odd_database: str) -> None:
    central = connect(odd_database)
    require_current(central)
    roles.apply(central, {})
    check(central)
    central.dispose()


def test_a_program_in_any_folder_finds_its_migrations(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "100% %s %(here)s %%" / "migrations"
    shutil.copytree(MIGRATIONS, moved)
    monkeypatch.setattr("ekinerja_agent.central.schema.upgrade.MIGRATIONS", moved)
    central = connect(empty_url)
    assert upgrade(central) == REVISIONS[-1]
    central.dispose()


def test_what_the_system_refuses_to_this_user_is_a_sentence(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/root/pegawai.csv")

    monkeypatch.setattr(context.Context, "config", refused)
    outcome = installation.run("terminal", "list")
    assert (outcome.code, "/root/pegawai.csv may not be used by the user root" in outcome.err) == (2, True), outcome
