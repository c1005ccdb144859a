"""TLS in front of a PostgreSQL server that has none: what libpq asks for, with a certificate of the test's choice.

The wheel that tests run has no SSL; to a client this server and a real one with `ssl = on` say the same.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SSL_REQUEST = 80877103


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs certificates. `file` is its own, as PEM."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def authority(directory: Path, name: str) -> Authority:
    """Given a directory and a name, make an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(name, key, name, key, x509.BasicConstraints(ca=True, path_length=None))
    file = directory / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Authority(file, made, key)


def signed(directory: Path, by: Authority, host: str) -> Path:
    """Given an authority and a host name, return a file with a server's key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = by.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    made = _certificate(host, key, str(issuer), by.key, x509.SubjectAlternativeName([x509.DNSName(host)]))
    file = directory / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def tls_in_front(backend: str, certificate: Path | None) -> Iterator[int]:
    """Given the path of a server's socket, give the port on this machine that leads there through TLS.

    Without a certificate it refuses TLS, as a server with `ssl = off` does.
    """
    context = None if certificate is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if context is not None and certificate is not None:
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, backend), daemon=True).start()
        yield int(listener.getsockname()[1])


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _accept(listener: socket.socket, context: ssl.SSLContext | None, backend: str) -> None:
    with suppress(OSError):  # the listener is closed
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, context, backend), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext | None, backend: str) -> None:
    with suppress(OSError), client:
        while context is None or struct.unpack("!II", client.recv(8, socket.MSG_WAITALL)) != (8, _SSL_REQUEST):
            client.sendall(b"N")  # libpq goes away, or asks for something else
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as safe, socket.socket(socket.AF_UNIX) as server:
            server.connect(backend)
            threading.Thread(target=_pump, args=(server, safe), daemon=True).start()
            _pump(safe, server)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
