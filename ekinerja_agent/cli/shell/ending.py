"""How a command ends when something outside of it stops it: a reader who has seen enough, a full disk, Ctrl-C.

Each ends with one sentence or none, and no traceback. Knows no command.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ekinerja_agent.files.foreign_text import on_screen
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

INTERRUPTED: Final = 130
"""As a shell tells of SIGINT (128 + 2)."""
READER_GONE: Final = 141
"""As a shell tells of SIGPIPE (128 + 13)."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class ReaderGoneError(Exception):
    """Nobody reads our output any more (head, less): there is nothing to say and nobody to say it to."""


@contextmanager
def output() -> Iterator[None]:
    """Run a block that writes to standard output, to the last byte.

    Raise ReaderGoneError if its reader left, TemporarilyUnavailable if a disk has no room for it.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError as error:
        _forget_output()
        raise ReaderGoneError from error
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        _forget_output()
        raise TemporarilyUnavailable(
            Message(
                "the output cannot be written: {reason}. What was written of it is incomplete; make room and repeat "
                "the command",
                reason=error.strerror,
            )
        ) from error


def not_ours(error: PermissionError) -> Message:
    """Given that a file or folder was refused to us, return what to tell; root too gives up its rights for those of the
    owner of state_dir.
    """
    return Message(
        "{path} may not be used by the user {user} ({reason}); name another place, or give that user the right to it",
        path=error.filename or "-",
        user=os_user.name_of(os_user.own_uid()),
        reason=error.strerror,
    )


def last_words(sentence: str) -> None:
    """Given a last sentence, write it to standard error, if anybody reads that."""
    with suppress(OSError):
        sys.stderr.write(f"{on_screen(sentence)}\n")


def _forget_output() -> None:
    """What still waits for the reader is dropped, or the interpreter would fail on it once more at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
