"""JSON to a web service by POST.

Promises not to follow a redirection: a token must not travel to a host that nobody named.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ekinerja_agent.notify.letter import tls
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message

_TRY_AGAIN = frozenset({408, 425, 429})
_SERVERS_FAULT = 500


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
    """Given an address and a body, deliver it. `what` names the service in errors; the address may be secret."""
    request = urllib.request.Request(  # noqa: S310 - the configuration allows http and https only
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "ekinerja-agent"} | dict(headers),
        method="POST",
    )
    opener = urllib.request.build_opener(_NoRedirection, urllib.request.HTTPSHandler(context=tls(ca_file)))
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            answer.read(1 << 16)
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
