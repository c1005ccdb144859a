"""Terminals without power: ports at which nobody ever answers, and when somebody tried to reach them.

A socket whose queue of callers is full lets the next ones wait in vain, as a host does that is not there. Reads
/proc/net/tcp, so it measures on Linux only.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_TRYING = "02"
"""SYN_SENT."""
_LOOK_EVERY_S = 0.2


@contextmanager
def switched_off(terminals: int) -> Iterator[list[int]]:
    """Give the ports of so many terminals that are switched off."""
    with ExitStack() as stack:
        ports = []
        for _ in range(terminals):
            here = stack.enter_context(socket.socket())
            here.bind(("127.0.0.1", 0))
            here.listen(0)
            stack.enter_context(socket.create_connection(here.getsockname()))  # now its queue is full
            ports.append(int(here.getsockname()[1]))
        yield ports


def asked_in_vain(ports: Collection[int], seconds: float) -> dict[int, list[float]]:
    """Given such ports and how long to look, return when (monotonic seconds) somebody began to try each."""
    tries: dict[int, list[float]] = {port: [] for port in ports}
    ends_s, before = time.monotonic() + seconds, _trying() & tries.keys()
    while time.monotonic() < ends_s:
        time.sleep(_LOOK_EVERY_S)
        now = _trying() & tries.keys()
        for port in now - before:
            tries[port].append(time.monotonic())
        before = now
    return tries


def _trying() -> set[int]:
    """The ports that somebody on this host waits for to answer."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {int(row[2].partition(":")[2], 16) for row in rows if row[3] == _TRYING}
