"""Runs the web application in a thread of the service, on a socket that was bound before.

Promises that an address that cannot be had is an error before anything else starts, and that `stop` lets answers end
that were begun. Does not know any page.
"""

from __future__ import annotations

import errno
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from ekinerja_agent.nouns.errors import ConfigurationError, Problem, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.web.http_protocol import CarefulProtocol
from ekinerja_agent.yamlfile.scalars import HostPort

ANSWERS_END_WITHIN_S = 5
_BACKLOG = 128
_PASSING = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.EMFILE, socket.EAI_AGAIN})


def bind(listen: HostPort, file: str) -> socket.socket:
    """Given where to listen, return a socket that does. `file` is agent.yaml, for the message.

    Raise TemporarilyUnavailable if the address is in use or not there yet, ConfigurationError if it never can be had.
    """
    try:
        found = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        message = Message(
            "nothing can listen on {address} ({reason}); choose another address or port",
            address=listen,
            reason=error.strerror,
        )
        if error.errno in _PASSING:
            raise TemporarilyUnavailable(
                Message("{file}: web.listen: {message}, or stop the program that has it", file=file, message=message)
            ) from error
        raise ConfigurationError([Problem(file, 0, 0, "web.listen", message)]) from error
    return listener


class WebServer:
    """Given a socket that listens and an application, serve until `stop`."""

    def __init__(self, listener: socket.socket, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http=CarefulProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=ANSWERS_END_WITHIN_S,
        )
        self._listener = listener
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let begun answers end, and give the address free."""
        self._server.should_exit = True
        self._thread.join(2 * ANSWERS_END_WITHIN_S)
        self._listener.close()
