"""Terminals with a log that a test knows, and what somebody who reads it must get."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Model

START = datetime(2026, 9, 1, 7, 0)  # a terminal's clock has no zone
SIZES = (8, 16, 40, 49)


def punched(records: int = 2_000, **model: Any) -> Device:
    """A terminal at which somebody punches every seven seconds, and whose own clock goes on from the last of them."""
    device = Device(model=Model(**model))
    punch_on(device, records)
    return device


def punch_on(device: Device, records: int) -> None:
    count = len(device.history)
    for number in range(count, count + records):
        clock = START + timedelta(seconds=7 * number)
        apart = clock.astimezone(device.zone) - utc_now()
        device.now = lambda apart=apart: utc_now() + apart
        device.punch(str(1001 + number % 50), clock)


def truth(device: Device) -> list[tuple[str, datetime]]:
    slots = device.model.layout == 8
    return sorted((f"uid:{record.uid}" if slots else record.pin, record.clock) for record in device.history)
