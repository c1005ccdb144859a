"""One end for a whole message, whatever the other side does: a time-out of a socket begins anew with every byte.

Does not know what is said on the connection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_after(seconds: float, line: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Given how long a message may take, and what tells its connection (None: there is none just now), return a context
    after whose time the connection is ended: whoever waits for it gets an OSError or the end of the stream.
    """

    def cut() -> None:
        here = line()
        if here is not None:
            with suppress(OSError):
                socket.socket.shutdown(here, socket.SHUT_RDWR)  # not that of TLS, which would change what others read

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
