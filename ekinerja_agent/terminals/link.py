"""Packets over a real socket, TCP or UDP.

A packet that `receive` returns was whole and had the right checksum, and came before its deadline: no byte
every now and then can hold a reader. Does not know what packets mean, nor who asked. Every error names the
terminal.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from ekinerja_agent.nouns.errors import (
    ProtocolViolation,
    TerminalRefused,
    TerminalUnavailable,
    TerminalUnreachable,
    WrongUsage,
)
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.wire import FrameBuffer, Packet, decode_packet, encode_packet, frame
from ekinerja_agent.terminals.wire.packets import ENCRYPTED_MAGIC

Transport = Literal["tcp", "udp"]

_RECEIVE_BYTES = 1 << 16
_DATAGRAM_QUEUE_BYTES = 1 << 20
_PANEL_START = 0xAA
_FLUSH_S = 0.5


def spoken(transport: str) -> Transport:
    """Given the transport of a terminal, return it if this protocol is spoken over it. Raise WrongUsage if not."""
    match transport:
        case "tcp" | "udp":
            return transport
    raise WrongUsage(
        Message("this is done with terminals of transport tcp and udp alone, not with {transport}", transport=transport)
    )


class Link:
    """One connection to one terminal; `connect_s` is for connecting, `send_s` for each send.

    `received_bytes` counts what came over it, headers included. `clock` (monotonic seconds) tells when a deadline is
    over.
    """

    def __init__(
        self,
        terminal: str,
        host: str,
        port: int,
        transport: Transport,
        *,
        connect_s: float,
        send_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.terminal = terminal
        self.transport = transport
        self.received_bytes = 0
        self._send_timeout_s = send_s
        self._place = f"{terminal} ({host}:{port}/{transport})"
        self._frames = FrameBuffer()
        self._packets: list[Packet] = []
        try:
            self._socket = _connect(host, port, transport, connect_s)
        except OSError as error:
            raise TerminalUnreachable(
                Message(
                    "{terminal} cannot be reached: {reason}; check its power, cable and address",
                    terminal=self._place,
                    reason=_reason(error),
                )
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, packet: Packet) -> None:
        """Send one packet. Raise TerminalUnavailable if the connection is gone."""
        raw = encode_packet(packet)
        try:
            self._socket.settimeout(self._send_timeout_s)
            self._socket.sendall(frame(raw) if self.transport == "tcp" else raw)
        except OSError as error:
            raise TerminalUnavailable(
                Message("{terminal} is gone: {reason}", terminal=self._place, reason=_reason(error))
            ) from error

    def receive(self, deadline: float, silence_s: float) -> Packet:
        """Given a deadline (monotonic seconds) and the longest silence, return the next packet.

        Raise TerminalUnavailable if it did not come in time or the terminal closed, ProtocolViolation on any
        doubt about the bytes, TerminalRefused if they are another device's language.
        """
        while not self._packets:
            self._fill(deadline, silence_s)
        return self._packets.pop(0)

    def receive_unasked(self, wait_s: float) -> Packet | None:
        """Given how long to wait, return the next packet, None if none was complete by then. Raise as `receive`."""
        until = self.clock() + wait_s
        poll = select.poll()  # not select(): that one knows no socket beyond the 1,024th
        poll.register(self._socket, select.POLLIN)
        while not self._packets:
            left_s = until - self.clock()
            if left_s <= 0 or not poll.poll(left_s * 1000):
                return None
            self._fill(math.inf, wait_s)  # something is there: a host that paused meanwhile makes no line broken
        return self._packets.pop(0)

    def flush(self) -> None:
        """Give the terminal a moment to read what was sent last, before a close after an error.

        Bytes that nobody read would make the system reset the connection, and a reset can overtake a
        farewell.
        """
        if self.transport != "tcp":
            return
        until = self.clock() + _FLUSH_S
        with suppress(OSError):  # a connection that is already gone has nothing left to wait for
            self._socket.shutdown(socket.SHUT_WR)
            while (left := until - self.clock()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(_RECEIVE_BYTES):
                    return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _fill(self, deadline: float, silence_s: float) -> None:
        try:
            self._packets = self._decode(self._read(deadline, silence_s))
        except ProtocolViolation as error:
            raise ProtocolViolation(
                Message("{terminal} sent bytes that break the protocol: {error}", terminal=self._place, error=error)
            ) from error

    def _read(self, deadline: float, silence_s: float) -> bytes:
        left_s = deadline - self.clock()
        late = Message(
            "{terminal} did not complete its answer in time (it may be silent for {seconds} s)",
            terminal=self._place,
            seconds=f"{silence_s:g}",
        )
        if left_s <= 0:
            raise TerminalUnavailable(late)
        try:
            self._socket.settimeout(min(left_s, silence_s))
            received = self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError as error:
            raise TerminalUnavailable(late) from error
        except OSError as error:
            raise TerminalUnavailable(
                Message("{terminal} broke off: {reason}", terminal=self._place, reason=_reason(error))
            ) from error
        if not received and self.transport == "tcp":
            raise TerminalUnavailable(
                Message("{terminal} closed the connection before its answer was complete", terminal=self._place)
            )
        if not self.received_bytes and received[:1] == bytes([_PANEL_START]):
            raise TerminalRefused(
                Message(
                    "{terminal} speaks the language of an access panel (AA … 55), not of an attendance terminal; "
                    "correct the address in devices.yaml",
                    terminal=self._place,
                )
            )
        if not self.received_bytes and received.startswith(ENCRYPTED_MAGIC):
            raise encrypted(self._place)
        self.received_bytes += len(received)
        return received

    def _decode(self, received: bytes) -> list[Packet]:
        return self._frames.feed(received) if self.transport == "tcp" else [decode_packet(received)]


def encrypted(terminal: str) -> TerminalRefused:
    """Return the error that says that a terminal talks to no open client."""
    return TerminalRefused(
        Message(
            "{terminal} has encrypted firmware and talks to no open client: encrypted, use push "
            "(devices.yaml: transport: none, push: true)",
            terminal=terminal,
        )
    )


def _connect(host: str, port: int, transport: Transport, timeout_s: float) -> socket.socket:
    if transport == "tcp":
        connected = socket.create_connection((host, port), timeout=timeout_s)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    datagrams = socket.socket(family, kind, protocol)
    try:
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DATAGRAM_QUEUE_BYTES)
        datagrams.connect(address)  # from here on the system drops what others send to this port
    except OSError:
        datagrams.close()
        raise
    return datagrams


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
