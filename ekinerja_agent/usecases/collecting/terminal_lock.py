"""One connection per terminal: the processes and threads of this host take turns, and a listener gives way.

Promises that at most one of them talks to a terminal, that whoever waits for a turn is seen by a listener, and that
a process that dies leaves no lock behind. Does not know what a turn is used for, nor other hosts.

Two files per terminal: the lock on `ID.lock` is the turn, a shared lock on `ID.wanted` says that somebody waits for it.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ekinerja_agent.files.plain import open_lock
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

PATIENCE_S = 10.0
"""A listener gives way within five seconds; who holds a terminal for longer is reading it."""
_LOOK_AGAIN_S = 0.05


class TerminalBusy(TemporarilyUnavailable):
    """Somebody else of this host talks to the terminal, or waits for it."""


@contextmanager
def turn(terminal: str, state_dir: Path, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Given a terminal, return a context in which no other process or thread of this host talks to it.

    A listener is asked to give way. Raise TerminalBusy if the turn did not come within `patience_s`.
    """
    with _open(terminal, state_dir, "lock") as lock:
        if not _taken(lock, fcntl.LOCK_EX):
            with _open(terminal, state_dir, "wanted") as wanted:
                fcntl.flock(wanted, fcntl.LOCK_SH)
                _await(terminal, lock, patience_s)
        yield


@contextmanager
def spare_turn(terminal: str, state_dir: Path) -> Iterator[Callable[[], bool]]:
    """Given a terminal, return a context like `turn` for one who gives way: a function that tells when to.

    Raise TerminalBusy at once if somebody has the turn, or waits for it.
    """
    with _open(terminal, state_dir, "lock") as lock, _open(terminal, state_dir, "wanted") as wanted:
        if _is_wanted(wanted) or not _taken(lock, fcntl.LOCK_EX):
            raise _busy(terminal)
        yield lambda: _is_wanted(wanted)


def _await(terminal: str, lock: IO[bytes], patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while not _taken(lock, fcntl.LOCK_EX):
        if time.monotonic() >= until:
            raise _busy(terminal)
        time.sleep(_LOOK_AGAIN_S)


def _is_wanted(wanted: IO[bytes]) -> bool:
    if not _taken(wanted, fcntl.LOCK_EX):
        return True
    fcntl.flock(wanted, fcntl.LOCK_UN)
    return False


def _taken(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(terminal: str) -> TerminalBusy:
    return TerminalBusy(
        Message("{terminal} is being read by another job of this host; try again in a moment", terminal=terminal)
    )


def _open(terminal: str, state_dir: Path, name: str) -> IO[bytes]:
    """The file stays for ever: a lock file that is deleted lets two processes lock two files of one name."""
    locks = state_dir / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return open_lock(locks / f"{terminal}.{name}")
