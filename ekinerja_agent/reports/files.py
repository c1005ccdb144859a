"""How a report reaches a disk: whole or not at all, readable by its owner alone, with a digest for the audit log.

Does not know what is in it; it may name persons, and is treated so.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ekinerja_agent.files import named
from ekinerja_agent.nouns.errors import TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def digest(content: bytes) -> str:
    """Given a file's bytes, return `sha256:…`, by which it can be recognised later."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def private(path: Path, content: bytes) -> Iterator[None]:
    """Given a path that a person named, return a context at whose end the bytes stand there in place of what was there,
    with mode 0600. If it ends with an error, nothing has changed.

    All that can take long or fail has been done when the context begins: whoever keeps others waiting in it waits for
    nobody's disk. Raise TemporarilyUnavailable if the disk is full, WrongUsage if nothing can be written there; an
    older file then stays as it was.
    """
    with ExitStack() as stack:
        with _told(path):
            draft = stack.enter_context(named.writing(path, content))
        yield
        with _told(path):
            draft.keep()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
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
