"""The spool: what was collected waits here, on disk, until central has it. See `queue` for what it promises."""

from ekinerja_agent.spool.memory import TerminalMemory
from ekinerja_agent.spool.pushes import PushMemory, PushRequest, RequestKind
from ekinerja_agent.spool.queue import Added, Key, RejectedPunch, Spool, SpoolCounts

__all__ = [
    "Added",
    "Key",
    "PushMemory",
    "PushRequest",
    "RejectedPunch",
    "RequestKind",
    "Spool",
    "SpoolCounts",
    "TerminalMemory",
]
