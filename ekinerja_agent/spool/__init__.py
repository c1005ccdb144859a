"""The spool: what was collected waits here, on disk, until central has it. See `queue` for what it promises."""

from ekinerja_agent.spool.memory import ShownClock, TerminalMemory
from ekinerja_agent.spool.push_trust import PushTrust
from ekinerja_agent.spool.pushes import Hole, PushMemory, PushRequest, RequestKind
from ekinerja_agent.spool.queue import Key, Spool
from ekinerja_agent.spool.results import Added, RejectedPunch, SpoolCounts
from ekinerja_agent.spool.unread import UnreadUploads

__all__ = [
    "Added",
    "Hole",
    "Key",
    "PushMemory",
    "PushRequest",
    "PushTrust",
    "RejectedPunch",
    "RequestKind",
    "ShownClock",
    "Spool",
    "SpoolCounts",
    "TerminalMemory",
    "UnreadUploads",
]
