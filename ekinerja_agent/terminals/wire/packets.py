"""Packets: four header words, a checksum and data; on TCP behind a length, on UDP one per datagram.

A packet that this module returns had the right length and checksum. Does not know which answer belongs to
which question, nor what the data means. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation
from ekinerja_agent.nouns.messages import Message

MAGIC = bytes.fromhex("5050827d")
ENCRYPTED_MAGIC = bytes.fromhex("5050837c")
"""What begins the frames of firmware whose communication encryption is on."""
LARGEST_PACKET_BYTES = 1 << 20
"""Far above the 65,544 bytes of the largest packet known; a greater length is noise, not a packet to wait
for.
"""

_HEADER = struct.Struct("<4H")
_FRAME = struct.Struct("<4sI")


class Command(IntEnum):
    """The commands we send and the replies we understand; CLEAR_DATA, CLEAR_ATTLOG and DISABLE are left out
    on purpose.
    """

    TEMPLATES_RRQ = 7
    USERTEMP_RRQ = 9
    OPTIONS_RRQ = 11
    ATTLOG_RRQ = 13
    GET_FREE_SIZES = 50
    GET_TIME = 201
    REG_EVENT = 500
    CONNECT = 1000
    EXIT = 1001
    VERSION = 1100
    AUTH = 1102
    PREPARE_DATA = 1500
    DATA = 1501
    FREE_DATA = 1502
    PREPARE_BUFFER = 1503
    READ_BUFFER = 1504
    ACK_OK = 2000
    ACK_ERROR = 2001
    ACK_UNAUTH = 2005
    LOCKED = 2032
    NO_MEMORY = 4989
    NO_DATA = 4991
    ENCRYPTED = 6001
    ACK_UNKNOWN = 0xFFFF


class Packet(NamedTuple):
    """One packet. `session` holds the running index in DATA packets of a bulk answer; `command` may be
    unknown to us.
    """

    command: int
    session: int
    reply_id: int
    data: bytes = b""


def checksum(packet: bytes) -> int:
    """Given a packet whose checksum field is 0, return the ones' complement of the ones' complement sum of
    its words.

    An odd tail counts as padded with 0. Words are base-65536 digits, and 65536 ≡ 1 (mod 65535), so the folded
    sum is the whole packet read as one number, modulo 65535; only a packet of zeros sums to 0 itself.
    """
    number = int.from_bytes(packet, "little")
    folded = number % 0xFFFF
    if not folded and number:
        folded = 0xFFFF
    return ~folded & 0xFFFF


def encode_packet(packet: Packet) -> bytes:
    """Given a packet, return its bytes with the right checksum: what a UDP datagram carries."""
    unsigned = _HEADER.pack(packet.command, 0, packet.session, packet.reply_id) + packet.data
    return _HEADER.pack(packet.command, checksum(unsigned), packet.session, packet.reply_id) + packet.data


def decode_packet(raw: bytes) -> Packet:
    """Given the bytes of one packet, return it. Raise ProtocolViolation if it is too short or its checksum is
    wrong.
    """
    if len(raw) < _HEADER.size:
        raise ProtocolViolation(
            Message("a packet of {length} bytes came; the header alone has {size}", length=len(raw), size=_HEADER.size)
        )
    command, said, session, reply_id = _HEADER.unpack_from(raw)
    found = checksum(raw[:2] + b"\0\0" + raw[4:])
    if (found - said) % 0xFFFF:  # 0 and 0xFFFF are both zero in this arithmetic, and senders differ
        raise ProtocolViolation(
            Message(
                "a packet {command} says checksum {said}, its bytes have {found}",
                command=command,
                said=f"{said:#06x}",
                found=f"{found:#06x}",
            )
        )
    return Packet(command, session, reply_id, bytes(raw[_HEADER.size :]))


def frame(packet: bytes) -> bytes:
    """Given the bytes of one packet, return them as TCP carries them: magic, u32 length, packet."""
    return _FRAME.pack(MAGIC, len(packet)) + packet


class FrameBuffer:
    """Turns a TCP stream, cut and coalesced at will, into packets. After it raised, close: it never looks for
    a new start.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, received: bytes) -> list[Packet]:
        """Given the next bytes of the stream, return the packets completed by them, in order; the rest is
        kept.

        Raise ProtocolViolation as soon as the bytes cannot be the beginning of a frame.
        """
        self._pending += received
        packets = []
        while length := self._frame_length():
            packets.append(decode_packet(bytes(self._pending[_FRAME.size : length])))
            del self._pending[:length]
        return packets

    def _frame_length(self) -> int:
        """The length of the first frame, header included; 0 while it is incomplete."""
        start = bytes(self._pending[: len(MAGIC)])
        if not MAGIC.startswith(start):
            raise ProtocolViolation(
                Message("a frame starts with {start}; {magic} is expected", start=start.hex(" "), magic=MAGIC.hex(" "))
            )
        if len(self._pending) < _FRAME.size:
            return 0
        _, packet_bytes = _FRAME.unpack_from(self._pending)
        if not _HEADER.size <= packet_bytes <= LARGEST_PACKET_BYTES:
            raise ProtocolViolation(
                Message(
                    "a frame announces {packet_bytes} bytes; {least} to {most} are possible",
                    packet_bytes=packet_bytes,
                    least=_HEADER.size,
                    most=LARGEST_PACKET_BYTES,
                )
            )
        length = _FRAME.size + int(packet_bytes)
        return length if len(self._pending) >= length else 0
