"""What travels from the spool to central, and how it was settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Contradiction, Punch, Quarantined
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact, TerminalStatus

Note = Coverage | Quarantined | SlotOwner | ClockReading | TerminalFact | TerminalStatus
"""What travels behind the punches it vouches for."""


@dataclass(frozen=True)
class Delivery:
    """One batch for central, oldest first: punches, then the notes that may follow them.

    `seqs` are the numbers under which the spool keeps the punches, in their order; only the spool reads them.
    `doubts` tells by id which of them contradict what was proven: they are no punches until two people have decided.
    """

    punches: tuple[Punch, ...] = ()
    notes: tuple[Note, ...] = ()
    seqs: tuple[int, ...] = field(default=(), compare=False)
    doubts: Mapping[str, Contradiction] = field(default_factory=dict)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the punches, in their order."""
        return tuple(punch.punch_id for punch in self.punches)

    @cached_property
    def named(self) -> dict[str, Punch]:
        """The punches by id, in their order."""
        return dict(zip(self.ids, self.punches, strict=True))


@dataclass(frozen=True, slots=True)
class Receipt:
    """How central settled a delivery: ids now durable there, ids it does not take with the reason of each, and notes to
    send again, for a person may let them in.
    """

    accepted: tuple[str, ...] = ()
    rejected: dict[str, Message] = field(default_factory=dict)
    kept: tuple[Note, ...] = ()
