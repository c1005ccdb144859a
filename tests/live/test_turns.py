"""Turns at a terminal: between threads, between processes, and with a listener that gives way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.usecases.collecting.terminal_lock import TerminalBusy, spare_turn, turn

HOLDER = """
import sys
from pathlib import Path
from ekinerja_agent.usecases.collecting import terminal_lock
with getattr(terminal_lock, sys.argv[2])("lobby", Path(sys.argv[1])) as wanted:
    print("mine", flush=True)
    if wanted is None:
        sys.stdin.read()
    while wanted is not None and not wanted():
        pass
"""


@contextmanager
def another_process(state_dir: Path, kind: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the terminal: with `turn` until its input ends, with `spare_turn` until it is wanted."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state_dir), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "mine\n"
            yield holder
        finally:
            holder.kill()


def test_whoever_asks_waits_until_the_one_before_is_done(tmp_path: Path) -> None:
    order: list[str] = []
    mine = threading.Event()

    def second() -> None:
        mine.wait()
        with turn("lobby", tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with turn("lobby", tmp_path):
        mine.set()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_turn_that_does_not_come_is_told_and_another_terminal_is_another_turn(tmp_path: Path) -> None:
    with another_process(tmp_path, "turn"):
        with pytest.raises(TerminalBusy, match="lobby"), turn("lobby", tmp_path, patience_s=0.1):
            raise AssertionError("two at one terminal")
        with turn("other", tmp_path, patience_s=0.0):
            pass


def test_a_process_that_is_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    with another_process(tmp_path, "turn") as holder:
        holder.kill()
        with turn("lobby", tmp_path):
            pass


def test_a_listener_in_another_process_gives_way_to_who_asks(tmp_path: Path) -> None:
    with another_process(tmp_path, "spare_turn") as holder, turn("lobby", tmp_path):
        assert holder.wait(120) == 0


def test_a_listener_does_not_begin_while_somebody_has_the_terminal_or_waits_for_it(
    tmp_path: Path, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    def wait() -> None:
        with turn("lobby", tmp_path):
            pass

    waiter = threading.Thread(target=wait)
    with spare_turn("lobby", tmp_path) as wanted:
        assert not wanted()
        with pytest.raises(TerminalBusy), spare_turn("lobby", tmp_path):
            raise AssertionError("two at one terminal")
        waiter.start()
        eventually(wanted, "the wish to be seen")
        with pytest.raises(TerminalBusy), spare_turn("lobby", tmp_path):
            raise AssertionError("in front of somebody who waits")
    waiter.join()
