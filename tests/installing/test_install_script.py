"""scripts/install.sh below a directory of its own, with the real program: what it puts where, and what it takes back.

No network and no root are needed: the "packages" are this checkout and this virtual environment. What needs root,
systemd and a clean Debian is in scripts/test-install.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ekinerja_agent.config import load

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
BACKEND = """
import zipfile
from pathlib import Path

def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {
        "ekinerja_agent_here.pth": "@CHECKOUT@\\n@PACKAGES@\\n",
        "ekinerja_agent-@VERSION@.dist-info/METADATA":
            "Metadata-Version: 2.1\\nName: ekinerja-agent\\nVersion: @VERSION@\\n",
        "ekinerja_agent-@VERSION@.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "ekinerja_agent-@VERSION@.dist-info/entry_points.txt":
            "[console_scripts]\\nekinerja-agent = ekinerja_agent.cli:main\\n",
    }
    name = "ekinerja_agent-@VERSION@-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        record = "".join(f"{file},,\\n" for file in files) + "ekinerja_agent-@VERSION@.dist-info/RECORD,,\\n"
        for file, text in {**files, "ekinerja_agent-@VERSION@.dist-info/RECORD": record}.items():
            wheel.writestr(file, text)
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "ekinerja-agent"
version = "@VERSION@"
"""


@dataclass
class Host:
    """A checkout, and the directory below which it is installed."""

    checkout: Path
    root: Path
    wheels: Path
    python: str

    @property
    def etc(self) -> Path:
        return self.root / "etc/ekinerja-agent"

    @property
    def venv(self) -> Path:
        return self.root / "opt/ekinerja-agent/venv"

    def release(self, version: str) -> None:
        """Make the checkout one of this version, whose packages are those of this test run."""
        for name, template in (("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)):
            text = template.replace("@VERSION@", version).replace("@CHECKOUT@", str(ROOT))
            (self.checkout / name).write_text(text.replace("@PACKAGES@", sysconfig.get_path("purelib")))

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", self.checkout / "scripts/install.sh", "--root", self.root, "--wheels", self.wheels, *options],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHON": self.python},
        )

    def ok(self, *options: str) -> str:
        done = self.install(*options)
        assert done.returncode == 0, done
        return done.stdout

    def agent(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.root / "usr/local/bin/ekinerja-agent", "--config", self.etc / "agent.yaml", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def files(self) -> dict[str, bytes]:
        """Everything that is installed but the virtual environments, and what only reading leaves behind, by path."""
        here = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        kept = (path for path in here if path.parts[0] != "opt" and not path.name.endswith(("-shm", "-wal", ".lock")))
        return {str(path): (self.root / path).read_bytes() for path in kept}


@cache
def quick_venv() -> str:
    """Options that spare unpacking pip, where the Python below this virtual environment has it."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    has_pip = (
        base.exists() and subprocess.run([base, "-c", "import pip"], check=False, capture_output=True).returncode == 0
    )
    return "--without-pip --system-site-packages" if has_pip else ""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    checkout, wheels = tmp_path / "checkout", tmp_path / "wheels"
    for part in ("config", "systemd", "completions", "docs"):
        shutil.copytree(ROOT / part, checkout / part)
    (checkout / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/install.sh", checkout / "scripts")
    shutil.copy(ROOT / "README.md", checkout)
    (checkout / "constraints.txt").write_text("# --- what the program uses ---\n# --- what tests use ---\n")
    wheels.mkdir()
    python = tmp_path / "python"
    real = sys.executable
    python.write_text(f'#!/bin/sh\n[ "$2" != venv ] || exec {real} -m venv {quick_venv()} "$3"\nexec {real} "$@"\n')
    python.chmod(0o755)
    (wheels / "nothing-1-py3-none-any.whl").touch()
    host = Host(checkout, tmp_path / "root", wheels, str(python))
    host.release("1.0")
    return host


def test_it_installs_upgrades_and_goes_away_and_never_touches_what_an_operator_wrote(host: Host) -> None:
    told = host.ok("--role", "box")
    assert "config check" in told
    assert host.agent("config", "check").returncode == 0
    assert host.agent("db", "upgrade").returncode == 0
    first = host.venv.readlink()
    assert (host.etc / "agent.yaml").stat().st_mode & 0o777 == 0o640
    assert (host.root / "etc/systemd/system/ekinerja-agent-backup.timer").is_file()

    # An operator works here; the next release brings new rules and another agent.yaml.
    agent, devices = host.etc / "agent.yaml", host.etc / "devices.yaml"
    agent.write_text(agent.read_text().replace("tpp-model", "badung"))
    mine = agent.read_text()
    (host.etc / "rules/adopted.yaml").write_text("adopted: []\n")
    (host.etc / "rules/profiles/kemenkeu.yaml").unlink()
    for name in ("install/box.yaml", "rules/schedules.yaml", "rules/profiles/kemenkeu.yaml"):
        with (host.checkout / "config" / name).open("a") as file:
            file.write("# the next release\n")
    host.release("1.1")
    told = host.ok()
    assert f"{agent} was changed here and stays; the new version is beside it: {agent}.new" in told
    assert "rules/schedules.yaml: updated, nobody had changed it" in told
    assert "kemenkeu.yaml was removed here and stays away" in told
    assert agent.read_text() == mine
    assert (host.etc / "agent.yaml.new").read_text().endswith("# the next release\n")
    assert (host.etc / "rules/schedules.yaml").read_text().endswith("# the next release\n")
    assert (host.etc / "rules/adopted.yaml").read_text() == "adopted: []\n"
    assert not (host.etc / "rules/profiles/kemenkeu.yaml").exists()
    assert not (host.etc / "devices.yaml.new").exists()
    assert devices.exists()
    assert host.venv.readlink() != first
    assert (host.venv.parent / first).is_dir()  # the one before is kept
    assert len(list((host.root / "var/lib/ekinerja-agent/backups").glob("*.tar.gz"))) == 1

    kept = {name: text for name, text in host.files().items() if name.startswith(("etc/ekinerja", "var/lib"))}
    assert "Kept" in host.ok("--uninstall")
    assert host.files() == kept
    assert not host.venv.exists()

    told = host.ok()  # and back again, from what was kept; nothing is new, so nothing is said to be
    assert ".new" not in told
    assert "updated" not in told
    assert agent.read_text() == mine
    assert host.agent("config", "check").returncode == 0


def test_what_fails_leaves_everything_as_it_was(host: Host) -> None:
    host.ok("--role", "box")
    assert host.agent("db", "upgrade").returncode == 0
    before, program = host.files(), host.venv.readlink()

    def untouched(done: subprocess.CompletedProcess[str], why: str) -> None:
        assert done.returncode == 1, done
        assert why in done.stderr
        assert host.files() == before
        assert host.venv.readlink() == program
        assert [path.name for path in host.venv.parent.iterdir() if path.name.startswith("venv-")] == [str(program)]
        assert host.agent("config", "check").returncode == 0

    # Packages that cannot be had.
    pins = host.checkout / "constraints.txt"
    text = pins.read_text()
    pins.write_text(f"no-such-package==1 --hash=sha256:{'0' * 64}\n{text}")
    untouched(host.install(), "The packages could not be installed")
    pins.write_text(text)
    # Rules that the new version would not take.
    rules = host.checkout / "config/rules/schedules.yaml"
    text = rules.read_text()
    rules.write_text(text + "nonsense: 1\n")
    untouched(host.install(), "does not take this configuration")
    rules.write_text(text)
    # A database that cannot be upgraded.
    database = host.root / "var/lib/ekinerja-agent/central.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:8192] + b"\xff" * 40_000 + whole[48_192:])
    before = host.files()
    untouched(host.install(), "Without a backup nothing is upgraded")


@pytest.mark.parametrize(
    ("role", "does"), [("office", {"collect"}), ("centre", {"score"}), ("box", {"collect", "score"})]
)
def test_every_role_begins_with_a_configuration_that_is_right(role: str, does: set[str]) -> None:
    config = load(ROOT / "config" / "install" / f"{role}.yaml")
    assert set(config.agent.roles) == does
    assert config.agent.profile in {path.stem for path in (ROOT / "config/rules/profiles").iterdir()}
    assert config.terminals == ()


def no_role(host: Host) -> list[str]:
    return []


def unknown_role(host: Host) -> list[str]:
    return ["--role", "palace"]


def unknown_option(host: Host) -> list[str]:
    return ["--purge"]


def no_wheels(host: Host) -> list[str]:
    return ["--role", "box", "--wheels", str(host.root)]


def not_whole(host: Host) -> list[str]:
    shutil.rmtree(host.checkout / "systemd")
    return ["--role", "box"]


def no_python(host: Host) -> list[str]:
    host.python = "python-that-is-not-there"
    return ["--role", "box"]


def old_python(host: Host) -> list[str]:
    return python_that_says(host, 'if [ "$1" = -V ]; then echo Python 3.9.2; else exit 1; fi')


def python_without_venv(host: Host) -> list[str]:
    return python_that_says(host, "case $2 in *ensurepip*) exit 1;; esac")


def python_that_says(host: Host, script: str) -> list[str]:
    python = host.checkout / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    host.python = str(python)
    return ["--role", "box"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (no_role, "Name it once: --role office"),
        (unknown_role, "office, centre or box is allowed"),
        (unknown_option, "--purge is not an option"),
        (no_wheels, "holds no wheels"),
        (not_whole, "run scripts/install.sh of a whole checkout"),
        (no_python, "apt install python3 python3-venv"),
        (old_python, "Python 3.9.2 is too old: 3.11 or newer is needed"),
        (python_without_venv, "apt install python3-venv"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_changed(
    host: Host, wrong: Callable[[Host], list[str]], told: str
) -> None:
    done = host.install(*wrong(host))
    assert done.returncode == 1
    assert told in done.stderr
    assert host.files() == {}
    assert not list(host.root.rglob("venv*"))


def test_shellcheck_finds_nothing() -> None:
    shellcheck = [Path(sys.executable).with_name("shellcheck"), "--external-sources", "--source-path=SCRIPTDIR"]
    files = [*(path for path in (ROOT / "scripts").iterdir() if path.is_file()), ROOT / "tests/installing/inside.sh"]
    scripts = [path for path in files if re.match("#!.*sh$", path.read_text().partition("\n")[0])]
    assert ROOT / "scripts/install.sh" in scripts
    found = subprocess.run([*shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert found.stdout == ""
