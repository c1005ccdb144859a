"""Attackers on the host itself: a folder that somebody prepared, a configuration where one stands, an endless log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from ekinerja_agent import config
from ekinerja_agent.cli import cli
from tests.config import test_places
from tests.installing import test_install_script
from tests.installing.test_install_script import Host

Write = Callable[..., Path]

installed = test_install_script.host
etc = test_places.host


def test_t10_modules_that_lie_where_it_is_started_are_not_run(installed: Host, tmp_path: Path) -> None:
    """b497ae6: `venv.py` and `pip.py` of that directory were run, as root."""
    lure, run = tmp_path / "tmp", tmp_path / "run"
    lure.mkdir()
    for name in ("venv", "pip", "ensurepip", "sitecustomize", "ekinerja_agent"):
        (lure / f"{name}.py").write_text(f"open({str(run)!r}, 'a').write({name!r} + ' ')\n")
    relative = [os.path.relpath(path, lure) for path in (installed.root, installed.wheels)]
    done = subprocess.run(
        [
            "bash",
            installed.checkout / "scripts/install.sh",
            "--root",
            relative[0],
            "--wheels",
            relative[1],
            "--role",
            "box",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=lure,
        env=os.environ | {"PYTHON": os.path.relpath(installed.python, lure), "PYTHONPATH": str(lure)},
    )
    assert done.returncode == 0, done
    assert not run.exists()
    assert installed.agent("--version").returncode == 0


def test_t31_the_configuration_of_the_host_goes_before_that_of_the_folder_where_somebody_stands(
    write: Write, etc: Path
) -> None:
    """b497ae6: `find_config(None, {})` where both exist -> config/agent.yaml, no word of the other."""
    write("config/agent.yaml", "")
    assert config.find_config(None, {}) == etc
    assert config.other_configs(etc) == [Path("config/agent.yaml")]
    assert config.other_configs(Path("config/agent.yaml")) == [etc]
    assert config.other_configs(Path("elsewhere.yaml")) == [etc, Path("config/agent.yaml")]
    Path("config/agent.yaml").unlink()
    Path("config/agent.yaml").symlink_to(etc)
    assert config.other_configs(etc) == []


def test_t31_who_named_no_file_is_told_which_one_a_command_used(write: Write, etc: Path) -> None:
    write("devices.yaml", "terminals: []")
    local = write("config/agent.yaml", "roles: [score]\n")
    etc.write_text(f"roles: [score]\ncentral: {{url: 'sqlite:///{etc.parent}/central.db'}}\n")
    said = f"{etc} is used, though config/agent.yaml exists too; --config FILE names one\n"
    assert CliRunner().invoke(cli, ["period", "status", "2026-09"], catch_exceptions=False).stderr == said
    quiet = ["--config", str(local), "period", "status", "2026-09"]
    assert CliRunner().invoke(cli, quiet, catch_exceptions=False).stderr == ""
    local.unlink()
    assert CliRunner().invoke(cli, ["period", "status", "2026-09"], catch_exceptions=False).stderr == ""


ALIKE = """
import logging
from ekinerja_agent.host import logs
logs.configure("json", "info")
library = logging.getLogger("some.library")
for number in range(25):
    library.warning("invalid request %s", number)
library.warning("something else")
later = library.makeRecord("some.library", logging.WARNING, "", 0, "invalid request %s", (25,), None)
later.created += 3_601
library.handle(later)
"""


def test_t45_what_a_stranger_can_provoke_without_end_is_told_ten_times_an_hour_and_counted() -> None:
    """b497ae6: each request with `Upgrade: websocket` added a line to the log."""
    done = subprocess.run([sys.executable, "-c", ALIKE], capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["said"] for one in told] == [
        *(f"invalid request {number}" for number in range(10)),
        "something else",
        "invalid request 25",
    ]
    assert [one.get("untold") for one in told] == [None] * 11 + [15]
