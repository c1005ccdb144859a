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
        ("127.0.0.1", ("1.1.1.1", "192.0.2.9"), "192.0.2.9"),  # a proxy that adds a line of its own
        ("127.0.0.1", ("1.1.1.1, 1.1.1.2", "1.1.1.3, 192.0.2.9"), "192.0.2.9"),
        ("127.0.0.1", ("192.0.2.9", ""), None),
        ("127.0.0.1", None, None),
        ("127.0.0.1", "unknown", None),
        ("testclient", None, None),
    ],
)
def test_origin(peer: str, told: str | tuple[str, ...] | None, address: str | None) -> None:
    lines = () if told is None else (told,) if isinstance(told, str) else told
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    found = origin(request, PROXIES)
    assert (None if found is None else str(found)) == address
