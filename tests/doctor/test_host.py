"""What the doctor finds on the host itself: files, disk, clock, database, spool."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from ekinerja_agent.central.collected import clock_votes
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.config import load
from ekinerja_agent.nouns.delivery import Receipt
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.keeping import backup
from ekinerja_agent.usecases.watching.doctor import State
from tests.doctor.conftest import Ward


@pytest.fixture
def root() -> None:
    assert os.geteuid() == 0, "only root can mount a disk and give files away: run the tests as root"


def test_nothing_is_wrong_with_a_healthy_host(ward: Ward) -> None:
    assert [(each.check, each.finding) for each in ward.examine() if each.state is not State.OK] == []
    assert len(ward.examine()) == 17


def test_looking_changes_nothing(ward: Ward) -> None:
    def content() -> dict[str, str]:
        files = [
            path for path in ward.directory.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        ]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = content()
    ward.examine()
    assert content() == before


def test_looking_makes_nothing_where_nothing_was_started(empty_ward: Ward) -> None:
    empty_ward.terminal()
    before = sorted(empty_ward.directory.rglob("*"))
    found = {each.check: each.finding for each in empty_ward.examine() if each.state is State.WRONG}
    assert sorted(empty_ward.directory.rglob("*")) == before
    assert found.keys() == {"database", "spool"}
    assert "does not exist" in found["database"]


def test_a_broken_configuration_is_told_with_its_places_and_the_rest_is_skipped(empty_ward: Ward) -> None:
    empty_ward.configure(roles=["collekt"], profile="../x")
    found = empty_ward.wrong("config")
    assert len(found) == 2
    assert all(str(empty_ward.agent) in each.subject for each in found)
    skipped = {each.check for each in empty_ward.examine() if each.state is State.SKIPPED}
    assert {"database", "spool", "terminals", "holidays"} <= skipped


def test_a_missing_configuration_is_a_finding(empty_ward: Ward) -> None:
    empty_ward.agent.unlink()
    assert [each.finding for each in empty_ward.wrong("config")] == ["there is no such file"]


def test_a_secret_that_cannot_be_read_and_one_that_everybody_reads(empty_ward: Ward) -> None:
    (empty_ward.directory / "key").write_text("12\n")
    (empty_ward.directory / "key").chmod(0o644)
    empty_ward.terminals += [
        {"id": "a", "office": "A", "timezone": "Asia/Jakarta", "transport": "none", "comm_key_file": "key"},
        {"id": "b", "office": "A", "timezone": "Asia/Jakarta", "transport": "none", "comm_key_file": "absent"},
    ]
    empty_ward.configure()
    (missing,) = empty_ward.wrong("config")
    assert missing.subject.endswith("/absent")
    (open_to_all,) = empty_ward.wrong("permissions")
    assert open_to_all.what_to_do == f"run: chmod o-rwx {empty_ward.directory / 'key'}"


def test_files_that_everybody_can_change(ward: Ward) -> None:
    for path in (ward.agent, ward.state):
        path.chmod(path.stat().st_mode | 0o002)
    assert {each.subject for each in ward.wrong("permissions")} == {str(ward.agent), str(ward.state)}


def test_a_database_that_others_can_write_or_replace(ward: Ward) -> None:
    database = ward.state / "spool.db"  # as a central.db would be
    database.chmod(0o660)
    ward.state.chmod(0o770)
    found = {(each.subject, each.what_to_do) for each in ward.wrong("permissions")}
    assert found == {(str(each), f"run: chmod g-w {each}") for each in (database, ward.state)}
    for each in ward.state.glob("spool.db*"):  # SQLite gave the mode of the first to those beside it
        each.chmod(0o640)
    ward.state.chmod(0o750)
    assert ward.wrong("permissions") == []
    elsewhere = database.rename(ward.directory / "elsewhere.db")
    database.symlink_to(elsewhere)
    (link,) = ward.wrong("permissions")
    assert (link.subject, link.finding) == (str(database), "it is no plain file, and is not opened")


def test_a_state_dir_that_is_a_file(ward: Ward) -> None:
    shutil.rmtree(ward.state)
    ward.state.write_text("")
    (found,) = ward.wrong("permissions")
    assert "no directory" in found.finding


def test_files_that_a_command_of_root_left_to_the_service(root: None, ward: Ward) -> None:
    os.chown(ward.state, 65534, -1)
    (found,) = ward.wrong("permissions")
    assert "belong to root" in found.finding
    for path in ward.state.rglob("*"):
        os.chown(path, 65534, -1)
    ward.examine()
    assert ward.wrong("permissions") == []


AS_NOBODY = """
import os, sys
from ekinerja_agent.usecases.watching.doctor import Host, examine
found = lambda: [each.finding for each in examine(Host(sys.argv[1])) if each.check == "permissions"]
print(found())
os.setuid(65534)
print(found())
"""


def test_a_user_who_may_not_write_is_told_whose_directory_it_is(root: None, empty_ward: Ward) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        empty_ward.directory = Path(directory)
        empty_ward.configure()
        empty_ward.state.mkdir()
        command = [sys.executable, "-c", AS_NOBODY, str(empty_ward.agent)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    root, nobody = done.stdout.splitlines()
    assert root == "[None]"
    assert f"cannot write to {empty_ward.state}" in nobody


@pytest.fixture
def small_disk(root: None, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_without_room(ward: Ward, small_disk: Path) -> None:
    shutil.copytree(ward.state, small_disk / "state")
    ward.configure(state_dir=str(small_disk / "state"))
    (found,) = ward.wrong("disk")
    assert "only 1 MiB are free" in found.finding or "only 0 MiB are free" in found.finding
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(bytes(4 << 20))
    (found,) = ward.wrong("disk")
    assert "only 0 MiB are free" in found.finding
    assert ward.wrong("spool") == []  # a full disk is no reason not to look


def test_backups_that_are_made_no_more(ward: Ward) -> None:
    assert ward.wrong("backups") == []  # there never was one here: they may lie elsewhere
    made = backup.make(load(ward.agent), now=lambda: ward.now)
    ward.after(days=3)
    assert ward.wrong("backups") == []
    ward.after(seconds=1)
    (found,) = ward.wrong("backups")
    assert found.finding == f"the newest backup is of {made.manifest.made_at:%Y-%m-%d}"
    backup.make(load(ward.agent), now=lambda: ward.now)
    assert ward.wrong("backups") == []


def test_backups_on_another_disk_count_too(ward: Ward, tmp_path: Path) -> None:
    config = load(ward.agent)
    assert backup.newest(config) is None
    made = backup.make(config, tmp_path / "stick", now=lambda: ward.now)
    assert backup.newest(config) == made.manifest.made_at
    ward.after(days=3, seconds=1)
    (found,) = ward.wrong("backups")
    assert found.finding == f"the newest backup is of {made.manifest.made_at:%Y-%m-%d}"


def test_a_clock_that_nobody_keeps(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Central's server confirms it, unless that has the same clock."""
    ward.now = utc_now()
    assert "no time service" in ward.wrong("clock", synchronised=False)[0].finding
    monkeypatch.setattr(clock_votes, "is_on_this_host", lambda _: False)
    found = ward.wrong("clock", synchronised=False)
    if ward.central.dialect.name == "sqlite":
        assert "no time service" in found[0].finding
    else:
        assert found == []  # central's clock confirms it


def test_a_clock_that_central_contradicts(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_votes, "is_on_this_host", lambda _: False)
    ward.now = utc_now() + timedelta(seconds=30)
    found = ward.wrong("clock")
    if ward.central.dialect.name == "sqlite":
        assert found == []  # a file has no clock of its own
    else:
        assert found[0].finding in {f"its clock is {seconds} s ahead of that of central" for seconds in range(20, 31)}


def test_a_database_that_is_away(ward: Ward) -> None:
    if ward.central.dialect.name == "sqlite":
        Path(ward.url.removeprefix("sqlite:///")).unlink()
    else:
        ward.configure(central={"url": "postgresql+psycopg2://nobody@127.0.0.1:1/none"})
    (found,) = ward.wrong("database")
    assert "does not exist" in found.finding or "does not answer" in found.finding
    states = {each.check: each.state for each in ward.examine()}
    assert (states["coverage"], states["pins"]) == (State.SKIPPED, State.SKIPPED)
    assert (states["terminals"], states["spool"], states["adoption"]) == (State.OK, State.OK, State.OK)


@pytest.mark.parametrize(("revision", "what_to_do"), [("0013", "db upgrade"), ("9999", "install the version")])
def test_a_database_of_another_version(ward: Ward, revision: str, what_to_do: str) -> None:
    with transaction(ward.central) as conn:
        conn.execute(text("update alembic_version set version_num = :it"), {"it": revision})
    (found,) = ward.wrong("database")
    assert revision in found.finding
    assert what_to_do in found.what_to_do


def test_a_database_that_lost_a_guard(ward: Ward) -> None:
    on = "" if ward.central.dialect.name == "sqlite" else " on punches"
    guards = _guards(ward)
    with transaction(ward.central) as conn:
        for name in guards:
            conn.execute(text(f"drop trigger {name}{on}"))
    (found,) = ward.wrong("database")
    assert found.finding.startswith("punches can be changed: its guard punches_keep")


def _guards(ward: Ward) -> list[str]:
    sqlite = "select name from sqlite_master where type = 'trigger' and tbl_name = 'punches'"
    postgresql = "select tgname from pg_trigger where tgrelid = 'punches'::regclass and not tgisinternal"
    with ward.central.connect() as conn:
        return list(conn.scalars(text(sqlite if ward.central.dialect.name == "sqlite" else postgresql)))


def test_punches_that_wait_for_long_and_punches_that_central_refused(ward: Ward) -> None:
    ward.terminal("gate")
    ward.poll("gate")
    with Spool(ward.state / "spool.db") as spool:
        oldest = spool.counts().oldest_added_at
        assert oldest is not None
        ward.now = oldest + timedelta(minutes=14)
        assert ward.wrong("spool") == []
        ward.now = oldest + timedelta(days=2, hours=3)
        (waits,) = ward.wrong("spool")
        assert "1 punches wait for central, the oldest for 2 days 3 h" in waits.finding
        delivery = spool.waiting(10)
        spool.settle(delivery, Receipt(rejected=dict.fromkeys(delivery.ids, "no such terminal")))
    (refused,) = ward.wrong("spool")
    assert "no such terminal" in refused.finding
    assert "spool retry" in refused.what_to_do


def test_a_spool_of_an_older_version_is_left_alone(ward: Ward) -> None:
    with closing(sqlite3.connect(ward.state / "spool.db")) as db:
        db.execute("pragma user_version = 2")
    (found,) = ward.wrong("spool")
    assert "restart the service" in found.what_to_do
    with closing(sqlite3.connect(ward.state / "spool.db")) as db:
        assert db.execute("pragma user_version").fetchone() == (2,)


def test_a_damaged_spool(ward: Ward) -> None:
    (ward.state / "spool.db").write_bytes(b"no database at all" * 1000)
    (found,) = ward.wrong("spool")
    assert "damaged" in found.finding


def test_the_command_prints_rows_and_ends_with_1_or_0(ward: Ward) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ekinerja_agent", "--config", str(ward.agent), "doctor", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    ward.roles = ["score"]
    ward.configure()
    done = run("--format", "json")
    rows = json.loads(done.stdout)
    assert list(rows[0]) == ["check", "subject", "state", "finding", "what_to_do"]
    assert {row["check"] for row in rows}.isdisjoint({"spool", "terminals"})
    wrong = [row["check"] for row in rows if row["state"] == "wrong"]
    assert wrong in ([], ["clock"])  # only central's clock vouches where no time service keeps this machine's
    assert done.returncode == len(wrong)
    assert f"{len(wrong)} findings" in done.stderr
    ward.agent.write_text("roles: [")
    done = run("--format", "csv")
    assert done.returncode == 1
    assert done.stdout.startswith("check,subject,state,finding,what_to_do")
