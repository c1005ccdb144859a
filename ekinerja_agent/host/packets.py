"""Packets of JSON between two processes of this host, with the open files that go along.

Promises that a packet comes whole or not at all, that no more is read than one may hold, and that of a packet that is
none of ours nothing stays open. Whoever sends them is not believed: what a packet says is for the reader to judge. Does
not know what they are about.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

LARGEST_BYTES: Final = 128 * 1024
"""A command with all its arguments; also less than what a socket takes at once."""
MOST_FILES: Final = 3


class BrokenPacketError(Exception):
    """What came is no packet of ours."""


class TooLargeError(Exception):
    """It does not go into one packet."""


class Packet(NamedTuple):
    """What came, and the files that came along, which the reader closes."""

    said: dict[str, Any]
    files: list[int]


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a line for packets between this process and another that it makes."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(line: socket.socket, said: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Given what to say and open files, send one packet. Raise TooLargeError, or OSError if nobody is there."""
    content = json.dumps(said).encode()
    if len(content) > LARGEST_BYTES:
        raise TooLargeError
    socket.send_fds(line, [content], list(files), socket.MSG_NOSIGNAL)


def receive(line: socket.socket) -> Packet | None:
    """Wait for the next packet and return it; None if the other end is gone. Raise BrokenPacketError, OSError."""
    try:
        content, files, flags, _ = socket.recv_fds(line, LARGEST_BYTES, MOST_FILES, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    if not content and not files:
        return None
    said = None if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) else _read(content)
    if not isinstance(said, dict):
        close(files)
        raise BrokenPacketError
    return Packet(said, files)


def _read(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def close(files: Sequence[int]) -> None:
    """Given open files, close them."""
    for each in files:
        os.close(each)
