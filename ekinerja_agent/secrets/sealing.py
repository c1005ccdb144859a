"""Keys, and boxes that anybody can close and only the holder of the private key can open.

A box is HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) from `cryptography`; nothing of it is invented here. What
stands beside a box in clear is bound to it: change one and the box does not open. Does not know what is in a box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ekinerja_agent.files import named
from ekinerja_agent.nouns.errors import NeedsAttention, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.secrets.pem import fingerprint, private_pem, public_pem

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class DoesNotOpen(NeedsAttention):
    """A box was made for another key, or it or what stands beside it was altered."""


class PublicKey:
    """The half of a key that closes boxes; it may be known to everybody."""

    def __init__(self, key: X25519PublicKey) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell keys apart."""
        return fingerprint(self._key)

    @property
    def pem(self) -> bytes:
        return public_pem(self._key)

    def seal(self, content: bytes, beside: bytes) -> bytes:
        """Given content and what will stand in clear beside the box, return the box."""
        return _SUITE.encrypt(content, self._key, info=beside)


class PrivateKey:
    """The half that opens them."""

    def __init__(self, key: X25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    @property
    def pem(self) -> bytes:
        return private_pem(self._key)

    def open(self, box: bytes, beside: bytes) -> bytes:
        """Given a box and what stands beside it, return its content. Raise DoesNotOpen if not every byte is right."""
        try:
            return _SUITE.decrypt(box, self._key, info=beside)
        except (InvalidTag, ValueError) as error:
            raise DoesNotOpen(Message("the box does not open")) from error


def new_key() -> PrivateKey:
    """Return a key that nobody else has."""
    return PrivateKey(X25519PrivateKey.generate())


def read_public_key(path: Path, content_of: Callable[[Path], bytes] = named.read) -> PublicKey:
    """Given a PEM file with a public key, return it. Raise WrongUsage if it is missing or something else."""
    try:
        key = load_pem_public_key(content_of(path))
    except (OSError, ValueError) as error:
        raise WrongUsage(
            Message(
                "{path}: no public key could be read ({reason}); `terminal key new` makes one",
                path=path,
                reason=_reason(error),
            )
        ) from error
    if not isinstance(key, X25519PublicKey):
        raise WrongUsage(Message("{path}: the key is of another kind; `terminal key new` makes a right one", path=path))
    return PublicKey(key)


def read_private_key(path: Path) -> PrivateKey:
    """Given a PEM file with a private key, return it. Raise WrongUsage if it is missing or something else."""
    try:
        key = load_pem_private_key(named.read(path), password=None)
    except (OSError, ValueError, TypeError) as error:  # TypeError: it is protected by a passphrase
        raise WrongUsage(
            Message(
                "{path}: no private key could be read ({reason}); name the file of `terminal key new --out FILE`",
                path=path,
                reason=_reason(error),
            )
        ) from error
    if not isinstance(key, X25519PrivateKey):
        raise WrongUsage(
            Message("{path}: the key is of another kind; name the file of `terminal key new --out FILE`", path=path)
        )
    return PrivateKey(key)


def write_new(path: Path, content: bytes) -> None:
    """Given a path that a person named and where nothing is yet, let the content stand there for its owner alone: whole
    and on disk, or not.

    Raise Refused if there is a file, WrongUsage if nothing can be written there.
    """
    with _told(path), named.writing(path, content, replace=False) as draft:
        draft.keep()


def write_own(path: Path, content: bytes) -> None:
    """As `write_new`, for a file of the program's own."""
    with _told(path):
        draft = named.own_draft(path, replace=False)
        try:
            named.fill(draft.handle, content)
            draft.keep()
        finally:
            draft.drop()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise Refused(Message("{path} exists already and is kept; choose another name", path=path)) from error
    except OSError as error:
        raise WrongUsage(Message("{path} cannot be written: {reason}", path=path, reason=_reason(error))) from error


def _reason(error: Exception) -> Message:
    if isinstance(error, OSError):
        return as_message(error.strerror or error)
    return Message("it is not a PEM file of a key")
