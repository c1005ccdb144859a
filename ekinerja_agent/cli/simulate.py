"""`simulate`: a terminal on this machine that speaks the real protocol, until it is interrupted.

Does not know the protocol or the configuration; that is in `simulator/`.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import cast

import click

from ekinerja_agent.simulator import FAULTS, LAYOUTS, Device, Endpoint, Layout, Model, populate, serve
from ekinerja_agent.simulator.faults import Transport

_DEFAULT_CAPACITY = 100_000


def _faults_help() -> str:
    lines = "\n".join(f"  {fault.name:<18}  {fault.description}" for fault in FAULTS.values())
    return f"\b\nFaults:\n{lines}"


@click.command("simulate", epilog=_faults_help())
@click.option("--port", type=click.IntRange(0, 65_535), default=4370, show_default=True, help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option("--records", type=click.IntRange(min=0), default=1_000, show_default=True, help="Punches in the log.")
@click.option("--users", type=click.IntRange(0, 65_000), default=40, show_default=True, help="PINs 1001, 1002, …")
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
@click.option("--fault", "faults", type=click.Choice(list(FAULTS)), multiple=True, help="May be repeated; see below.")
def command(
    *,
    port: int,
    host: str,
    transport: str,
    records: int,
    users: int,
    layout: str,
    comm_key: int | None,
    serial: str | None,
    gap_ms: int,
    faults: tuple[str, ...],
) -> None:
    """A simulated terminal on this machine that speaks the real protocol.

    It holds people and their punches of the last workdays, the same every time, and serves until Ctrl-C.
    """
    model = Model(
        layout=cast(Layout, int(layout)),
        comm_key=comm_key,
        capacity=max(_DEFAULT_CAPACITY, records),
        user_capacity=max(10_000, users),
        packet_gap_s=gap_ms / 1_000,
    )
    device = Device(serial=serial or f"SIM{port:05d}{layout:0>2}", model=model)
    populate(device, users=users, records=records)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    chosen = [FAULTS[name] for name in dict.fromkeys(faults)]
    with serve(device, cast(Transport, transport), port, host=host, faults=chosen) as endpoint:
        _announce(device, endpoint, faults)
        stop.wait()


def _announce(device: Device, endpoint: Endpoint, faults: tuple[str, ...]) -> None:
    address = f"{endpoint.host}:{endpoint.port}"
    click.echo(
        f"{address} {endpoint.transport} serial={device.serial} users={len(device.users)} "
        f"records={len(device.log)} layout={device.model.layout} faults={','.join(faults) or 'none'}"
    )
    if sys.stdout.isatty():
        click.echo(
            f"In devices.yaml:  - {{id: simulated, office: UNIT, address: '{address}', "
            f"transport: {endpoint.transport}, timezone: Asia/Makassar}}   (Ctrl-C ends it)"
        )
    sys.stdout.flush()
