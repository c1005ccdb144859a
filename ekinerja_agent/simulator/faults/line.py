"""What goes wrong on the way: silence, breaks, bytes that are spoiled, slow, joined or foreign.

Changes only how answers leave. Does not know the terminal that gave them.
"""

from __future__ import annotations

from dataclasses import replace

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import Command, Packet, Reply, encode_packet, with_wrong_checksum
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import (
    TCP_PREFIX_BYTES,
    Alter,
    Close,
    Fault,
    HalfClose,
    Occasion,
    Pace,
    Send,
    SendRaw,
    Step,
    is_data,
    on,
    packet_places,
    table_places,
)

_FOREIGN_REPLY_ID = 0x5A5A


def hang() -> Fault:
    return Fault(alter=lambda _, __: [])


def _end_half_way(end: Step) -> Alter:
    """Stop inside the middle DATA packet: the reader then holds a broken packet, not only a short table."""

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        places = table_places(occasion, steps)
        if not places:
            return steps
        place = places[len(places) // 2]
        step = steps[place]
        if isinstance(step, Send) and occasion.transport == "tcp":
            return [*steps[:place], replace(step, cut_to=len(step.packet) // 2), end]
        return steps[:place]

    return alter


def close_mid_transfer() -> Fault:
    return Fault(alter=_end_half_way(Close()))


def half_close() -> Fault:
    return Fault(alter=_end_half_way(HalfClose()))


def cut_connection(sent_bytes: int, *, reset: bool = False) -> Fault:
    """Close each TCP connection after so many bytes of ours, wherever that falls."""

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        left_bytes = sent_bytes - occasion.bytes_before
        if occasion.transport != "tcp":
            return steps
        for place, step in enumerate(steps):
            if isinstance(step, Send):
                size = TCP_PREFIX_BYTES + len(step.packet)
                if size >= left_bytes:
                    return [*steps[:place], replace(step, cut_to=max(0, left_bytes)), Close(reset=reset)]
                left_bytes -= size
        return steps

    return Fault(alter=alter)


def reset_connection(sent_bytes: int) -> Fault:
    return cut_connection(sent_bytes, reset=True)


def cut_packets(piece_bytes: int) -> Fault:
    return Fault(alter=on(Command.CONNECT, lambda _, steps: [Pace(piece_bytes, 0.001), *steps]))


def slow_drip(pause_ms: int) -> Fault:
    return Fault(alter=on(Command.CONNECT, lambda _, steps: [Pace(1, pause_ms / 1_000), *steps]))


def join_packets() -> Fault:
    def alter(_: Occasion, steps: list[Step]) -> list[Step]:
        places = packet_places(steps)
        return [
            replace(step, hold=True) if isinstance(step, Send) and place != places[-1] else step
            for place, step in enumerate(steps)
        ]

    return Fault(alter=alter)


def wrong_checksum() -> Fault:
    def alter(_: Occasion, steps: list[Step]) -> list[Step]:
        return [
            replace(step, packet=with_wrong_checksum(step.packet)) if isinstance(step, Send) and is_data(step) else step
            for step in steps
        ]

    return Fault(alter=alter)


def garbage(size_bytes: int) -> Fault:
    """Send bytes that are no packet in front of every answer with a table."""
    noise = SendRaw(bytes((0x9D * place + 0x2F) & 0xFF for place in range(size_bytes)))

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        return [noise, *steps] if table_places(occasion, steps) else steps

    return Fault(alter=alter)


def stray_acks() -> Fault:
    """Send an ACK that answers something else in front of every answer, as after a repeated request."""

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        if occasion.is_event or not packet_places(steps):
            return steps
        foreign = Packet(Reply.OK, occasion.request.session, occasion.request.reply_id ^ _FOREIGN_REPLY_ID)
        return [Send(encode_packet(foreign)), *steps]

    return Fault(alter=alter)


KINDS = (
    Kind("hang", Message("accepts a connection and never answers"), hang),
    Kind(
        "close-mid-transfer",
        Message("closes the connection in the middle of every table (over UDP: falls silent)"),
        close_mid_transfer,
    ),
    Kind(
        "half-close",
        Message("ends its side in the middle of every table and goes on listening (over UDP: falls silent)"),
        half_close,
    ),
    Kind(
        "cut-connection",
        Message("closes each TCP connection after its N-th byte"),
        cut_connection,
        Number(1_000, 0, 1 << 31),
    ),
    Kind(
        "reset-connection",
        Message("resets each TCP connection after its N-th byte"),
        reset_connection,
        Number(1_000, 0, 1 << 31),
    ),
    Kind("cut-packets", Message("over TCP, sends pieces of N bytes, 1 ms apart"), cut_packets, Number(5, 1, 1 << 20)),
    Kind("join-packets", Message("over TCP, sends all packets of an answer as one segment"), join_packets),
    Kind("slow-drip", Message("over TCP, sends one byte every N milliseconds"), slow_drip, Number(1_000, 1, 3_600_000)),
    Kind("wrong-checksum", Message("sends every DATA packet with a wrong checksum"), wrong_checksum),
    Kind("garbage", Message("sends N bytes that are no packet in front of every table"), garbage, Number(64, 1, 1_024)),
    Kind("stray-acks", Message("sends a foreign acknowledgement in front of every answer"), stray_acks),
)
