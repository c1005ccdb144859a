"""systemd's watchdog is fed while all work gets on, and no longer once some of it is stuck."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from ekinerja_agent.daemon.progress import Progress
from ekinerja_agent.host import systemd
from ekinerja_agent.simulator import Device, serve
from tests.proof.box import PATIENCE_S, Box, until

HASTY = """
from ekinerja_agent.daemon import running
from ekinerja_agent.usecases.collecting import collect, terminal_lock
terminal_lock.turn.__wrapped__.__kwdefaults__["patience_s"] = 600.0
running.MAY_TAKE_S["poll"] = 1.0
collect.LARGEST_TABLE_BYTES = 0
from ekinerja_agent.cli import main
main()
"""
"""The service, with a poll of a new terminal overdue after one second instead of after hours."""


def served(directory: Path, address: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", HASTY, "--config", "agent.yaml", "run"],
            cwd=directory,
            env=os.environ | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
            stderr=file,
        )


def test_the_watchdog_is_fed_while_terminals_are_read_and_starves_when_a_reader_is_stuck(tmp_path: Path) -> None:
    address, log = str(tmp_path / "notify"), tmp_path / "log"
    device = Device()
    locks = tmp_path / "state" / "locks"
    locks.mkdir(parents=True)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        serve(device) as endpoint,
        (locks / "t1.lock").open("w") as turn,
    ):
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        Box(tmp_path).configure(endpoint, roles=["collect"])
        process = served(tmp_path, address, log)
        try:
            assert manager.recv(4096) == b"READY=1"
            for _ in range(20):
                assert manager.recv(4096) == b"WATCHDOG=1"
            # What comes now is not read, and stands in a queue of ten: what is stuck is told all the same.
            # Somebody takes a turn at the terminal and never gives it back.
            until(lambda: is_taken(turn), "the turn is ours")
            until(lambda: '"work": ["poll t1"]' in log.read_text(), "it says what is stuck")
            empty(manager)
            manager.settimeout(1.0)  # two and a half times as long as systemd would wait
            with pytest.raises(TimeoutError):
                manager.recv(4096)
            process.send_signal(signal.SIGABRT)  # what systemd does then
            assert process.wait(PATIENCE_S) == -signal.SIGABRT
        finally:
            process.kill()
            process.wait()
    told = log.read_text()
    assert "Fatal Python error: Aborted" in told  # the journal shows where each thread was
    assert "in turn" in told


def test_a_manager_that_reads_nothing_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        with pytest.raises(TimeoutError):
            send_without_end()
        empty(manager)
        systemd.notify("READY=1")
        assert manager.recv(4096) == b"READY=1"


def send_without_end() -> None:
    for _ in range(100_000):  # as many as the kernel keeps, and then some
        systemd.notify("WATCHDOG=1", patience_s=0.01)


def empty(manager: socket.socket) -> None:
    """Read what was sent before."""
    manager.setblocking(False)
    with suppress(BlockingIOError):
        while manager.recv(4096):
            pass
    manager.settimeout(PATIENCE_S)


def is_taken(turn: IO[str]) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_only_what_makes_no_step_for_too_long_is_overdue() -> None:
    now_s = [0.0]
    progress = Progress(clock=lambda: now_s[0])
    with progress.working("poll t1", 10.0), progress.working("forward", 5.0) as step:
        now_s[0] = 4.0
        step()
        now_s[0] = 9.0
        assert progress.overdue() == []
        now_s[0] = 10.5
        assert progress.overdue() == ["forward", "poll t1"]
        step()
        assert progress.overdue() == ["poll t1"]
    assert progress.overdue() == []


def test_work_that_broke_is_not_waited_for() -> None:
    now_s = [0.0]
    progress = Progress(clock=lambda: now_s[0])
    with pytest.raises(ZeroDivisionError), progress.working("score", 1.0):
        1 / 0  # noqa: B018
    now_s[0] = 2.0
    assert progress.overdue() == []
