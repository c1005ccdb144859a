"""Who made something: Ed25519 (RFC 8032) from `cryptography`, a key that signs and its public half that proves.

The public half tells nobody how to sign, so it may be kept anywhere; it must only not be exchanged. Does not know what
is signed.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.secrets.pem import fingerprint, private_pem, public_pem

SIGNATURE_BYTES = 64


class Prover:
    """The half of a key that proves who signed; it may be known to everybody."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell keys apart."""
        return fingerprint(self._key)

    @property
    def pem(self) -> bytes:
        return public_pem(self._key)

    def proves(self, content: bytes, signature: bytes) -> bool:
        """Given content and a signature, tell whether the other half signed just that."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class Signer:
    """The half that signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def prover(self) -> Prover:
        return Prover(self._key.public_key())

    @property
    def pem(self) -> bytes:
        return private_pem(self._key)

    def sign(self, content: bytes) -> bytes:
        """Given content, return its signature of 64 bytes."""
        return self._key.sign(content)


def new_signer() -> Signer:
    """Return a key that nobody else has."""
    return Signer(Ed25519PrivateKey.generate())


def read_signer(path: Path) -> Signer:
    """Given a PEM file with a key that signs, return it. Raise WrongUsage if it is missing or something else."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _of_another_kind(path)
    return Signer(key)


def read_prover(path: Path) -> Prover:
    """Given a PEM file with the public half, return it. Raise WrongUsage if it is missing or something else."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _of_another_kind(path)
    return Prover(key)


def _unreadable(path: Path, error: Exception) -> WrongUsage:
    reason = as_message(error.strerror or error) if isinstance(error, OSError) else Message("it is no key in PEM form")
    return WrongUsage(
        Message(
            "{path}: no key of backups could be read ({reason}); `backup make` names the file to keep",
            path=path,
            reason=reason,
        )
    )


def _of_another_kind(path: Path) -> WrongUsage:
    return WrongUsage(Message("{path}: the key is of another kind; `backup make` names the file to keep", path=path))
