"""Plain files of the program's own, opened as what they are: never by way of a link, and never a pipe or a device.

A link that lies where a file of ours belongs would lead whoever opens it to a file of somebody's choice, and a pipe
would let them wait for ever. Does not know what is in the files.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message

_AS_IT_IS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_lock(path: Path) -> IO[bytes]:
    """Given a path, return the empty file there to be locked, made if nothing is there yet. Nobody else may write it.

    Raise NeedsAttention if something else than a plain file is there, OSError if it cannot be opened.
    """
    return os.fdopen(_opened(path, os.O_RDWR | os.O_CREAT), "r+b")


def read_plain(path: Path) -> bytes:
    """Given a path, return what the file holds. Raise as `open_lock` does; FileNotFoundError if nothing is there."""
    with os.fdopen(_opened(path, os.O_RDONLY), "rb") as file:
        return file.read()


def append_line(path: Path, line: str) -> None:
    """Given a path and a line of text, add it at the end, on the disk when this returns; raise as `open_lock` does.

    The file is made if nothing is there yet.
    """
    with os.fdopen(_opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())
        os.fsync(file.fileno())


def require_plain(path: Path) -> None:
    """Given a path, return if nothing or a plain file is there. Raise NeedsAttention otherwise.

    For files that a library opens by their name; of a folder, which leads nowhere, it tells itself.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # whoever opens it tells why it cannot be looked at
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise _no_plain_file(path)


def _opened(path: Path, flags: int) -> int:
    require_plain(path)
    if path.is_dir():
        raise _no_plain_file(path)
    handle = os.open(path, flags | _AS_IT_IS, 0o600)
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # put there in between
        os.close(handle)
        raise _no_plain_file(path)
    return handle


def _no_plain_file(path: Path) -> NeedsAttention:
    return NeedsAttention(
        Message(
            "{path} is a link, a folder, a pipe or a device, and a plain file belongs there; see who put it there, and "
            "remove it",
            path=path,
        )
    )
