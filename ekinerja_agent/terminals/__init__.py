"""Terminals: everything between a socket and a decoded attendance log.

    read = DRIVERS["tcp"](place).read(known_record_size=40, expected_serial="CKJN204860123", now=utc_now)
    punches, quarantined = identity.to_punches(...)

Promises that what a read returns is the whole log of the right terminal, or all that is new in it, or an error that
says why not. Does not know where punches go. `wire`, `identity` and `tail` are pure, `client` and below it talk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ekinerja_agent.terminals.interface import LogRead, TailBroke, Terminal, TerminalAddress
from ekinerja_agent.terminals.reading import ZkTerminal, read_log
from ekinerja_agent.terminals.wire import AmbiguousLog

DRIVERS: Mapping[str, Callable[[TerminalAddress], Terminal]] = MappingProxyType({"tcp": ZkTerminal, "udp": ZkTerminal})
"""Transport of devices.yaml to the driver that reads it."""

__all__ = ["DRIVERS", "AmbiguousLog", "LogRead", "TailBroke", "Terminal", "TerminalAddress", "read_log"]
