"""A terminal in software that speaks the real protocol: for the demo, tests, and people without a terminal.

    device = Device(serial="SIM1")
    device.punch("1001")
    with serve(device, "tcp") as endpoint:
        ...  # any client may read endpoint.host, endpoint.port

Many terminals in one thread: `with Switchboard() as board: board.connect(device_1); board.connect(device_2)`.
Shares no code with the collector it is read by.
"""

from ekinerja_agent.simulator.device import Device, Received
from ekinerja_agent.simulator.faults import FAULTS, Fault, named_fault
from ekinerja_agent.simulator.model import Model
from ekinerja_agent.simulator.population import populate
from ekinerja_agent.simulator.rows import LAYOUTS, Finger, Layout, Record, User
from ekinerja_agent.simulator.server import Endpoint, Switchboard, serve

__all__ = [
    "FAULTS",
    "LAYOUTS",
    "Device",
    "Endpoint",
    "Fault",
    "Finger",
    "Layout",
    "Model",
    "Received",
    "Record",
    "Switchboard",
    "User",
    "named_fault",
    "populate",
    "serve",
]
