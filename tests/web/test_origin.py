"""Where a request came from, past proxies of ours and nobody else's."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from ekinerja_agent.web.origin import origin

PROXIES = (ip_network("127.0.0.1/32"),)


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("10.1.1.1", None, "10.1.1.1"),
        ("10.1.1.1", "192.0.2.9", "10.1.1.1"),  # not ours: its word is not heard
        ("127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "1.1.1.1, 192.0.2.9", "192.0.2.9"),  # what stands before is the client's own word
        ("::ffff:127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", None, None),
        ("127.0.0.1", "unknown", None),
        ("testclient", None, None),
    ],
)
def test_origin(peer: str, told: str | None, address: str | None) -> None:
    headers = [] if told is None else [(b"x-forwarded-for", told.encode())]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    found = origin(request, PROXIES)
    assert (None if found is None else str(found)) == address
