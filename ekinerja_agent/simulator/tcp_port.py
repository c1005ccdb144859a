"""A TCP port: promises one client at a time.

A second client connects (the system completes the handshake) and is not answered until the first has left; then
it is its turn. Does not know commands or tables, and never blocks.
"""

from __future__ import annotations

import selectors
import socket
import struct
from collections import deque

from ekinerja_agent.simulator.answers import Answers
from ekinerja_agent.simulator.codec import Deframer, FramingError, decode_packet, frame
from ekinerja_agent.simulator.conversation import Conversation
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.script import Close, Do, HalfClose, Pace, Send, SendRaw, Step, Wait
from ekinerja_agent.simulator.ports import NEVER_S, READ_BYTES, Board

_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing resets the connection."""


class TcpPort:
    """A listening socket. While a client is served nobody is accepted: others wait in the system's queue."""

    def __init__(self, board: Board, device: Device, listener: socket.socket, answers: Answers) -> None:
        self._board = board
        self._device = device
        self._listener = listener
        self._answers = answers
        self._connections = 0
        self._client: _TcpClient | None = None
        self._stop_listening = device.listen_to_starts(lambda: board.wake(self))
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
        self._client = _TcpClient(sock, self._device, conversation, self._answers)
        self._board.unwatch(self._listener)
        self._board.watch(sock, selectors.EVENT_READ, self)

    def pump(self, now_s: float) -> float:
        client = self._client
        if client is None:
            return NEVER_S
        again_s = client.pump(now_s)
        if client.gone:
            self._part()
        else:
            writing = selectors.EVENT_WRITE if client.is_stuck else 0
            self._board.watch(client.sock, selectors.EVENT_READ | writing, self)
        return again_s

    def _part(self) -> None:
        if self._client is not None:
            self._let_go()
            self._board.watch(self._listener, selectors.EVENT_READ, self)

    def _let_go(self) -> None:
        if self._client is not None:
            self._board.unwatch(self._client.sock)
            self._client.close()
            self._client = None

    def close(self) -> None:
        self._stop_listening()
        self._let_go()
        self._board.unwatch(self._listener)
        self._listener.close()


class _TcpClient:
    """The connection of the client that is being served."""

    def __init__(self, sock: socket.socket, device: Device, conversation: Conversation, answers: Answers) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.is_stuck = False
        self._device = device
        self._conversation = conversation
        self._answers = answers
        self._deframer = Deframer()
        self._steps: deque[Step] = deque()
        self._held = b""
        self._unsent = memoryview(b"")
        self._pace = Pace(None)
        self._resume_at_s = 0.0
        self._left = False
        self._mute = False

    @property
    def gone(self) -> bool:
        """Whether the connection ended, on either side."""
        return self._left or self._conversation.lost

    def receive(self) -> None:
        try:
            received = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        self._left = not received
        try:
            for raw in self._deframer.feed(received):
                request = decode_packet(raw)
                if request is not None and not self.gone:
                    self._steps += self._answers.steps(self._conversation, request)
                    if self._conversation.over:
                        self._steps.append(Close())
        except FramingError:
            self._left = True

    def pump(self, now_s: float) -> float:
        self.is_stuck = False
        while not (self.gone or self.is_stuck):
            if now_s < self._resume_at_s:
                return self._resume_at_s
            if self._unsent:
                self._send(now_s)
            elif self._steps:
                self._take(self._steps.popleft(), now_s)
            elif event := self._conversation.next_event(now_s):
                self._steps += self._answers.event_steps(self._conversation, event)
            else:
                return self._conversation.event_due_s(now_s)
        return NEVER_S

    def _take(self, step: Step, now_s: float) -> None:
        match step:
            case Send(packet, cut_to, hold):
                self._held += frame(packet)[:cut_to]
                if not hold:
                    self._release()
            case SendRaw(raw):
                self._held += raw
                self._release()
            case Wait(seconds):
                self._resume_at_s = now_s + seconds
            case Do(act):
                act(self._device)
            case Pace():
                self._pace = step
            case HalfClose():
                self._mute = True
                self._shut()
            case Close(reset):
                if reset:
                    self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                self._left = True

    def _release(self) -> None:
        self._unsent = memoryview(b"" if self._mute else self._held)
        self._held = b""

    def _shut(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            # The client is gone already.
            self._left = True

    def _send(self, now_s: float) -> None:
        try:
            self._unsent = self._unsent[self.sock.send(self._unsent[: self._pace.piece_bytes]) :]
        except BlockingIOError:
            self.is_stuck = True
            return
        except OSError:
            self._left = True
            return
        self._resume_at_s = now_s + self._pace.pause_s

    def close(self) -> None:
        self._left = True
        self._conversation.leave()
        self.sock.close()
