"""A file to which lines are only added: no link is followed, nothing is cut, and what was added is on the disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ekinerja_agent.files.durable import OWNER_ALONE

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR})


def append_line(path: Path, line: str) -> None:
    """Given a path and a line of text, add it at the end; the file is made if it is not there. Raise OSError if not."""
    handle = os.open(
        path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, OWNER_ALONE
    )
    try:
        _refuse_what_is_no_file(handle, path)
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_lines(path: Path) -> list[str]:
    """Given a path, return its lines, none if there is no such file. Raise OSError if it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _NO_FILE:
            return []
        raise
    with os.fdopen(handle, "rb") as file:
        _refuse_what_is_no_file(handle, path)
        return file.read().decode("utf-8", "replace").splitlines()


def _refuse_what_is_no_file(handle: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "not a file", str(path))
