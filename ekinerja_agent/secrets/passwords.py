"""Passwords as argon2id hashes (RFC 9106), and one-time passwords that a person can read out.

Promises that checking takes the same time whether or not there is a hash. Does not know whose password it is.
"""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

LEAST_LETTERS = 10
MOST_LETTERS = 200
"""A longer text is refused before it costs time."""
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each check takes 19 MiB; a rush of logins waits rather than taking the memory of the other roles."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters that look alike on paper


def hashed(password: str) -> str:
    """Given a password, return its hash. Raise WrongUsage if it is too short or too long."""
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        raise WrongUsage(
            Message(
                "a password has {least} to {most} letters; three unrelated words are a good one",
                least=LEAST_LETTERS,
                most=MOST_LETTERS,
            )
        )
    with _AT_ONCE:
        return _HASHER.hash(password)


@cache
def _of_nobody() -> str:
    """What is compared where no hash is kept, so that the answer takes as long."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def matches(password: str, kept: str | None) -> bool:
    """Given a password and the hash that is kept (None: there is none), return whether they belong together."""
    if len(password) > MOST_LETTERS:
        return False
    try:
        with _AT_ONCE:
            return _HASHER.verify(kept or _of_nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def one_time() -> str:
    """Return a new password for one login, as `k7mq-x2wd-9pha`."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
