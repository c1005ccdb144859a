"""HTTP/1.1 as uvicorn speaks it, for clients that are slow or cannot count.

Promises that a connection on which a request does not begin in time is closed, that a request without `Host` is taken
(some firmware sends none), and that a page can see bytes that came behind the announced length of a body: a terminal
that announces too little would lose them. Does not know any page.

Uvicorn has a setting for none of these, and a page sees a request only after them. So this class, and nothing else
of ours, leans on how uvicorn's H11Protocol works inside: `conn`, `cycle`, `scope`, `transport`, `loop`, `handle_events`
and `send_400_response`. tests/push/test_http.py asks for each of the promises over a socket.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_WITHIN_S = 15.0
"""From a connection, or the first byte of its next request, to the end of the headers."""
EXCESS = "ekinerja.excess"
"""Extension of the scope: a function that tells whether bytes came behind the body."""

MOST_HEADER_BYTES = 16_384

_ENDS = re.compile(rb"\r?\n\r?\n")
_NAMES_HOST = re.compile(rb"\nhost[ \t]*:", re.IGNORECASE)
_REQUEST_LINE = re.compile(rb"(\s*[^\r\n]+ HTTP/1\.1)(\r?\n)")


class CarefulProtocol(H11Protocol):
    """One connection."""

    _waiting: asyncio.TimerHandle | None = None
    _head: bytes = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._answering() and self._waiting is None:
            self._await_request()
        if not self._answering() and self.conn.their_state is h11.IDLE:
            self._head += data
            ends = _ENDS.search(self._head)
            if (ends.end() if ends else len(self._head)) > MOST_HEADER_BYTES:
                super().send_400_response("The headers are too long.")
                return
            if ends is None:
                return
            data, self._head = _with_host(self._head), b""
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        if self._answering():
            self._request_came()
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            excess: Callable[[], bool] = self._excess
            scope.setdefault("extensions", {})[EXCESS] = excess

    def send_400_response(self, msg: str) -> None:
        """Bytes behind a body that is being answered are for the page to judge; it sees them by `EXCESS`."""
        if not self._answering():
            super().send_400_response(msg)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _excess(self) -> bool:
        return bool(self.conn.trailing_data[0])

    def _await_request(self) -> None:
        self._waiting = self.loop.call_later(REQUEST_WITHIN_S, self._give_up)

    def _request_came(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()


def _with_host(head: bytes) -> bytes:
    """Given what begins with the headers of a request, return it with a Host where HTTP/1.1 would ask for one."""
    ends = _ENDS.search(head)
    if ends is None or _NAMES_HOST.search(head, 0, ends.end()):
        return head
    return _REQUEST_LINE.sub(rb"\1\2Host: -\2", head, count=1)
