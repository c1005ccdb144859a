"""How a pair of keys is written and told apart: PEM files, and a fingerprint of the public half.

Does not know what a key is for.
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_FINGERPRINT_DIGITS = 16


def fingerprint(key: Ed25519PublicKey | X25519PublicKey) -> str:
    """Given a public key, return 16 hexadecimal digits that tell it from others."""
    return sha256(key.public_bytes_raw()).hexdigest()[:_FINGERPRINT_DIGITS]


def public_pem(key: Ed25519PublicKey | X25519PublicKey) -> bytes:
    """Given a public key, return it as a PEM file holds it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    """Given a private key, return it as a PEM file holds it: in clear, so the file is its owner's alone."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
