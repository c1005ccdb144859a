"""The unit files say what the installation relies on, and systemd itself finds nothing wrong with them."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import pytest
from polars import _cpu_check

from ekinerja_agent.cli.staff import asking, errands

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def settings(unit: Path) -> dict[str, list[str]]:
    """All `Key=value` lines of a unit, whatever their section."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_service_is_started_again_but_never_over_a_wrong_configuration() -> None:
    service = settings(ROOT / "systemd" / "ekinerja-agent.service")
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["60s"]
    assert service["Restart"] == ["on-failure"]
    assert service["RestartPreventExitStatus"] == ["3"]
    assert "time-sync.target" in service["After"][0].split()
    assert service["StateDirectory"] == ["ekinerja-agent"]


def test_the_service_may_read_whether_the_hosts_clock_is_kept() -> None:
    """adjtimex(3) of glibc is the system call clock_adjtime, and ProtectClock= forbids both even for reading."""
    service = settings(ROOT / "systemd" / "ekinerja-agent.service")
    assert "ProtectClock" not in service
    assert service["SystemCallFilter"][-1].split() == ["adjtimex", "clock_adjtime"]
    assert service["CapabilityBoundingSet"] == [""]


def test_the_scoring_libraries_load_where_no_memory_may_be_written_and_run() -> None:
    service = settings(ROOT / "systemd" / "ekinerja-agent.service")
    assert service["MemoryDenyWriteExecute"] == ["yes"]
    assert service["Environment"] == ["POLARS_SKIP_CPU_CHECK=1"]
    assert "POLARS_SKIP_CPU_CHECK" in inspect.getsource(_cpu_check)


def test_who_calls_at_the_socket_is_in_the_group_and_is_seen_as_who_they_are() -> None:
    """user_namespaces(7): in a namespace of its own a process sees all other users as nobody."""
    at, served = (settings(ROOT / "systemd" / f"ekinerja-agent-command{end}") for end in (".socket", "@.service"))
    assert (at["Accept"], at["SocketMode"], at["SocketGroup"]) == (["yes"], ["0660"], ["ekinerja-staff"])
    assert at["ListenSequentialPacket"] == [str(asking.SOCKET)]
    assert int(at["MaxConnections"][0]) >= 4 * errands.MOST_AT_ONCE
    assert at["TriggerLimitIntervalSec"] == ["0"]
    assert not {"PrivateUsers", "ProtectProc"} & served.keys()
    assert served["User"] == ["ekinerja"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: str(unit.name))
def test_a_unit_exposes_the_host_to_at_most_2(unit: Path) -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0", "LC_ALL": "C"},
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert level is not None, told
    assert float(level[1]) <= 2.0
    assert told.returncode == 0
