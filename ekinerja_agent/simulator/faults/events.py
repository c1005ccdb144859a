"""What goes wrong with live events: cut, joined, lost, or sent without waiting for an acknowledgement.

Does not know records or tables; the size of an event's body belongs to the model.
"""

from __future__ import annotations

from dataclasses import replace

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import Fault, Occasion, Pace, Send, Step, on_event


def _wait_for_nobody(device: Device) -> None:
    device.model = replace(device.model, event_patience_s=0.0)


def unawaited_events() -> Fault:
    return Fault(prepare=_wait_for_nobody)


def joined_events(together: int) -> Fault:
    """So many events leave as one segment; none leaves before there are so many."""

    def hold(occasion: Occasion, steps: list[Step]) -> list[Step]:
        if occasion.occurrence % together == 0:
            return steps
        return [replace(step, hold=True) if isinstance(step, Send) else step for step in steps]

    return Fault(prepare=_wait_for_nobody, alter=on_event(hold))


def cut_events(piece_bytes: int) -> Fault:
    return Fault(alter=on_event(lambda _, steps: [Pace(piece_bytes, 0.002), *steps, Pace(None)]))


def lost_events(every: int) -> Fault:
    def lose(occasion: Occasion, steps: list[Step]) -> list[Step]:
        return [] if occasion.occurrence % every == 0 else steps

    return Fault(alter=on_event(lose))


KINDS = (
    Kind(
        "unawaited-events",
        Message("live events do not wait for the acknowledgement of the one before"),
        unawaited_events,
    ),
    Kind(
        "join-events",
        Message("over TCP, N live events leave as one segment, not before"),
        joined_events,
        Number(3, 2, 256),
    ),
    Kind("cut-events", Message("over TCP, live events leave in pieces of N bytes"), cut_events, Number(5, 1, 1_024)),
    Kind("lose-events", Message("every N-th live event is never sent"), lost_events, Number(2, 1, 65_535)),
)
