"""`import` and `account` as people type them: what is printed, where, and the exit code of what "
"goes wrong."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ekinerja_agent.cli import cli
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import NeedsAttention, ProblemsFound, Refused, WrongUsage

ANI = "199001012015011001"
UNITS = "code,name,timezone\nDINKES,Dinas Kesehatan,Asia/Makassar\n"
EMPLOYEES = f"nip,name,unit\n{ANI},Ani,DINKES\n196608011988031000,Budi,DINKES\n"
ACTIVITIES = (
    "id,nip,date,start,end,description,status\n"
    f"A,{ANI},2026-09-07,08:00,10:00,Rapat,approved\n"
    f"B,{ANI},2026-09-07,09:30,10:30,Surat,approved\n"
)
PUNCHES = "terminal,pin,clock\nlobby,7,2026-09-07 07:28:11\n"


class Shell:
    """Runs commands against one configuration on SQLite, and writes the files they read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config").mkdir()
        (folder / "config" / "agent.yaml").write_text(
            "central: {url: 'sqlite:///../central.db'}\nstate_dir: ../state\ndevices: ../devices.yaml\n"
        )
        (folder / "devices.yaml").write_text(
            "terminals:\n  - {id: lobby, office: DINKES, address: 10.0.0.1, timezone: Asia/Makassar, serial: CK1}\n"
        )

    def file(self, name: str, content: str) -> str:
        path = self.folder / name
        path.write_text(content)
        return str(path)

    def run(self, *words: str) -> Result:
        config = str(self.folder / "config" / "agent.yaml")
        return CliRunner().invoke(cli, ["--config", config, *words])

    def row(self, *words: str) -> dict[str, Any]:
        result = self.run(*words, "--format", "json")
        assert result.exception is None, result.output
        (row,) = json.loads(result.stdout)
        return dict(row)

    def error(self, *words: str) -> BaseException:
        error = self.run(*words).exception
        assert error is not None
        return error


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def people(shell: Shell) -> Shell:
    shell.run("import", "units", shell.file("units.csv", UNITS))
    shell.run("import", "employees", shell.file("employees.csv", EMPLOYEES))
    shell.run("import", "enrolments", shell.file("enrolments.csv", f"terminal,pin,nip\ngate,7,{ANI}\n"))
    return shell


def test_the_first_import_makes_its_operator_and_says_so(shell: Shell) -> None:
    result = shell.run("import", "units", shell.file("units.csv", UNITS), "--format", "csv")
    assert result.stdout.splitlines() == [
        "batch,kind,file,rows,stored,new_versions,unchanged,rejected,warnings",
        "1,units,units.csv,1,1,0,0,0,0",
    ]
    assert "is now operator and authorised feed for all kinds" in result.stderr
    assert shell.row("account", "list")["os_user"] == os_user.acting()


def test_warnings_and_rejected_rows_are_told_with_their_row_beside_the_counts(people: Shell) -> None:
    again = people.run("import", "employees", people.file("employees.csv", EMPLOYEES))
    assert again.stderr == "warning: employees.csv:3: nip: 196608011988031000: bad sequence\n"
    result = people.run("import", "activities", people.file("log.csv", ACTIVITIES), "--format", "json")
    assert result.stderr == "rejected: log.csv:3: start: overlaps A (08:00-10:00)\n"
    (row,) = json.loads(result.stdout)
    assert (row["stored"], row["rejected"], row["warnings"]) == (2, 1, 0)


def test_a_wrong_file_ends_with_all_its_problems_and_exit_code_5(people: Shell) -> None:
    file = people.file("u.csv", "code,name,timezone\nA,A,WITA\nB,,Asia/Makassar\n")
    error = people.error("import", "units", file)
    assert isinstance(error, ProblemsFound)
    assert (error.exit_code, len(error.problems)) == (5, 2)
    assert str(error.problems[1]) == "u.csv:3: name: empty; allowed: any text"


def test_a_dry_run_says_that_nothing_is_stored(people: Shell) -> None:
    file = people.file("log.csv", ACTIVITIES)
    result = people.run("import", "activities", file, "--dry-run", "--format", "csv")
    assert "This was a dry run: nothing is stored." in result.stderr
    assert result.stdout.splitlines()[1] == ",activities,log.csv,2,,,,1,0"
    assert len(list(csv.DictReader(io.StringIO(people.run("import", "list").stdout)))) == 3


def test_an_absence_of_a_kind_that_no_rule_knows_is_refused(people: Shell) -> None:
    content = f"nip,from,to,kind\n{ANI},2026-09-07,2026-09-07,%s\n"
    error = people.error("import", "absences", people.file("a.csv", content % "liburan"))
    assert isinstance(error, ProblemsFound)
    assert "'liburan'; allowed: " in str(error)
    assert people.row("import", "absences", people.file("b.csv", content % "izin"))["stored"] == 1


def test_punches_of_a_known_terminal_are_covered_until_its_local_time(people: Shell) -> None:
    file = people.file("p.csv", PUNCHES + "gate,7,2026-09-07 07:30:00\n")
    row = people.row("import", "punches", file, "--complete-until", "2026-09-30 23:59")
    assert (row["punches"], row["stored"], row["covered"], row["uncovered"]) == (2, 2, ["gate", "lobby"], [])
    again = people.row("import", "punches", file)
    assert (again["stored"], again["unchanged"]) == (0, 2)


def test_a_quarantined_row_and_complete_until_end_with_exit_code_5_and_stored_punches(people: Shell) -> None:
    file = people.file("p.csv", PUNCHES + "lobby,7,2026-02-30 07:00:00\n")
    result = people.run("import", "punches", file, "--complete-until", "2026-09-30 23:59")
    assert isinstance(result.exception, NeedsAttention)
    assert "lobby: 1 quarantined rows may be punches of any time" in str(result.exception)
    assert result.stderr.startswith("quarantined: p.csv:3: clock: '2026-02-30 07:00:00'; allowed: ")
    assert people.row("import", "punches", file, "--dry-run")["quarantined"] == 1


def test_an_attlog_file_is_known_by_the_serial_in_its_name(people: Shell) -> None:
    line = "7\t2026-09-07 07:28:11\t1\t0\t0\n"
    assert people.row("import", "attlog", people.file("CK1_attlog.dat", line))["stored"] == 1
    error = people.error("import", "attlog", people.file("attlog.dat", line))
    assert isinstance(error, WrongUsage)
    assert "say --terminal ID" in str(error)
    known = people.row("import", "attlog", people.file("attlog.dat", line), "--terminal", "lobby")
    assert (known["stored"], known["unchanged"]) == (0, 1)


def test_a_complete_until_that_is_no_minute_is_wrong_usage(people: Shell) -> None:
    file = people.file("p.csv", PUNCHES)
    error = people.error("import", "punches", file, "--complete-until", "2026-09-30")
    assert isinstance(error, WrongUsage)
    assert "'2026-09-30'; allowed: YYYY-MM-DD HH:MM, local time" in str(error)


def test_a_batch_is_taken_back_only_after_a_yes_and_stays_listed(people: Shell) -> None:
    asked = people.error("import", "revoke", "3", "--reason", "wrong terminal")
    assert isinstance(asked, WrongUsage)
    assert re.search("Batch 3 will count no more.*repeat the command with --yes", str(asked))
    done = people.run("import", "revoke", "3", "--reason", "wrong terminal", "--yes")
    assert done.stdout == "Batch 3 is taken back; what stood before stands again.\n"
    rows = json.loads(people.run("import", "list", "--format", "json").stdout)
    assert [(row["batch"], row["reason"]) for row in rows] == [(3, "wrong terminal"), (2, None), (1, None)]
    assert rows[0]["digest"].startswith("sha256:")


def test_accounts_are_added_bound_disabled_and_listed(people: Shell) -> None:
    feeds = ("--feed", "absences", "--feed", "activities")
    added = people.row("account", "add", "simpeg", "--role", "employee", *feeds, "--os-user", "app")
    assert (added["roles"], added["os_user"]) == (["employee"], "app")
    assert added["feeds"] == ["absences", "activities"]
    assert people.row("account", "bind", "simpeg", "feeder")["os_user"] == "feeder"
    assert people.row("account", "disable", "simpeg", "--yes")["disabled_at"] is not None
    names = [row["name"] for row in json.loads(people.run("account", "list", "--format", "json").stdout)]
    assert sorted(names) == sorted([os_user.acting(), "simpeg"])


def test_an_account_needs_a_known_role_and_a_nip_of_18_digits(people: Shell) -> None:
    assert people.run("account", "add", "x", "--role", "king").exit_code == 2
    assert people.run("account", "add", "x").exit_code == 2
    assert isinstance(people.error("account", "add", "x", "--role", "head", "--nip", "17"), WrongUsage)
    assert isinstance(people.error("account", "disable", os_user.acting(), "--yes"), Refused)


def test_a_correction_is_entered_listed_and_decided_by_somebody_else(
    people: Shell, become: Callable[[str], None]
) -> None:
    entered = people.run("correction", "add", ANI, "2026-09-07", "arrive", "--time", "07:25", "--document", "Surat 1")
    assert entered.stdout.startswith("correction/1 waits. Another person decides it with ")
    assert isinstance(people.error("correction", "approve", "1", "--yes"), Refused)
    people.run("account", "add", "budi", "--role", "head", "--unit", "DINKES", "--os-user", "budi")
    become("budi")
    assert "Nobody is at the keyboard" in str(people.error("correction", "approve", "correction/1"))
    done = people.run("correction", "approve", "correction/1", "--yes")
    assert done.stdout == f"correction/1 of {ANI} on 2026-09-07 is approved.\n"
    row = people.row("correction", "list", "--nip", ANI)
    assert (row["number"], row["scan"], row["time"], row["status"]) == (1, "arrive", "07:25:00", "approved")
    assert (row["decided_by"], row["batch"]) == ("budi", 4)


@pytest.mark.parametrize(
    "words",
    [
        ("add", ANI, "2026-09-07", "arrive", "--document", "S"),
        ("add", ANI, "2026-09-07", "arrive", "--document", "S", "--void", "--time", "07:00"),
        ("add", ANI, "2026-09-07", "lunch", "--document", "S", "--void"),
        ("add", ANI, "2026-09-07", "arrive", "--void"),
        ("approve", "seven", "--yes"),
        ("reject", "1"),
    ],
)
def test_a_correction_that_cannot_be_meant_ends_with_wrong_usage(people: Shell, words: tuple[str, ...]) -> None:
    result = people.run("correction", *words)
    assert result.exit_code == 2 or isinstance(result.exception, WrongUsage)


def test_score_run_changed_looks_at_everybody(people: Shell) -> None:
    error = people.error("score", "run", "--month", "2026-09", "--office", "DINKES", "--changed")
    assert "leave --office out" in str(error)
    done = people.run("score", "run", "--month", "2026-09", "--changed")
    assert done.stdout.startswith("2026-09: 2 people scored")
    again = people.run("score", "run", "--month", "2026-09", "--changed")
    assert again.stdout.startswith("2026-09: 0 people scored")
