"""The spool: what was collected waits here, on disk, until central has it. See `queue` for what it promises."""

from ekinerja_agent.spool.memory import TerminalMemory
from ekinerja_agent.spool.queue import Added, Key, RejectedPunch, Spool, SpoolCounts

__all__ = ["Added", "Key", "RejectedPunch", "Spool", "SpoolCounts", "TerminalMemory"]
