"""Tells systemd how the service is doing (sd_notify). Without systemd it does nothing.

Sources: sd_notify(3), sd_watchdog_enabled(3).
"""

from __future__ import annotations

import os
import socket

PATIENCE_S = 10.0


def notify(state: str, *, patience_s: float = PATIENCE_S) -> None:
    """Given an assignment such as `READY=1`, send it to the service manager that started this process, if one did.

    Raise OSError if it is not there, TimeoutError if it took nothing for `patience_s`; few fit before it reads any.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket, see unix(7)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(patience_s)
        channel.connect(address)
        channel.sendall(state.encode())


def watchdog_s() -> float | None:
    """Return within how many seconds the service manager wants to hear `WATCHDOG=1` each time, None if it does not."""
    wanted, of_process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not wanted.isdecimal() or int(wanted) == 0 or of_process not in ("", str(os.getpid())):
        return None
    return int(wanted) / 1_000_000
