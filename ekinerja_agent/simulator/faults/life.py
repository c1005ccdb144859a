"""What happens to a terminal while it hangs on its wall: its clock errs, its power fails, it is replaced.

Does not know packets, only the commands at which something happens.
"""

from __future__ import annotations

from dataclasses import replace

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import Fault, Occasion, after, before

_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S


def fast_clock(seconds: int) -> Fault:
    return Fault(prepare=lambda device: device.jump_clock(seconds))


def drifting_clock(seconds_per_day: int) -> Fault:
    return Fault(prepare=lambda device: device.drift(seconds_per_day))


def jumping_clock(seconds: int) -> Fault:
    """The clock jumps once it has been read for the first time: what was measured no longer holds."""
    return Fault(alter=after(Command.GET_TIME, lambda device: device.jump_clock(seconds), occurrences={1}))


def reboot(occurrence: int) -> Fault:
    return Fault(strike=before(Command.READ_BUFFER, Device.reboot, occurrences={occurrence}))


def power_cut(seconds: int) -> Fault:
    return Fault(strike=before(Command.READ_BUFFER, lambda device: device.power_off(seconds), occurrences={1}))


def power_cut_without_battery(seconds: int) -> Fault:
    def prepare(device: Device) -> None:
        device.model = replace(device.model, keeps_clock=False)

    return replace(power_cut(seconds), prepare=prepare)


def another_serial(connection: int) -> Fault:
    """From the n-th connection on another terminal stands at the address, with the log of this one."""

    def strike(occasion: Occasion) -> None:
        if occasion.request.command == Command.CONNECT and occasion.occurrence == connection:
            occasion.device.serial += "X"

    return Fault(strike=strike)


KINDS = (
    Kind("drift", Message("its clock is N seconds fast (negative: slow)"), fast_clock, Number(600, -_YEAR_S, _YEAR_S)),
    Kind("drift-rate", Message("its clock gains N seconds a day"), drifting_clock, Number(60, -_DAY_S, _DAY_S)),
    Kind(
        "clock-jump",
        Message("its clock jumps N seconds once it has been read"),
        jumping_clock,
        Number(-3_600, -_YEAR_S, _YEAR_S),
    ),
    Kind("reboot", Message("starts again at the N-th READ_BUFFER, and keeps its log"), reboot, Number(1, 1, 65_535)),
    Kind("power-cut", Message("loses power for N seconds at its first READ_BUFFER"), power_cut, Number(30, 0, _DAY_S)),
    Kind(
        "clock-lost",
        Message("loses power likewise, and its clock then starts at 2000-01-01"),
        power_cut_without_battery,
        Number(30, 0, _DAY_S),
    ),
    Kind(
        "another-serial",
        Message("from its N-th connection on it has another serial"),
        another_serial,
        Number(2, 1, 65_535),
    ),
)
