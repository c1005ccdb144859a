"""A UDP port: promises that the newest CONNECT takes the terminal, and the former client is told 2005.

Does not know commands or tables, and never blocks.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque

from ekinerja_agent.simulator.answers import Answers
from ekinerja_agent.simulator.codec import Command, Packet, decode_packet
from ekinerja_agent.simulator.conversation import Conversation
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.script import Close, Do, HalfClose, Pace, Send, SendRaw, Step, Wait
from ekinerja_agent.simulator.ports import NEVER_S, READ_BYTES, Board

_CLOSED = -1
"""The file number of a socket that was closed, as a script may do while a request is being taken."""

Peer = tuple[str, int]


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
        self._stop_listening = device.listen_to_starts(lambda: board.wake(self))
        board.watch(sock, selectors.EVENT_READ, self)

    def ready(self, sock: socket.socket, events: int) -> None:  # noqa: ARG002 - only reading is watched
        while sock.fileno() != _CLOSED:
            try:
                raw, peer = sock.recvfrom(READ_BYTES)
            except BlockingIOError:
                return
            request = decode_packet(raw)
            if request is not None and self._device.powered:
                self._notice_start()
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

    def _notice_start(self) -> None:
        if self._client is not None and self._client[1].lost:
            self._forget_client()
            self._steps.clear()

    def _forget_client(self) -> None:
        if self._client is not None:
            self._client[1].leave()
            self._client = None

    def pump(self, now_s: float) -> float:
        while True:
            self._notice_start()
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
            self._steps += [(peer, step) for step in self._answers.event_steps(conversation, event)]

    def _take(self, peer: Peer, step: Step, now_s: float) -> None:
        match step:
            case Send(packet, cut_to):
                self._send(packet[:cut_to], peer)
            case SendRaw(raw):
                self._send(raw, peer)
            case Wait(seconds):
                self._resume_at_s = now_s + seconds
            case Do(act):
                act(self._device)
            case Pace() | HalfClose():
                # A datagram leaves whole, and there is no connection to close by half.
                return
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
        self._stop_listening()
        self._forget_client()
        self._board.unwatch(self._socket)
        self._socket.close()
