"""Who acts is the operating-system user as the kernel knows it: no variable that a person can set names another.

Real processes of real users, on SQLite and on PostgreSQL. Where root runs the tests these are users that every Debian
has; elsewhere it is who runs them.
"""

from __future__ import annotations

import ast
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ekinerja_agent
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import Refused
from tests.journey.conftest import Installation
from tests.proof import people

ROOT = Path(__file__).parents[2]
DAY = "2026-09-07"


def run_as(user: str, installation: Installation, *words: str, claims: str) -> subprocess.CompletedProcess[str]:
    """Run a command as that user, in an environment that claims to be another."""
    program = (sys.executable, "-m", "ekinerja_agent", "--config", str(installation.directory / "agent.yaml"))
    return subprocess.run(
        people.command_of(user, *program, *words),
        env=people.lying(claims) | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def names(installation: Installation) -> list[str]:
    return [row["name"] for row in json.loads(installation.ok("account", "list", "--format", "json"))]


@pytest.mark.parametrize("user", people.others())
def test_nobody_gives_the_second_signature_in_another_s_name(
    installation: Installation, name_nip: Callable[[int], str], user: str
) -> None:
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    installation.load("employees", [{"nip": name_nip(1), "name": "Ani", "unit": "DINKES"}])
    if user not in names(installation):
        installation.account("add", user, "--role", "operator", "--os-user", user)
    installation.account("add", "sari", "--role", "operator", "--os-user", "sari")
    correction = ("correction", "add", name_nip(1), DAY, "arrive", "--time", "07:15", "--document", "SK 9")
    entered = run_as(user, installation, *correction, claims="sari")
    assert entered.returncode == 0, entered
    signed = run_as(user, installation, "correction", "approve", "1", "--yes", claims="sari")
    told = f"{user} entered correction/1; another person decides on it"
    assert (signed.returncode, told in signed.stderr) == (7, True), signed
    (row,) = json.loads(installation.ok("correction", "list", "--format", "json"))
    assert (row["entered_by"], row["decided_by"], row["status"]) == (user, None, "pending")
    with people.acting_as("sari"):
        installation.ok("correction", "approve", "1", "--yes")
    (row,) = json.loads(installation.ok("correction", "list", "--format", "json"))
    assert (row["decided_by"], row["status"]) == ("sari", "approved")


@pytest.mark.parametrize("user", people.others())
def test_the_first_operator_is_who_runs_the_command(installation: Installation, user: str) -> None:
    installation.ok("db", "upgrade")
    done = run_as(user, installation, "account", "add", "budi", "--role", "head", claims="sari")
    assert done.returncode == 0, done
    assert f"No account existed: {user} is now operator" in done.stderr
    assert sorted(names(installation)) == sorted(["budi", user])


@pytest.mark.parametrize("user", people.others())
def test_who_has_no_account_gets_none_by_a_variable(installation: Installation, user: str) -> None:
    with people.acting_as("sari"):
        installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    refused = run_as(user, installation, "account", "add", "budi", "--role", "operator", claims="sari")
    told = f"the operating-system user {user} has no account"
    assert (refused.returncode, told in refused.stderr) == (7, True), refused
    assert names(installation) == ["sari"]


def test_no_variable_names_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os_user.acting()
    for name, value in people.lying("sari").items():
        monkeypatch.setenv(name, value)
    assert os_user.acting() == before == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "with uid {uid} has no name on this machine"), ("id", "dengan uid {uid} tidak punya nama di mesin ini")],
)
def test_a_user_without_a_name_is_told_what_to_do(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    installation.ok("db", "upgrade")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    with pytest.raises(Refused, match="has no name"):
        os_user.acting()
    refused = installation.run("--lang", language, "account", "add", "sari", "--role", "operator")
    assert (refused.code, told.format(uid=os.getuid()) in refused.err) == (7, True), refused
    assert f"getent passwd {os.getuid()}" in refused.err
    assert names(installation) == []


def test_a_person_of_a_test_is_the_user_of_the_process_and_goes_again_whatever_happens() -> None:
    before = os.getuid(), os_user.acting()
    with people.acting_as("sari"):
        with pytest.raises(Refused), people.acting_as("budi"):
            raise Refused(f"{os_user.acting()} {os.getuid()}")
        assert os_user.acting() == "sari"
        assert (os.getuid() == before[0]) == (os.geteuid() != 0)
    assert (os.getuid(), os_user.acting()) == before


ASKS_WHO = {"getpass", "pwd", "getlogin", "getpwuid", "getpwnam", "expanduser", "getuid", "geteuid"}
MAY_ASK = {
    "host/os_user.py": {"pwd", "getpwuid", "getuid", "geteuid"},
    "usecases/watching/doctor/permissions.py": {"getuid"},  # whom a finding is told
}


def test_one_module_of_the_program_asks_who_somebody_is() -> None:
    package = Path(ekinerja_agent.__file__).parent
    found: dict[str, set[str]] = {}
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute | ast.Name | ast.alias):
                word = next(filter(None, (getattr(node, key, None) for key in ("attr", "id", "name"))))
                if word in ASKS_WHO:
                    found.setdefault(file.relative_to(package).as_posix(), set()).add(word)
    assert found == MAY_ASK
