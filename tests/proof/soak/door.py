"""Where simulated terminals push to: the real pages behind a real server, at whatever time it is said to be.

The door stays open while services behind it come and go. Does not know what is pushed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import as_message
from ekinerja_agent.usecases.collecting.push import Receiver
from ekinerja_agent.web import iclock
from ekinerja_agent.web.server import WebServer
from tests.proof.soak.misfortunes import Crash

NO_LIMIT = 1e9
"""Hours pass in a second here, so a terminal may ask as often as it likes."""


class Door:
    """A context: a server on loopback. Set `receiver` (None: no service runs) and `now`."""

    receiver: Receiver | None = None
    now: Callable[[], datetime] = staticmethod(utc_now)

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self._limits = iclock.MOST_A_SECOND, iclock.MOST_AT_ONCE
        iclock.MOST_A_SECOND = iclock.MOST_AT_ONCE = NO_LIMIT
        routes = iclock.routes(self._current, self._clock)
        self._server = WebServer(listener, Starlette(routes=routes, exception_handlers={Crash: _hang_up}))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        iclock.MOST_A_SECOND, iclock.MOST_AT_ONCE = self._limits

    def _clock(self) -> datetime:
        return self.now()

    def _current(self) -> Receiver:
        if self.receiver is None:
            raise TemporarilyUnavailable(as_message("nobody is here"))
        return self.receiver


def _hang_up(_request: Request, _crash: Exception) -> PlainTextResponse:
    """Who died says nothing; what comes instead must not look like an acknowledgement."""
    return PlainTextResponse("", 500, {"connection": "close"})
