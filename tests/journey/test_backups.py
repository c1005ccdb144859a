"""A backup, restored elsewhere: the same scores to the byte, an unbroken record, and no punch lost or counted twice."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.config import load
from ekinerja_agent.secrets.proving import read_signer
from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.usecases.keeping import archive, backup
from tests.journey.conftest import Installation
from tests.proof import databases

MAKASSAR = ZoneInfo("Asia/Makassar")
MONTH = "2026-09"


@pytest.fixture
def box(tmp_path: Path, sqlite_template: str, installation_in: Callable[..., Any]) -> Iterator[Installation]:
    """An installation on SQLite."""
    home = tmp_path / "box"
    home.mkdir()
    with databases.copy_of(sqlite_template, home) as url:
        yield installation_in(home, url)


def working_days(device: Device, days: range, *pins: str) -> None:
    for number in days:
        day = date(2026, 9, number)
        if day.isoweekday() <= 5:
            for pin, minute in zip(pins, (20, 50), strict=False):
                device.punch(pin, at=datetime.combine(day, datetime.min.time()) + timedelta(hours=7, minutes=minute))
                device.punch(pin, at=datetime.combine(day, datetime.min.time()) + timedelta(hours=16, minutes=40))


def stand(device: Device, month: int, day: int) -> None:
    """The terminal's clock shows that day's first minutes."""
    device.now = lambda: datetime(2026, month, day, 0, 5, tzinfo=MAKASSAR)


def enter_people(box: Installation, *nips: str) -> None:
    box.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
    box.load("employees", [{"nip": nip, "name": nip, "unit": "DINKES", "allowance_rp": 4_000_000} for nip in nips])
    box.load(
        "enrolments", [{"terminal": "lobby", "pin": str(1001 + index), "nip": nip} for index, nip in enumerate(nips)]
    )


def lobby(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    address = f"{endpoint.host}:{endpoint.port}"
    return {"id": "lobby", "office": "DINKES", "address": address, "timezone": "Asia/Makassar"} | more


def made(box: Installation, *options: str) -> Path:
    """Make a backup and return it."""
    return Path(box.ok("backup", "make", *options).split(":")[0])


def restored(box: Installation, kept: Path, folder: Path) -> Installation:
    """Restore a backup into a folder and return the installation there."""
    box.ok("backup", "restore", str(kept), "--to", str(folder))
    box.ok("backup", "accept", str(folder), "--yes")
    there = object.__new__(type(box))
    there.directory, there.url = folder, f"sqlite:///{folder / 'state' / 'central.db'}"
    there._files = 90
    return there


def rows(database: Path, query: str) -> list[Any]:
    db = sqlite3.connect(database)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def test_a_restored_backup_gives_the_same_scores_to_the_byte(
    box: Installation, name_nip: Callable[[int], str], tmp_path: Path
) -> None:
    device = Device(zone=MAKASSAR)
    device.punch("1001", at=datetime(2026, 8, 31, 16, 5))
    working_days(device, range(1, 31), "1001", "1002")
    with serve(device) as endpoint:
        box.configure(terminals=[lobby(endpoint)])
        enter_people(box, name_nip(1), name_nip(2))
        box.ok("terminal", "poll")
    box.ok("score", "run", "--month", MONTH)
    shown = box.ok("score", "show", "--month", MONTH, "--format", "json")
    kept = made(box)
    assert kept.stat().st_mode & 0o777 == 0o600
    box.ok("period", "close", MONTH, "--yes")  # what comes after it is not in it

    there = restored(box, kept, tmp_path / "elsewhere")
    shutil.rmtree(box.directory)  # it stands on its own
    assert there.ok("score", "show", "--month", MONTH, "--format", "json") == shown
    there.ok("score", "run", "--month", MONTH)
    assert there.ok("score", "show", "--month", MONTH, "--format", "json") == shown
    assert '"code": "TL1"' in shown
    there.ok("audit", "verify")
    there.ok("db", "check")
    there.ok("config", "check")
    there.ok("period", "close", MONTH, "--yes")


def test_a_box_restored_from_yesterday_reads_the_terminal_again_and_loses_nothing(
    box: Installation, name_nip: Callable[[int], str], tmp_path: Path
) -> None:
    device = Device(zone=MAKASSAR)
    device.punch("1001", at=datetime(2026, 8, 31, 16, 5))
    working_days(device, range(1, 15), "1001", "1002")
    stand(device, 9, 15)
    with serve(device) as endpoint:
        box.configure(terminals=[lobby(endpoint)])
        enter_people(box, name_nip(1), name_nip(2))
        box.ok("terminal", "poll")
        yesterday = made(box)
        working_days(device, range(15, 31), "1001", "1002")
        stand(device, 10, 1)
        box.ok("terminal", "poll")
        before = box.scores(MONTH)

        there = restored(box, yesterday, tmp_path / "elsewhere")
        held = "select terminal, pin, clock, count(*) from punches group by 1, 2, 3"
        central = there.directory / "state" / "central.db"
        assert len(rows(central, held)) < len(device.history)
        there.ok("terminal", "poll")
        there.ok("terminal", "verify")
        there.ok("terminal", "poll", "--full")
    found = rows(central, held)
    assert len(found) == len(device.history)
    assert {count for *_, count in found} == {1}
    after = there.scores(MONTH)
    assert after == before
    # Nobody watched the terminal between the two reads: who came in time waits for nothing, who came late may have been
    # there while it had no power.
    assert after[name_nip(1)]["pending"] == []
    assert {day["reason"] for day in after[name_nip(2)]["pending"]} == {"lobby not complete until the end of the day"}


def test_a_spool_restored_from_yesterday_loses_and_doubles_nothing_in_a_central_that_went_on(
    box: Installation, name_nip: Callable[[int], str], tmp_path: Path
) -> None:
    device = Device(zone=MAKASSAR)
    working_days(device, range(1, 15), "1001", "1002")
    stand(device, 9, 15)
    with serve(device) as endpoint:
        box.configure(terminals=[lobby(endpoint)])
        box.ok("terminal", "poll")
        yesterday = made(box)
        working_days(device, range(15, 22), "1001", "1002")
        stand(device, 9, 22)
        box.ok("terminal", "poll")
        there = restored(box, yesterday, tmp_path / "elsewhere")
        for file in (box.directory / "state").glob("spool.db*"):
            file.unlink()
        shutil.copy(there.directory / "state" / "spool.db", box.directory / "state" / "spool.db")
        working_days(device, range(22, 31), "1001", "1002")
        stand(device, 10, 1)
        box.ok("terminal", "poll")
        box.ok("terminal", "verify")
    found = rows(box.directory / "central.db", "select terminal, pin, clock, count(*) from punches group by 1, 2, 3")
    assert len(found) == len(device.history)
    assert {count for *_, count in found} == {1}


def test_what_a_backups_spool_calls_delivered_is_in_its_central_whatever_happens_between_the_copies(
    box: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(zone=MAKASSAR)
    with serve(device) as endpoint:
        box.configure(terminals=[lobby(endpoint)])
        box.ok("terminal", "poll")

        def busy(copy: Callable[..., None]) -> Callable[..., None]:
            """The real copy, just after somebody punched and it was delivered."""

            def copied(source: object, target: Path) -> None:
                device.punch("1001")
                box.ok("terminal", "poll")
                copy(source, target)

            return copied

        monkeypatch.setattr(backup, "copy_spool", busy(backup.copy_spool))
        monkeypatch.setattr(backup, "copy_database", busy(backup.copy_database))
        config = load(box.directory / "agent.yaml")
        state = restored(box, backup.make(config).path, tmp_path / "elsewhere").directory / "state"
    delivered = set(rows(state / "spool.db", "select clock, occurrence from seen"))
    delivered -= set(rows(state / "spool.db", "select clock, occurrence from queue"))
    central = set(rows(state / "central.db", "select replace(clock, ' ', 'T'), occurrence from punches"))
    assert delivered
    assert delivered <= {(clock[:19], occurrence) for clock, occurrence in central}
    assert len(central) == 2


def test_what_was_configured_comes_back_with_its_words_and_works_where_it_is_put(
    box: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = box.directory / "keys" / "lobby"
    key.parent.mkdir()
    key.write_text("12345\n")
    key.chmod(0o600)
    password = tmp_path / "password"
    (box.directory / "devices.yaml").write_text(
        "terminals:\n  - {id: lobby, office: DINKES, address: 10.0.0.1, timezone: Asia/Makassar, serial: 0123,\n"
        "     comm_key_file: keys/lobby}  # di lobi\n"
    )
    (box.directory / "agent.yaml").write_text(
        "# Kantor kita: 'lama' dan baru\nroles: [collect, score]\nstate_dir: state\nrules: rules\nprofile: tpp-model\n"
        "devices: devices.yaml\ncentral: {url: 'sqlite:///${WHERE}.db'}\npoll: {every: 90s, tail_read: false}\n"
    )
    monkeypatch.setenv("WHERE", "central")
    outcome = box.run("backup", "make")
    assert outcome.code == 0, outcome
    assert f"Secrets are not in it; keep these files yourself: {key}" in outcome.err
    kept = Path(outcome.out.split(":")[0])
    assert "keys" not in box.ok("backup", "check", str(kept))
    assert b"12345" not in gzip.decompress(kept.read_bytes())

    there = restored(box, kept, tmp_path / "elsewhere")
    original = there.directory / "original" / "agent.yaml"
    assert original.read_text() == (box.directory / "agent.yaml").read_text()
    (there.directory / "keys").mkdir()
    shutil.copy(key, there.directory / "keys")
    assert there.ok("config", "check").startswith(f"{there.directory / 'agent.yaml'}: fine")
    agent = json.loads((there.directory / "agent.yaml").read_text().partition("\n")[2])
    assert agent["poll"] == {"every": "90s", "tail_read": "false"}
    assert agent["central"] == {"url": "sqlite:///state/central.db"}
    terminals = json.loads((there.directory / "devices.yaml").read_text().partition("\n")[2])["terminals"]
    assert terminals[0]["serial"] == "0123"
    assert terminals[0]["comm_key_file"] == "keys/lobby"
    shutil.rmtree(there.directory)
    box.ok("backup", "restore", str(kept), "--to", str(there.directory))
    outcome = box.run("backup", "accept", str(there.directory), "--yes")
    assert f"{there.directory}/keys/lobby is a secret, which no backup holds" in outcome.err
    assert not password.exists()


def test_the_newest_are_kept_and_nothing_else_is_touched(box: Installation) -> None:
    out = box.directory / "out"
    out.mkdir()
    others = [out / "ekinerja-other-20200101T000000Z.tar.gz", out / "photo.jpg"]
    for other in others:
        other.write_text("mine")
    first = made(box, "--out", str(out), "--keep", "2")
    second = made(box, "--out", str(out), "--keep", "2")
    third = made(box, "--out", str(out), "--keep", "2")
    assert not first.exists()
    assert sorted(path for path in out.iterdir() if path.name != backup.LOCK) == sorted([second, third, *others])


def test_what_root_backs_up_belongs_to_the_service_and_is_restored_where_that_may_write(
    box: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert os.geteuid() == 0, "only root can give up its rights: run the tests as root"
    for folder in (box.directory, *box.directory.parents):
        if folder.stat().st_uid == 0 and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(0o755)
    state = box.directory / "state"
    state.mkdir(exist_ok=True)
    for each in (box.directory, *box.directory.rglob("*")):
        os.chown(each, 4711, 4712)
    program = [sys.executable, "-m", "ekinerja_agent", "--config", str(box.directory / "agent.yaml")]
    done = subprocess.run([*program, "backup", "make"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done
    (path,) = (state / "backups").glob("*.tar.gz")
    owners = {(each.stat().st_uid, each.stat().st_gid) for each in (path, path.parent, path.parent / backup.LOCK)}
    assert owners == {(4711, 4712)}
    of_root = tmp_path_factory.mktemp("root")
    of_root.chmod(0o700)
    for place in (of_root / "look", of_root):  # whoever is not root cannot even tell whether the first is there
        restore = [*program, "backup", "restore", str(path), "--to", str(place)]
        done = subprocess.run(restore, check=False, capture_output=True, text=True)
        assert (done.returncode, "that the owner of state_dir may make" in done.stderr) == (4, True), done


def test_raw_logs_of_cleared_terminals_are_in_it_and_backups_are_not(box: Installation) -> None:
    made(box)
    raw = box.directory / "state" / "backups" / "lobby-abc.attlog"
    raw.write_bytes(b"log")
    inside = box.ok("backup", "check", str(made(box)))
    assert "state/backups/lobby-abc.attlog" in inside
    assert "tar.gz" not in inside


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "other", "added", "foreign", "outside"])
def test_a_backup_that_is_not_whole_is_never_restored(box: Installation, tmp_path: Path, harm: str) -> None:
    kept = made(box)
    content = kept.read_bytes()
    if harm == "cut":
        kept.write_bytes(content[: len(content) // 2])
    elif harm == "flipped":
        middle = len(content) // 2
        kept.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif harm == "empty":
        kept.write_bytes(b"")
    elif harm == "other":
        kept.write_bytes(b"not a backup at all" * 100)
    elif harm == "added":
        repacked(kept, add="state/more")
    elif harm == "foreign":
        repacked(kept, add="../outside", named=True)
    else:
        repacked(kept, add="../outside", named=True, signed_by=box.directory / "state" / backup.KEY)
    for command in (["check", str(kept)], ["restore", str(kept), "--to", str(tmp_path / "elsewhere")]):
        outcome = box.run("backup", *command)
        assert outcome.code == 1, outcome
        assert ("is not proven" if harm == "foreign" else "is not a whole backup") in outcome.err
        assert outcome.err.count("\n") == 1
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "outside").exists()
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def repacked(
    kept: Path, *, add: str, named: bool = False, told_bytes: int = 0, holds: bytes = b"", signed_by: Path | None = None
) -> None:
    """Put another file into a backup; `named`: into its manifest too, with the right digest."""
    folder = kept.parent / "repacked"
    with tarfile.open(kept) as tar:
        tar.extractall(folder, filter="data")
        names = tar.getnames()
    manifest = json.loads((folder / archive.MANIFEST).read_text())
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of nothing
    if named:
        manifest["members"].append({"path": add, "bytes": told_bytes, "sha256": digest})
        (folder / archive.MANIFEST).write_text(json.dumps(manifest))
    if signed_by is not None:
        signature = read_signer(signed_by).sign((folder / archive.MANIFEST).read_bytes())
        (folder / archive.SIGNATURE).write_bytes(signature)
    with tarfile.open(kept, "w:gz") as tar:
        for name in names:
            tar.add(folder / name, name)
        entry = tarfile.TarInfo(add)
        entry.size = len(holds)
        tar.addfile(entry, io.BytesIO(holds))
    shutil.rmtree(folder)


@pytest.mark.parametrize(("told_bytes", "code", "said"), [(10, 1, "is not a whole backup"), (1 << 60, 4, "make room")])
def test_t45_nothing_is_unpacked_that_is_larger_than_told_or_than_there_is_room_for(
    box: Installation, tmp_path: Path, told_bytes: int, code: int, said: str
) -> None:
    """Before: a member was written whole, and its size looked at afterwards."""
    kept = made(box)
    key = box.directory / "state" / backup.KEY
    repacked(kept, add="state/large", named=True, told_bytes=told_bytes, holds=b"\0" * 10_000_000, signed_by=key)
    command = [sys.executable, "-m", "ekinerja_agent", "--config", str(box.directory / "agent.yaml")]
    done = subprocess.run(
        [*command, "backup", "restore", str(kept), "--to", str(tmp_path / "elsewhere")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, said in done.stderr) == (code, True), done
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_overwritten_by_a_restore(box: Installation, tmp_path: Path) -> None:
    kept = made(box)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    outcome = box.run("backup", "restore", str(kept), "--to", str(tmp_path / "elsewhere"))
    assert outcome.code == 7
    assert "is not empty" in outcome.err
    assert (tmp_path / "elsewhere" / "mine").read_text() == "mine"


def test_without_room_the_earlier_backups_stay_and_nothing_half_is_left(box: Installation) -> None:
    out = box.directory / "out"
    earlier = made(box, "--out", str(out), "--keep", "1")
    command = [sys.executable, "-m", "ekinerja_agent", "--config", str(box.directory / "agent.yaml")]
    few_bytes = 20_000
    done = subprocess.run(
        [*command, "backup", "make", "--out", str(out), "--keep", "1"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (few_bytes, few_bytes)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 4, done
    assert "make room" in done.stderr
    assert sorted(path for path in out.iterdir() if path.name != backup.LOCK) == [earlier]


def test_a_damaged_database_never_passes_for_a_backup(box: Installation) -> None:
    good = made(box, "--keep", "1")
    with (box.directory / "central.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40_000)
    outcome = box.run("backup", "make", "--keep", "1")
    assert outcome.code == 5, outcome
    assert "damaged" in outcome.err
    assert good.exists()


def test_a_central_server_is_left_to_its_own_tool(
    tmp_path: Path, postgres_url: str, installation_in: Callable[..., Any]
) -> None:
    office = installation_in(tmp_path, postgres_url)
    outcome = office.run("backup", "make")
    assert outcome.code == 0, outcome
    assert "pg_dump --format=custom --file=central-" in outcome.err
    assert "psycopg2" not in outcome.err
    assert "state/central.db" not in office.ok("backup", "check", outcome.out.split(":")[0])
