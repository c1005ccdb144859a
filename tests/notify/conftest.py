"""The other sides of notifications as real servers on loopback: HTTP, and SMTP with STARTTLS and a login."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of localhost, made for these tests alone: openssl req -x509 -days 36500 …"""
KEY = CERTIFICATE.with_suffix(".key")


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Hook:
    """A web service that keeps what it is sent and answers with the next of `answers`, 200 when there is none."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)


@contextmanager
def web_service(*, tls: bool = False) -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.posted.append(Posted(self.path, dict(self.headers), body))
            status, headers = hook.answers.pop(0) if hook.answers else (200, {})
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the output of the tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = server_tls().wrap_socket(server.socket, server_side=True)
        hook.url = f"{'https' if tls else 'http'}://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with web_service() as hook:
        yield hook


@pytest.fixture
def tls_hook() -> Iterator[Hook]:
    with web_service(tls=True) as hook:
        yield hook


@dataclass
class Post:
    """A mail server that keeps what it takes, or refuses everything with `refusal`."""

    port: int = 0
    taken: list[tuple[Session, Envelope]] = field(default_factory=list)
    refusal: str | None = None

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: object, session: Session, envelope: Envelope
    ) -> str:
        if self.refusal is not None:
            return self.refusal
        self.taken.append((session, envelope))
        return "250 taken"


class OnAnyPort(Controller):
    """Looks for its server at the port that it really got."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(*, secure: bool) -> Iterator[Post]:
    post = Post()

    def login(_server: object, _session: object, _envelope: object, _how: str, told: LoginPassword) -> AuthResult:
        return AuthResult(success=told == LoginPassword(b"agent", b"s3cret"), handled=False)

    tls = {"tls_context": server_tls(), "require_starttls": True, "authenticator": login, "auth_required": True}
    controller = OnAnyPort(post, hostname="127.0.0.1", port=0, **(tls if secure else {}))
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server(secure=True) as post:
        yield post


@pytest.fixture
def plain_post() -> Iterator[Post]:
    with mail_server(secure=False) as post:
        yield post


@pytest.fixture
def certificate() -> Path:
    return CERTIFICATE
