"""JSON to a web service by POST.

Promises not to follow a redirection: a token must not travel to a host that nobody named.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ekinerja_agent.notify.deadline import cut_after
from ekinerja_agent.notify.letter import tls
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

_TRY_AGAIN = frozenset({408, 425, 429})
_SERVERS_FAULT = 500


class _Lines(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Keeps the connection that a message travels on."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._context = context
        self._line: http.client.HTTPConnection | None = None

    def line(self) -> socket.socket | None:
        return None if self._line is None else self._line.sock

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._plain, req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._encrypted, req)

    def _plain(self, host: str, **given: Any) -> http.client.HTTPConnection:
        self._line = http.client.HTTPConnection(host, **given)
        return self._line

    def _encrypted(self, host: str, **given: Any) -> http.client.HTTPConnection:
        self._line = http.client.HTTPSConnection(host, context=self._context, **given)
        return self._line


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_request: Any) -> None:
        """Leave every redirection to the caller, as an error."""


def post(
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    what: Message | str,
    ca_file: Path | None,
    timeout_s: float,
) -> None:
    """Given an address and a body, deliver it. `what` names the service in errors, for the address may be secret."""
    request = urllib.request.Request(  # noqa: S310 - the configuration allows http and https only
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "ekinerja-agent"} | dict(headers),
        method="POST",
    )
    lines = _Lines(tls(ca_file))
    opener = urllib.request.build_opener(_NoRedirection, lines)
    try:
        with cut_after(timeout_s, lines.line), opener.open(request, timeout=timeout_s):
            pass  # the status tells whether the message was taken; nobody asked for more
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= _SERVERS_FAULT or error.code in _TRY_AGAIN:
            raise TemporarilyUnavailable(
                Message("{what} refused the message with HTTP {code}", what=what, code=error.code)
            ) from None
        raise NeedsAttention(
            Message(
                "{what} refused the message with HTTP {code}; see its address and secret_file in agent.yaml",
                what=what,
                code=error.code,
            )
        ) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise TemporarilyUnavailable(Message("{what} does not answer ({reason})", what=what, reason=reason)) from None
    except UnicodeError:  # its text would show the secret
        raise NeedsAttention(
            Message("{what}: its address or secret has letters that cannot be sent; see agent.yaml", what=what)
        ) from None
