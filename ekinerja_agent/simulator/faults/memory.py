"""What is odd about a terminal's log: dates that are none, a full memory, counts that lie, rows of zeros.

Does not know how the log is read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import pack_time
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import Fault
from ekinerja_agent.simulator.rows import Record


def february_30() -> Fault:
    def write(device: Device) -> None:
        pin = next(iter(device.users), "1001")
        user = device.enrol(pin) if pin not in device.users else device.users[pin]
        year = device.clock().year
        device.write(Record(user.uid, pin, pack_time((year, 2, 30), (7, 28, 11))), position=len(device.log) // 2)

    return Fault(prepare=write)


def _fill(when_full: Literal["delete-oldest", "refuse"], oldest_deleted: int = 1) -> Fault:
    def prepare(device: Device) -> None:
        capacity = max(1, len(device.log))
        device.model = replace(device.model, capacity=capacity, when_full=when_full, oldest_deleted=oldest_deleted)

    return Fault(prepare=prepare)


def wrap(records: int) -> Fault:
    return _fill("delete-oldest", records)


def full_refuses() -> Fault:
    return _fill("refuse")


def late_counts(records: int) -> Fault:
    def prepare(device: Device) -> None:
        device.count_lag = records

    return Fault(prepare=prepare)


def blank_slot() -> Fault:
    return Fault(prepare=Device.leave_blank_slot)


KINDS = (
    Kind("feb30", Message("has a record of February 30 in the middle of its log"), february_30),
    Kind("wrap", Message("its log is full: a punch deletes the N oldest records at once"), wrap, Number(100, 1, 999)),
    Kind("full-refuses", Message("its log is full, and it refuses punches"), full_refuses),
    Kind(
        "late-counts",
        Message("FREE_SIZES counts N records fewer than there are"),
        late_counts,
        Number(3, -10_000, 10_000),
    ),
    Kind("blank-slot", Message("its log ends with a counted row of zeros, which the next punch fills"), blank_slot),
)
