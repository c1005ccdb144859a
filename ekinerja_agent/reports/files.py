"""How a report reaches a disk: whole or not at all, readable by its owner alone, with a digest for the audit log.

Does not know what is in it; it may name persons, and is treated so.
"""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.nouns.errors import TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def digest(content: bytes) -> str:
    """Given a file's bytes, return `sha256:…`, by which it can be recognised later."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def write_private(path: Path, content: bytes) -> None:
    """Given a path, put the bytes there in place of what was there, with mode 0600.

    Raise TemporarilyUnavailable if the disk is full, WrongUsage if nothing can be written there; an older file then
    stays as it was.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise TemporarilyUnavailable(
                Message(
                    "{path} cannot be written: {reason}; make room, or name a file on another disk",
                    path=path,
                    reason=error.strerror,
                )
            ) from error
        raise WrongUsage(
            Message(
                "{path} cannot be written: {reason}; name a file in a directory where you may write",
                path=path,
                reason=error.strerror,
            )
        ) from error
