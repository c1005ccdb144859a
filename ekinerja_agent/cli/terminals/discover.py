"""`terminal discover`: who answers at addresses where terminals may stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.config.settings import TERMINAL_PORT
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import discover

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

FOUND = "address id transport serial model firmware records clock note".split()


@click.command("discover")
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option("--port", type=click.IntRange(1, 65_535), default=TERMINAL_PORT, show_default=True)
@format_option
@click.pass_obj
def command(context: Context, networks: Sequence[str], port: int, fmt: str | None) -> None:
    """Who answers at these addresses (10.20.3.15) and networks (10.20.3.0/24).

    Each address is asked once, two seconds; terminals of devices.yaml are named and left alone. Changes nothing.
    """
    addresses = discover.addresses_of(networks)
    taken = {each.address.host: each.id for each in context.config().terminals if each.address is not None}
    found = list(discover.discover(addresses, port=port, taken=taken))
    emit(map(asdict, found), FOUND, fmt)
    context.say(Message("{asked} addresses asked, {found} answered", asked=len(addresses), found=len(found)))


COMMANDS = (command,)
