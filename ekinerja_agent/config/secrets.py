"""Files that hold one secret each: a communication key, a database password.

Promises that a secret is read only when it is needed and never becomes part of a message. Does not know what
it opens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ekinerja_agent.config.places import is_file
from ekinerja_agent.nouns.errors import ConfigurationError, Problem
from ekinerja_agent.nouns.messages import Message

MAX_SECRET_BYTES: Final = 4096
READABLE_BY_OTHERS: Final = 0o004


def read_secret(path: Path, key: str) -> str:
    """Given a file, return its one line. Raise ConfigurationError; the content is never part of a message."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SECRET_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise unusable_secret(
            path, key, Message("the file cannot be read ({reason}); it must hold the secret", reason=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise unusable_secret(path, key, Message("the file is not UTF-8 text; one line is allowed")) from error
    secret = text.rstrip("\r\n")
    if not secret or len(text) > MAX_SECRET_BYTES or not secret.isprintable():
        raise unusable_secret(path, key, Message("one line of text is allowed, and it must not be empty"))
    return secret


def unusable_secret(path: Path, key: str, message: Message) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), 0, 0, key, message)])


def is_exposed(path: Path) -> bool:
    """Given a file, tell whether every user of this host may read it; a missing file is not exposed."""
    return is_file(path) and bool(path.stat().st_mode & READABLE_BY_OTHERS)
