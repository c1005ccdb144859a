"""The sockets of one terminal: a TCP port that serves one client after the other, or a UDP port.

Promises that a terminal serves one client at a time. Over TCP a second client connects (the system completes
the handshake) and is not answered until the first has left; then it is its turn. Over UDP the newest CONNECT
takes the terminal, and the former client is told 2005. Does not know commands or tables, and never blocks.
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter, deque
from typing import Protocol

from ekinerja_agent.simulator.codec import Command, Deframer, FramingError, Packet, decode_packet, frame
from ekinerja_agent.simulator.conversation import Conversation
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults import Close, Fault, Occasion, Send, Step, Transport, Wait

NEVER_S = float("inf")
_READ_BYTES = 65_536

Peer = tuple[str, int]


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


class Answers:
    """The answers of one terminal as steps: the conversation, then faults, then the pace of a slow device."""

    def __init__(self, device: Device, transport: Transport, faults: tuple[Fault, ...]) -> None:
        self._device = device
        self._transport = transport
        self._faults = faults
        self._occurrences: Counter[int] = Counter()

    def steps(self, conversation: Conversation, request: Packet) -> list[Step]:
        """Given a request and whose it is, return what to do about it, in order."""
        self._occurrences[request.command] += 1
        occasion = Occasion(request, self._occurrences[request.command], self._transport)
        steps: list[Step] = [Send(packet) for packet in conversation.answer(request)]
        for fault in self._faults:
            if fault.alter:
                steps = fault.alter(occasion, steps)
        gap_s = self._device.model.packet_gap_s
        if gap_s:
            return [spaced for step in steps for spaced in (step, Wait(gap_s))]
        return steps


class TcpPort:
    """A listening socket. While a client is served nobody is accepted: others wait in the system's queue."""

    def __init__(self, board: Board, device: Device, listener: socket.socket, answers: Answers) -> None:
        self._board = board
        self._device = device
        self._listener = listener
        self._answers = answers
        self._connections = 0
        self._client: _TcpClient | None = None
        board.watch(listener, selectors.EVENT_READ, self)

    def ready(self, sock: socket.socket, events: int) -> None:
        if sock is self._listener:
            self._accept()
        elif self._client is not None and events & selectors.EVENT_READ:
            self._client.receive()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            # The client that knocked has left already.
            return
        if not self._device.powered:
            sock.close()
            return
        self._connections += 1
        conversation = Conversation(self._device, "tcp", self._connections, lambda: self._board.wake(self))
        self._client = _TcpClient(sock, conversation, self._answers)
        self._board.unwatch(self._listener)
        self._board.watch(sock, selectors.EVENT_READ, self)

    def pump(self, now_s: float) -> float:
        if self._client is None:
            return NEVER_S
        again_s = NEVER_S if self._client.gone or not self._device.powered else self._client.pump(now_s)
        if self._client.gone or not self._device.powered:
            self._part()
        else:
            writing = selectors.EVENT_WRITE if self._client.unsent else 0
            self._board.watch(self._client.sock, selectors.EVENT_READ | writing, self)
        return again_s

    def _part(self) -> None:
        if self._client is None:
            return
        self._board.unwatch(self._client.sock)
        self._client.close()
        self._client = None
        self._board.watch(self._listener, selectors.EVENT_READ, self)

    def close(self) -> None:
        self._part()
        self._board.unwatch(self._listener)
        self._listener.close()


class _TcpClient:
    """The connection of the client that is being served."""

    def __init__(self, sock: socket.socket, conversation: Conversation, answers: Answers) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.gone = False
        self.unsent = memoryview(b"")
        self._conversation = conversation
        self._answers = answers
        self._deframer = Deframer()
        self._steps: deque[Step] = deque()
        self._resume_at_s = 0.0

    def receive(self) -> None:
        try:
            received = self.sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        self.gone = not received
        try:
            for raw in self._deframer.feed(received):
                request = decode_packet(raw)
                if request is not None:
                    self._steps += self._answers.steps(self._conversation, request)
                    if self._conversation.over:
                        self._steps.append(Close())
        except FramingError:
            self.gone = True

    def pump(self, now_s: float) -> float:
        while not self.gone:
            if self.unsent:
                self._send()
                if self.unsent:
                    return NEVER_S
            elif now_s < self._resume_at_s:
                return self._resume_at_s
            elif self._steps:
                self._take(self._steps.popleft(), now_s)
            elif event := self._conversation.next_event(now_s):
                self.unsent = memoryview(frame(event))
            else:
                return self._conversation.event_due_s(now_s)
        return NEVER_S

    def _take(self, step: Step, now_s: float) -> None:
        match step:
            case Send(packet, cut_to):
                self.unsent = memoryview(frame(packet))[:cut_to]
            case Wait(seconds):
                self._resume_at_s = now_s + seconds
            case Close():
                self.gone = True

    def _send(self) -> None:
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
            self.unsent = memoryview(b"")

    def close(self) -> None:
        self._conversation.leave()
        self.sock.close()


class UdpPort:
    """A datagram socket, and the client that connected last."""

    def __init__(self, board: Board, device: Device, sock: socket.socket, answers: Answers) -> None:
        self._board = board
        self._device = device
        self._socket = sock
        self._answers = answers
        self._connections = 0
        self._client: tuple[Peer, Conversation] | None = None
        self._steps: deque[tuple[Peer, Step]] = deque()
        self._resume_at_s = 0.0
        board.watch(sock, selectors.EVENT_READ, self)

    def ready(self, sock: socket.socket, events: int) -> None:  # noqa: ARG002 - only reading is watched
        while True:
            try:
                raw, peer = sock.recvfrom(_READ_BYTES)
            except BlockingIOError:
                return
            request = decode_packet(raw)
            if request is not None and self._device.powered:
                conversation = self._conversation_with(peer, request)
                self._steps += [(peer, step) for step in self._answers.steps(conversation, request)]

    def _conversation_with(self, peer: Peer, request: Packet) -> Conversation:
        if self._client is not None and self._client[0] == peer:
            return self._client[1]
        stranger = Conversation(self._device, "udp", self._connections + 1, lambda: self._board.wake(self))
        if request.command == Command.CONNECT:
            self._connections += 1
            self._forget_client()
            self._client = peer, stranger
        return stranger

    def _forget_client(self) -> None:
        if self._client is not None:
            self._client[1].leave()
            self._client = None

    def pump(self, now_s: float) -> float:
        while True:
            if now_s < self._resume_at_s:
                return self._resume_at_s
            if self._steps:
                self._take(*self._steps.popleft(), now_s)
                continue
            if self._client is None:
                return NEVER_S
            peer, conversation = self._client
            event = conversation.next_event(now_s)
            if event is None:
                return conversation.event_due_s(now_s)
            self._send(event, peer)

    def _take(self, peer: Peer, step: Step, now_s: float) -> None:
        match step:
            case Send(packet, cut_to):
                self._send(packet[:cut_to], peer)
            case Wait(seconds):
                self._resume_at_s = now_s + seconds
            case Close():
                if self._client is not None and self._client[0] == peer:
                    self._forget_client()

    def _send(self, packet: bytes, peer: Peer) -> None:
        try:
            self._socket.sendto(packet, peer)
        except OSError:
            # A full queue or no way back to the client: the datagram is lost, which is what UDP means.
            return

    def close(self) -> None:
        self._forget_client()
        self._board.unwatch(self._socket)
        self._socket.close()
