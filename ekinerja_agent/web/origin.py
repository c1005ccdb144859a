"""Where a request came from: a proxy's word on that counts if the proxy is one of ours (`web.proxies`)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from ekinerja_agent.yamlfile.scalars import IpNetwork


def origin(request: Request, proxies: Iterable[IpNetwork]) -> IPv4Address | IPv6Address | None:
    """Given a request and our proxies, return the address that it came from; None if that is no address.

    Behind one of ours it is the last of all X-Forwarded-For lines: those before it are what the client says of itself,
    and some proxies write a line of their own behind the client's.
    """
    address = _address(request.client.host if request.client else "")
    if address is not None and any(address in proxy for proxy in proxies):
        told = ",".join(request.headers.getlist("x-forwarded-for"))
        return _address(told.rpartition(",")[2].strip())
    return address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
