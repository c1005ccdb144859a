"""Habits of firmware that harm a reader, by changing the model or refusing commands.

Does not know what anybody punched.
"""

from __future__ import annotations

from dataclasses import replace

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import Command, Packet, Reply, decode_packet, encode_packet
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import Fault, Occasion, Send, Step, on


def encrypted() -> Fault:
    def alter(occasion: Occasion, _: list[Step]) -> list[Step]:
        return [Send(encode_packet(Packet(Reply.ENCRYPTED, occasion.request.session, occasion.request.reply_id)))]

    return Fault(alter=alter)


def old_firmware() -> Fault:
    def refuse(occasion: Occasion, steps: list[Step]) -> list[Step]:
        original = next((decode_packet(step.packet) for step in steps if isinstance(step, Send)), None)
        session = occasion.request.session if original is None else original.session
        return [Send(encode_packet(Packet(Reply.UNKNOWN, session, occasion.request.reply_id)))]

    return Fault(alter=on(Command.PREPARE_BUFFER, refuse))


def round_offset(step_bytes: int) -> Fault:
    """The start that 1504 asks for is rounded down to a multiple; 0: every read starts at the beginning."""

    def prepare(device: Device) -> None:
        device.model = replace(device.model, offset_step_bytes=step_bytes)

    return Fault(prepare=prepare)


def ignore_offset() -> Fault:
    return round_offset(0)


def no_snapshot() -> Fault:
    def prepare(device: Device) -> None:
        device.model = replace(device.model, holds_snapshot=False)

    return Fault(prepare=prepare)


def stays_disabled() -> Fault:
    def prepare(device: Device) -> None:
        device.model = replace(device.model, enables_itself=False)

    return Fault(prepare=prepare)


def punches_while_disabled() -> Fault:
    def prepare(device: Device) -> None:
        device.model = replace(device.model, punches_while_disabled=True)

    return Fault(prepare=prepare)


KINDS = (
    Kind("encrypted", Message("answers every command with 6001, as encrypted firmware does"), encrypted),
    Kind("old-firmware", Message("does not know 1503; its tables are read the old way"), old_firmware),
    Kind("ignore-offset", Message("1504 always reads from the beginning of the buffer"), ignore_offset),
    Kind(
        "round-offset",
        Message("1504 rounds its start down to a multiple of N bytes"),
        round_offset,
        Number(4, 1, 1 << 20),
    ),
    Kind("no-snapshot", Message("1504 reads the log as it is then, not as it was when 1503 prepared it"), no_snapshot),
    Kind("stays-disabled", Message("a lock does not end after its seconds"), stays_disabled),
    Kind("punches-while-disabled", Message("records punches while it is locked"), punches_while_disabled),
)
