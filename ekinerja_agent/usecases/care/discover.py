"""Who answers at addresses where terminals may stand.

Promises that only the addresses that were named are asked, each with one connection at most (and a few datagrams where
there is none), that a terminal of devices.yaml is left alone, for it serves one at a time, and that nothing is changed
or kept. Does not know what is done with what was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network

from ekinerja_agent.nouns.errors import EkinerjaError, TerminalUnavailable, TerminalUnreachable, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.client import open_terminal
from ekinerja_agent.terminals.link import Transport

MOST_ADDRESSES = 4_096
"""A network of 20 bits: all of a regency, asked within a few minutes."""
ASKED_AT_A_TIME = 64
CONNECT_S = 2.0
REPLY_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody who answered, or a terminal of devices.yaml (`id`). What it does not tell, or was not asked, is None.

    `clock` is what its clock shows, without a zone; `note` says why it tells no more.
    """

    address: str
    id: str | None = None
    transport: str | None = None
    serial: str | None = None
    model: str | None = None
    firmware: str | None = None
    records: int | None = None
    clock: datetime | None = None
    note: Message | None = None


def addresses_of(networks: Sequence[str]) -> list[str]:
    """Given addresses (10.20.3.15) and networks (10.20.3.0/24), return each address once, in order.

    Raise WrongUsage if one is written otherwise, or if there are more than MOST_ADDRESSES.
    """
    found: dict[str, None] = {}
    for written in networks:
        try:
            network = IPv4Network(written, strict=False)
        except ValueError as error:
            raise WrongUsage(
                Message(
                    "{written} is no address and no network; write 10.20.3.15 or 10.20.3.0/24", written=repr(written)
                )
            ) from error
        if len(found) + network.num_addresses > MOST_ADDRESSES:
            raise WrongUsage(
                Message(
                    "{written} makes more than {most} addresses; name smaller networks, one after the other",
                    written=written,
                    most=MOST_ADDRESSES,
                )
            )
        hosts: Iterator[IPv4Address] = iter(network) if network.num_addresses == 1 else network.hosts()
        found.update(dict.fromkeys(map(str, hosts)))
    return list(found)


def discover(addresses: Sequence[str], *, port: int, taken: Mapping[str, str]) -> Iterator[Answer]:
    """Given addresses, a port and the id of each terminal of devices.yaml by address, yield who is there, in order."""

    def ask(address: str) -> Answer | None:
        return Answer(address, id=taken[address]) if address in taken else _ask(address, port=port)

    with ThreadPoolExecutor(ASKED_AT_A_TIME) as askers:
        # Whoever wants no more of them, as by Ctrl-C, waits for nobody who was not asked yet.
        yield from (answer for answer in askers.map(ask, addresses) if answer is not None)


def _ask(address: str, *, port: int) -> Answer | None:
    try:
        return _introduced(address, port, "tcp")
    except TerminalUnreachable:
        pass
    except EkinerjaError as error:
        return Answer(address, transport="tcp", note=error.message)
    try:
        return _introduced(address, port, "udp")
    except TerminalUnavailable:
        return None
    except EkinerjaError as error:
        return Answer(address, transport="udp", note=error.message)


def _introduced(address: str, port: int, transport: Transport) -> Answer:
    with open_terminal(
        address,
        address,
        port,
        transport=transport,
        reply_timeout_s=REPLY_S,
        first_answer_s=CONNECT_S,
    ) as client:
        sizes = client.sizes()
        return Answer(
            address,
            transport=transport,
            serial=client.option("~SerialNumber"),
            model=client.option("~DeviceName"),
            firmware=client.firmware(),
            records=sizes.records if sizes else None,
            clock=client.clock(),
        )
