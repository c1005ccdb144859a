"""What leaves a port, as steps: the conversation's answer or event, then faults, then the pace of a slow device.

Counts what faults are scripted by: requests, events, packets and bytes. Does not know sockets.
"""

from __future__ import annotations

from collections import Counter

from ekinerja_agent.simulator.codec import Packet, encode_packet
from ekinerja_agent.simulator.conversation import Conversation
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.script import (
    TCP_PREFIX_BYTES,
    Do,
    Fault,
    Occasion,
    Send,
    SendRaw,
    Step,
    Transport,
    Wait,
)


class Answers:
    """The answers and events of one port, as its faults leave them."""

    def __init__(self, device: Device, transport: Transport, faults: tuple[Fault, ...]) -> None:
        self._device = device
        self._transport = transport
        self._faults = faults
        self._occurrences: Counter[int] = Counter()
        self._requests = 0
        self._events = 0
        self._packets = 0
        self._connection = 0
        self._bytes = 0

    def steps(self, conversation: Conversation, request: Packet) -> list[Step]:
        """Given a request and whose it is, return what to do about it, in order."""
        self._requests += 1
        self._occurrences[request.command] += 1
        occasion = self._occasion(conversation, request, self._occurrences[request.command], self._requests)
        for fault in self._faults:
            if fault.strike:
                fault.strike(occasion)
        if conversation.lost:
            return []
        steps: list[Step] = [Send(packet) for packet in conversation.answer(request)]
        if conversation.restarts:
            steps.append(Do(Device.reboot))
        return self._altered(occasion, steps)

    def event_steps(self, conversation: Conversation, event: Packet) -> list[Step]:
        """Given a live event and for whom it is, return how it leaves."""
        self._events += 1
        occasion = self._occasion(conversation, event, self._events, number=0, is_event=True)
        return self._altered(occasion, [Send(encode_packet(event))])

    def _occasion(
        self, conversation: Conversation, request: Packet, occurrence: int, number: int, *, is_event: bool = False
    ) -> Occasion:
        if conversation.connection != self._connection:
            self._connection, self._bytes = conversation.connection, 0
        return Occasion(
            request,
            occurrence,
            self._transport,
            self._device,
            number,
            self._connection,
            self._packets,
            self._bytes,
            is_event,
        )

    def _altered(self, occasion: Occasion, steps: list[Step]) -> list[Step]:
        for fault in self._faults:
            if fault.alter:
                steps = fault.alter(occasion, steps)
        self._packets += sum(isinstance(step, Send) for step in steps)
        self._bytes += sum(self._size(step) for step in steps)
        gap_s = self._device.model.packet_gap_s
        return [spaced for step in steps for spaced in (step, Wait(gap_s))] if gap_s else steps

    def _size(self, step: Step) -> int:
        if isinstance(step, SendRaw):
            return len(step.raw)
        if not isinstance(step, Send):
            return 0
        whole = len(step.packet) + (TCP_PREFIX_BYTES if self._transport == "tcp" else 0)
        return whole if step.cut_to is None else min(step.cut_to, whole)
