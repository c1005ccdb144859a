"""What the queue answers: how many punches were new, how many wait, which of them central cannot take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch


class Added(NamedTuple):
    """How many punches of a call are new, and how many the spool had already seen."""

    new: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """The state of the queue. `oldest_added_at` is the host instant when the oldest waiting punch was added."""

    waiting: int
    rejected: int
    notes: int
    oldest_added_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectedPunch:
    """A punch that central can never take as it is, with central's reason."""

    punch: Punch
    reason: Message
