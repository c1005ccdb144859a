"""Commands that something outside stops: a reader who left, a full disk, Ctrl-C. One sentence at most, no half file."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.simulator import Device, named_fault, serve
from tests.journey.conftest import Installation

pytestmark = pytest.mark.long

PERSON = "199001012015011002"


@pytest.fixture
def office(installation: Installation) -> Installation:
    """A person with a punch on every day of September, and what follows from it."""
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    installation.load("employees", [{"nip": PERSON, "name": "Ani", "unit": "DINKES", "allowance_rp": 4_000_000}])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1", "nip": PERSON}])
    punches = [
        {"terminal": "lobby", "pin": "1", "clock": f"2026-09-{day:02} {hour:02}:00:00"}
        for day in range(1, 31)
        for hour in range(5, 20)
    ]
    installation.load("punches", punches, "--complete-until", "2026-11-01 00:00")
    installation.ok("score", "run", "--month", "2026-09")
    return installation


def start(installation: Installation, *words: str, out: int = subprocess.PIPE) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ekinerja_agent", "--config", str(installation.directory / "agent.yaml"), *words]
    return subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, start_new_session=True)


LISTINGS = (
    ("punch", "list", "--format", "csv"),
    ("punch", "list", "--format", "table"),
    ("punch", "list", "--format", "json"),
    ("score", "show", "--month", "2026-09", "--days"),
    ("score", "explain", PERSON, "2026-09"),
    ("audit", "list"),
    ("punch", "--help"),
)


@pytest.mark.parametrize("central_url", ["sqlite"], indirect=True)
def test_a_reader_who_left_is_no_error_to_talk_about(office: Installation) -> None:
    for words in LISTINGS:
        reader, writer = os.pipe()
        os.close(reader)
        listing = start(office, *words, out=writer)
        os.close(writer)
        _, told = listing.communicate(timeout=60)
        assert (listing.returncode, told) == (141, ""), words


@pytest.mark.parametrize("central_url", ["sqlite"], indirect=True)
def test_output_into_a_full_disk_is_told(office: Installation) -> None:
    with Path("/dev/full").open("w") as full:
        for words in LISTINGS:
            listing = start(office, *words, out=full.fileno())
            _, told = listing.communicate(timeout=60)
            assert (listing.returncode, told.count("\n")) == (4, 1), told
            assert "the output cannot be written: No space left on device" in told
            assert "make room and repeat the command" in told


def test_an_export_is_recorded_with_rows_and_digest_also_when_its_reader_leaves(office: Installation) -> None:
    exported = office.ok("punch", "export", "--from", "2026-09-01", "--to", "2026-09-02")
    reader, writer = os.pipe()
    os.close(reader)
    left = start(office, "punch", "export", out=writer)
    os.close(writer)
    assert (left.communicate(timeout=60)[1], left.returncode) == ("", 141)
    whole, cut = (
        row["details"] for row in json.loads(office.ok("audit", "list", "--action", "punch", "--format", "json"))
    )
    assert (whole["rows"], whole["filters"]) == (30, {"first": "2026-09-01", "last": "2026-09-02"})
    # What was written as it is: csv with CRLF.
    assert whole["digest"] == f"sha256:{hashlib.sha256(exported.encode()).hexdigest()}"
    assert cut["rows"] < 450
    assert cut["digest"].startswith("sha256:")


@contextmanager
def small_disk(most_bytes: int) -> Iterator[None]:
    """A limit on the size of this process's files stands for the disk. The database is PostgreSQL's, beyond it."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.parametrize("central_url", ["postgresql"], indirect=True)
def test_a_file_that_finds_no_room_leaves_no_half_and_no_entry(office: Installation, tmp_path: Path) -> None:
    office.ok("period", "close", "2026-09", "--yes")
    folder = tmp_path / "keluar"
    folder.mkdir()
    before = office.ok("audit", "list")
    exports = (
        ("report", "monthly", "--month", "2026-09", "--out", str(folder / "a.html")),
        ("report", "daily", "--month", "2026-09", "--out", str(folder / "b.xlsx")),
        ("payroll", "export", "--month", "2026-09", "--out", str(folder / "c.csv")),
    )
    (folder / "c.csv").write_text("lama")
    for words in exports:
        with small_disk(100):
            ended = office.run(*words)
        assert (ended.code, ended.out) == (4, ""), ended
        assert "cannot be written: File too large" in ended.err
        assert "make room" in ended.err
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("c.csv", "lama")]
    assert office.ok("audit", "list") == before
    for words in exports:
        office.ok(*words)


@pytest.mark.parametrize("central_url", ["sqlite"], indirect=True)
def test_ctrl_c_ends_long_commands_with_a_sentence(
    office: Installation, name_nip: Callable[[int], str], tmp_path: Path
) -> None:
    # So many offices that no machine scores them before it is interrupted.
    offices = [f"PUSKESMAS-{number:03}" for number in range(300)]
    office.load("units", [{"code": code, "name": code, "timezone": "Asia/Jakarta"} for code in offices])
    office.load("employees", [{"nip": name_nip(n), "name": "Ani", "unit": code} for n, code in enumerate(offices, 100)])
    device = Device(serial="SIM1", zone=ZoneInfo("Asia/Jakarta"))
    with serve(device, "tcp", faults=[named_fault("hang")]) as endpoint:
        lobby = {"id": "lobby", "office": "DINKES", "timezone": "Asia/Jakarta"}
        office.configure(terminals=[lobby | {"address": f"{endpoint.host}:{endpoint.port}"}])
        commands = (
            ("terminal", "poll"),
            ("terminal", "verify"),
            ("score", "run", "--month", "2026-09", "--workers", "2"),
            ("demo", "--dir", str(tmp_path / "demo")),
        )
        for words in commands:
            long = start(office, *words)
            time.sleep(1.5)
            os.killpg(long.pid, signal.SIGINT)
            _, told = long.communicate(timeout=60)
            assert told.strip() == "Stopped; nothing more was changed.", words
            # Python ends by the signal itself where it was importing a module; a shell calls both 130.
            assert long.returncode in {130, -signal.SIGINT}, words
    office.ok("db", "check")
