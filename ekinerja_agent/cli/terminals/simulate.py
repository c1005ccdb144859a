"""`simulate`: a terminal on this machine that speaks the real protocol, until it is interrupted.

Does not know the protocol or the configuration; that is in `simulator/`.
"""

from __future__ import annotations

import signal
import sys
import threading
from itertools import cycle
from types import FrameType
from typing import cast

import click

from ekinerja_agent.cli.shell.translate import tell, translated
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.simulator import LAYOUTS, Device, Endpoint, Fault, Layout, Model, named_fault, populate, serve
from ekinerja_agent.simulator.faults import KINDS, Transport
from ekinerja_agent.simulator.rows import EVENT_SIZES

_DEFAULT_CAPACITY = 100_000


def _named_faults(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[Fault, ...]:
    try:
        return tuple(named_fault(name) for name in names)
    except WrongUsage as error:
        raise click.BadParameter(translated(error.message)) from error


def _faults_help() -> Message:
    head = Message("Faults, with the value N that they have when none is given:")
    lines = (joined(" ", (f"  {kind.usage:<25}", kind.description)) for kind in KINDS.values())
    return joined("\n", ("\b", head, *lines))


@click.command("simulate", epilog=_faults_help())
@click.option("--port", type=click.IntRange(0, 65_535), default=4370, show_default=True, help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option("--records", type=click.IntRange(min=0), default=1_000, show_default=True, help="Punches in the log.")
@click.option("--users", type=click.IntRange(0, 65_000), default=40, show_default=True, help="PINs 1001, 1002, …")
@click.option("--fingers", type=click.IntRange(0, 10), default=0, show_default=True, help="Templates of each user.")
@click.option(
    "--layout",
    type=click.Choice([str(layout) for layout in LAYOUTS]),
    default="40",
    show_default=True,
    help="Bytes of one attendance record.",
)
@click.option("--comm-key", type=click.IntRange(0, 0xFFFFFFFF), help="Refuse clients without this key.")
@click.option("--serial", help="Serial number; by default one that follows from port and layout.")
@click.option(
    "--gap-ms",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Milliseconds from one packet to the next: real terminals are slow, and some clients need it.",
)
@click.option(
    "--event-bytes",
    type=click.Choice([str(size) for size in EVENT_SIZES]),
    help="Bytes of a live event; by default 12 or 32, by the layout.",
)
@click.option(
    "--punch-every",
    "punch_every_s",
    type=click.FloatRange(min=0.01),
    metavar="SECONDS",
    help="Let one user after the other punch; by default nobody does.",
)
@click.option(
    "--fault",
    "faults",
    metavar="NAME[=N]",
    multiple=True,
    callback=_named_faults,
    help="May be repeated; see below.",
)
def command(
    *,
    port: int,
    host: str,
    transport: str,
    records: int,
    users: int,
    fingers: int,
    layout: str,
    comm_key: int | None,
    serial: str | None,
    gap_ms: int,
    event_bytes: str | None,
    punch_every_s: float | None,
    faults: tuple[Fault, ...],
) -> None:
    """A simulated terminal on this machine that speaks the real protocol.

    It holds people and their punches of the last workdays, the same every time, and serves until Ctrl-C.
    """
    model = Model(
        layout=cast(Layout, int(layout)),
        comm_key=comm_key,
        capacity=max(_DEFAULT_CAPACITY, records),
        user_capacity=max(10_000, users),
        finger_capacity=max(10_000, users * fingers),
        packet_gap_s=gap_ms / 1_000,
        event_size=None if event_bytes is None else int(event_bytes),
    )
    device = Device(serial=serial or f"SIM{port:05d}{layout:0>2}", model=model)
    populate(device, users=users, records=records, fingers=fingers)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with serve(device, cast(Transport, transport), port, host=host, faults=faults) as endpoint:
        _announce(device, endpoint, faults)
        _punch_until(stop, device, punch_every_s)


def _punch_until(stop: threading.Event, device: Device, every_s: float | None) -> None:
    for pin in cycle(list(device.users) or ["1001"]):
        if stop.wait(every_s):
            return
        device.punch(pin)


def _announce(device: Device, endpoint: Endpoint, faults: tuple[Fault, ...]) -> None:
    address = f"{endpoint.host}:{endpoint.port}"
    click.echo(
        f"{address} {endpoint.transport} serial={device.serial} users={len(device.users)} "
        f"records={len(device.log)} layout={device.model.layout} "
        f"faults={','.join(fault.name for fault in faults) or 'none'}"
    )
    if sys.stdout.isatty():
        tell(
            Message(
                "In devices.yaml:  - {{id: simulated, office: UNIT, address: '{address}', transport: {transport}, "
                "timezone: Asia/Makassar}}   (Ctrl-C ends it)",
                address=address,
                transport=endpoint.transport,
            )
        )
    sys.stdout.flush()
