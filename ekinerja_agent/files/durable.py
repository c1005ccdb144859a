"""Files that are whole and on the disk: after a power cut there is what was there before, or all of what is new."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

OWNER_ALONE = 0o600


def write_whole(
    path: Path, content: bytes, *, mode: int = OWNER_ALONE, owner: tuple[int, int] | None = None, lasting: bool = True
) -> None:
    """Given a path, put the bytes there in place of what was there. Raise OSError: an older file then stays.

    `owner` is the user's and the group's id, None: whoever we are. Without `lasting` a power cut may bring the older
    file back: for what is written anew every few seconds.
    """
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            if owner is not None:
                os.fchown(handle, *owner)
            if lasting:
                os.fsync(handle)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    if lasting:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Given a folder, return when the names in it are on the disk."""
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def nearest(path: Path) -> Path:
    """Given a path, return it, or the nearest of what it would lie in that exists."""
    return next(each for each in (path, *path.parents) if each.exists())
