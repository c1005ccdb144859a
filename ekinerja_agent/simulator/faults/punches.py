"""Somebody punches at the worst moment: before a command is answered, or between the packets of an answer.

Does not know what the reader makes of it; `Device.history` says what was punched.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import (
    Do,
    Fault,
    Occasion,
    Step,
    at_packet,
    at_request,
    before,
    packet_places,
    table_places,
)


def _somebody(device: Device) -> None:
    device.punch(next(iter(device.users), "1001"))


def punch_before(command: int) -> Fault:
    return Fault(strike=before(command, _somebody))


def punch_within() -> Fault:
    """Punch after the first packet of every answer with a table, while the others are still to come."""

    def insert(occasion: Occasion, steps: list[Step]) -> list[Step]:
        if not table_places(occasion, steps):
            return steps
        place = packet_places(steps)[0] + 1
        return [*steps[:place], Do(_somebody), *steps[place:]]

    return Fault(alter=insert)


def punch_at_request(number: int) -> Fault:
    return Fault(strike=at_request(number, _somebody))


def punch_at_packet(number: int) -> Fault:
    return Fault(alter=at_packet(number, _somebody))


KINDS = (
    Kind(
        "punch-before",
        Message("somebody punches whenever command N arrives (1504 read, 1502 free, 15 clear, …)"),
        punch_before,
        Number(1504, 1, 65_535),
    ),
    Kind("punch-within", Message("somebody punches inside every answer that carries a table"), punch_within),
    Kind(
        "punch-at-request", Message("somebody punches before the N-th request"), punch_at_request, Number(5, 1, 1 << 31)
    ),
    Kind(
        "punch-at-packet",
        Message("somebody punches before the N-th packet leaves"),
        punch_at_packet,
        Number(5, 1, 1 << 31),
    ),
)
