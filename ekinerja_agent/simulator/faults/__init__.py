"""What goes wrong at real terminals, by name (`FAULTS`, `named_fault`) and by script (`script`).

Each family is a file: `line` and `datagrams` the way, `memory` the log, `punches` the worst moment, `firmware` habits,
`life` clock and power, `events` what is said live. Does not know sockets; the ports take the steps.
"""

from ekinerja_agent.simulator.faults import datagrams, events, firmware, life, line, memory, punches
from ekinerja_agent.simulator.faults.catalog import Kind, find_fault
from ekinerja_agent.simulator.faults.script import (
    Act,
    Alter,
    Close,
    Do,
    Fault,
    HalfClose,
    Occasion,
    Pace,
    Send,
    SendRaw,
    Step,
    Strike,
    Transport,
    Wait,
    after,
    at_packet,
    at_request,
    before,
    on,
    on_event,
    within,
)

KINDS: dict[str, Kind] = {
    kind.name: kind for family in (line, datagrams, memory, punches, firmware, life, events) for kind in family.KINDS
}
"""Every fault that can be asked for by name."""

FAULTS: dict[str, Fault] = {name: kind.fault() for name, kind in KINDS.items()}
"""The same, each with its default value."""


def named_fault(asked: str) -> Fault:
    """Given NAME or NAME=VALUE, return that fault. Raise WrongUsage if there is none, or not with that value."""
    return find_fault(KINDS, asked)


__all__ = [
    "FAULTS",
    "KINDS",
    "Act",
    "Alter",
    "Close",
    "Do",
    "Fault",
    "HalfClose",
    "Kind",
    "Occasion",
    "Pace",
    "Send",
    "SendRaw",
    "Step",
    "Strike",
    "Transport",
    "Wait",
    "after",
    "at_packet",
    "at_request",
    "before",
    "named_fault",
    "on",
    "on_event",
    "within",
]
