"""What a port and the thread that drives it promise each other.

Does not know whether a port carries a stream (`tcp_port`) or datagrams (`udp_port`).
"""

from __future__ import annotations

import socket
from typing import Protocol

NEVER_S = float("inf")
READ_BYTES = 65_536


class Port(Protocol):
    """What the switchboard's thread drives."""

    def ready(self, sock: socket.socket, events: int) -> None:
        """Take what arrived at one of the port's sockets."""

    def pump(self, now_s: float) -> float:
        """Send what may leave now; return when (monotonic seconds) to come again, NEVER_S if never."""

    def close(self) -> None:
        """Let go of every socket."""


class Board(Protocol):
    """What a port needs of the thread that drives it. `wake` may be called in any thread."""

    def watch(self, sock: socket.socket, events: int, port: Port) -> None: ...
    def unwatch(self, sock: socket.socket) -> None: ...
    def wake(self, port: Port) -> None: ...
